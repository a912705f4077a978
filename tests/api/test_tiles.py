"""Vector tiles decode, hold what the database holds at every zoom, and are not sent twice."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from fastapi.testclient import TestClient

from gis_service.api.routes import tiles
from gis_service.api.routes.tiles import LAYERS
from gis_service.db import engine
from gis_service.db.engine import forget_connections
from gis_service.db.places import PLACES
from gis_service.db.queries import statement
from tests.conftest import Database

LON, LAT = 107.374, 24.511


def _tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    n = 2**z
    x = int((lon + 180) / 360 * n)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    return x, y


def _decode(content: bytes, layer: str, folder: Path) -> gpd.GeoDataFrame:
    """Read a tile with GDAL's MVT driver; coordinates are the tile's own, 4096 a side."""
    if not content:
        return gpd.GeoDataFrame(geometry=[])
    path = folder / "tile.pbf"
    path.write_bytes(content)
    return pyogrio.read_dataframe(f"MVT:{path}", layer=layer)


# Each layer of one table, and that table; of runs there are others (tests/access/test_tiles.py).
TABLE_OF = {"buildings": "building"} | {place.tile: place.name for place in PLACES.values() if place.tile}
# What the demo has in the county's town; no area is drawn here.
SHOWN = ("buildings", "selection", "zones", "boundaries", "roads", "hydrants")


def test_a_village_has_its_name_once(client: TestClient, demo_database: Database, tmp_path: Path):
    """In the one tile that holds it, whatever the zoom."""
    code, lon, lat = demo_database.ask(
        "SELECT code, ST_X(p), ST_Y(p) FROM (SELECT code, ST_Transform(ST_PointOnSurface(geom), 4326) AS p "
        "FROM gis.admin_area WHERE level = 'village' ORDER BY code LIMIT 1) AS x"
    )[0]
    for z in (13, 16):
        n = 2**z
        x = int((lon + 180) / 360 * n)
        y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
        codes = []
        for dx, dy in itertools.product((-1, 0, 1), repeat=2):
            content = client.get(f"/tiles/names/{z}/{x + dx}/{y + dy}.pbf").content
            if content:
                path = tmp_path / f"{z}-{dx}-{dy}.pbf"
                path.write_bytes(content)
                codes += list(pyogrio.read_dataframe(f"MVT:{path}", layer="names")["code"])
        assert codes.count(code) == 1


def test_roads_from_afar_lie_where_they_are(client: TestClient, demo_database: Database, tmp_path: Path):
    """One line a class, to a quarter of a pixel (4 of a tile's 4096 units); nothing is lost but pieces smaller than one."""
    z = 10
    x, y = _tile_of(LON, LAT, z)
    side = 2 * 20_037_508.342789244 / 2**z
    left, top = x * side - side * 2 ** (z - 1), side * 2 ** (z - 1) - y * side
    rows = demo_database.ask(
        """SELECT class, ST_AsBinary(ST_Union(shape)) FROM (
               SELECT class, ST_Intersection(ST_Affine(ST_Transform(geom, 3857), %s, 0, 0, %s, %s, %s),
                                             ST_MakeEnvelope(0, 0, 4096, 4096, 3857)) AS shape
               FROM gis.road WHERE width_m >= 6) AS r
           WHERE NOT ST_IsEmpty(shape) GROUP BY class ORDER BY class""",
        4096 / side, 4096 / side, -left * 4096 / side, (side - top) * 4096 / side,
    )  # fmt: skip
    found = _decode(client.get(f"/tiles/roads/{z}/{x}/{y}.pbf").content, "roads", tmp_path).sort_values("class")
    assert list(found["class"]) == [name for name, _ in rows]
    inside = found.geometry.intersection(shapely.box(0, 0, 4096, 4096))
    for shape, (name, known) in zip(inside, rows, strict=True):
        roads = shapely.from_wkb(bytes(known))
        assert roads.buffer(6).covers(shape), name
        assert 0.97 < shape.length / roads.length < 1.02, name


def test_every_layer_is_of_a_table_or_of_a_run():
    assert set(LAYERS) == {*TABLE_OF, *(name for name, layer in LAYERS.items() if layer.of_run)}
    assert set(SHOWN) <= set(LAYERS)


@pytest.mark.parametrize("layer", TABLE_OF)
def test_a_tile_has_what_its_table_has_there(client: TestClient, demo_database: Database, layer: str, tmp_path: Path):
    x, y = _tile_of(LON, LAT, 15)
    inside = demo_database.one(
        f"SELECT count(*) FROM gis.{TABLE_OF[layer]} "
        "WHERE ST_Intersects(geom, ST_Transform(ST_TileEnvelope(15, %s, %s), ST_SRID(geom)))", x, y,
    )  # fmt: skip
    assert inside or layer not in SHOWN
    found = len(_decode(client.get(f"/tiles/{layer}/15/{x}/{y}.pbf").content, layer, tmp_path))
    # A tile reaches a little over its edge.
    assert inside <= found <= inside * 1.3 + 10


@pytest.mark.parametrize("layer", SHOWN)
def test_a_near_tile_decodes(client: TestClient, layer: str, tmp_path: Path):
    x, y = _tile_of(LON, LAT, 15)
    answer = client.get(f"/tiles/{layer}/15/{x}/{y}.pbf")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    frame = _decode(answer.content, layer, tmp_path)
    assert len(frame) > 0
    assert not frame.geometry.is_empty.any()
    assert not {"owner_name", "telephone", "identity_number"} & set(frame.columns)


def test_a_near_tile_has_the_houses_of_its_square(client: TestClient, demo_database: Database, tmp_path: Path):
    z = 15
    x, y = _tile_of(LON, LAT, z)
    wanted = {
        b
        for (b,) in demo_database.ask(
            "SELECT building_id FROM gis.building WHERE ST_Contains(ST_TileEnvelope(%s, %s, %s), ST_Transform(geom, 3857))",
            z, x, y,
        )
    }  # fmt: skip
    frame = _decode(client.get(f"/tiles/buildings/{z}/{x}/{y}.pbf").content, "buildings", tmp_path)
    assert len(wanted) > 50
    assert wanted <= set(frame["building_id"])


@pytest.mark.parametrize("z", [0, 2, 5, 7, 10])
@pytest.mark.parametrize("layer", ["buildings", "selection"])
def test_far_tiles_count_every_house_once(
    client: TestClient, demo_database: Database, layer: str, z: int, tmp_path: Path
):
    """Also where a tile is wider than the zone of the work CRS."""
    west, north = _tile_of(107.0, 24.95, z)
    east, south = _tile_of(107.8, 24.1, z)
    houses = 0
    for x in range(west, east + 1):
        for y in range(north, south + 1):
            frame = _decode(client.get(f"/tiles/{layer}/{z}/{x}/{y}.pbf").content, layer, tmp_path)
            houses += int(frame["houses"].sum()) if len(frame) else 0
    wanted = (
        "SELECT count(*) FROM gis.building"
        if layer == "buildings"
        else "SELECT count(*) FROM gis.selection WHERE run_id = (SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL)"
    )
    assert houses == demo_database.one(wanted)


@pytest.mark.parametrize("layer", ["boundaries", "roads", "hydrants"])
@pytest.mark.parametrize("z", [0, 4, 7])
def test_far_tiles_of_the_other_layers_are_not_lost(client: TestClient, layer: str, z: int):
    x, y = _tile_of(LON, LAT, z)
    assert len(client.get(f"/tiles/{layer}/{z}/{x}/{y}.pbf").content) > 50


def test_etag(client: TestClient, demo_database: Database):
    x, y = _tile_of(LON, LAT, 14)
    path = f"/tiles/buildings/14/{x}/{y}.pbf"
    first = client.get(path)
    mark = first.headers["etag"]
    for asked in (mark, f"W/{mark}", f'"other", {mark}'):
        again = client.get(path, headers={"If-None-Match": asked})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == mark
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content
    assert client.get(f"/tiles/buildings/14/{x + 1}/{y}.pbf").headers["etag"] != mark


def test_a_change_is_seen_at_once(fresh: TestClient, database: Database, tmp_path: Path):
    x, y = _tile_of(LON, LAT, 16)
    path = f"/tiles/areas/16/{x}/{y}.pbf"
    before = fresh.get(path)
    assert before.content == b""
    d = 0.001
    ring = [[LON - d, LAT - d], [LON + d, LAT - d], [LON + d, LAT + d], [LON - d, LAT + d], [LON - d, LAT - d]]
    made = fresh.post("/api/areas", json={"name": "老街", "geometry": {"type": "Polygon", "coordinates": [ring]}})
    assert made.status_code == 201, made.text
    after = fresh.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert _decode(after.content, "areas", tmp_path)["name"].tolist() == ["老街"]
    fresh.delete(f"/api/areas/{made.json()['area_id']}")
    assert fresh.get(path, headers={"If-None-Match": after.headers["etag"]}).content == b""


def test_what_the_database_refuses_is_one_sentence(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    path = "/tiles/hydrants/18/{}/{}.pbf".format(*_tile_of(LON, LAT, 18))
    for sql, status, code in (("SELECT 1 / 0, 1", 422, "invalid_input"), ("SELECT nothing", 500, "internal")):
        with monkeypatch.context() as patch:
            forget_connections()  # what is prepared stays prepared
            changed = {"tiles.hydrants": sql}
            patch.setattr(engine, "statement", lambda name, changed=changed: changed.get(name) or statement(name))
            answer = client.get(path)
            forget_connections()
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert "SELECT" not in answer.text
    assert client.get(path).status_code == 200


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, int], None]]:
    """``low(features, bytes)``: so little fits into a tile."""

    def set_(features: int, size: int) -> None:
        monkeypatch.setattr(tiles, "FEATURES_MAX", features)
        monkeypatch.setattr(tiles, "BYTES_MAX", size)
        tiles._cache.cache_clear()

    yield set_
    tiles._cache.cache_clear()


