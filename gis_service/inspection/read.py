"""Files of stops, teams, roads, holidays and earlier plans, as a plan takes them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis_service import codelists
from gis_service.density.layer.repairs import Repairs
from gis_service.density.layer.srid import like, to_metric
from gis_service.errors import InputError
from gis_service.ingest.fields import BUILDINGS, Field, Kind, match
from gis_service.ingest.headings import find_heading
from gis_service.ingest.source import read, read_list
from gis_service.ingest.spreadsheet import SHEETS
from gis_service.ingest.values import (
    BadValueError,
    Parser,
    identifier,
    is_missing,
    one_of,
    parse_column,
    text,
    truth,
    whole,
)
from gis_service.ingest.vector import VectorLayer, read_vector
from gis_service.inspection.checks import twice_said
from gis_service.inspection.keep import Before
from gis_service.inspection.model import Stop, Team, seconds, urgency_of
from gis_service.inspection.travel import Network

_PER_DAY = whole(1, 10_000)


def day(raw: Any) -> date:
    """Parse a day: 2026-03-05, 2026/3/5, 20260305, 2026年3月5日, or a date of a sheet."""
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    found = re.fullmatch(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})\D?(?:[T ].*)?", str(raw).strip())
    try:
        if found:
            return date(*(int(part) for part in found.groups()))
    except ValueError:
        pass
    raise BadValueError(f"“{str(raw)[:40]}”不是日期（如 2026-03-05）", f"{str(raw)[:40]!r} is no day (like 2026-03-05)")


def _known(name: str, shown: dict[str, str]) -> Any:
    return one_of(codelists.synonyms(shown, name), shown)


def _outcome(raw: Any) -> bool:
    """Parse what was found: a tier (severe and some are a hazard), or yes and no."""
    try:
        return bool(_known("hazard_tier", codelists.HAZARD_TIER)(raw) in {"severe", "some"})
    except BadValueError:
        return truth(raw)


STOPS = Kind(
    "stops",
    "排查房屋",
    "",
    Field("stop_id", identifier(100), ("building_id", "房屋编号", "房屋编码", "房屋代码", "自建房编号")),
    (
        Field("minutes", whole(1, 1440), ("用时", "排查分钟")),
        Field("urgency", whole(1, 4), ("缓急", "紧急程度")),
        Field("due", day, ("期限", "截止日期", "最迟日期")),
        Field("village_code", identifier(40), ("村代码", "村级代码", "社区代码", "村编码", "village")),
        Field("team", text(60), ("组", "排查组", "组别")),
        Field("day", day, ("日期", "排查日期")),
        Field("done", truth, ("已完成", "完成")),
        Field("outcome", _outcome, ("结果", "排查结果")),
        *(field for field in BUILDINGS.fields if field.name in {"hazard_tier", "use_class"}),
    ),
    (),
    "Point",
)


@dataclass(frozen=True)
class Stops:
    """The stops of a file: to be planned, done, without a place; with their work CRS."""

    stops: list[Stop]
    done: list[str]
    nowhere: list[tuple[str, str]]
    crs: CRS
    sha256: str
    notes: list[tuple[str, str]]


def read_stops(
    layer: VectorLayer,
    path: Path,
    fields: dict[str, str],
    work_srid: str | int,
    minutes: int,
    accept_accuracy_m: float = 0.0,
    *,
    partial: bool = False,
) -> Stops:
    """Take the stops of a layer; ``minutes`` is what a visit takes where no column says it.

    Raises
    ------
    InputError
        A row has no geometry (unless ``partial``), or a cell that binds the plan cannot be understood.

    """
    frame = layer.frame.reset_index(drop=True)
    columns = _columns(frame, fields, path)
    ids = [str(v) if v is not None else str(k + 1) for k, v in enumerate(columns["stop_id"])]
    shapes = np.asarray(frame.geometry.values, dtype=object)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes) | ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    if empty.any() and not partial:
        first = int(np.flatnonzero(empty)[0])
        raise InputError(
            f"{path.name} 第 {first + 1} 行（{ids[first]}）没有图形（共 {int(empty.sum()):,} 行）；请补上位置，"
            "或加 --partial 只排有位置的。",
            f"Row {first + 1} of {path.name} ({ids[first]}) has no geometry ({int(empty.sum()):,} rows have none); give it a "
            "place, or plan the others with --partial.",
        )
    _check_twice(ids)
    repairs = Repairs()
    located = to_metric(frame[~empty], work_srid, repairs, None, accept_accuracy_m)
    sound = shapely.make_valid(np.asarray(located.geometry.values, dtype=object))
    points = shapely.get_coordinates(shapely.point_on_surface(sound))
    points = np.round(points, 3)
    stops, done = [], []
    for (x, y), k in zip(points, np.flatnonzero(~empty), strict=True):
        if columns["done"][k]:
            done.append(ids[k])
            continue
        tier, use = columns["hazard_tier"][k], columns["use_class"][k]
        stops.append(
            Stop(
                ids[k],
                float(x),
                float(y),
                columns["minutes"][k] or minutes,
                columns["urgency"][k] or urgency_of(tier, use),
                columns["due"][k],
                columns["village_code"][k],
                columns["team"][k],
                columns["day"][k],
                columns["outcome"][k],
                tier in (None, "unjudged"),
            )
        )
    notes = [*layer.notes, *zip(repairs.sentences("zh"), repairs.sentences("en"), strict=True)]
    nowhere = [(ids[k], "没有图形") for k in np.flatnonzero(empty)]
    return Stops(stops, done, nowhere, CRS(located.crs), layer.sha256, notes)


def _check_twice(ids: Sequence[str]) -> None:
    """Refuse a number that occurs twice, among the done ones too."""
    twice = sorted(stop_id for stop_id, n in Counter(ids).items() if n > 1)
    if twice:
        raise twice_said(twice)


def _columns(frame: pd.DataFrame, fields: dict[str, str], path: Path) -> dict[str, list[Any]]:
    mapping = match(STOPS, frame.columns, fields, strict=False)
    out: dict[str, list[Any]] = {}
    for field in STOPS.all_fields:
        source = mapping.get(field.name)
        if source is None:
            out[field.name] = [None] * len(frame)
            continue
        column = pd.Series([source[1:]] * len(frame)) if source.startswith("=") else frame[source]
        parsed = parse_column(column, field.parse)
        if parsed.failures and field.name not in {"hazard_tier", "use_class"}:
            k, (zh, en) = next(iter(parsed.failures.items()))
            raise InputError(
                f"{path.name} 第 {k + 1} 行的 {source}：{zh}；请更正。",
                f"Row {k + 1} of {path.name}, {source}: {en}; correct it.",
            )
        out[field.name] = parsed.cells
    return out


def name_teams(count: int, stops: Sequence[Stop]) -> list[Team]:
    """Return ``count`` teams called 一组, 二组, …; names that stops are pinned to are teams of those."""
    pinned = sorted({s.team for s in stops if s.team is not None})
    usual = [f"{_numeral(k)}组" for k in range(1, count + 1)]
    own = [name for name in pinned if name not in usual]
    if len(own) + sum(name in usual for name in pinned) > count:
        raise InputError(
            f"房屋指定了 {len(pinned)} 个组（{'、'.join(pinned)}），多于 --teams {count}；请增加组数或更正组名。",
            f"Stops are pinned to {len(pinned)} teams ({', '.join(pinned)}), more than --teams {count}; add teams or mend the "
            "names.",
        )
    free = [name for name in usual if name not in pinned]
    kept = set(free[: count - len(pinned)]) | {name for name in pinned if name in usual}
    return [Team(name) for name in [*(n for n in usual if n in kept), *own]]


_DIGITS = "零一二三四五六七八九"


def _numeral(number: int) -> str:
    if number < 10:
        return _DIGITS[number]
    if number < 100:
        tens, units = divmod(number, 10)
        return f"{_DIGITS[tens] if tens > 1 else ''}十{_DIGITS[units] if units else ''}"
    hundreds, rest = divmod(number, 100)
    tail = "" if not rest else f"零{_DIGITS[rest]}" if rest < 10 else f"{'一' if rest < 20 else ''}{_numeral(rest)}"
    return f"{_DIGITS[hundreds]}百{tail}" if number < 1000 else str(number)


def read_teams(path: Path, crs: CRS) -> list[Team]:
    """Read a file of teams: name, start point, per_day, days_off (days, separated), first_day, last_day, members.

    A csv or xlsx without coordinates names teams that start at their territory's middle.
    """
    frame, points = _team_rows(path, crs)
    named = {str(c).strip().lower(): c for c in frame.columns}
    column = next((named[n] for n in ("name", "组", "组名", "名称", "team") if n in named), None)
    if column is None:
        raise InputError(f"{path.name} 没有列 name（组名）。", f"{path.name} has no column name.")
    out = []
    for k, (number, row) in enumerate(zip(_numbers(path, frame), frame.to_dict("records"), strict=True)):

        def told(key: str, parse: Parser, row: dict[Any, Any] = row) -> Any:
            raw = row.get(named.get(key))
            return None if is_missing(raw) else parse(raw)

        try:
            name = None if is_missing(row[column]) else text(60)(row[column])
            per_day, days_off, members = told("per_day", _PER_DAY), told("days_off", _days), told("members", str)
            first, last = told("first_day", day), told("last_day", day)
        except BadValueError as bad:
            raise _bad_row(path, number, bad.sentence) from bad
        if not name:
            raise _bad_row(path, number, ("没有组名", "there is no name"))
        out.append(Team(name, points[k], per_day, days_off or frozenset(), members, first, last))
    return out


def _days(raw: Any) -> frozenset[date]:
    parts = [raw] if isinstance(raw, date) else re.split(r"[;；,，、\s]+", str(raw).strip())
    return frozenset(day(part) for part in parts if part)


def _numbers(path: Path, frame: pd.DataFrame) -> list[int]:
    """Return the rows' numbers: as a sheet shows them, else from 1."""
    return list(frame.index) if path.suffix.lower() in SHEETS else list(range(1, len(frame) + 1))


