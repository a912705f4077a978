"""What the rest of the survey form says about each simulated house, and when and by whom it was judged.

Nothing contradicts another thing: a house near a school has 学校周边 ticked, a homestead has a homestead's papers, no
house was altered or judged before it was built. Counts of the notice are not touched.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.arrays import Ints
from gis_service.demo.places import KINDS
from gis_service.settings import default

INSTITUTIONS = ("甲房屋安全鉴定中心（模拟）", "乙工程质量检测有限公司（模拟）", "丙建筑设计研究院（模拟）")
JUDGE_UNITS = ("县住房和城乡建设局技术组（模拟）", "丁建设监理有限公司（模拟）")
_YEARS = {"≤1980": (1962, 1980), "≥2016": (2016, 2020)}
# Operating houses were judged in the campaign, the others in the round before it.
CAMPAIGN = (date(2022, 6, 20), date(2022, 9, 7))
EARLIER = (date(2021, 1, 4), date(2022, 4, 29))
_APPRAISED_UNTIL = date(2022, 9, 7)
_DECLARED = {"school": "school", "hospital": "hospital", "market": "market"}
_SETTLEMENT = {"terrace": "designated_town", "core": "designated_town", "worst": "designated_town"}
_VENUES = {"leisure", "lodging", "catering", "education", "elderly_care"}


def _between(first: date, last: date, rng: np.random.Generator) -> date:
    return first + timedelta(days=int(rng.integers(0, (last - first).days + 1)))


def surveyed(
    form: pd.DataFrame, kind: Ints, villages: list[str], shapes: NDArray[np.object_], zones: list[tuple[Any, ...]],
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Return the further columns of ``form`` (``attributes.survey``), row by row.

    Parameters
    ----------
    kind
        Kind of settlement (a position in ``KINDS``).
    villages
        Name of each house's village.
    shapes
        Outlines in the work CRS.
    zones
        Kind, name, outline and township of the key zones.
    rng
        Source of every random choice.

    """
    near = _near(shapes, zones)
    numbers = pd.Series(villages).groupby(pd.Series(villages)).cumcount() + 1
    columns = [str(name) for name in form.columns]
    cells = zip(*(form[name].tolist() for name in form.columns), strict=True)
    rows = [
        _house(dict(zip(columns, row, strict=True)), KINDS[kind[k]], near[k], float(area), rng)
        for k, (row, area) in enumerate(zip(cells, shapely.area(shapes), strict=True))
    ]
    made = pd.DataFrame(rows, index=form.index)
    made.insert(0, "address", [f"{village}{n}号" for village, n in zip(villages, numbers, strict=True)])
    made["built_year"] = made["built_year"].astype("Int64")
    return made


def _near(shapes: NDArray[np.object_], zones: list[tuple[Any, ...]]) -> list[set[str]]:
    """Return the kinds of zones round each house, by the default distances of a selection."""
    found: list[set[str]] = [set() for _ in shapes]
    tree = shapely.STRtree(shapes)
    for zone_kind, _, outline, _ in zones:
        reach = 0.0 if zone_kind in {"resettlement", "industrial"} else default(f"buffer_{zone_kind}_m")
        for k in tree.query(outline, predicate="dwithin", distance=reach):
            found[int(k)].add(zone_kind)
    return found


def _house(row: dict[str, Any], kind: str, near: set[str], area: float, rng: np.random.Generator) -> dict[str, Any]:
    works = row["use_class"] != "other"
    period = row["built_period"]
    low, high = _YEARS.get(period) or (int(part) for part in period.split("-"))
    built = int(rng.integers(low, high + 1))
    town = kind in {"terrace", "core", "worst"}
    areas = [_SETTLEMENT[kind]] if kind in _SETTLEMENT else []
    areas += sorted(_DECLARED.get(zone, zone) for zone in near)
    state = town and rng.random() < 0.35
    land = "state" if state else "collective_construction" if works and rng.random() < 0.05 else "collective_homestead"
    designed = row["floors"] >= 4 or row["structure"] in {"rc", "steel"}
    qualified = designed and rng.random() < 0.5
    alterations = row["alterations"]
    altered = None
    if alterations:
        altered = _between(date(max(built + 1, 1985), 1, 1), date(2021, 12, 20), rng)
    judged, appraised = _days(row, works, built, rng)
    return {
        "built_year": built,
        "declared_areas": areas or ["other"],
        "land": land,
        "area_m2": round(area * row["floors"] * float(rng.uniform(0.93, 1.0)), 1),
        "design": "professional" if qualified else "standard" if designed and rng.random() < 0.6 else "none",
        "builder": "qualified" if qualified else "craftsman" if row["floors"] >= 2 else "self",
        "permits": _permits(land, qualified, rng),
        "licences": _licences(row, works),
        "violations": _violations(alterations, rng),
        "geohazards": ["cut_slope"] if kind in {"farm", "hamlet", "timber"} and rng.random() < 0.03 else [],
        "fire_hazards": sorted(_fire_hazards(kind, works, rng)),
        "ownership": "joint" if rng.random() < 0.04 else "private",
        "altered_on": altered,
        "judged_on": judged,
        "appraised_on": appraised,
        "judge_unit": JUDGE_UNITS[int(rng.integers(len(JUDGE_UNITS)))] if judged else None,
        "institution": INSTITUTIONS[int(rng.integers(len(INSTITUTIONS)))] if appraised else None,
    }


def _days(row: dict[str, Any], works: bool, built: int, rng: np.random.Generator) -> tuple[date | None, date | None]:
    """Return when the house was judged and appraised: the appraisal follows, and nothing precedes the house."""
    first, last = CAMPAIGN if works else EARLIER
    judged = None
    if row["hazard_tier"] != "unjudged":
        judged = _between(max(first, date(built + 1, 1, 1)), last, rng)
    appraised = None
    if row["appraisal_grade"] != "unknown":
        appraised = _between(max(judged or first, date(2022, 3, 1)), _APPRAISED_UNTIL, rng)
    return judged, appraised


def _permits(land: str, qualified: bool, rng: np.random.Generator) -> list[str]:
    if rng.random() < 0.25:
        return []
    if land == "state":
        return ["land", "planning", *(["construction"] if qualified else []), "registration"]
    if land == "collective_construction":
        return ["land", "rural_planning"]
    return ["homestead", *(["rural_planning"] if rng.random() < 0.3 else [])]


def _licences(row: dict[str, Any], works: bool) -> list[str]:
    if not works:
        return []
    uses = set(row["business_uses"])
    return ["business", *(["operation"] if uses & _VENUES else []), *(["public_venue"] if "leisure" in uses else [])]


def _violations(alterations: list[str], rng: np.random.Generator) -> list[str]:
    found = ["construction"] if rng.random() < 0.008 else []
    if alterations and rng.random() < 0.12:
        found.append("alteration")
    return found


def _fire_hazards(kind: str, works: bool, rng: np.random.Generator) -> set[str]:
    found = {"narrow_road"} if kind in {"core", "dense", "timber"} and rng.random() < 0.3 else set()
    found |= {"wiring"} if rng.random() < 0.04 else set()
    found |= {"equipment_missing"} if works and rng.random() < 0.15 else set()
    found |= {"combustible"} if kind == "timber" and rng.random() < 0.2 else set()
    return found