def _layers(content: bytes, folder: Path) -> set[str]:
    path = folder / "tile.pbf"
    path.write_bytes(content)
    return set(pyogrio.list_layers(f"MVT:{path}")[:, 0])


@pytest.mark.parametrize("layer", ["roads", "zones", "hydrants", "water"])
def test_of_too_many_some_and_a_mark(client: TestClient, low: Callable[[int, int], None], layer: str, tmp_path: Path):
    path = "/tiles/{}/{}/{}/{}.pbf".format(layer, 12, *_tile_of(LON, LAT, 12))
    low(20_000, 500_000)
    whole = client.get(path).content
    assert _layers(whole, tmp_path) == {layer}
    count = len(_decode(whole, layer, tmp_path))
    assert count > 3
    low(3, 500_000)
    cut = client.get(path).content
    assert 1 <= len(_decode(cut, layer, tmp_path)) <= 3  # one that only its box brings near is not drawn
    (square,) = _decode(cut, "capped", tmp_path).geometry
    assert square.bounds == (0, 0, 4096, 4096)
    low(2 * count, 500_000)
    assert _layers(client.get(path).content, tmp_path) == {layer}, "all of them are there"


def test_several_layers_in_one_tile(client: TestClient, low: Callable[[int, int], None], tmp_path: Path):
    at = "15/{}/{}.pbf".format(*_tile_of(LON, LAT, 15))
    low(20_000, 500_000)
    alone = [client.get(f"/tiles/{layer}/{at}").content for layer in ("roads", "boundaries")]
    assert all(alone)
    both = client.get(f"/tiles/roads,boundaries/{at}")
    assert both.content == b"".join(alone)
    assert (
        client.get(f"/tiles/roads,boundaries/{at}", headers={"If-None-Match": both.headers["etag"]}).status_code == 304
    )
    assert client.get(f"/tiles/roads/{at}").headers["etag"] != both.headers["etag"]
    low(3, 500_000)
    assert _layers(client.get(f"/tiles/roads,boundaries/{at}").content, tmp_path) >= {
        "roads",
        "capped-roads",
        "boundaries",
    }
    for wrong in ("roads,nope", "roads,", "roads,roads"):
        assert client.get(f"/tiles/{wrong}/{at}").status_code == 404, wrong
    assert client.get(f"/tiles/roads,water,zones,names,areas/{at}").status_code == 422