def _bad_row(path: Path, number: int, said: tuple[str, str]) -> InputError:
    return InputError(
        f"{path.name} 第 {number} 行：{said[0]}；请更正。", f"Row {number} of {path.name}: {said[1]}; correct it."
    )


def _team_rows(path: Path, crs: CRS) -> tuple[pd.DataFrame, list[tuple[float, float] | None]]:
    if path.suffix.lower() in SHEETS:
        table = read_list(path)
        if find_heading([list(table.columns)], {}) is None:
            return table, [None] * len(table)
    frame = like(read_vector(path, None).frame, crs)
    shapes = np.asarray(frame.geometry.values, dtype=object)
    none = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    xy = [None if no else shapely.point_on_surface(shape) for shape, no in zip(shapes, none, strict=True)]
    return pd.DataFrame(frame.drop(columns=frame.geometry.name)), [None if p is None else (p.x, p.y) for p in xy]


def read_holidays(path: Path) -> dict[date, bool]:
    """Read a list of date and kind (off, work), csv or xlsx: True is off."""
    table = read_list(path)
    if not {"date", "kind"} <= set(table.columns):
        raise InputError(
            f"{path.name} 须有列 date 和 kind（off 或 work）。",
            f"{path.name} needs columns date and kind (off or work).",
        )
    out = {}
    for number, raw, kind in zip(table.index, table["date"], table["kind"], strict=True):
        said = str(kind).strip().lower()
        if said not in {"off", "work"}:
            raise _bad_row(path, number, (f"kind 为“{kind}”，须为 off 或 work", f"kind is {kind!r}; it is off or work"))
        try:
            out[day(raw)] = said == "off"
        except BadValueError as bad:
            raise _bad_row(path, number, bad.sentence) from bad
    return out


