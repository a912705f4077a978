"""Import one file: read, decide on CRS and datum, map and parse fields, check geometries, load, sum up."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_service.db.engine import get_engine, work_srid
from gis_service.db.queries import query
from gis_service.errors import InputError
from gis_service.identity import operator
from gis_service.ingest import crs as crs_
from gis_service.ingest import datum_check, findings, footprints, judgements
from gis_service.ingest import geometry as geometry_
from gis_service.ingest.fields import BUILDINGS, FINGERPRINT, KINDS, Field, Kind, match, unused
from gis_service.ingest.headings import COORDINATES
from gis_service.ingest.load import Loaded, Rows, load
from gis_service.ingest.rejects import Reject, check_rejects_file, write_rejects
from gis_service.ingest.source import Source, read
from gis_service.ingest.values import Sentence, is_missing, parse_column
from gis_service.say import Step
from gis_service.settings import get_settings


@dataclass(frozen=True)
class Options:
    """How to read a file: all that a user may say about it."""

    layer: str | None = None
    crs: str | None = None
    datum: str | None = None
    encoding: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    rejects: Path | None = None
    dry_run: bool = False
    accept_accuracy_m: float = 0.0
    multipart: str = "keep"
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """What an import did; ``read`` is the sum of the other four counts.

    It counts the rows of the file; a row that was taken apart (``multipart``) counts once for each of its houses.
    """

    kind: str
    file: str
    read: int
    loaded: int
    unchanged: int
    updated: int
    rejected: int
    crs: str
    notes: list[Sentence]
    import_id: int | None


def _quiet(_zh: str, _en: str) -> None:
    """Say nothing of the stages."""


def import_file(kind_name: str, path: Path, options: Options | None = None, step: Step = _quiet) -> Summary:
    """Import ``path`` as ``kind_name`` (buildings, zones, boundaries, roads, hydrants, water) in one transaction.

    Rows that cannot be used are refused together with the file, unless ``options.rejects`` names a file to keep
    them in; then the other rows are loaded.

    Raises
    ------
    InputError
        The file or some of its rows cannot be used; nothing was loaded.

    """
    # Hundreds of thousands of small objects are made and none of them in a circle: looking for circles took a fifth
    # of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _import(KINDS[kind_name], path, options or Options(), step)
    finally:
        if collecting:
            gc.enable()


def _import(kind: Kind, path: Path, options: Options, step: Step) -> Summary:
    started = datetime.now(UTC)
    if options.rejects is not None:
        check_rejects_file(options.rejects, path)
    step(f"读取 {path.name}", f"reading {path.name}")
    coordinates = {name: column for name, column in options.fields.items() if name in COORDINATES}
    source = read(path, options.layer, options.encoding, coordinates)
    step(f"检查 {len(source.frame):,} 行", f"checking {len(source.frame):,} rows")
    given = {name: column for name, column in options.fields.items() if name not in COORDINATES}
    mapping = match(kind, source.frame.columns, given)
    _note_unused(source, mapping)
    rows, rejects, decision, notes = _check(kind, source, mapping, options)
    read_rows = len(rows.geometry) + len(rejects)
    _refuse_or_keep(path, source, rows, rejects, options)
    step("写入数据库", "writing to the database")
    record: dict[str, Any] = {
        "file_name": path.name,
        "sha256": source.sha256,
        "crs": _crs_text(decision.crs),
        "datum": options.datum or "cgcs2000",
        "encoding": source.encoding,
        "started_at": started,
        "account": operator().account,
    }
    done: Loaded = load(rows, record, rejects, read_rows, notes, dry=options.dry_run)
    return Summary(
        kind=kind.name,
        file=path.name,
        read=read_rows,
        loaded=done.loaded,
        unchanged=done.unchanged,
        updated=done.updated,
        rejected=len(rejects),
        crs=f"{_crs_text(decision.crs)}",
        notes=[*notes, *done.notes],
        import_id=None if options.dry_run else done.import_id,
    )


def _note_unused(source: Source, mapping: dict[str, str]) -> None:
    left = unused(source.frame.columns, mapping, source.placed)
    if left:
        source.notes.append(
            (f"未使用的列：{'、'.join(left)}", f"columns that were not used: {', '.join(left)}"),
        )


def _crs_text(crs: CRS) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.name)


def _check(
    kind: Kind, source: Source, mapping: dict[str, str], options: Options
) -> tuple[Rows, list[Reject], crs_.Decision, list[Sentence]]:
    frame = source.frame
    notes = list(source.notes)
    raw: NDArray[np.object_] = np.asarray(frame.geometry.array, dtype=object)
    faults = geometry_.screen(raw, kind)
    # What the reader found says more: which cell, or which type.
    faults |= {position: source.faults[row] for position, row in enumerate(frame.index) if row in source.faults}
    _refuse_all_alike(kind, source, faults)
    usable = np.ones(len(frame), dtype=bool)
    usable[list(faults)] = False
    decision, work_geometry, away = _place(kind, source, raw, usable, mapping, options)
    faults |= {int(position): geometry_.AWAY for position in np.flatnonzero(usable)[away]}
    usable[list(faults)] = False
    work_geometry = work_geometry[~away]
    _note_crs(decision, notes)
    positions = np.flatnonzero(usable)
    mixed = positions[geometry_.collections(work_geometry)]
    if len(mixed):
        notes.append(findings.sentence("collection", [str(frame.index[p]) for p in mixed]))
    geometry, mended, more = geometry_.repair(work_geometry, kind)
    faults |= {int(positions[p]): fault for p, fault in more.items()}
    if mended:
        notes.append((f"修复自相交等无效图形 {mended:,} 个", f"{mended:,} invalid geometries (self-crossing) repaired"))
    _note_points(kind, geometry, notes)
    full = np.empty(len(frame), dtype=object)
    full[positions] = geometry
    full[list(faults)] = None
    parts = _as_houses(full, options) if kind is BUILDINGS else None
    if parts is not None:
        full = parts.outlines
        faults = {int(p): faults[int(row)] for p, row in enumerate(parts.of) if int(row) in faults} if faults else {}
        frame = frame.iloc[parts.of] if parts.number.any() else frame
    values, bad = _parse(kind, frame, mapping, full, notes)
    if parts is not None and mapping[kind.key.name] != FINGERPRINT:
        parts.name(values[kind.key.name])
    rejects = _rejects(kind, frame, values, faults, bad)
    if parts is not None:
        _screen(frame, full, values[kind.key.name], options, rejects, parts.found)
        _note_houses(full, values[kind.key.name], parts.found, notes)
    numbers = [int(row) for row in frame.index]
    for position, reject in judgements.refuse(kind, values, numbers).items():
        rejects.setdefault(position, reject)
    if rejects:
        chosen = np.setdiff1d(np.arange(len(frame)), list(rejects))
        values = {name: [column[i] for i in chosen] for name, column in values.items()}
        full, numbers = full[chosen], [numbers[i] for i in chosen]
    return Rows(kind, values, full, numbers), [rejects[p] for p in sorted(rejects)], decision, notes


def _note_crs(decision: crs_.Decision, notes: list[Sentence]) -> None:
    name, off_m = _crs_text(decision.crs), decision.accuracy_m
    notes.append((f"坐标系：{name}（{decision.why_zh}）", f"CRS: {name} ({decision.why_en})"))
    if off_m:
        notes.append(
            (
                f"坐标换算没有精确参数，位置可能偏差约 {off_m:.0f} 米（已按 --accept-accuracy 接受）",
                f"the conversion has no exact parameters: places may be about {off_m:.0f} m off (accepted)",
            )
        )


@dataclass(frozen=True)
class _Parts:
    """Outlines of houses, of each its row and the number of its part (0: the whole row), and findings by kind."""

    outlines: NDArray[np.object_]
    of: NDArray[np.int64]
    number: NDArray[np.int64]
    found: dict[str, NDArray[np.int64]]

    def name(self, keys: list[Any]) -> None:
        """Give the houses of a row that was taken apart its number and their own: ID#1, ID#2 and on."""
        for position in np.flatnonzero(self.number).tolist():
            if keys[position] is not None:
                keys[position] = f"{keys[position]}#{self.number[position]}"


