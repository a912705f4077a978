"""The layers in anybody's notebook: folium maps of GeoDataFrames, with no database, that open with the network unplugged."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import pytest
from folium.plugins import MarkerCluster
from playwright.sync_api import expect
from shapely.geometry import LineString, Point, Polygon, box

from gis_service.errors import InputError
from web_map import layers

EVIL = "<img src=x onerror=alert(1)>"
LAT, LON = 24.5105, 107.372
pytestmark = pytest.mark.usefixtures("front_end")

# No service gives this tile: a foreign layer that needs no network.
_TILE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def _frame(geometry: list[Any], **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=4326)


def _square(east: float = 0.0, north: float = 0.0, half: float = 0.0004) -> Polygon:
    return box(LON + east - half, LAT + north - half, LON + east + half, LAT + north + half)


def _line(north: float = 0.0) -> LineString:
    return LineString([(LON - 0.001, LAT + north), (LON + 0.001, LAT + north)])


@lru_cache(maxsize=1)
def _evil_layers() -> dict[str, layers.FeatureLayer]:
    """Each layer class with that name in every field of text."""
    text = {"name": [EVIL], "address": [EVIL], "note": [EVIL], "township": [EVIL], "village": [EVIL]}
    house = {"building_id": [EVIL], **text}
    burn = [{"burn_cluster_id": 1, "buildings": 2, "parts": 1, "wall_m": 1.0, "largest_after": 1, "saved_mean": 1.0}]
    square, line, point = [_square()], [_line()], [Point(LON, LAT)]
    return {
        "PriorityHouses": layers.PriorityHouses(_frame(square, **house, score=[70.0], reasons=[EVIL])),
        "HazardTiers": layers.HazardTiers(_frame(square, **house, hazard_tier=["severe"])),
        "packed": layers.HazardTiers(
            _frame(square, **house, hazard_tier=["some"], use_class=["mixed"], structure=["masonry"], floors=[3]),
            packed=True,
        ),
        "Listed": layers.Listed(_frame(square, **house, hazard_tier=["severe"])),
        "KeyZones": layers.KeyZones(_frame(square, **text, kind=["school"], zone_id=[EVIL])),
        "Buffers": layers.Buffers(_frame(square, **text, kind=["school"])),
        "Alleys": layers.Alleys(_frame(line, **text, **{"class": [EVIL], "mean_width_m": [0.8], "alley_id": [EVIL]})),
        "Gaps": layers.Gaps(_frame(line, **{"class": [EVIL], "mean_width_m": [0.8]}), show=True),
        "Clusters": layers.Clusters(_frame(square, **text, cluster_id=[1], buildings=[20]), dots=False),
        "HoseDistances": layers.HoseDistances(_frame(square, **house, hose_m=[30.0])),
        "EngineSpace": layers.EngineSpace(_frame(square, **text)),
        "Water": layers.Water(_frame(point, **text, kind=[EVIL])),
        "WaterCover": layers.WaterCover(_frame(point, **text), show=True),
        "Breaks": layers.Breaks(_frame(line, **text, wall_m=[12.0])),
        "BurnClusters": layers.BurnClusters(_frame(square, **house, burn_cluster_id=[1]), burn, show=True),
        "Boundaries": layers.Boundaries(_frame(square, **text, level=["township"])),
        "filled": layers.Boundaries(_frame(square, **text, level=["township"]), filled=True),
        "Veil": layers.Veil(_frame(square, **text)),
        "DrawnAreas": layers.DrawnAreas(_frame(square, **text)),
        "PlaceNames": layers.PlaceNames(_frame(point, **text)),
        "Roads": layers.Roads(_frame(line, **text)),
        "Houses": layers.Houses(_frame(square, **house)),
    }  # fmt: skip


def _map(**options: Any) -> folium.Map:
    return folium.Map([LAT, LON], zoom_start=17, tiles=None, **options)


def _opened(watch: Any, map_: folium.Map, tmp_path: Path) -> Any:
    file = tmp_path / "map.html"
    map_.save(str(file))
    seen = watch(offline=True)
    seen.asked = []
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    seen.page.goto(file.as_uri())
    seen.page.wait_for_load_state("networkidle")
    seen.asked = [url for url in seen.asked if not url.startswith("data:") and url != file.as_uri()]
    return seen


def _click_the_middle(page: Any) -> None:
    size = page.viewport_size
    page.mouse.click(size["width"] / 2, size["height"] / 2)


def test_beside_foreign_layers(watch: Any, tmp_path: Path):
    """Ours and folium's own layers on one map, each switched by folium's control, with our legend, from one file."""
    map_ = _map()
    folium.TileLayer(_TILE, attr="nobody", name="foreign", overlay=True).add_to(map_)
    houses = _frame(
        [_square(), _square(0.002)],
        building_id=["H1", "H2"],
        score=[70.0, 25.0],
        name=["一号楼", "二号楼"],
        people=[3, None],
    )
    layers.PriorityHouses(houses).add_to(map_)
    lines = _frame(
        [_line(0.0008), _line(-0.0008)],
        alley_id=[1, 2], mean_width_m=[0.7, 1.8], length_m=[200.0, 200.0], **{"class": ["handshake", "sky_line"]},
    )  # fmt: skip
    layers.Alleys(lines).add_to(map_)
    marks = MarkerCluster(name="marks").add_to(map_)
    for k in range(3):
        folium.Marker([LAT + 0.001, LON + 0.0001 * k], popup="someone's", icon=folium.Icon(color="red")).add_to(marks)
    layers.Legend().add_to(map_)
    folium.LayerControl(collapsed=False).add_to(map_)
    seen = _opened(watch, map_, tmp_path)
    page = seen.page
    legend = page.locator(".gis-legend")
    expect(legend).to_contain_text("手牵手")
    expect(legend.locator("input")).to_have_count(2)
    expect(page.locator(".marker-cluster")).to_have_count(1)
    _click_the_middle(page)
    expect(page.locator(".gis-popup h3")).to_have_text("一号楼")
    expect(page.locator(".gis-popup")).not_to_contain_text("nan")
    # folium's control and the legend say the same.
    page.get_by_role("checkbox", name="优先排查房屋").last.uncheck()
    expect(legend.get_by_role("checkbox", name="优先排查房屋")).not_to_be_checked()
    page.keyboard.press("Escape")
    _click_the_middle(page)
    expect(page.locator(".gis-popup")).to_have_count(0)
    assert seen.asked == []
    seen.clean()


@pytest.mark.parametrize("name", list(_evil_layers()))
def test_a_name_is_no_script(watch: Any, tmp_path: Path, name: str):
    map_ = _map()
    _evil_layers()[name].add_to(map_)
    layers.Legend(title=EVIL).add_to(map_)
    folium.LayerControl().add_to(map_)
    seen = _opened(watch, map_, tmp_path)
    page = seen.page
    expect(page.locator(".gis-legend")).to_contain_text(EVIL)
    _click_the_middle(page)
    for mark in page.locator(".gis-zone").all():
        mark.click(force=True)
    assert page.locator("img[src=x], [onerror]").count() == 0
    if name in {"PriorityHouses", "HazardTiers", "KeyZones", "Alleys", "Water", "DrawnAreas", "Listed"}:
        expect(page.locator(".gis-popup").last).to_contain_text(EVIL)
    assert seen.asked == []
    seen.clean()


def test_in_a_group_of_foliums(watch: Any, tmp_path: Path):
    map_ = _map()
    group = folium.FeatureGroup(name="ours").add_to(map_)
    layers.HazardTiers(_frame([_square()], building_id=["H1"], hazard_tier=["severe"])).add_to(group)
    folium.LayerControl(collapsed=False).add_to(map_)
    seen = _opened(watch, map_, tmp_path)
    _click_the_middle(seen.page)
    expect(seen.page.locator(".gis-popup h3")).to_have_text("H1")
    seen.clean()


def test_any_crs_and_no_crs():
    squares = _frame([_square()], building_id=["H1"], score=[1.0])
    (degrees,) = layers.PriorityHouses(squares).spec["features"]
    for crs in (4545, 3857, 2344):
        (projected,) = layers.PriorityHouses(squares.to_crs(crs)).spec["features"]
        assert projected["c"] == pytest.approx(degrees["c"], abs=2e-6)
    with pytest.raises(InputError, match="CRS"):
        layers.PriorityHouses(squares.set_crs(None, allow_override=True))
    with pytest.raises(InputError, match="score"):
        layers.PriorityHouses(squares.drop(columns="score"))


def test_no_database_is_asked(tmp_path: Path):
    """In a process of its own, with an address of a database that nobody answers."""
    out = tmp_path / "alleys.html"
    code = (
        "import folium, geopandas as gpd, shapely\n"
        "from web_map.layers import Alleys\n"
        "line = shapely.LineString([(107.37, 24.51), (107.38, 24.51)])\n"
        "gdf = gpd.GeoDataFrame({'class': ['narrow'], 'mean_width_m': [3.0]}, geometry=[line], crs=4326)\n"
        f"m = folium.Map(tiles=None)\nAlleys(gdf).add_to(m)\nm.save({str(out)!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"DATABASE_URL": "postgresql://127.0.0.1:1/none", "PATH": ""}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "gis.layer(" in out.read_text(encoding="utf-8")
