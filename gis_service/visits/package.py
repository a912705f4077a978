"""Visits read back from files: the QField package of a plan (zip), and what a phone's outbox saved (json).

The same file twice changes nothing: a visit's number is its own, or follows from plan, house and time. What is missing is
said: rows without photographs, photographs that no row names, names of photographs that are not in the file.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gis_service.attachments import picture, store
from gis_service.errors import GisError, InputError
from gis_service.files import neutral, replacing
from gis_service.settings import get_settings
from gis_service.visits import enter

_NUMBERS = UUID("0d6f1f0e-5a57-4c3e-9a0a-6c1b1c9b2d11")
ENTRIES_MAX = 20_000
TABLE_MAX = 500_000_000
"""Bytes of the package's table; a plan of a county has some 5 MB."""
_PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
_COLUMNS = ("stop_id", "visit_state", "found", "note", "photo", "visited_at", "day")
Note = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """A visit as a file has it: its number in the file, how to read its photographs, or why it cannot be read."""

    number: int
    house: str
    new: enter.New | None
    photographs: tuple[Callable[[], bytes], ...] = ()
    fault: GisError | None = None


@dataclass
class Read:
    """What came of a file: read = loaded + unchanged + rejected."""

    read: int = 0
    loaded: int = 0
    unchanged: int = 0
    rejected: list[tuple[int, str, GisError]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def import_visits(connection: Connection, path: Path, *, leave_out: bool) -> Read:
    """Report all visits of a file; the caller commits.

    Parameters
    ----------
    leave_out
        Whether rows that cannot be used are left out; else one of them refuses the file.

    Raises
    ------
    InputError
        The file is no such package, or a row cannot be used.

    """
    if not path.is_file():
        raise InputError(f"找不到文件 {path.name}。", f"There is no file {path.name}.")
    told = Read()
    with tempfile.TemporaryDirectory(prefix="gis-visits-") as folder:
        rows = _outbox(path) if path.suffix.lower() == ".json" else _package(path, Path(folder), told.notes)
        for row in rows:
            told.read += 1
            _take(connection, row, told)
    if told.rejected and not leave_out:
        number, house, error = told.rejected[0]
        more = len(told.rejected)
        raise InputError(
            f"{path.name}：{more} 行不能使用，没有导入任何一行；第 {number} 行（{house}）：{error.zh} 更正后重试，或用 --rejects 把它们另存。",
            f"{path.name}: {more} rows cannot be used, nothing was loaded; row {number} ({house}): {error} Mend them, or use --rejects.",
        )
    return told


def _take(connection: Connection, row: Row, told: Read) -> None:
    """Report one row in a savepoint of its own."""
    work = connection.begin_nested()
    try:
        if row.fault is not None or row.new is None:
            raise row.fault or InputError("这一行不能使用。", "This row cannot be used.")
        hashes = tuple(store.store(connection, row.house, read())["sha256"] for read in row.photographs)
        reported = enter.report(connection, replace(row.new, photographs=hashes))
    except GisError as error:
        work.rollback()
        told.rejected.append((row.number, row.house, error))
        return
    work.commit()
    if reported.is_new:
        told.loaded += 1
    else:
        told.unchanged += 1


def write_rejects(rejected: list[tuple[int, str, GisError]], path: Path) -> None:
    """Write the rows that were left out as csv: row, house, reason in both languages."""
    with replacing(path) as aside, aside.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(("行", "房屋编号", "原因", "reason"))
        writer.writerows((number, neutral(house), error.zh, str(error)) for number, house, error in rejected)


# The package of a plan ------------------------------------------------------------------------------------------------


def _package(path: Path, folder: Path, notes: list[Note]) -> Iterator[Row]:
    try:
        package = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(
            f"{path.name} 不是 zip：请把 QField 的整个项目文件夹压缩后导入。",
            f"{path.name} is no zip; pack QField's whole project folder.",
        ) from error
    with package:
        entries = [entry for entry in package.infolist() if not entry.is_dir()]
        if len(entries) > ENTRIES_MAX:
            raise InputError(
                f"{path.name} 里的文件超过 {ENTRIES_MAX:,} 个。", f"{path.name} has more than {ENTRIES_MAX:,} files."
            )
        tables = [entry for entry in entries if entry.filename.lower().endswith(".gpkg")]
        if len(tables) != 1:
            raise InputError(
                f"{path.name} 里应有一个 gpkg，实有 {len(tables)} 个。",
                f"{path.name} should have one gpkg; it has {len(tables)}.",
            )
        plan, found = _stops(package, tables[0], folder)
        pictures = {e.filename: e for e in entries if PurePosixPath(e.filename).suffix.lower() in _PICTURES}
        yield from _rows(package, plan, found, pictures, notes)


def _stops(package: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the plan's name and the rows of its stops that somebody filled in."""
    if entry.file_size > TABLE_MAX:
        raise InputError("包内的 gpkg 过大。", "The package's gpkg is too large.")
    copy = folder / "stops.gpkg"
    with package.open(entry) as source, copy.open("wb") as target:
        taken = 0
        while piece := source.read(1 << 20):
            taken += len(piece)
            if taken > TABLE_MAX:
                raise InputError("包内的 gpkg 过大。", "The package's gpkg is too large.")
            target.write(piece)
    wrong = InputError(
        "包内的 gpkg 不是计划导出的：缺少 stops 图层或到访列。",
        "The gpkg is none that a plan exported: no layer stops, or not its columns.",
    )
    try:
        with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as base:
            base.row_factory = sqlite3.Row
            known = {row["name"] for row in base.execute("PRAGMA table_info(stops)")}
            if not {"stop_id", "visit_state"} <= known:
                raise wrong
            columns = ", ".join(f'"{c}"' for c in _COLUMNS if c in known)
            asked = f"SELECT {columns} FROM stops WHERE visit_state IS NOT NULL AND visit_state <> '' ORDER BY rowid"  # noqa: S608 - names of our own
            rows = [dict.fromkeys(_COLUMNS) | dict(row) for row in base.execute(asked)]
            parameters = json.loads(base.execute("SELECT parameters FROM summary LIMIT 1").fetchone()[0])
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise wrong from error
    return str(parameters.get("plan", "")), rows


def _rows(
    package: zipfile.ZipFile,
    plan: str,
    found: list[dict[str, Any]],
    pictures: dict[str, zipfile.ZipInfo],
    notes: list[Note],
) -> Iterator[Row]:
    named: set[str] = set()
    bare: list[str] = []
    lost: list[str] = []
    made: list[Row] = []
    for number, stop in enumerate(found, start=1):
        house, wanted = str(stop["stop_id"]), str(stop["photo"] or "")
        entry = _find(pictures, wanted) if wanted else None
        if wanted and entry is None:
            lost.append(house)
        elif entry is None and stop["visit_state"] == "visited":
            bare.append(house)
        if entry is not None:
            named.add(entry.filename)
        made.append(_row(package, plan, number, stop, entry))
    for houses, zh, en in (
        (bare, "已排查但没有照片", "visited without a photograph"),
        (lost, "写了照片名但包里没有", "name photographs that are not there"),
    ):
        if houses:
            notes.append((f"{len(houses)} 行{zh}：{_some(houses)}", f"{len(houses)} rows {en}: {_some(houses)}"))
    over = sorted(set(pictures) - named)
    if over:
        notes.append(
            (
                f"{len(over)} 张照片没有对应的行：{_some(over)}",
                f"{len(over)} photographs are named by no row: {_some(over)}",
            )
        )
    yield from made


def _row(package: zipfile.ZipFile, plan: str, number: int, stop: dict[str, Any], entry: zipfile.ZipInfo | None) -> Row:
    house = str(stop["stop_id"])
    try:
        at = _moment(stop)
    except ValueError:
        fault = InputError(
            "没有可用的到访时间（visited_at、day）。", "There is no time of the visit (visited_at, day)."
        )
        return Row(number, house, None, fault=fault)
    new = enter.New(
        uuid5(_NUMBERS, f"{plan} {house} {at.isoformat()}"), house, at, str(stop["visit_state"]), stop["found"] or None,
        note=(str(stop["note"]).strip() or None) if stop["note"] else None, plan_id=int(plan) if plan.isdigit() else None,
        source="package",
    )  # fmt: skip
    return Row(number, house, new, () if entry is None else (lambda: _picture(package, entry),))


def _picture(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with package.open(entry) as opened:
        return opened.read(picture.BYTES_MAX + 1)  # one more than is taken says that it is too large


def _moment(stop: dict[str, Any]) -> datetime:
    """Return when the house was visited: as the form noted it, else the day that was planned, at noon."""
    zone = ZoneInfo(get_settings().timezone)
    written = str(stop["visited_at"] or "")
    at = (
        datetime.fromisoformat(written.replace("Z", "+00:00"))
        if written
        else datetime.fromisoformat(f"{stop['day']}T12:00:00")
    )
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _find(pictures: dict[str, zipfile.ZipInfo], wanted: str) -> zipfile.ZipInfo | None:
    """Return the photograph of that name: QField writes it relative to the project, which may lie in a folder of the zip."""
    wanted = wanted.replace("\\", "/").removeprefix("./")
    return next((e for name, e in pictures.items() if name == wanted or name.endswith(f"/{wanted}")), None)


def _some(names: list[str]) -> str:
    return ", ".join(name[:80] for name in names[:5]) + (" …" if len(names) > 5 else "")


# What an outbox saved -------------------------------------------------------------------------------------------------


def _outbox(path: Path) -> Iterator[Row]:
    wrong = InputError(f"{path.name} 不是到访页存出的文件。", f"{path.name} is none that the page of a visit saved.")
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["visits"]
    except (ValueError, KeyError, TypeError) as error:
        raise wrong from error
    if not isinstance(kept, list):
        raise wrong
    for number, visit in enumerate(kept, start=1):
        yield _saved(number, visit)


def _saved(number: int, visit: Any) -> Row:
    try:
        place = visit.get("position")
        position = None
        if place is not None:
            accuracy = place.get("accuracy_m")
            # As numbers of one kind: the digest of what was sent must not hang on how a file writes them.
            position = enter.Position(
                float(place["lon"]),
                float(place["lat"]),
                place.get("by", "device"),
                None if accuracy is None else float(accuracy),
            )
        house = str(visit["building_id"])
        new = enter.New(
            UUID(str(visit["visit_id"])), house, datetime.fromisoformat(str(visit["visited_at"])), str(visit["outcome"]),
            visit.get("found"), dict(visit.get("answers") or {}), visit.get("note"), position=position, source="file",
        )  # fmt: skip
        pictures = tuple(base64.b64decode(str(p), validate=True) for p in visit.get("photographs") or ())
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        fault = InputError("这条到访的内容不完整。", "This visit is not whole.")
        return Row(number, str(visit)[:40], None, fault=fault)
    return Row(number, house, new, tuple(partial(bytes, content) for content in pictures))
