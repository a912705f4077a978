"""Compose the selection as one SQL statement, store it as a run, read it back.

Every term gives rows (building, reason); the rows of one building become its reasons, and the best points of each
rule add up to its score. A building in several zones is one selected building with several reasons.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Integer,
    Numeric,
    Select,
    Text,
    and_,
    cast,
    column,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    true,
    union_all,
    update,
    values,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import Float

from gis_service import __version__
from gis_service.cache import Cache
from gis_service.db.engine import database_url, work_srid
from gis_service.db.models import Building, KeyZone, Run, Selection
from gis_service.db.queries import statement
from gis_service.errors import InputError, NotFoundError
from gis_service.selection.attributes import ATTRIBUTES
from gis_service.selection.rules import AREA_POINTS, RULES, ZONE_POINTS, points_table
from gis_service.selection.terms import AreaTerm, Ask, HouseTerm, RuleTerm, Term, ZoneTerm, complete

_totals: Cache[dict[str, Any]] = Cache(200)
_COLUMNS = ("fid", "term", "rule", "distance_m", "points", "told")


@dataclass(frozen=True)
class Outcome:
    """A stored selection: its run and how many buildings it has."""

    run_id: int
    selected: int


def compose(ask: Ask) -> Select[Any]:
    """Return the statement that yields building_id, score and reasons of every selected building."""
    numbered, groups = number_terms(ask)
    none_terms = groups.none_of
    unordered = union_all(*reason_branches(numbered, ask)).subquery("unordered")
    # One sort of all rows; the aggregates below take them as they come.
    reason = (
        select(unordered)
        .order_by(unordered.c.fid, unordered.c.term, unordered.c.distance_m, unordered.c.told)
        .subquery("reason")
    )
    shown = reason.c.term.not_in(none_terms) if none_terms else true()
    parts = [
        func.coalesce(func.max(reason.c.points).filter(and_(reason.c.rule == rule, shown)), 0.0)
        for rule in points_table()
    ]
    score: ColumnElement[Any] = sum(parts[1:], start=parts[0])
    grouped = (
        select(
            reason.c.fid,
            func.round(cast(score, Numeric), 1).label("score"),
            _listed(reason.c, shown).label("reasons"),
        )
        .group_by(reason.c.fid)
        .having(joined(reason.c.term, groups))
        .subquery("grouped")
    )
    return select(Building.building_id, grouped.c.score, grouped.c.reasons).join(grouped, grouped.c.fid == Building.fid)


@dataclass(frozen=True)
class Groups:
    """The numbers of an ask's terms, by what is asked of them; ``others`` are only counted."""

    any_of: list[int]
    all_of: list[int]
    none_of: list[int]
    within: list[int]
    others: list[int]


def number_terms(ask: Ask, others: tuple[Term, ...] = ()) -> tuple[list[tuple[int, Term]], Groups]:
    """Return the terms of an ask, and of what is counted beside it, each with a number of its own."""
    numbered: list[tuple[int, Term]] = []
    groups = []
    for terms in (ask.any_of, ask.all_of, ask.none_of, ask.within, others):
        start = len(numbered)
        numbered += enumerate(terms, start)
        groups.append(list(range(start, len(numbered))))
    return numbered, Groups(*groups)


def joined(term: ColumnElement[int], groups: Groups) -> ColumnElement[bool]:
    """Return what a group of a building's rows must fulfil; terms are told by their numbers."""
    tests: list[ColumnElement[bool]] = [func.bool_or(term.in_(some)) for some in (groups.any_of, groups.within) if some]
    tests += [func.bool_or(term == n) for n in groups.all_of]
    if groups.none_of:
        tests.append(func.not_(func.bool_or(term.in_(groups.none_of))))
    return and_(*tests)


