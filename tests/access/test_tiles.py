"""Every tile layer as every asker: the owner's tile, cut to what the superuser's filter leaves, feature by feature."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
import pytest

from gis_service.api.routes.tiles import LAYERS
from gis_service.identity import Identity
from tests.access.conftest import Ask
from tests.access.witness import ADMINISTRATOR, BOUND, COUNTY, EMPTY, EVERYBODY, TOWN, Witness, name
from tests.conftest import Database

# Layer: the key in the tile, and the statement that gives a row's key for its number in the database.
_KEYS = {
    "buildings": ("building_id", "building", "building_id"),
    "selection": ("building_id", "building", "building_id"),
    "clusters": ("cluster_id", "cluster", "cluster_id"),
    "reach": ("building_id", "building_density", "building_id"),
    "alleys": ("alley_id", "alley", "alley_id"),
    "areas": ("area_id", "drawn_area", "area_id"),
}
_PLACES = [(107.374, 24.511), (107.40, 24.60), (107.25, 24.45)]


def _tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    n = 2**z
    return int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)


def _read(client: Any, layer: str, z: int, x: int, y: int, folder: Path) -> pd.DataFrame:
    """The features of a tile, without their shapes."""
    answer = client.get(f"/tiles/{layer}/{z}/{x}/{y}.pbf")
    assert answer.status_code == 200
    return _decoded(answer.content, layer, folder / "tile.pbf")


_known: dict[tuple[bytes, str], pd.DataFrame] = {}


def _decoded(content: bytes, layer: str, path: Path) -> pd.DataFrame:
    """Decode a tile; the same bytes, as of the administrator's tile beside every asker's, once."""
    if not content:
        return pd.DataFrame()
    if (content, layer) not in _known:
        path.write_bytes(content)
        _known[content, layer] = pyogrio.read_dataframe(f"MVT:{path}", layer=layer, read_geometry=False)
    return _known[content, layer]


def _spots(county: Database, asker: Identity) -> list[tuple[float, float]]:
    """Fixed places, and the middle of a few of the asker's own houses and clusters."""
    keys = list(Witness(county, asker).keys("cluster"))
    rows = county.ask(
        "SELECT ST_X(m), ST_Y(m) FROM (SELECT ST_Transform(ST_PointOnSurface(geom), 4326) AS m FROM gis.cluster "
        "WHERE fid = ANY (%s) ORDER BY cardinality(township_codes) DESC, md5(fid::text) LIMIT 2) AS x",
        keys, role="postgres",
    )  # fmt: skip
    return [*_PLACES[:2], *rows]


@pytest.mark.parametrize("asker", [*BOUND, *EMPTY], ids=name)
def test_every_layer(county: Database, ask_as: Ask, asker: Identity, tmp_path: Path):
    spots = _spots(county, asker)
    witness = Witness(county, asker)
    for layer, (key, table, column) in _KEYS.items():
        allowed = {
            k for (k,) in county.ask(f"SELECT {column} FROM gis.{table} WHERE "
                                     f"{'area_id' if table == 'drawn_area' else 'fid'} = ANY (%s)",
                                     list(witness.keys(table)), role="postgres")
        }  # fmt: skip
        for z in (13, 15, 16):
            for lon, lat in spots:
                x, y = _tile_of(lon, lat, z)
                with ask_as(ADMINISTRATOR) as client:
                    whole = _read(client, layer, z, x, y, tmp_path)
                with ask_as(asker) as client:
                    part = _read(client, layer, z, x, y, tmp_path)
                full = set(whole[key]) if len(whole) else set()
                seen = set(part[key]) if len(part) else set()
                assert seen == full & allowed, (layer, z)
                assert len(part) == len(seen)


@pytest.mark.parametrize("asker", [TOWN, *BOUND[1:]], ids=name)
def test_gaps_and_their_numbers(county: Database, ask_as: Ask, asker: Identity, tmp_path: Path):
    houses = Witness(county, asker).houses()
    checked = 0
    for lon, lat in _spots(county, asker):
        x, y = _tile_of(lon, lat, 16)
        with ask_as(ADMINISTRATOR) as client:
            whole = _read(client, "gaps", 16, x, y, tmp_path)
        with ask_as(asker) as client:
            part = _read(client, "gaps", 16, x, y, tmp_path)
        pairs = list(zip(whole["building_a"], whole["building_b"], strict=True)) if len(whole) else []
        wanted = sorted(
            ("" if a not in houses else a, "" if b not in houses else b) for a, b in pairs if a in houses or b in houses
        )
        told = []
        if len(part):
            part = part.assign(**{k: "" for k in ("building_a", "building_b") if k not in part})
            told = sorted(zip(part["building_a"].fillna(""), part["building_b"].fillna(""), strict=True))
        assert told == wanted
        checked += len(wanted)
    assert checked > 0


_extents: dict[str, tuple[float, ...]] = {}


def _extent(county: Database) -> tuple[float, ...]:
    """West, south, east, north in degrees of all houses, whoever sees them: asked once."""
    if county.name not in _extents:
        (_extents[county.name],) = county.ask(
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(ST_Transform(geom, 4326)) AS e "
            "FROM gis.building) AS x", role="postgres",
        )  # fmt: skip
    return _extents[county.name]


@pytest.mark.parametrize("asker", EVERYBODY, ids=name)
@pytest.mark.parametrize("z", [0, 8, 10])
def test_far_counts(county: Database, ask_as: Ask, asker: Identity, z: int, tmp_path: Path):
    run = county.one(
        "SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL", role="postgres"
    )
    witness = Witness(county, asker)
    wanted = {
        "buildings": len(witness.houses()),
        "selection": len(witness.selected(run)),
    }
    box = _extent(county)
    (left, top), (right, bottom) = _tile_of(box[0], box[3], z), _tile_of(box[2], box[1], z)
    with ask_as(asker) as client:
        for layer, count in wanted.items():
            counted = 0
            for x in range(left, right + 1):
                for y in range(top, bottom + 1):
                    frame = _read(client, layer, z, x, y, tmp_path)
                    counted += int(frame["houses"].sum()) if len(frame) else 0
            assert counted == count, layer


def test_a_kept_tile_is_its_scope_s_alone(county: Database, ask_as: Ask):
    x, y = _tile_of(*_PLACES[0], 15)
    answers = {}
    for asker in EVERYBODY:
        with ask_as(asker) as client:
            for layer in LAYERS:
                one = client.get(f"/tiles/{layer}/15/{x}/{y}.pbf")
                two = client.get(f"/tiles/{layer}/15/{x}/{y}.pbf")
                assert one.content == two.content
                assert "private" in one.headers["cache-control"]
                assert one.headers["vary"] == "Cookie, Authorization"
                answers[layer, asker] = one
    for layer in LAYERS:
        tags = {answers[layer, asker].headers["etag"] for asker in EVERYBODY}
        assert len(tags) == len({asker.scope for asker in EVERYBODY}), "no two scopes share a mark"
    for asker in [*BOUND, *EMPTY]:
        with ask_as(asker) as client:
            theirs = answers["buildings", COUNTY[0]].headers["etag"]
            again = client.get(f"/tiles/buildings/15/{x}/{y}.pbf", headers={"If-None-Match": theirs})
            assert again.status_code == 200, "the mark of another scope is no proof of having the tile"
            assert again.content == answers["buildings", asker].content