def read_roads(path: Path, layer: str | None, crs: CRS) -> Network:
    """Read roads as a network; the column ``class`` (or ``highway``) says what is walked."""
    frame = like(read_vector(path, layer, otherwise=str(crs.to_epsg() or "") or None).frame, crs)
    shapes = np.asarray(frame.geometry.values, dtype=object)
    good = ~shapely.is_missing(shapes) & np.isin(shapely.get_type_id(shapes), (1, 5))
    named = {str(c).strip().lower(): c for c in frame.columns}
    column = next((named[n] for n in ("class", "highway", "fclass", "道路等级") if n in named), None)
    kinds = [None] * len(frame) if column is None else [None if pd.isna(v) else str(v) for v in frame[column]]
    return Network(list(shapes[good]), [k for k, ok in zip(kinds, good, strict=True) if ok])


@dataclass(frozen=True)
class Earlier:
    """The stops of an earlier plan: as rows, and where each stood."""

    rows: gpd.GeoDataFrame
    stood: dict[str, Before]


def read_previous(path: Path, crs: CRS) -> Earlier:
    """Read the stops of a plan that this program wrote."""
    try:
        source = read(path, "stops")
        rows = source.frame.set_crs(source.crs)
        rows["stop_id"] = rows["stop_id"].astype(str)
        stood = {
            row.stop_id: Before(
                str(row.team), day(row.day), seconds(datetime.strptime(row.leave, "%H:%M").time()), int(row.seq)
            )
            for row in rows.itertuples()
        }
    except (InputError, KeyError, AttributeError, ValueError, TypeError) as error:
        raise InputError(
            f"{path.name} 不是本程序写的计划（缺少图层 stops 或它的列）；--previous 要 gis-service route 的输出。",
            f"{path.name} is no plan of this program (layer stops or a column is missing); --previous takes what "
            "gis-service route wrote.",
        ) from error
    return Earlier(like(rows, crs), stood)
