"""The same buildings, distances and scores as an independent computation: shapely and pandas on the demo county."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis_service.db.day import today
from gis_service.db.engine import transaction
from gis_service.identity import operator
from gis_service.selection.rules import RULES, Limits
from gis_service.selection.select import run_selection, totals
from gis_service.selection.terms import AreaTerm, Ask, HouseTerm, RuleTerm, ZoneTerm, default_ask
from tests.conftest import Database

# docs/domain.md#priority, written a second time.
BUFFERS = {"school": 200.0, "hospital": 200.0, "market": 200.0, "resettlement": 50.0, "industrial": 100.0}
KEY_USES = {"catering", "lodging", "leisure", "education", "medical", "elderly_care", "sports", "religious"}
KEY_ALTERATIONS = {"add_storey", "raise", "basement", "remove_walls", "enlarge_openings", "mezzanine", "change_use"}


def _used(h: pd.DataFrame) -> pd.Series:
    return h["use_class"].isin(["commercial", "mixed"]) | (h["business_uses"].map(len) > 0)


# Of each rule: the houses that meet it, given its limit where it has one, and the points that it gives to a house; by
# the value that is shown where they differ.
ORACLE: dict[str, Callable[..., pd.Series]] = {
    "key_use": lambda h: h["business_uses"].map(lambda u: bool(KEY_USES & set(u))),
    "floors": lambda h, least=3: _used(h) & (h["floors"] >= least),
    "people": lambda h, least=10: _used(h) & (h["people"] >= least),
    "alteration": lambda h: h["alterations"].map(lambda a: bool(KEY_ALTERATIONS & set(a))),
    "hazard": lambda h: h["hazard_tier"].isin(["severe", "some"]),
    "grade": lambda h: h["appraisal_grade"].isin(["C", "D"]),
    "age": lambda h, least=30: _used(h) & (h["built_year"] <= today().year - least),
}
POINTS: dict[str, Any] = {
    "key_use": 10, "floors": 5, "people": 5, "alteration": 10, "hazard": {"severe": 35, "some": 21}, "grade": 5,
    "age": 5,
}  # fmt: skip


def test_every_rule_has_an_oracle():
    assert set(ORACLE) == set(POINTS) == set(RULES), (
        "a rule of selection/rules.py must be written a second time in ORACLE and POINTS"
    )


@pytest.fixture(scope="module")
def world(server, demo: str) -> dict[str, gpd.GeoDataFrame]:
    """The demo county in memory, read once as plain tables."""
    database = Database(server, demo)
    rows = database.ask("SELECT to_jsonb(b) - 'geom', ST_AsBinary(geom) FROM gis.building AS b ORDER BY building_id")
    houses = pd.DataFrame([facts | {"geom": geom} for facts, geom in rows])
    zones = pd.DataFrame(
        database.ask("SELECT zone_id, kind, ST_AsBinary(geom) FROM gis.key_zone ORDER BY zone_id"),
        columns=["zone_id", "kind", "geom"],
    )
    return {
        name: gpd.GeoDataFrame(
            table.drop(columns="geom"), geometry=shapely.from_wkb([bytes(g) for g in table["geom"]]), crs=4545
        )
        for name, table in (("houses", houses), ("zones", zones))
    }


def near(world: dict[str, gpd.GeoDataFrame], kind: str, buffer_m: float) -> dict[tuple[str, str], float]:
    """(building, zone) → distance, by geopandas' own join."""
    zones = world["zones"][world["zones"]["kind"] == kind]
    joined = world["houses"].sjoin(zones, predicate="dwithin", distance=buffer_m)
    grounds = zones.geometry.loc[joined["index_right"]].to_numpy()
    distances = shapely.distance(joined.geometry.to_numpy(), grounds)
    return dict(zip(zip(joined["building_id"], joined["zone_id"], strict=True), distances, strict=True))


def meets(world: dict[str, gpd.GeoDataFrame], rule: str, *limit: int) -> set[str]:
    h = world["houses"]
    return set(h.loc[ORACLE[rule](h, *limit), "building_id"])


def selected(ask: Ask) -> tuple[int, dict[str, tuple[float, list[dict[str, Any]]]]]:
    with transaction(operator()) as connection:
        run_id = run_selection(connection, ask).run_id
        rows = connection.exec_driver_sql(
            "SELECT building_id, score, reasons FROM gis.selection WHERE run_id = %s", (run_id,)
        ).all()
    return run_id, {b: (s, r if isinstance(r, list) else json.loads(r)) for b, s, r in rows}