def reason_branches(numbered: list[tuple[int, Term]], ask: Ask) -> list[Select[Any]]:
    """Return one branch for all zones together, and one for each area and rule, however often it is asked for.

    What must lie in an area, or be of some kind, is sought there alone: other terms' rows could not be chosen.
    """
    inside = [Building.removed_on.is_(None), *(_inside(t) for t in ask.all_of if isinstance(t, AreaTerm))]
    inside += [t.met() for t in ask.all_of if isinstance(t, HouseTerm)]
    if ask.within:
        inside.append(or_(*(_inside(t) for t in ask.within)))
    zones = [(n, t) for n, t in numbered if isinstance(t, ZoneTerm)]
    areas = _same([(n, t) for n, t in numbered if isinstance(t, AreaTerm)])
    rules = _same([(n, t) for n, t in numbered if isinstance(t, RuleTerm)])
    branches = [_area_reason(ns, t).where(*inside) for t, ns in areas.items()]
    if zones:
        branches.append(_zone_reasons(zones, inside))
    houses = _same([(n, t) for n, t in numbered if isinstance(t, HouseTerm)])
    branches += [_house_reason(ns, t).where(*inside) for t, ns in houses.items()]
    return branches + [_rule_reason(ns, t, ask).where(*inside) for t, ns in rules.items()]


_T = TypeVar("_T", bound=Term)


def _same(numbered: list[tuple[int, _T]]) -> dict[_T, list[int]]:
    """Return the numbers of each condition: one that is asked for several times is asked of the database once."""
    found: dict[_T, list[int]] = {}
    for n, term in numbered:
        found.setdefault(term, []).append(n)
    return found


def _numbers(ns: list[int]) -> ColumnElement[int]:
    """Return a term's number, or a row for each of its numbers."""
    return literal(ns[0], Integer) if len(ns) == 1 else func.unnest(cast(ns, ARRAY(Integer)))


def _inside(area: AreaTerm) -> ColumnElement[bool]:
    # A constant to the planner: Find_SRID in its place was asked again for every building.
    shape = func.ST_GeomFromWKB(area.wkb, work_srid())
    # && as well: under row-level security it alone may be asked of the spatial index (db.migrate).
    return and_(Building.geom.op("&&")(shape), func.ST_Intersects(Building.geom, shape))


def _listed(reason: Any, shown: ColumnElement[bool]) -> ColumnElement[Any]:
    """Join the reasons' texts and parse them once: half the time of building a tree for each and joining those."""
    joined = func.string_agg(reason.told, literal(",", Text)).filter(shown)
    return cast(literal("[", Text) + joined + literal("]", Text), JSON)


def _told(**facts: Any) -> ColumnElement[str]:
    """Return a reason as JSON text: only what it has, so that nothing must be stripped from it."""
    pairs = (piece for name, value in facts.items() for piece in (literal(name, Text), value))
    return cast(func.jsonb_build_object(*pairs), Text)


def _branch(
    fid: Any, term: Any, rule: Any, distance_m: Any, points: Any, told: ColumnElement[Any]
) -> tuple[ColumnElement[Any], ...]:
    columns = (fid, term, rule, cast(distance_m, Float), cast(points, Float), told)
    return tuple(c.label(name) for c, name in zip(columns, _COLUMNS, strict=True))


def _zone_reasons(zones: list[tuple[int, ZoneTerm]], inside: list[ColumnElement[bool]]) -> Select[Any]:
    """Look up, zone by zone, the buildings round it in the spatial index, and measure each once.

    OFFSET 0 keeps the planner from turning the look-up round and asking for the zones round each of the buildings. Of
    several distances to one kind the widest is looked up, and each takes its own of what was found.
    """
    asked = values(column("term", Integer), column("kind", Text), column("buffer_m", Float), name="asked").data(
        [(n, t.kind, float(t.buffer_m)) for n, t in zones]
    )
    widest: dict[str, float] = {}
    for _, t in zones:
        widest[t.kind] = max(widest.get(t.kind, 0.0), float(t.buffer_m))
    if len(widest) < len(zones):
        looked_up = values(column("kind", Text), column("buffer_m", Float), name="looked_up").data(list(widest.items()))
        zone = _zones(looked_up, KeyZone.kind, KeyZone.zone_id, KeyZone.name)
        near = _near(zone, inside)
        each = func.left(_zone_facts(zone.c, asked.c.buffer_m), -1)
        mine = and_(asked.c.kind == zone.c.kind, near.c.distance_m <= asked.c.buffer_m)
        found = _found(near, asked.c.term, asked.c.buffer_m, each)
        return found.select_from(zone).join(near, near.c.distance_m <= zone.c.buffer_m).join(asked, mine)
    # What is the same for all houses round a zone is written once a zone.
    zone = _zones(asked, asked.c.term, func.left(_zone_facts(KeyZone, asked.c.buffer_m), -1).label("facts"))
    near = _near(zone, inside)
    found = _found(near, zone.c.term, zone.c.buffer_m, zone.c.facts)
    return found.select_from(zone).join(near, near.c.distance_m <= zone.c.buffer_m)


