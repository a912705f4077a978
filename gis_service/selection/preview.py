"""What an ask would select, counted and listed but not stored: for controls whose numbers follow the hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, union_all
from sqlalchemy.orm import aliased

from gis_service.db.models import AdminArea, Building
from gis_service.selection.select import compose, joined, number_terms, reason_branches
from gis_service.selection.terms import Ask, Term


@dataclass(frozen=True)
class Counts:
    """How many houses an ask selects, and how many meet each term alone (each house once)."""

    total: int
    any_of: list[int]
    all_of: list[int]
    none_of: list[int]
    others: list[int]


def count(connection: Connection, ask: Ask, others: tuple[Term, ...] = ()) -> Counts:
    """Count what ``ask`` selects and each of its terms; ``others`` are counted and select nothing.

    Where something must lie in areas, every count is of houses inside them.
    """
    numbered, groups = number_terms(ask, others)
    rows = union_all(*reason_branches(numbered, ask)).cte("met")
    chosen = select(rows.c.fid).group_by(rows.c.fid).having(joined(rows.c.term, groups)).subquery("chosen")
    each = select(rows.c.term, func.count(rows.c.fid.distinct()).label("n")).group_by(rows.c.term).subquery("each")
    total, by_term = connection.execute(
        select(
            select(func.count()).select_from(chosen).scalar_subquery(),
            select(func.json_object_agg(each.c.term, each.c.n)).scalar_subquery(),
        )
    ).one()
    found = {int(term): int(n) for term, n in (by_term or {}).items()}
    asked = (groups.any_of, groups.all_of, groups.none_of, groups.others)
    return Counts(int(total), *([found.get(n, 0) for n in group] for group in asked))


def first(connection: Connection, ask: Ask, limit: int) -> list[dict[str, Any]]:
    """Return the first ``limit`` houses that ``ask`` selects, the highest score first, with where they stand."""
    chosen = compose(ask).subquery("chosen")
    township, village = aliased(AdminArea), aliased(AdminArea)
    best = select(chosen).order_by(chosen.c.score.desc(), chosen.c.building_id).limit(limit).subquery("best")
    middle = func.ST_Transform(func.ST_PointOnSurface(Building.geom), 4326)
    asked = (
        select(
            best.c.building_id, Building.name, township.name.label("township"), village.name.label("village"),
            Building.hazard_tier, best.c.score, best.c.reasons, func.ST_X(middle).label("lon"), func.ST_Y(middle).label("lat"),
        )
        .join(Building, Building.building_id == best.c.building_id)
        .outerjoin(township, township.code == Building.unit_code)
        .outerjoin(village, village.code == Building.village_code)
        .order_by(best.c.score.desc(), best.c.building_id)
    )  # fmt: skip
    return [dict(row) for row in connection.execute(asked).mappings()]
