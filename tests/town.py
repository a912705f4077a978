"""A small town for tests: twenty-four houses in four rows, alleys of 0.8 m and 1.5 m between them, a road, hydrants."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import shapely

from gis_service.analysis.command import analyse
from gis_service.density.params import Params
from tests.conftest import Database

X, Y = 436_500.0, 2_712_000.0
SIDE, ACROSS, ALONG = 10.0, 0.8, 1.5


def boxes(columns: int = 6, rows: int = 4, x: float = X, y: float = Y) -> list[shapely.Polygon]:
    """The houses, row by row from the south-west."""
    return [
        shapely.box(x + c * (SIDE + ACROSS), y + r * (SIDE + ALONG), x + c * (SIDE + ACROSS) + SIDE, y + r * (SIDE + ALONG) + SIDE)
        for r in range(rows)
        for c in range(columns)
    ]  # fmt: skip


def build(database: Database, folder: Path, names: dict[int, str] | None = None) -> None:
    """Load the town and analyse it: one cluster."""
    houses = boxes()
    frame = gpd.GeoDataFrame(
        {
            "building_id": [f"T{k:02d}" for k in range(len(houses))],
            "name": [(names or {}).get(k) for k in range(len(houses))],
            "floors": [3 + k % 3 for k in range(len(houses))],
            "structure": ["砖混"] * len(houses),
        },
        geometry=houses,
        crs=4545,
    )
    file = folder / "houses.gpkg"
    frame.to_file(file, engine="pyogrio")
    road = gpd.GeoDataFrame(
        {"road_id": ["R1"], "name": ["南街"]},
        geometry=[shapely.LineString([(X - 60, Y - 6), (X + 130, Y - 6)])],
        crs=4545,
    )
    road.to_file(folder / "roads.gpkg", engine="pyogrio")
    water = gpd.GeoDataFrame(
        {"hydrant_id": ["H1", "H2"], "kind": ["hydrant", "pond"], "name": ["南街栓", "村塘"]},
        geometry=[shapely.Point(X + 20, Y - 2), shapely.Point(X + 90, Y - 3)],
        crs=4545,
    )
    water.to_file(folder / "water.gpkg", engine="pyogrio")
    for kind, path in (("buildings", file), ("roads", folder / "roads.gpkg"), ("hydrants", folder / "water.gpkg")):
        said = database.cli("import", kind, path, "--rejects", folder / f"{kind}.csv")
        assert said.code == 0, said.err
    with database.active():
        analyse(Params())