def _zones(asked: Any, *columns: Any) -> Any:
    # Made here: row-level security lets a plain box reach the spatial index, not one still to be computed.
    around = func.ST_Expand(KeyZone.geom, asked.c.buffer_m).label("around")
    found = select(asked.c.buffer_m, KeyZone.geom, around, *columns).select_from(asked)
    return found.join(KeyZone, KeyZone.kind == asked.c.kind).offset(0).subquery("zone")


def _near(zone: Any, inside: list[ColumnElement[bool]]) -> Any:
    return (
        select(Building.fid, func.ST_Distance(Building.geom, zone.c.geom).label("distance_m"))
        .where(Building.geom.op("&&")(zone.c.around), *inside)
        .correlate(zone)
        .offset(0)
        .lateral("near")
    )


def _zone_facts(zone: Any, buffer_m: Any) -> ColumnElement[str]:
    return _told(
        rule=literal("key_zone", Text), version=literal(1), kind=zone.kind, zone_id=zone.zone_id, name=zone.name,
        buffer_m=buffer_m,
    )  # fmt: skip


def _found(near: Any, term: Any, buffer_m: Any, facts: Any) -> Select[Any]:
    nearness = func.greatest(1.0 - 0.5 * near.c.distance_m / func.greatest(buffer_m, 0.001), 0.5)
    points = _rounded(ZONE_POINTS * nearness, 1)
    told = (
        facts
        + literal(', "distance_m": ', Text)
        + cast(_rounded(near.c.distance_m, 2), Text)
        + literal(', "points": ', Text)
        + cast(points, Text)
        + literal("}", Text)
    )
    return select(*_branch(near.c.fid, term, literal("key_zone", Text), near.c.distance_m, points, told))


def _rounded(value: Any, digits: int) -> ColumnElement[float]:
    """Round in floating point, whose text is the shortest that means the same number."""
    scale = float(10**digits)
    return cast(func.round(value * scale) / scale, Float)


def _area_reason(ns: list[int], area: AreaTerm) -> Select[Any]:
    told = _told(
        rule=literal("area", Text), version=literal(1), name=literal(area.name, Text),
        area_id=cast(literal(area.area_id), Integer), points=literal(AREA_POINTS),
    )  # fmt: skip
    return select(
        *_branch(Building.fid, _numbers(ns), literal("area", Text), literal(0.0), literal(AREA_POINTS), told)
    ).where(_inside(area))


def _rule_reason(ns: list[int], term: RuleTerm, ask: Ask) -> Select[Any]:
    """Hold a rule against each building: a scan of its own costs less than one pass that tries every rule."""
    rule = RULES[term.name]
    facts = json.dumps({"rule": rule.name, "version": rule.version})[:-1]
    told = (
        literal(f'{facts}, "value": ', Text)
        + cast(rule.value(), Text)
        + literal(', "points": ', Text)
        + cast(rule.worth(), Text)
        + literal("}", Text)
    )
    name = literal(rule.name, Text)
    return select(*_branch(Building.fid, _numbers(ns), name, null(), rule.worth(), told)).where(rule.met(ask.limits))


def _house_reason(ns: list[int], term: HouseTerm) -> Select[Any]:
    attribute = ATTRIBUTES[term.name]
    told = _told(
        rule=literal("house", Text), version=literal(1), name=literal(term.name, Text), value=attribute.value(),
        points=literal(0.0),
    )  # fmt: skip
    return select(*_branch(Building.fid, _numbers(ns), literal("house", Text), null(), literal(0.0), told)).where(
        term.met()
    )


