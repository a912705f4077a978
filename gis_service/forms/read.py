"""Read a sheet that was filled in: checked whole, loaded whole, or given back with the reason beside each bad row."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from gis_service.cases import events, find
from gis_service.cases import rules as case_rules
from gis_service.db.queries import statement
from gis_service.errors import GisError, InputError, TooLargeError
from gis_service.forms.columns import GRADES, NAMES, Column, Name, columns
from gis_service.forms.write import FAULT, ROWS_MAX
from gis_service.ingest.workbook import read_rows
from gis_service.record import judge
from gis_service.settings import get_settings
from gis_service.visits import enter

_NUMBERS = UUID("c1f7b8a2-7d0b-4e0a-8b52-0d3c53f6a9e4")


@dataclass
class Read:
    """What came of a sheet: read = loaded + unchanged + rejected. ``rows`` and ``faults`` are the sheet as it came."""

    name: Name
    columns: Sequence[Column]
    rows: list[list[Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    loaded: int = 0
    unchanged: int = 0

    @property
    def rejected(self) -> int:
        """Rows that cannot be used."""
        return sum(bool(fault) for fault in self.faults)


def load(connection: Connection, name: Name, path: Path, *, leave_out: bool) -> Read:
    """Load what a sheet says; the caller commits, unless rows are bad and not left out: then nothing stands.

    Every row is tried, so that all faults are told at once; with ``leave_out`` the good rows stay.

    Raises
    ------
    InputError
        It is no workbook, has no sheet with these columns, or no row.
    TooLargeError
        It has more than ``ROWS_MAX`` rows.

    """
    known = case_rules.rules(connection)
    told = Read(name, columns(name, known))
    cells = _rows(told, path)
    whole = connection.begin_nested()
    loader = {"visits": _visit, "judgements": _judgement, "cases": _case}[name]
    seen: dict[Any, int] = {}
    for number, row in cells:
        told.numbers.append(number)
        told.rows.append([row.get(column.name) for column in told.columns])
        work = connection.begin_nested()
        try:
            values = {column.name: _value(column, row.get(column.name)) for column in told.columns}
            _once(name, values, number, seen)
            is_new = loader(connection, {k: v for k, v in values.items() if v is not None})
        except GisError as error:
            work.rollback()
            told.faults.append(f"第 {number} 行：{error.zh}")
            continue
        work.commit()
        told.faults.append("")
        told.loaded, told.unchanged = told.loaded + is_new, told.unchanged + (not is_new)
    if told.rejected and not leave_out:
        whole.rollback()
        told.loaded = told.unchanged = 0
    else:
        whole.commit()
    return told


def _rows(told: Read, path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the rows that say something, with their number in the sheet."""
    heading = {column.heading: column.name for column in told.columns}
    sheets = read_rows(path, None)
    wanted = [column.heading for column in told.columns if column.needed]
    for sheet in sheets:
        head = [str(cell).strip() if cell is not None else "" for cell in sheet.cells[0]] if sheet.cells else []
        if heading.keys() & set(head):
            break
    else:
        raise InputError(
            f"{path.name}：没有“{NAMES[told.name]}”的表；第一行应有 {'、'.join(wanted)}。请用下载的表格填写。",
            f"{path.name}: there is no sheet with the headings {', '.join(wanted)} in its first row; fill in the form that is offered.",
        )
    missing = [h for h in wanted if h not in head]
    if missing:
        raise InputError(
            f"{path.name}：缺少列 {'、'.join(missing)}；请用下载的表格填写，不要删列。",
            f"{path.name}: the columns {', '.join(missing)} are missing; fill in the form that is offered.",
        )
    stray = [h for h in head if h and h not in heading and h != FAULT]
    if stray:
        raise InputError(
            f"{path.name}：不认识列“{stray[0][:30]}”；请去掉，或改成表格里的名称。",
            f"{path.name}: the column {stray[0][:30]!r} is not known; take it out.",
        )
    made = []
    for number, cells in enumerate(sheet.cells[1:], start=2):
        row = {
            heading[h]: cell for h, cell in zip(head, cells, strict=False) if h in heading and cell not in (None, "")
        }
        if row.keys() - ({"case_id", "building_id"} if told.name == "cases" else set()):
            made.append((number, row))
    if not made:
        raise InputError(f"{path.name}：没有填写任何一行。", f"{path.name}: no row is filled in.")
    if len(made) > ROWS_MAX:
        raise TooLargeError(
            f"{path.name}：超过 {ROWS_MAX:,} 行，请分成几份。",
            f"{path.name}: more than {ROWS_MAX:,} rows; make several files.",
        )
    return made


