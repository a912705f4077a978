"""A unit beside the townships sees its own and nothing else: tiles, counts in far tiles, tables; and its villages theirs."""

from __future__ import annotations

import math
from pathlib import Path

import pyogrio
import pytest
from fastapi.testclient import TestClient

from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, UNIT

_PAGE = {"accept": "text/html"}
_VILLAGE = f"{TOWN}001"


def _tile(town: Database, client: TestClient, headers: dict[str, str], z: int, folder: Path) -> list[dict[str, object]]:
    lon, lat = town.ask(
        "SELECT ST_X(c), ST_Y(c) FROM (SELECT ST_Centroid(ST_Collect(ST_Transform(geom, 4326))) FROM gis.building) AS m (c)"
    )[0]
    n = 2**z
    x, y = int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    found: list[dict[str, object]] = []
    # The houses stand within 400 m: near ones may lie in the next tile.
    for column in range(x - 1, x + 2) if z > 12 else (x,):
        answer = client.get(f"/tiles/buildings/{z}/{column}/{y}.pbf", headers=headers)
        assert answer.status_code == 200
        if answer.content:
            path = folder / f"{z}.pbf"
            path.write_bytes(answer.content)
            found += pyogrio.read_dataframe(f"MVT:{path}", layer="buildings").to_dict("records")
    return found


@pytest.mark.parametrize(
    ("place", "own"),
    [(TOWN, {"H1", "H2", "H3"}), (UNIT, {"U1"}), (None, {"H1", "H2", "H3", "U1"})],
    ids=["township", "unit", "county"],
)
def test_tiles_and_counts(town: Database, client: TestClient, tmp_path: Path, place: str | None, own: set[str]):
    headers = signed_in(town, "planner") if place is None else signed_in(town, "township", place=place)
    near = _tile(town, client, headers, 16, tmp_path)
    assert {row["building_id"] for row in near} == own
    far = _tile(town, client, headers, 11, tmp_path)
    assert sum(int(str(row["houses"])) for row in far) == len(own)
    rows = client.get("/api/figures", headers=headers).json()["tables"][0]["rows"]
    assert sum(row["values"][0] for row in rows) == len(own)


def test_a_village_meets_its_houses_of_the_unit(town: Database, client: TestClient):
    """Its page is its township's: a house of the village that reports to the unit stands there too."""
    town.ask(
        "INSERT INTO gis.admin_area (code, name, level, parent_code, geom) VALUES (%s, '江平社区', 'village', %s, NULL)",
        _VILLAGE, TOWN,
    )  # fmt: skip
    town.ask("UPDATE gis.building SET village_code = %s WHERE building_id IN ('H1', 'U1')", _VILLAGE)
    town.judge("building_id = 'U1'", "severe", on="2022-07-01")
    village, township = (
        signed_in(town, "village", place=_VILLAGE),
        signed_in(town, "township", place=TOWN),
    )
    page = client.get(f"/map/township/{TOWN}", headers={**village, **_PAGE})
    assert page.status_code == 200
    assert "矿工食堂" in page.text
    assert "矿工食堂" not in client.get(f"/map/township/{TOWN}", headers={**township, **_PAGE}).text
    (row,) = client.get(f"/api/figures?township={TOWN}", headers=village).json()["tables"][0]["rows"]
    assert row["values"][0] == 2
