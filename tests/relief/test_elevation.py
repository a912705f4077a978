"""An elevation file of a deployment: what is refused, with what sentence; tiles, maps and files that show it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from fastapi import FastAPI
from PIL import Image
from rasterio import Affine

from gis_service.db.server import Server
from gis_service.relief.files import demo_path
from gis_service.relief.shade import GROUND
from tests.conftest import Database, signed_in

with warnings.catch_warnings():
    # Starlette would rather have another client; its own goes on working with httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

BOX = (107.2, 24.4, 107.6, 24.7)
"""Over the three villages of the small county."""


def write(
    path: Path, box: tuple[float, float, float, float] = BOX, crs: str | None = "EPSG:4326", bands: int = 1
) -> Path:
    heights = np.add.outer(np.arange(120.0) * 20, np.zeros(160)).astype(np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", width=160, height=120, count=bands, dtype="float32", crs=crs,
        transform=Affine((box[2] - box[0]) / 160, 0, box[0], 0, (box[1] - box[3]) / 120, box[3]),
    ) as made:  # fmt: skip
        for band in range(1, bands + 1):
            made.write(heights, band)
    return path


@pytest.fixture(scope="module")
def small(server: Server, demo: str, front_end: None) -> Database:
    return Database(server, demo)


@pytest.fixture(scope="module")
def client(small: Database, app: FastAPI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    path = write(tmp_path_factory.mktemp("relief") / "高程.tif")
    with small.active(GIS_ELEVATION=str(path)), _asking(small, app) as client:
        yield client


def _asking(small: Database, app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False, headers=signed_in(small))


BAD = {
    "missing": (lambda folder: folder / "nothing.tif", "不存在"),
    "no raster": (lambda folder: _text(folder / "notes.tif"), "读不出来"),
    "no CRS": (lambda folder: write(folder / "bare.tif", crs=None), "没有坐标系"),
    "a picture": (lambda folder: write(folder / "photo.tif", bands=3), "3 个波段"),
    "another continent": (lambda folder: write(folder / "alps.tif", (7.0, 45.0, 8.0, 46.0)), "不在本县范围"),
}


def _text(path: Path) -> Path:
    path.write_text("this is no raster")
    return path


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_said_and_maps_do_without(small: Database, app: FastAPI, tmp_path: Path, case: str):
    make, said = BAD[case]
    path = make(tmp_path)
    with small.active(GIS_ELEVATION=str(path)), _asking(small, app) as client:
        status = small.cli("db", "status", lang="zh")
        assert status.code == 0
        assert said in status.out
        assert str(path) in status.out
        assert "Traceback" not in status.out + status.err
        page = client.get("/map/planner")
        assert page.status_code == 200
        assert "地形阴影" not in page.text


def test_a_broken_file_of_the_simulated_county_is_said_too(database: Database):
    path = _text(demo_path())
    try:
        assert "读不出来" in database.cli("db", "status", lang="zh").out
    finally:
        path.unlink()
    assert "地形阴影" not in database.cli("db", "status", lang="zh").out


def test_tiles_are_shaded_where_the_file_lies(client):
    z, x, y = 11, *_tile(107.4, 24.55, 11)
    answer = client.get(f"/relief/{z}/{x}/{y}")
    assert answer.headers["content-type"] == "image/webp"
    # The ground rises to the south, so it faces north: lit by a sun in the north-west.
    pixels = np.asarray(Image.open(io.BytesIO(answer.content))).astype(int)
    assert pixels.shape == (256, 256, 3)
    assert (pixels[100:150, 100:150] > GROUND).all()
    again = client.get(f"/relief/{z}/{x}/{y}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    away = client.get(f"/relief/{z}/{x + 40}/{y}")
    assert np.abs(np.asarray(Image.open(io.BytesIO(away.content))).astype(int) - GROUND).max() <= 3
    assert client.get(f"/relief/{z}/{2**z}/{y}").status_code == 404
    assert client.get(f"/relief/3/{x}/{y}").status_code == 422


def _tile(lon: float, lat: float, z: int) -> tuple[int, int]:
    side = 2**z
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2
    return int((lon + 180) / 360 * side), int(y * side)


@pytest.mark.parametrize("page", ["/map/planner", "/map/township/451224100"])
def test_maps_have_it_under_all_layers_and_files_within(client, page: str):
    for address, key in ((page, "tiles"), (f"{page}/offline", "image")):
        found = re.search(
            r'<script type="application/json" id="gis-config">(.*?)</script>', client.get(address).text, re.S
        )
        assert found
        lowest = json.loads(found[1])["layers"][0]
        assert lowest["id"] == "relief"
        assert lowest[key]
        west, south, east, north = BOX
        (s, w), (n, e) = lowest["bounds"]
        assert west - 1e-6 <= w < e <= east + 1e-6
        assert south - 1e-6 <= s < n <= north + 1e-6
    assert lowest["image"].startswith("data:image/webp;base64,")
    assert len(lowest["image"]) < 200_000


def test_nobody_sees_it_without_signing_in(client):
    stranger = TestClient(client.app)
    assert stranger.get("/relief/11/1634/880").status_code == 401


PROGRAM = """
import sys, geopandas, numpy, shapely
for name in sys.argv[1].split(","): __import__(name)
import rasterio, pyogrio, pyproj
with rasterio.open(sys.argv[2]) as source:
    assert source.crs.to_epsg() == 4326 and source.read(1)[3, 3] == 60.0
place = geopandas.GeoDataFrame({"name": ["东兰"]}, geometry=[shapely.Point(500000, 2700000)], crs=4545)
place.to_file(sys.argv[3], driver="GPKG", engine="pyogrio")
back = geopandas.read_file(sys.argv[3], engine="pyogrio").to_crs(4326)
with rasterio.open(sys.argv[2]) as source:
    from rasterio.warp import transform
    x, y = transform("EPSG:4545", "EPSG:4326", [500000], [2700000])
assert abs(back.geometry.x[0] - x[0]) < 1e-9 and abs(back.geometry.y[0] - y[0]) < 1e-9
print("agreed")
"""


@pytest.mark.parametrize("order", ["pyogrio,rasterio", "rasterio,pyogrio"])
def test_both_readers_live_in_one_process(tmp_path: Path, order: str):
    """Each brings its own GDAL: whichever comes first, both read, and both project alike."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, order, str(write(tmp_path / "a.tif")), str(tmp_path / "b.gpkg")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "agreed"), done.stderr
