"""The simulated county: everything put together, in EPSG:4545, marked as simulated, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.arrays import Ints, Objects
from gis_service.demo import attributes, places, rivers, ways
from gis_service.demo.names import villages
from gis_service.demo.partition import Cells, make_cells
from gis_service.demo.surveyed import surveyed
from gis_service.demo.tables import PLANS, Plan
from gis_service.errors import NotFoundError
from gis_service.ingest.source import read
from gis_service.settings import ROOT

SRID = 4545
SEED = 20220908
"""The day of the notice whose figures the demo meets."""
SCHEMATIC = "演示用示意范围，非实际界线"


@dataclass(frozen=True)
class County:
    """A simulated county; every table is in EPSG:4545 and says in its rows that it is simulated or schematic.

    Parameters
    ----------
    code, name, seed
        Which county, made from which seed.
    admin
        code, name, level (county, township, village, unit), parent_code, schematic, source.
    buildings
        The columns of ``gis.building``, built_period, and what becomes judgements (hazard_tier, judged_on,
        appraisal_grade, appraised_on, judge_unit, institution); columns of several values are lists.
    zones
        zone_id, kind, name, township_code, simulated.
    roads
        road_id, class (county, township, village, street, lane), width_m (clear width), name, simulated.
    hydrants
        hydrant_id, kind (hydrant, pond, tank), name, township_code, simulated.
    water
        water_id, kind (river, stream, pond), name, simulated.

    """

    code: str
    name: str
    seed: int
    admin: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    hydrants: gpd.GeoDataFrame
    water: gpd.GeoDataFrame

    @property
    def townships(self) -> gpd.GeoDataFrame:
        """The township rows of ``admin``."""
        return self.admin[self.admin["level"] == "township"].reset_index(drop=True)

    @property
    def villages(self) -> gpd.GeoDataFrame:
        """The village rows of ``admin``."""
        return self.admin[self.admin["level"] == "village"].reset_index(drop=True)


def make_county(name: str = "donglan", seed: int = SEED) -> County:
    """Make the simulated county ``donglan`` or ``rongan``.

    Parameters
    ----------
    name
        Which county.
    seed
        The same seed gives the same county, byte for byte.

    Raises
    ------
    NotFoundError
        There is no demo county of this name.

    """
    plan = PLANS.get(name)
    if plan is None:
        known = ", ".join(PLANS)
        raise NotFoundError(f"没有名为“{name}”的演示县，可用：{known}", f"no demo county {name!r}; there are {known}")
    rng = np.random.default_rng([seed, int(plan.code)])
    source = read(ROOT / "data" / "boundaries" / f"{plan.slug}.geojson")
    outline = source.frame.set_crs(source.crs).to_crs(SRID)
    cells = make_cells(outline.geometry.iloc[0].geoms[0], plan, [places.town_blocks(t) for t in plan.towns], rng)
    totals = _totals(cells, plan)
    sites = places.choose_sites(cells, plan, totals, rng)
    ring = places.ring_zones(cells, plan)
    closed = np.zeros(len(cells.geometry), dtype=bool)
    closed[list(ring)] = True
    net = ways.make_net(cells, closed)
    _lay(cells, net, sites, rng)
    lines, classes = ways.draw(net)
    near = places.Ways(lines)

    stock = places.Stock()
    half, built = places.build_towns(stock, cells, plan, net, rng)
    stock.lanes += ways.streets(net, half)
    taken = places.build_hamlets(stock, cells, sites, near, rng)
    taken = places.build_schools(stock, cells, taken, sites, near, rng)
    places.build_ring(stock, cells, ring, plan)
    reach = places.Ways(np.concatenate([lines, [line for line, _, _ in stock.lanes]]))
    places.build_farms(stock, cells, totals, ~built & ~closed, taken, reach, rng)
    places.build_hydrants(stock, cells, net, half, plan)

    buildings = _buildings(stock, cells, plan, rng, np.random.default_rng([seed, int(plan.code), 16]))
    return County(
        code=plan.code,
        name=plan.name,
        seed=seed,
        admin=_admin(cells, plan, str(outline["source"].iloc[0])),
        buildings=buildings,
        zones=_zones(stock, plan),
        roads=_roads(stock, cells, plan, lines, classes, buildings.geometry.to_numpy()),
        hydrants=_hydrants(stock, plan),
        water=_water(
            stock, outline.geometry.iloc[0], buildings.geometry.to_numpy(), plan,
            np.random.default_rng([seed, int(plan.code), 34]),
        ),
    )  # fmt: skip


def _totals(cells: Cells, plan: Plan) -> Ints:
    """Spread all houses over the townships: towns by their shops, the country by its villages and area."""
    town = np.array([places.town_houses(t) for t in plan.towns])
    size = np.bincount(cells.township, weights=shapely.area(cells.geometry))
    many = np.array([len(villages(t.code)) for t in plan.towns])
    weight = many**0.75 * size**0.25
    share = (plan.houses - town.sum()) * weight / weight.sum()
    rural = np.floor(share).astype(np.int64)
    rest = plan.houses - int(town.sum() + rural.sum())
    rural[np.argsort(rural - share, kind="stable")[:rest]] += 1
    return np.asarray(town + rural, dtype=np.int64)


def _lay(cells: Cells, net: ways.Net, sites: places.Sites, rng: np.random.Generator) -> None:
    """Choose the roads between the towns, the seats of villages, and the hamlets."""
    count = len(cells.geometry)
    streets = np.flatnonzero(net.street)
    seats, goals = [], []
    for t in range(int(cells.township.max()) + 1):
        home = int(np.flatnonzero((cells.town == t) & (cells.rank == 0))[0])
        seats.append(int(net.start[streets[(net.blocks[streets] == home).any(axis=1)][0]]))
        mine = cells.township[sites.cell] == t
        goals.append((sites.cell[mine & sites.main], sites.cell[mine & ~sites.main]))
    if min(seats) < count:
        raise AssertionError("a town's seat must be a street corner")
    ways.lay(cells, net, np.array(seats), goals, rng)


def _frame(columns: dict[str, Any], geometry: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=np.asarray(geometry, dtype=object), crs=SRID)


def _buildings(
    stock: places.Stock, cells: Cells, plan: Plan, rng: np.random.Generator, more: np.random.Generator
) -> gpd.GeoDataFrame:
    sizes = [len(ring) for ring in stock.rings]
    points = np.concatenate([np.asarray(ring, dtype=float) for ring in stock.rings])
    rings = shapely.linearrings(points, indices=np.repeat(np.arange(len(sizes)), sizes))
    geometry = np.asarray(shapely.orient_polygons(shapely.polygons(rings)), dtype=object)
    cell = np.array(stock.cell)
    kind, front = np.array(stock.kind), np.array(stock.front)
    # Houses are numbered village by village, place by place, as a survey team would.
    order = np.lexsort((np.arange(len(cell)), cell, cells.village[cell]))
    geometry, cell, kind, front = geometry[order], cell[order], kind[order], front[order]
    township = cells.township[cell]
    form = attributes.survey(kind, front, township, plan, rng)
    codes = np.array(cells.village_codes, dtype=object)[cells.village[cell]]
    names = [cells.village_names[v] for v in cells.village[cell]]
    form = pd.concat([form, surveyed(form, kind, names, geometry, stock.zones, more)], axis=1)
    form.insert(0, "building_id", [f"YH{plan.code}{k:09d}" for k in range(1, len(cell) + 1)])
    form.insert(1, "township_code", [code[:9] for code in codes])
    form.insert(2, "village_code", list(codes))
    form["simulated"] = True
    return gpd.GeoDataFrame(form, geometry=geometry, crs=SRID)


def _admin(cells: Cells, plan: Plan, source: str) -> gpd.GeoDataFrame:
    rows: list[tuple[str, str, str, str | None, bool, str, Any]] = []
    whole = shapely.coverage_union_all(cells.geometry)
    rows.append((plan.code, plan.name, "county", None, False, source, whole))
    for t, town in enumerate(plan.towns):
        area = shapely.coverage_union_all(cells.geometry[cells.township == t])
        rows.append((town.code, town.name, "township", plan.code, True, SCHEMATIC, area))
    for v, (code, name) in enumerate(zip(cells.village_codes, cells.village_names, strict=True)):
        area = shapely.coverage_union_all(cells.geometry[cells.village == v])
        rows.append((code, name, "village", code[:9], True, SCHEMATIC, area))
        if plan.unit and plan.unit[1] == code:
            # A reporting unit is no division and has no code of its own; it reports for this community.
            note = f"报送单位，不是行政区划；{SCHEMATIC}"
            rows.append((f"{plan.code}U01", plan.unit[0], "unit", plan.code, True, note, area))
    names = ("code", "name", "level", "parent_code", "schematic", "source")
    return _frame({name: [row[k] for row in rows] for k, name in enumerate(names)}, [row[6] for row in rows])


def _zones(stock: places.Stock, plan: Plan) -> gpd.GeoDataFrame:
    return _frame(
        {
            "zone_id": [f"Z{plan.code}{k:04d}" for k in range(1, len(stock.zones) + 1)],
            "kind": [kind for kind, _, _, _ in stock.zones],
            "name": [name for _, name, _, _ in stock.zones],
            "township_code": [plan.towns[town].code for _, _, _, town in stock.zones],
            "simulated": True,
        },
        [polygon for _, _, polygon, _ in stock.zones],
    )


def _roads(
    stock: places.Stock, cells: Cells, plan: Plan, lines: Objects, classes: list[str], houses: Objects
) -> gpd.GeoDataFrame:
    lanes = [(line, kind, width) for line, kind, width in stock.lanes]
    geometry = np.concatenate([lines, np.array([line for line, _, _ in lanes], dtype=object)])
    kind = np.array([*classes, *(k for _, k, _ in lanes)], dtype=object)
    width = np.array([*(ways.WIDTHS_M[c] for c in classes), *(w for _, _, w in lanes)])
    # A lane that would run through a house is none.
    hit = np.unique(shapely.STRtree(houses).query(geometry, predicate="intersects")[0])
    keep = np.ones(len(geometry), dtype=bool)
    keep[hit] = False
    geometry, kind, width = geometry[keep], kind[keep], width[keep]
    middle = shapely.line_interpolate_point(geometry, 0.5, normalized=True)
    where = shapely.STRtree(cells.geometry).nearest(middle)
    labels = {"county": "县道", "township": "乡道", "village": "村道", "street": "街"}
    names: list[str | None] = []
    for k, cell in zip(kind, where, strict=True):
        town = plan.towns[int(cells.township[cell])].name
        place = cells.village_names[int(cells.village[cell])] if k == "village" else town
        names.append(f"{place}{labels[k]}（模拟）" if k in labels else None)
    return _frame(
        {
            "road_id": [f"R{plan.code}{k:06d}" for k in range(1, len(geometry) + 1)],
            "class": pd.array(kind, dtype="str"),
            "width_m": width,
            "name": names,
            "simulated": True,
        },
        geometry,
    )


def _hydrants(stock: places.Stock, plan: Plan) -> gpd.GeoDataFrame:
    labels = {"hydrant": "市政消火栓", "pond": "水塘", "tank": "消防水池"}
    return _frame(
        {
            "hydrant_id": [f"W{plan.code}{k:05d}" for k in range(1, len(stock.water) + 1)],
            "kind": [kind for kind, _, _, _ in stock.water],
            "name": [f"{labels[kind]}（模拟）" for kind, _, _, _ in stock.water],
            "township_code": [plan.towns[town].code for _, _, _, town in stock.water],
            "simulated": True,
        },
        shapely.points([(x, y) for _, x, y, _ in stock.water]),
    )


def _water(
    stock: places.Stock, outline: Any, houses: Objects, plan: Plan, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    zones = np.array([shape for _, _, shape, _ in stock.zones], dtype=object)
    ponds = np.array([(x, y) for kind, x, y, _ in stock.water if kind == "pond"])
    made = rivers.make_water(outline, houses, zones, ponds, rng)
    return _frame(
        {
            "water_id": [f"S{plan.code}{k:05d}" for k in range(1, len(made) + 1)],
            "kind": [water.kind for water in made],
            "name": [water.name for water in made],
            "simulated": True,
        },
        np.array([water.shape for water in made], dtype=object),
    )


def write(county: County, folder: Path) -> dict[str, Path]:
    """Write a county to files that the import commands read.

    Parameters
    ----------
    county
        The county.
    folder
        Where to write; made when missing, files of the same names are replaced.

    Returns
    -------
    dict
        Table name (admin, buildings, zones, roads, hydrants, water) to file.

    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {"buildings": folder / "buildings.parquet"}
    county.buildings.to_parquet(files["buildings"], index=False)
    for table in ("admin", "zones", "roads", "hydrants", "water"):
        files[table] = folder / f"{table}.gpkg"
        files[table].unlink(missing_ok=True)
        frame: gpd.GeoDataFrame = getattr(county, table)
        frame.to_file(files[table], layer=table, driver="GPKG", engine="pyogrio")
    return files


def fingerprint(geometry: NDArray[np.object_]) -> str:
    """Return a SHA-256 over the exact coordinates of geometries, in their order."""
    import hashlib

    return hashlib.sha256(b"".join(shapely.to_wkb(geometry))).hexdigest()