def run_selection(connection: Connection, ask: Ask, name: str | None = None) -> Outcome:
    """Select and store as a run; the caller commits.

    The parameters stored hold every term with its buffer, every rule with its version, every area as it was, so
    the run can be repeated and compared. It is a draft until somebody publishes it (``published``).
    """
    run_id = connection.execute(
        insert(Run)
        .values(
            kind="selection",
            name=name,
            parameters=ask.parameters(),
            data_version=text(f"({statement('runs.data_version')})"),
            code_version=__version__,
        )
        .returning(Run.run_id)
    ).scalar_one()
    chosen = compose(ask).subquery()
    stored = connection.execute(
        insert(Selection).from_select(
            ["run_id", "building_id", "score", "reasons"],
            select(literal(run_id), chosen.c.building_id, chosen.c.score, cast(chosen.c.reasons, JSONB)),
        )
    )
    connection.execute(update(Run).where(Run.run_id == run_id).values(finished_at=func.clock_timestamp()))
    return Outcome(run_id, stored.rowcount)


def latest_run(connection: Connection, kind: str = "selection") -> int | None:
    """Return the run that pages, prints and figures read, or None: the published list, the newest finished analysis."""
    return connection.execute(text(statement(f"runs.latest_{kind}"))).scalar()


def named(connection: Connection, term: HouseTerm) -> HouseTerm:
    """Return a term on places with their names, as the run will say them.

    Raises
    ------
    InputError
        There is no such township or village.

    """
    if not ATTRIBUTES[term.name].place:
        return term
    found = names_of(connection, term.values)
    strange = [code for code in term.values if code not in found]
    if strange:
        raise InputError(
            f"没有代码为 {strange[0]} 的乡镇或村。", f"There is no township or village with the code {strange[0]}."
        )
    return replace(term, labels=tuple(found[code] for code in term.values))


def names_of(connection: Connection, codes: Iterable[str | None]) -> dict[str, str]:
    """Return the names of places by their codes; a code of none has no entry."""
    asked = {"codes": [code for code in codes if code]}
    return {row.code: row.name for row in connection.execute(text(statement("runs.places")), asked)}


def parameters_of(connection: Connection, run_id: int) -> dict[str, Any]:
    """Return what a stored run asked for, as it is stored, older forms brought to today's (``terms.complete``).

    Raises
    ------
    NotFoundError
        There is no such selection.

    """
    parameters = connection.execute(
        select(Run.parameters).where(and_(Run.run_id == run_id, Run.kind == "selection"))
    ).scalar()
    if parameters is None:
        raise NotFoundError(f"没有第 {run_id} 号选取结果。", f"There is no selection run {run_id}.")
    return complete(parameters)


def ask_of(connection: Connection, run_id: int) -> Ask:
    """Return what a stored run asked for, as far as it can be asked today (``terms.changes`` tells what cannot).

    Raises
    ------
    NotFoundError
        There is no such selection.
    InputError
        Nothing of what it asked for exists any more.

    """
    return Ask.from_dict(parameters_of(connection, run_id))


def compare(connection: Connection, before: int, after: int) -> dict[str, list[dict[str, Any]]]:
    """Return the buildings that are new, gone or changed (score or reasons) from one run to another.

    Each with its name and place, both scores, both runs' reasons, and longitude and latitude; one that is no longer
    in the data has only its number.
    """
    for run_id in (before, after):
        parameters_of(connection, run_id)
    rows = connection.execute(text(statement("runs.compare")), {"before": before, "after": after}).mappings()
    result: dict[str, list[dict[str, Any]]] = {"new": [], "gone": [], "changed": []}
    for row in rows:
        result[row["change"]].append({k: v for k, v in row.items() if k != "change"})
    return result


def totals(connection: Connection, run_id: int, scope: Hashable) -> dict[str, Any]:
    """Return counts of a run: buildings once in the total, and under each rule, kind of zone and township.

    Each page of a list has them, and counting a county's takes longer than the page: they are kept as long as the data
    stay. ``scope`` is whose eyes see them (``Identity.scope``).
    """
    version = connection.execute(text(statement("runs.moment"))).one().data
    key = (database_url("service"), run_id, scope, version)
    found = _totals.get(key)
    if found is None:
        found = {
            "total": connection.execute(text(statement("runs.total")), {"run_id": run_id}).scalar_one(),
            **{
                name: {
                    str(key): int(count)
                    for key, count in connection.execute(text(statement(f"runs.by_{name}")), {"run_id": run_id})
                }
                for name in ("rule", "zone_kind", "township")
            },
        }
        _totals.put(key, found)
    return found