def _once(name: Name, values: dict[str, Any], number: int, seen: dict[Any, int]) -> None:
    """Refuse a second row of the same house (of a case: the same step) of the same day."""
    key: tuple[Any, ...] = {
        "visits": ("building_id", "visited_at"), "judgements": ("building_id", "kind", "judged_on"), "cases": ("case_id", "step", "on_day"),
    }[name]  # fmt: skip
    row = tuple(values[part] for part in key)
    if row in seen:
        raise InputError(
            f"与第 {seen[row]} 行是同一栋房屋、同一时间；请只留一行。",
            f"It is of the same house and time as row {seen[row]}; leave one.",
        )
    seen[row] = number


def _value(column: Column, cell: Any) -> Any:
    """Return a cell's value as the service takes it."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        if column.needed:
            raise InputError(f"“{column.heading}”没有填。", f"{column.heading} is not filled in.")
        return None
    if column.kind in {"date", "time"}:
        return _when(column, cell)
    if column.choices:
        words = (
            [part.strip() for part in str(cell).replace(";", "；").split("；") if part.strip()]
            if column.many
            else [str(cell).strip()]
        )
        codes = [column.code(word) for word in words]
        return codes if column.many else codes[0]
    if column.kind in {"integer", "number"}:
        return _number(column, cell)
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()


def _number(column: Column, cell: Any) -> int | float:
    try:
        value = float(str(cell).strip())
    except ValueError:
        value = math.nan
    if math.isnan(value) or (column.kind == "integer" and not value.is_integer()):
        raise InputError(
            f"“{column.heading}”应为数字：“{str(cell)[:30]}”。", f"{column.heading}: {str(cell)[:30]!r} is no number."
        )
    return int(value) if column.kind == "integer" else value


def _when(column: Column, cell: Any) -> date | datetime:
    zone = ZoneInfo(get_settings().timezone)
    try:
        at = cell if isinstance(cell, datetime) else datetime.combine(cell, time()) if isinstance(cell, date) else None
        if at is None:
            at = datetime.fromisoformat(str(cell).strip().replace("/", "-"))
    except ValueError as error:
        raise InputError(
            f"“{column.heading}”应为日期，如 2022-09-08{' 09:30' if column.kind == 'time' else ''}：“{str(cell)[:30]}”。",
            f"{column.heading}: {str(cell)[:30]!r} is no date.",
        ) from error
    return at.date() if column.kind == "date" else at.replace(tzinfo=at.tzinfo or zone)


def _visit(connection: Connection, values: dict[str, Any]) -> bool:
    own = {"building_id", "visited_at", "outcome", "found", "note"}
    house, at = values["building_id"], values["visited_at"]
    new = enter.New(
        uuid5(_NUMBERS, f"{house} {at.isoformat()}"), house, at, values["outcome"], values.get("found"),
        {name: value for name, value in values.items() if name not in own}, values.get("note"), source="file",
    )  # fmt: skip
    return enter.report(connection, new).is_new


def _judgement(connection: Connection, values: dict[str, Any]) -> bool:
    house, kind, value, day = values["building_id"], values["kind"], values["value"], values["judged_on"]
    for known in judge.of_house(connection, house.replace("\0", "")):
        if (known["kind"], known["tier"] or known["grade"], known["judged_on"]) == (kind, value, day):
            return False
    graded = value in GRADES
    judge.enter(
        connection,
        judge.New(
            house, kind, None if graded else value, value if graded else None, day, values.get("judge"), values.get("judge_unit"),
            values.get("institution"), values.get("reason"),
        ),
    )  # fmt: skip
    return True


def _case(connection: Connection, values: dict[str, Any]) -> bool:
    case_id, (kind, _, what) = values["case_id"], values["step"].partition(" ")
    case = find.one(connection, case_id)
    if case["building_id"] != values["building_id"]:
        raise InputError(
            f"第 {case_id} 号案件不是房屋 {values['building_id'][:40]} 的；请核对编号。",
            f"Case {case_id} is of another house; check the numbers.",
        )
    said = {name: value for name, value in values.items() if name not in {"case_id", "building_id", "step", "on_day"}}
    given = {
        name: {"true": True, "false": False}.get(value, value) if case_rules.FIELDS[name].kind == "boolean"
        else value.isoformat() if isinstance(value, date) else value
        for name, value in said.items() if name not in case_rules.COLUMNS
    }  # fmt: skip
    new = events.New(
        kind, what, values["on_day"], said.get("until"), said.get("responsible"), said.get("reason"), given
    )  # fmt: skip
    asked = {
        "case_id": case_id, "kind": kind, "what": what, "on_day": new.on_day, "until": new.until, "reason": new.reason,
        "responsible": new.responsible, "given": json.dumps(given, ensure_ascii=False),
    }  # fmt: skip
    if connection.execute(text(statement("cases.same")), asked).first() is not None:
        return False
    events.add(connection, case_id, new)
    return True