def _named(ask: Ask) -> tuple[set[str], set[str], int]:
    """The houses, the rules of all their reasons, and how many houses have no reason."""
    with transaction(operator()) as connection:
        run = {"run": run_selection(connection, ask).run_id}
        of_run = "FROM gis.selection WHERE run_id = %(run)s"
        houses = connection.exec_driver_sql(f"SELECT building_id {of_run}", run).scalars().all()
        rules = connection.exec_driver_sql(
            f"SELECT DISTINCT jsonb_path_query(reasons, '$[*].rule') #>> '{{}}' {of_run}", run
        ).scalars()
        without = f"SELECT count(*) {of_run} AND jsonb_array_length(reasons) = 0"
        found = set(houses)
        assert len(found) == len(houses)
        return found, set(rules), int(connection.exec_driver_sql(without, run).scalar_one())


def test_everything_at_once(demo_database: Database, world: dict[str, gpd.GeoDataFrame]):
    """All zones and rules: the same houses, each with exactly its reasons, its distances and its points."""
    run_id, got = selected(default_ask())
    wanted: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    zone_points: dict[str, float] = defaultdict(float)
    for kind, buffer_m in BUFFERS.items():
        for (building, zone), distance in near(world, kind, buffer_m).items():
            wanted[building]["key_zone", zone] = distance
            zone_points[building] = max(zone_points[building], 20 * max(0.5, 1 - 0.5 * distance / buffer_m))
    for rule in ORACLE:
        for building in meets(world, rule):
            wanted[building][rule, ""] = 0.0

    assert len(wanted) > 3_000, "the county has something to find"
    assert set(got) == set(wanted)
    for building, (score, reasons) in got.items():
        found = {(r["rule"], r.get("zone_id", "")): r for r in reasons}
        assert len(found) == len(reasons), f"{building}: a reason twice"
        assert set(found) == set(wanted[building]), building
        fixed = 0.0
        for key, reason in found.items():
            assert reason["version"] >= 1
            if key[0] == "key_zone":
                assert reason["distance_m"] == pytest.approx(wanted[building][key], abs=0.0051)
                assert reason["buffer_m"] == BUFFERS[reason["kind"]]
            else:
                assert reason["value"] not in (None, [])
                worth = POINTS[key[0]]
                fixed += worth[reason["value"]] if isinstance(worth, dict) else worth
        assert score == pytest.approx(zone_points[building] + fixed, abs=0.051)
        best: dict[str, float] = defaultdict(float)
        for reason in reasons:
            best[reason["rule"]] = max(best[reason["rule"]], reason["points"])
        assert score == pytest.approx(sum(best.values()), abs=0.051), "the parts that are shown add up"
        assert 0 < score <= 100

    with transaction(operator(), read_only=True) as connection:
        counts = totals(connection, run_id, operator().scope)
    assert counts["total"] == len(wanted)
    several = [b for b, reasons in wanted.items() if sum(rule == "key_zone" for rule, _ in reasons) > 1]
    assert len(several) > 50, "some houses lie near several zones"
    assert counts["rule"]["key_zone"] == sum(any(r == "key_zone" for r, _ in rs) for rs in wanted.values())
    for kind, buffer_m in BUFFERS.items():
        assert counts["zone_kind"][kind] == len({b for b, _ in near(world, kind, buffer_m)})
    assert sum(counts["zone_kind"].values()) > counts["rule"]["key_zone"], "listed under each, counted once"
    assert sum(counts["township"].values()) == counts["total"]
    for rule in ORACLE:
        assert counts["rule"][rule] == len(meets(world, rule))


def test_the_seed_figures(whole_database: Database):
    """79 and 382 houses in business use with a hazard (the notice's annex 1), and others that are homes."""
    houses = dict(whole_database.ask("SELECT building_id, use_class IN ('commercial', 'mixed') FROM gis.building"))
    used = {house for house, operating in houses.items() if operating}
    assert (len(houses), len(used)) == (79_158, 4_028)
    _, got = selected(Ask((RuleTerm("hazard"),)))
    tiers = [reasons[0]["value"] for b, (_, reasons) in got.items() if b in used]
    assert (tiers.count("severe"), tiers.count("some")) == (79, 382)


