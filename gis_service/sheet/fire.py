"""The sheet of a dense cluster for the brigade's plan (专项消防应急方案): what is on it, read and worked out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from gis_service.codelists import HYDRANT_KIND
from gis_service.db.queries import statement
from gis_service.export.mark import Mark
from gis_service.facts import house
from gis_service.facts.cluster import BASIS, CLASS, RESULT, figures, metres, score_parts, title, word
from gis_service.facts.patrol import KIND
from gis_service.fire import records
from gis_service.fire.clusters import cluster_of, run_of
from gis_service.fire.route import describe_patrol
from gis_service.fire.work import Work, work_of
from gis_service.settings import DEFAULTS, get_settings
from gis_service.sheet.fire_map import MapData, detail_maps, legend, overview, parts_of
from gis_service.sheet.print import Paper, pdf

_PARAMETERS = ("max_width_m", "touch_m", "handshake_m", "sky_line_m", "sky_view_max", "link_gap_m", "min_buildings",
               "engine_width_m", "hose_width_m", "depth_zero_m", "spread_i_ii_m", "spread_iii_m", "spread_iv_m",
               "burn_part_buildings", "hydrant_radius_m")  # fmt: skip
_CONTACTS = ("现场总指挥", "消防救援大队（站）", "乡镇（街道）负责人", "村（社区）负责人", "微型消防站 / 志愿消防队",
             "派出所", "供水", "供电", "燃气", "医疗急救")  # fmt: skip
_HOUSES_MAX = 30
_HOUSE_COLUMNS = ("building_id", "name", "hazard_tier", "use_class", "structure", "floors", "depth", "hose_m")
_WALLS_MAX = 60
_RECORDS = 8
_THIN_M = 0.6
"""Narrower than this nobody walks: such an alley is looked into from its ends."""


def print_sheet(values: dict[str, Any]) -> bytes:
    """Return what ``read_sheet_data`` gave as PDF; this takes seconds and no database."""
    return pdf("fire.html", **values)


@dataclass(frozen=True)
class _Read:
    rows: list[dict[str, Any]]
    shapes: NDArray[np.object_]


def _read(connection: Connection, name: str, **values: Any) -> _Read:
    rows = [dict(row) for row in connection.execute(text(statement(name)), values).mappings()]
    return _Read(rows, np.array([shapely.from_wkb(bytes(row.pop("geom"))) for row in rows], dtype=object))


def read_sheet_data(
    connection: Connection, cluster_id: int, run_id: int | None, paper: Paper, mark: Mark
) -> dict[str, Any]:
    """Return everything that the sheet's template shows."""
    run = run_of(connection, run_id)
    row = cluster_of(connection, run["run_id"], cluster_id)
    this = {"run_id": run["run_id"], "cluster_id": cluster_id}
    several = {"run_id": run["run_id"], "clusters": [cluster_id]}
    houses = _read(connection, "fire.houses", **several)
    alleys = _read(connection, "fire.alleys", **several)
    breaks = _read(connection, "fire.firebreaks", **several)
    water = _read(connection, "fire.water", **several, limit=500)
    around = _read(connection, "fire.around", **this, limit=get_settings().inline_limit)
    roads = _read(connection, "fire.roads_near", **this)
    borders = _read(connection, "fire.borders", **this)
    space = _read(connection, "fire.engine_space", **several)
    work = work_of(connection, run["run_id"], cluster_id, run["parameters"]["engine_width_m"])
    numbers = work.numbers
    order = np.argsort(-np.array([b["wall_m"] for b in breaks.rows])) if breaks.rows else np.empty(0, int)
    walls = _Read([breaks.rows[k] for k in order], breaks.shapes[order] if len(order) else breaks.shapes)
    data = MapData(
        outline=shapely.from_wkb(bytes(row["geom"])),
        houses=houses.shapes, hose_m=np.array([np.nan if h["hose_m"] is None else h["hose_m"] for h in houses.rows], float),
        around=around.shapes,
        alleys=alleys.shapes,
        alley_kind=[a["class"] for a in alleys.rows],
        alley_width_m=[a["mean_width_m"] for a in alleys.rows],
        alley_number=[numbers.get(a["alley_id"]) for a in alleys.rows],
        alley_length_m=[a["length_m"] for a in alleys.rows],
        space=space.shapes, roads=roads.shapes, borders=borders.shapes,
        road_width_m=[r["width_m"] or 3.0 for r in roads.rows],
        road_name=[r["name"] for r in roads.rows],
        walls=walls.shapes,
        water=water.shapes, water_kind=[w["kind"] for w in water.rows],
        work=work,
    )  # fmt: skip
    parts = parts_of(data, paper)
    first, scale, left = overview(data, paper, parts)
    details = detail_maps(data, parts)
    keys, swatches = legend(run["parameters"])
    simulated = bool(connection.execute(text(statement("fire.simulated"))).scalar_one())
    plans = records.read(connection, "plans", run["run_id"], cluster_id, limit=1)
    codes = [*row["township_codes"], *row["village_codes"]]
    places = connection.execute(text(statement("fire.places")), {"codes": codes}).mappings().all()
    return {
        "paper": paper,
        "name": title(row),
        "cluster_id": cluster_id,
        "rank": row["rank"],
        "places": "、".join(p["name"] for p in places),
        "simulated": simulated,
        "run_id": run["run_id"],
        "run_day": run["started_at"].astimezone().strftime("%Y-%m-%d"),
        "data_version": run["data_version"],
        "code_version": run["code_version"],
        "exported": mark.note(),
        "made_at": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        "maps": {"overview": first, **swatches, **{f"part{part['number']}": part.pop("svg") for part in details}},
        "scale": scale, "unlabelled": left, "details": details, "legend": keys,
        "figures": figures(row, zh=True),
        "score_parts": score_parts(row, zh=True),
        "alleys": _alley_rows(alleys.rows, numbers),
        "alley_sums": _alley_sums(alleys.rows),
        "depths": _depths(houses.rows),
        "counts": [
            (house.FACTS["use_class"].zh, _counts(houses.rows, "use_class")),
            (house.FACTS["floors"].zh, _storeys(houses.rows)),
            (house.FACTS["structure"].zh, _counts(houses.rows, "structure")),
            (house.FACTS["hazard_tier"].zh, _counts(houses.rows, "hazard_tier")),
        ],
        "house_headings": [house.FACTS[column].zh for column in _HOUSE_COLUMNS],
        "houses": _first_houses(houses.rows),
        "houses_in_all": len(houses.rows),
        "basis": BASIS[row["access_basis"]][0] if row["access_basis"] in BASIS else "未知",
        "staging": _staging(work),
        "water": _water(water, shapely.from_wkb(bytes(row["geom"]))),
        "two_hydrants": "—" if row["two_hydrants_share"] is None else f"{row['two_hydrants_share']:.0%}",
        "burn": [_burn(b) for b in _burn_rows(connection, this)],
        "walls": [
            {"number": k, **{name: w[name] for name in ("building_a", "building_b", "wall_m", "widen_to_m")}}
            for k, w in enumerate(walls.rows[:_WALLS_MAX], start=1)
        ],
        "walls_in_all": len(walls.rows),
        "patrol": _patrol(work, numbers, alleys.rows),
        "plan": plans[0] if plans else None,
        "drills": [d | {"said": RESULT[d["result"]][0]} for d in
                   records.read(connection, "drills", run["run_id"], cluster_id, limit=_RECORDS)[:_RECORDS]],
        "patrols": records.read(connection, "patrols", run["run_id"], cluster_id, limit=_RECORDS)[:_RECORDS],
        "contacts": _CONTACTS,
        "parameters": [
            (DEFAULTS[name].label_zh, f"{run['parameters'].get(name, DEFAULTS[name].value):g} {DEFAULTS[name].unit}",
             DEFAULTS[name].source)
            for name in _PARAMETERS
        ],
        "metres": metres,
    }  # fmt: skip