def test_of_too_much_what_fits(client: TestClient, low: Callable[[int, int], None], tmp_path: Path):
    path = "/tiles/roads/12/{}/{}.pbf".format(*_tile_of(LON, LAT, 12))
    low(20_000, 500_000)
    whole = client.get(path).content
    for size in (len(whole) - 1, len(whole) // 3):
        low(20_000, size)
        cut = client.get(path).content
        assert _layers(cut, tmp_path) == {"roads", "capped"}
        assert size / 2 < len(cut) <= size + 50  # the mark itself
    low(20_000, 1)
    assert _layers(client.get(path).content, tmp_path) == {"capped"}


@pytest.mark.parametrize("layer", ["buildings", "selection"])
def test_of_too_many_houses_cells_that_count_them(
    client: TestClient, demo_database: Database, low: Callable[[int, int], None], layer: str, tmp_path: Path
):
    """Nothing is left out, so there is no mark."""
    z = 14
    x, y = _tile_of(LON, LAT, z)
    houses = "gis.building" if layer == "buildings" else (
        "gis.building JOIN gis.selection USING (building_id) WHERE run_id = (SELECT max(run_id) FROM gis.run "
        "WHERE kind = 'selection' AND published_at IS NOT NULL)"
    )  # fmt: skip
    wanted = demo_database.one(
        f"SELECT count(*) FROM (SELECT ST_Transform(ST_Centroid(geom), 3857) AS p FROM {houses}) AS m, "
        "ST_TileEnvelope(%s, %s, %s) AS t WHERE ST_X(p) >= ST_XMin(t) AND ST_X(p) < ST_XMax(t) "
        "AND ST_Y(p) >= ST_YMin(t) AND ST_Y(p) < ST_YMax(t)", z, x, y,
    )  # fmt: skip
    assert wanted > 100
    for most in ((1100, 500_000), (20_000, 40_000)):
        low(*most)
        content = client.get(f"/tiles/{layer}/{z}/{x}/{y}.pbf").content
        assert _layers(content, tmp_path) == {layer}
        cells = _decode(content, layer, tmp_path)
        assert int(cells["houses"].sum()) == wanted
    low(3, 500_000)
    assert "capped" in _layers(client.get(f"/tiles/{layer}/{z}/{x}/{y}.pbf").content, tmp_path)


@pytest.mark.parametrize("z", [13, 14, 15, 16, 18, 22])
def test_a_straight_map_onto_a_tile(demo_database: Database, z: int):
    """Beside PostGIS's own transformation, at 25 points of a tile, in units of which 4096 are a tile's side."""
    from gis_service.api.routes.tiles import onto_tile

    for lon, lat in ((107.374, 24.511), (107.0, 24.2), (107.7, 24.9)):
        n = 2**z
        x, y = int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
        a, b, d, e, xoff, yoff = (onto_tile(z, x, y)[k] for k in ("a", "b", "d", "e", "xoff", "yoff"))
        rows = demo_database.ask(
            "SELECT u, v, ST_X(p), ST_Y(p) FROM (SELECT u, v, ST_Transform(ST_SetSRID(ST_MakePoint("
            "ST_XMin(t) + (ST_XMax(t) - ST_XMin(t)) * u / 4096, ST_YMax(t) - (ST_YMax(t) - ST_YMin(t)) * v / 4096), 3857), 4545) "
            "AS p FROM ST_TileEnvelope(%s, %s, %s) AS t, generate_series(0, 4096, 1024) AS u, "
            "generate_series(0, 4096, 1024) AS v) AS r",
            z, x, y,
        )  # fmt: skip
        apart = max(max(abs(a * e_ + b * n_ + xoff - u), abs(d * e_ + e * n_ + yoff - v)) for u, v, e_, n_ in rows)
        assert apart < (0.34 if z == 13 else 0.2), (lon, lat, apart)