def _as_houses(outlines: NDArray[np.object_], options: Options) -> _Parts:
    """Take thorns off outlines, and rows of several houses apart where the user wants it."""
    outlines, thorny = footprints.without_thorns(outlines)
    several = np.flatnonzero(footprints.several(outlines) > 1)
    if options.multipart != "split" or not len(several):
        of = np.arange(len(outlines), dtype=np.int64)
        return _Parts(outlines, of, np.zeros_like(of), {"thorn": thorny, "several": several})
    outlines, of, number = footprints.split(outlines, several)
    found = {"thorn": np.flatnonzero(np.isin(of, thorny)), "split": np.flatnonzero(number == 1)}
    return _Parts(geometry_.of_column_type(outlines, BUILDINGS), of, number, found)


def _note_houses(
    outlines: NDArray[np.object_], keys: list[Any], found: dict[str, NDArray[np.int64]], notes: list[Sentence]
) -> None:
    for name, rows in found.items():
        shown = [str(keys[p]) for p in rows[: findings.EXAMPLES]]
        if name == "several":
            houses = footprints.several(outlines[rows[: findings.EXAMPLES]])
            shown = [f"{key}: {count}" for key, count in zip(shown, houses, strict=True)]
        if shown:
            notes.append(findings.sentence(name, shown, len(rows)))