@pytest.mark.parametrize("buffer_m", [0.0, 0.5, 37.5, 800.0])
def test_other_buffers(demo_database: Database, world: dict[str, gpd.GeoDataFrame], buffer_m: float):
    for kind in ("school", "market"):
        _, got = selected(Ask((ZoneTerm(kind, buffer_m),)))
        wanted = near(world, kind, buffer_m)
        assert {(b, r["zone_id"]) for b, (_, rs) in got.items() for r in rs} == set(wanted)


def _terms(world: dict[str, gpd.GeoDataFrame]) -> list[tuple[Any, set[str]]]:
    houses = world["houses"]
    west, south, east, north = houses.total_bounds
    box = shapely.box(west, south, west + (east - west) * 0.4, south + (north - south) * 0.4)
    inside = set(houses.loc[houses.intersects(box), "building_id"])
    return [
        (ZoneTerm("school", 200.0), {b for b, _ in near(world, "school", 200.0)}),
        (ZoneTerm("school", 50.0), {b for b, _ in near(world, "school", 50.0)}),
        (ZoneTerm("market", 120.0), {b for b, _ in near(world, "market", 120.0)}),
        (ZoneTerm("industrial", 100.0), {b for b, _ in near(world, "industrial", 100.0)}),
        (AreaTerm("西南", shapely.to_wkb(box)), inside),
        *((RuleTerm(name), meets(world, name)) for name in ORACLE),
        *_house_terms(houses),
    ]


def _house_terms(houses: gpd.GeoDataFrame) -> list[tuple[Any, set[str]]]:
    """Conditions on what was surveyed, each beside the houses that meet it by pandas alone."""
    towns = tuple(sorted(houses["unit_code"].dropna().unique())[:2])
    uses = {"catering", "lodging"}
    wanted = {
        HouseTerm("operating"): houses["use_class"].isin(["commercial", "mixed"]),
        HouseTerm("unit_code", towns): houses["unit_code"].isin(towns),
        HouseTerm("hazard_tier", ("severe",)): houses["hazard_tier"] == "severe",
        HouseTerm("business_uses", tuple(uses)): houses["business_uses"].map(lambda u: bool(uses & set(u))),
        HouseTerm("floors", low=2, high=4): houses["floors"].between(2, 4),
        HouseTerm("people", low=20): houses["people"] >= 20,
    }
    return [(term, set(houses.loc[met, "building_id"])) for term, met in wanted.items()]


def test_any_all_none(demo_database: Database, world: dict[str, gpd.GeoDataFrame]):
    """Sixty random composites against plain sets."""
    rng = np.random.default_rng(11)
    terms = _terms(world)
    everybody = set(world["houses"]["building_id"])
    sizes = []
    for _ in range(60):
        order = list(rng.permutation(len(terms)))
        n_any, n_all, n_none = (int(n) for n in rng.integers(0, 3, 3))
        if n_any + n_all == 0:
            n_any = 1
        any_, all_, none = (
            [terms[k] for k in order[a:b]]
            for a, b in ((0, n_any), (n_any, n_any + n_all), (n_any + n_all, n_any + n_all + n_none))
        )
        wanted = set(everybody)
        if any_:
            wanted &= set().union(*(s for _, s in any_))
        for _, members in all_:
            wanted &= members
        for _, members in none:
            wanted -= members
        ask = Ask(tuple(t for t, _ in any_), tuple(t for t, _ in all_), tuple(t for t, _ in none))
        got, shown, without = _named(ask)
        assert got == wanted, ask
        sizes.append(len(wanted))
        hidden = {t.name for t, _ in none if isinstance(t, RuleTerm)}
        assert not shown & hidden, "what was excluded is no reason"
        assert without == 0
    assert sum(n > 0 for n in sizes) > 25
    assert len(set(sizes)) > 25


@pytest.mark.parametrize(("floors", "people"), list(itertools.product((1, 3, 4), (1, 10, 11))))
def test_limits_include_their_number(
    demo_database: Database, world: dict[str, gpd.GeoDataFrame], floors: int, people: int
):
    limits = Limits({"min_floors": floors, "min_people": people})
    _, got = selected(Ask((RuleTerm("floors"), RuleTerm("people")), limits=limits))
    assert set(got) == meets(world, "floors", floors) | meets(world, "people", people)