def _alley_rows(rows: list[dict[str, Any]], numbers: dict[int, int]) -> list[dict[str, Any]]:
    listed = [
        {
            "number": numbers[a["alley_id"]], "alley_id": a["alley_id"], "class": word(CLASS, a["class"], zh=True),
            "length": f"{a['length_m']:.1f}", "mean": f"{a['mean_width_m']:.2f}", "least": f"{a['min_width_m']:.2f}",
            "end": "是" if a["dead_end"] else "",
        }
        for a in rows if a["alley_id"] in numbers
    ]  # fmt: skip
    return sorted(listed, key=lambda a: a["number"])


def _alley_sums(rows: list[dict[str, Any]]) -> list[tuple[str, int, str, str, int]]:
    sums = []
    for kind, (zh, _) in CLASS.items():
        of = [a for a in rows if a["class"] == kind]
        if of:
            least = min(a["min_width_m"] for a in of)
            ends = sum(a["dead_end"] for a in of)
            sums.append((zh, len(of), metres(sum(a["length_m"] for a in of)), metres(least, 2), ends))
    return sums


def _depths(rows: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
    known = sorted({h["depth"] for h in rows if h["depth"] is not None})
    made = []
    for depth in [*known, None]:
        of = [h for h in rows if h["depth"] == depth]
        if of:
            hose = [h["hose_m"] for h in of if h["hose_m"] is not None]
            said = "不可达" if depth is None else "临车（0）" if depth == 0 else f"隔 {depth} 栋"
            mean = metres(float(np.mean(hose))) if hose else "—"
            made.append((said, len(of), mean, metres(max(hose)) if hose else "—"))
    return made


def _counts(rows: list[dict[str, Any]], column: str) -> list[tuple[str, int]]:
    words = house.FACTS[column].words or {}
    found = [(zh, sum(h[column] == key for h in rows)) for key, zh in words.items()]
    return [(zh, count) for zh, count in found if count]


def _storeys(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    known = sorted({h["floors"] for h in rows if h["floors"] is not None})
    made = [(f"{n} 层", sum(h["floors"] == n for h in rows)) for n in known]
    unknown = sum(h["floors"] is None for h in rows)
    return [*made, ("层数未知", unknown)] if unknown else made


def _first_houses(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return the houses to look at first: out of reach, with a hazard, farthest from an engine."""
    tier = {"severe": 0, "some": 1}

    def key(h: dict[str, Any]) -> tuple[Any, ...]:
        return (not h["unreached"], tier.get(h["hazard_tier"], 2), -(h["hose_m"] or 0.0), h["building_id"])

    return [
        [house.said(h, column, zh=True) or ("" if column == "name" else "—") for column in _HOUSE_COLUMNS]
        for h in sorted(rows, key=key)[:_HOUSES_MAX]
    ]


def _staging(work: Work) -> dict[str, Any]:
    places = [
        {"number": k, "houses": int(count), "x": f"{point.x:.0f}", "y": f"{point.y:.0f}"}
        for k, (point, count) in enumerate(zip(work.staging.points, work.staging.houses, strict=True), start=1)
    ]
    mean, far = work.staging.mean_m, work.staging.farthest_m
    known = bool(places) and np.isfinite(mean)
    return {
        "places": places,
        "mean": metres(mean) if known else "—",
        "farthest": metres(far) if known else "—",
        "unreached": work.staging.unreached,
    }


def _water(water: _Read, outline: shapely.Geometry) -> list[dict[str, Any]]:
    made = [
        {
            "kind": HYDRANT_KIND[w["kind"]],
            "name": w["name"] or w["hydrant_id"],
            "metres": float(shape.distance(outline)),
        }
        for w, shape in zip(water.rows, water.shapes, strict=True)
    ]
    return sorted(made, key=lambda w: (w["metres"], w["name"]))[:12]


def _burn_rows(connection: Connection, this: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(statement("fire.burn")), this).mappings()]


def _burn(b: dict[str, Any]) -> dict[str, Any]:
    return b | {
        "wall": metres(b["wall_m"]),
        "saved": "—" if b["saved_mean"] is None else f"{b['saved_mean']:.0f}",
        "largest": "—" if b["largest_after"] is None else b["largest_after"],
        "split": "不需" if not b["parts"] or b["parts"] < 2 else b["parts"],
    }


def _patrol(work: Work, numbers: dict[int, int], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the route in words: numbers of alleys in a row, and what is walked between them."""
    said: list[str] = []
    for step in work.patrol.steps:
        if step.alley is None:
            if step.kind == "direct" or step.length_m >= 10:
                said.append(f"（{KIND[step.kind][0]} {metres(step.length_m)}）")
            continue
        number = numbers[work.alley_ids[step.alley]]
        said.append(f"{number}" if step.kind == "alley" else f"再走{number}")
    thin = sum(a["min_width_m"] < _THIN_M for a in rows)
    return {
        "steps": _ranges(said),
        "summary": describe_patrol(work, zh=True),
        "thin": thin,
        "any": bool(work.patrol.steps),
    }


def _ranges(said: list[str]) -> list[str]:
    """Write 4, 5, 6 as 4–6."""
    made: list[str] = []
    begin = end = None
    for one in [*said, ""]:
        if one.isdigit() and end is not None and int(one) == end + 1:
            end = int(one)
            continue
        if begin is not None:
            made.append(f"{begin}" if begin == end else f"{begin}–{end}")
            begin = end = None
        if one.isdigit():
            begin = end = int(one)
        elif one:
            made.append(one)
    return made