def _screen(
    frame: pd.DataFrame, outlines: NDArray[np.object_], keys: list[Any], options: Options,
    rejects: dict[int, Reject], found: dict[str, NDArray[np.int64]],
) -> None:  # fmt: skip
    """Reject the rows that are no house of their own, among those that nothing else is wrong with."""
    good = np.setdiff1d(np.arange(len(outlines)), list(rejects)).astype(np.int64)
    names = np.array([str(keys[p]) for p in good], dtype=str)
    rank = np.empty(len(good), dtype=np.int64)
    rank[np.argsort(names, kind="stable")] = np.arange(len(good))
    screening = footprints.screen(outlines[good], rank, options.keep, footprints.in_threads)
    for code in footprints.SET_ASIDE:
        for k in screening.of(code).tolist():
            position, stands = int(good[k]), int(screening.stands[k])
            other = str(keys[good[stands]]) if stands >= 0 else ""
            fault = geometry_.no_house(code, other, float(screening.share[k]))
            row = int(frame.index[position])
            rejects[position] = Reject(row, str(keys[position]), fault.code, fault.reason, fault.remedy)
    found["inside"] = good[screening.of("inside")]


def _refuse_all_alike(kind: Kind, source: Source, faults: dict[int, geometry_.Fault]) -> None:
    """Say it once when no row at all has a usable geometry."""
    if len(faults) < len(source.frame):
        return
    first = faults[0]
    raise InputError(
        f"文件共 {len(faults):,} 行，没有一行的图形可用作{kind.zh}（第 {source.frame.index[0]} 行：{first.reason[0]}）；"
        f"{first.remedy[0]}。",
        f"None of the {len(faults):,} rows has a geometry that can be used as {kind.name} (row "
        f"{source.frame.index[0]}: {first.reason[1]}); {first.remedy[1]}.",
    )


