"""The hot queries of a township go through the spatial index: asked of the plan, not of a clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import shapely

from gis_service.api.routes.tiles import onto_tile
from gis_service.db.engine import transaction
from gis_service.db.queries import statement
from gis_service.identity import Identity
from gis_service.selection.select import compose
from gis_service.selection.terms import AreaTerm, Ask, ZoneTerm
from tests.access.test_tiles import _tile_of
from tests.access.witness import POLICE, TOWN, VILLAGE, name
from tests.conftest import Database

_SPOT = (107.374, 24.511)
_FRAME = {"west": 102, "south": 0, "east": 111, "north": 84, "limit": 20_000}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)


def _indexes(asker: Identity, sql: str, values: dict[str, Any]) -> set[str]:
    with transaction(asker, read_only=True) as connection:
        return _used(connection.exec_driver_sql(f"EXPLAIN (FORMAT json) {sql}", values).scalar_one())


def _used(plans: list[dict[str, Any]]) -> set[str]:
    (plan,) = plans
    return {str(n["Index Name"]) for n in _nodes(plan["Plan"]) if "Index Name" in n and "Index Cond" in n}


@pytest.mark.parametrize("asker", [TOWN, VILLAGE], ids=name)
@pytest.mark.parametrize(("layer", "index"), [("buildings", "building_geom"), ("reach", "building_density_geom"),
                                              ("gaps", "gap_geom"), ("alleys", "alley_geom")])  # fmt: skip
def test_a_tile(county: Database, asker: Identity, layer: str, index: str):
    x, y = _tile_of(*_SPOT, 16)
    run = county.one("SELECT max(run_id) FROM gis.run WHERE kind = 'density'", role="postgres")
    values = {**_FRAME, **onto_tile(16, x, y), "z": 16, "x": x, "y": y, "run": run}
    assert index in _indexes(asker, statement(f"tiles.{layer}"), values)


@pytest.mark.parametrize("asker", [TOWN, POLICE], ids=name)
def test_the_houses_in_a_drawn_area(county: Database, asker: Identity):
    (x, y) = county.ask(
        "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_SetSRID(ST_MakePoint(%s, %s), 4326), 4545) AS p) AS x",
        *_SPOT,
    )[0]
    area = AreaTerm("a", shapely.to_wkb(shapely.box(x - 200, y - 200, x + 200, y + 200)))
    for ask in (Ask((area,), (), ()), Ask((ZoneTerm("school", 200.0),), (), ())):
        with transaction(asker, read_only=True) as connection:
            asked = compose(ask).compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
            found = _used(connection.exec_driver_sql(f"EXPLAIN (FORMAT json) {asked}", asked.params).scalar_one())
        assert "building_geom" in found or "building_departments" in found, found
        if asker is TOWN:
            assert "building_geom" in found


def test_the_gaps_of_a_cluster(county: Database):
    run, wkb = county.ask(
        "SELECT run_id, ST_AsBinary(geom) FROM gis.cluster WHERE %s = ANY (township_codes) "
        "ORDER BY run_id DESC, buildings DESC LIMIT 1", TOWN.place, role="postgres",
    )[0]  # fmt: skip
    sql = "SELECT fid FROM gis.gap WHERE run_id = %(run)s AND geom && ST_GeomFromWKB(%(wkb)s, 4545)"
    assert "gap_geom" in _indexes(TOWN, sql, {"run": run, "wkb": bytes(wkb)})


def test_without_the_mark_the_index_is_lost(demo_copy: Database):
    """What the mark is for: this test would pass of itself if the planner took the index anyway."""
    x, y = _tile_of(*_SPOT, 16)
    values = {**_FRAME, **onto_tile(16, x, y), "z": 16, "x": x, "y": y}
    assert "building_geom" in _indexes(TOWN, statement("tiles.buildings"), values)
    demo_copy.ask("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF", role="postgres")
    assert "building_geom" not in _indexes(TOWN, statement("tiles.buildings"), values)