def _place(
    kind: Kind, source: Source, raw: NDArray[np.object_], usable: NDArray[np.bool_], mapping: dict[str, str],
    options: Options,
) -> tuple[crs_.Decision, NDArray[np.object_], NDArray[np.bool_]]:  # fmt: skip
    """Bring the usable geometries to the work CRS and tell which of them lie where they cannot lie."""
    work = CRS.from_epsg(work_srid())
    named = crs_.parse(options.crs) if options.crs else None
    county = _county_bounds() if kind.name != "boundaries" else None
    decision = crs_.decide(raw[usable], source.crs, named, county, work, options.accept_accuracy_m)
    moved = crs_.to_work(raw[usable], decision, options.datum or "cgcs2000", work)
    if options.datum is None:
        outlines = kind.name == "boundaries"
        frame = source.frame[usable]
        witness = mapping.get("code" if outlines else "township_code")
        if witness in frame.columns:
            datum_check.check(crs_.to_degrees(moved, work), _codes(frame, witness), outlines=outlines)
        some = slice(None, None, max(1, len(frame) // datum_check.SAMPLE))
        keys = _codes(frame[some], mapping[kind.key.name])
        datum_check.check_known(kind.table, kind.key.name, crs_.to_degrees(moved[some], work), keys)
    return decision, moved, crs_.outside(moved, county, work)


def _codes(frame: pd.DataFrame, column: str | None) -> list[str | None]:
    if column is None or column not in frame.columns:
        return [None] * len(frame)
    return [None if is_missing(v) else str(v).strip().removesuffix(".0") for v in frame[column]]


def _county_bounds() -> crs_.Bounds | None:
    connection: Any = get_engine("owner").raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute(query("ingest.county_bounds"))
            row = cursor.fetchone()
    finally:
        connection.close()
    return None if row is None else (float(row[0]), float(row[1]), float(row[2]), float(row[3]))


def _note_points(kind: Kind, geometry: NDArray[np.object_], notes: list[Sentence]) -> None:
    points = int((shapely.get_type_id(geometry) == shapely.GeometryType.POINT).sum())
    if kind.name == "zones" and points:
        notes.append(
            (
                f"{points:,} 个重点区域只有点位：缓冲区从点起算会漏掉用地范围内的房屋，请尽量提供边界",
                f"{points:,} zones are points: a buffer round a point misses what a buffer round the grounds finds; "
                "supply outlines where you can",
            )
        )


def _parse(
    kind: Kind, frame: pd.DataFrame, mapping: dict[str, str], geometry: NDArray[np.object_], notes: list[Sentence]
) -> tuple[dict[str, list[Any]], dict[int, tuple[Field, Sentence]]]:
    values: dict[str, list[Any]] = {}
    bad: dict[int, tuple[Field, Sentence]] = {}
    for own in kind.all_fields:
        column = mapping.get(own.name)
        if column is None:
            continue
        if column == FINGERPRINT:
            values[own.name] = geometry_.fingerprints(geometry)
            continue
        series = pd.Series([column[1:]] * len(frame)) if column.startswith("=") else frame[column]
        parsed = parse_column(series, own.parse)
        values[own.name] = parsed.cells
        for position, sentence in parsed.failures.items():
            bad.setdefault(position, (own, sentence))
        if parsed.unknown:
            emptied = len(parsed.unknown)
            notes.append(
                (
                    f"{column} 有 {emptied:,} 个值超出合理范围（如 -9999、0），按未知处理",
                    f"{emptied:,} values of {column} are out of range (like -9999 or 0) and count as unknown",
                )
            )
        for name, positions in parsed.read.items():
            written = list(dict.fromkeys(f"{series.iloc[p]} → {parsed.cells[p]}" for p in positions))
            notes.append(findings.sentence(name, written, len(positions)))
    for own in kind.all_fields:
        source = mapping.get(own.implied_by[0]) if own.implied_by else None
        if source in frame.columns:
            said = values.get(own.name, [None] * len(frame))
            values[own.name] = [
                own.implied(raw) if value is None else value
                for value, raw in zip(said, frame[source].tolist(), strict=True)
            ]
    for own in kind.all_fields:
        if own.from_key is not None:
            said = values.get(own.name, [None] * len(frame))
            keys = values[kind.key.name]
            values[own.name] = [
                own.from_key(key) if value is None and key is not None else value
                for value, key in zip(said, keys, strict=True)
            ]
    return values, bad


def _rejects(
    kind: Kind, frame: pd.DataFrame, values: dict[str, list[Any]], faults: dict[int, geometry_.Fault],
    bad: dict[int, tuple[Field, Sentence]],
) -> dict[int, Reject]:  # fmt: skip
    """Return by position the rows that cannot be used."""
    keys = values[kind.key.name]
    first: dict[Any, int] = {}
    for position in range(len(keys) - 1, -1, -1):
        first[keys[position]] = position
    lacking = {
        position: own
        for own in reversed([f for f in kind.all_fields if f.required or f.from_key is not None])
        for position, value in enumerate(values[own.name])
        if value is None
    }
    repeated = {position for position, key in enumerate(keys) if first[key] != position}
    rejects: dict[int, Reject] = {}
    for position in sorted(faults.keys() | bad.keys() | lacking.keys() | repeated):
        row, key = int(frame.index[position]), keys[position]
        if position in faults:
            fault = faults[position]
            told = (fault.code, fault.reason, fault.remedy)
        elif position in bad:
            own, (zh, en) = bad[position]
            told = ("bad_value", (f"{own.name}：{zh}", f"{own.name}: {en}"), ("请更正该单元格", "correct the cell"))
        elif position in lacking:
            name = lacking[position].name
            told = ("missing_value", (f"缺少 {name}", f"{name} is missing"), ("请补填", "fill it in"))
        else:
            other = frame.index[first[key]]
            told = (
                "duplicate_id",
                (f"编号 {key} 与第 {other} 行重复", f"the id {key} is that of row {other}"),
                ("请确认哪一行正确，删除或改正另一行", "keep the right row, correct or remove the other"),
            )
        rejects[position] = Reject(row, None if key is None else str(key), *told)
    return rejects


def _refuse_or_keep(path: Path, source: Source, rows: Rows, rejects: list[Reject], options: Options) -> None:
    if not rejects:
        return
    lang = get_settings().lang
    if options.rejects is not None:
        write_rejects(rejects, source.frame, options.rejects, lang)
    nothing_left = len(rows.geometry) == 0
    if options.rejects is not None and not nothing_left:
        return
    first = rejects[0]
    more_zh = f"，另有 {len(rejects) - 1:,} 行" if len(rejects) > 1 else ""
    more_en = f"; {len(rejects) - 1:,} more rows" if len(rejects) > 1 else ""
    if nothing_left:
        way_zh, way_en = "没有可导入的行", "no row is left to import"
    else:
        way_zh = "更正后重试，或加 --rejects 文件.csv 导入其余各行并保存这些行"
        way_en = "correct the file, or add --rejects FILE.csv to load the other rows and keep these"
    raise InputError(
        f"{path.name} 未导入：{first.line('zh')}{more_zh}。{way_zh}。",
        f"{path.name} was not imported: {first.line('en')}{more_en}; {way_en}.",
        rejected=len(rejects),
    )
