"""The simulated counties: the notice's figures, and that houses stand as houses can."""

from __future__ import annotations

from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis_service.demo import fingerprint, make_county, write
from gis_service.demo.county import County
from gis_service.demo.tables import PLANS
from gis_service.errors import NotFoundError
from gis_service.settings import ROOT

# Copied from the annexes a second time, so that a slip in the module's table is found.
ANNEX_1 = """
451224100 1747 38 142 1567
451224101 592 14 50 528
451224102 169 2 3 164
451224103 149 1 6 142
451224104 285 2 53 230
451224105 187 7 12 168
451224200 126 2 11 113
451224201 135 0 25 110
451224203 131 0 2 129
451224204 109 1 2 106
451224205 5 0 0 5
451224206 135 7 45 83
451224207 211 4 30 177
451224208 47 1 1 45
"""
ANNEX_2 = """
police 1079 21 106 952
education 69 34 9 26
civil_affairs 31 0 4 27
market_reg 2493 30 281 2182
health 83 2 11 70
culture_tourism 56 3 6 47
"""
TIERS = ("severe", "some", "none_found")


@pytest.fixture(scope="module")
def donglan() -> County:
    return make_county("donglan")


@pytest.fixture(scope="module")
def rongan() -> County:
    return make_county("rongan")


@pytest.fixture(scope="module", params=["donglan", "rongan"])
def county(request) -> County:
    return request.getfixturevalue(request.param)


def operating(county: County) -> gpd.GeoDataFrame:
    return county.buildings[county.buildings["use_class"].isin(["commercial", "mixed"])]


def test_totals_of_the_notice(donglan):
    assert len(donglan.buildings) == 79_158
    works = operating(donglan)
    assert len(works) == 4_028
    assert works["hazard_tier"].value_counts().to_dict() == {"severe": 79, "some": 382, "none_found": 3_567}
    rest = donglan.buildings.drop(works.index)
    assert (rest["hazard_tier"] == "unjudged").sum() == 79_158 - 4_028 - 67_874


def test_water_lies_where_no_house_stands(county):
    water = county.water
    assert {"river", "stream", "pond"} == set(water["kind"])
    assert water.geometry.is_valid.all()
    tree = shapely.STRtree(water.geometry.to_numpy())
    assert len(tree.query(county.buildings.geometry.to_numpy(), predicate="intersects")[0]) == 0
    river = water.geometry[water["kind"] == "river"].iloc[0]
    outline = county.admin.geometry[county.admin["level"] == "county"].iloc[0]
    low, high = shapely.bounds(outline)[1::2]
    assert shapely.bounds(river)[3] - shapely.bounds(river)[1] > 0.8 * (high - low)  # through the county


def test_annex_1(donglan):
    counted = operating(donglan).groupby(["township_code", "hazard_tier"]).size()
    for line in ANNEX_1.split("\n")[1:-1]:
        code, judged, *tiers = line.split()
        found = [int(counted.get((code, tier), 0)) for tier in TIERS]
        assert (sum(found), *found) == (int(judged), *map(int, tiers)), code


@pytest.mark.parametrize("line", ANNEX_2.split("\n")[1:-1])
def test_annex_2(donglan, line):
    department, judged, *tiers = line.split()
    works = operating(donglan)
    mine = works[[department in given for given in works["departments"]]]
    found = [int((mine["hazard_tier"] == tier).sum()) for tier in TIERS]
    assert (len(mine), *found) == (int(judged), *map(int, tiers))


def test_some_houses_have_two_departments_and_some_none(donglan):
    many = operating(donglan)["departments"].map(len)
    assert set(many) == {0, 1, 2}
    assert all(len(set(given)) == len(given) for given in donglan.buildings["departments"])
    assert not donglan.buildings.loc[donglan.buildings["use_class"] == "other", "departments"].map(len).any()


def test_rongan_has_its_townships_and_its_reporting_unit(rongan):
    plan = PLANS["rongan"]
    assert list(rongan.townships["code"]) == [town.code for town in plan.towns]
    assert len(rongan.townships) == 12
    unit = rongan.admin[rongan.admin["level"] == "unit"]
    assert list(unit["name"]) == ["泗顶矿区管理处"]
    assert not rongan.buildings["township_code"].isin(unit["code"]).any()
    assert len(rongan.buildings) == plan.houses
    assert len(operating(rongan)) == sum(town.operating.judged for town in plan.towns)


def test_same_seed_same_county(rongan):
    again = make_county("rongan")
    for table in ("admin", "buildings", "zones", "roads", "hydrants"):
        first, second = getattr(rongan, table), getattr(again, table)
        assert fingerprint(first.geometry.to_numpy()) == fingerprint(second.geometry.to_numpy()), table
        pd.testing.assert_frame_equal(pd.DataFrame(first.drop(columns="geometry")), second.drop(columns="geometry"))
    other = make_county("rongan", seed=1)
    assert fingerprint(other.buildings.geometry.to_numpy()) != fingerprint(rongan.buildings.geometry.to_numpy())


def test_no_two_buildings_overlap(county):
    geometry = county.buildings.geometry.to_numpy()
    assert shapely.is_valid(geometry).all()
    assert set(shapely.get_type_id(geometry)) == {3}
    a, b = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    once = a < b
    shared = shapely.area(shapely.intersection(geometry[a[once]], geometry[b[once]]))
    assert shared.max() <= 0.01


@pytest.mark.parametrize("level", ["township", "village"])
def test_every_house_is_inside_its_area(county, level):
    areas = county.admin[county.admin["level"] == level].set_index("code").geometry
    codes = county.buildings[f"{level}_code"]
    assert codes.isin(areas.index).all()
    for code, houses in county.buildings.groupby(f"{level}_code"):
        area = areas[code]
        shapely.prepare(area)
        assert shapely.covers(area, houses.geometry.to_numpy()).all(), code


def test_areas_tile_the_county(county):
    whole = county.admin.loc[county.admin["level"] == "county"].geometry.iloc[0]
    for areas in (county.townships, county.villages):
        geometry = areas.geometry.to_numpy()
        assert set(shapely.get_type_id(geometry)) == {3}
        assert shapely.coverage_is_valid(geometry)
        assert shapely.symmetric_difference(shapely.coverage_union_all(geometry), whole).area < 1e-3
    merged = county.villages.dissolve("parent_code").geometry
    for code, area in county.townships.set_index("code").geometry.items():
        assert merged[code].symmetric_difference(area).area < 1e-3
    slug = next(plan.slug for plan in PLANS.values() if plan.code == county.code)
    source = gpd.read_file(ROOT / "data" / "boundaries" / f"{slug}.geojson")
    assert source.crs.to_epsg() == 4490
    assert source.to_crs(4545).geometry[0].symmetric_difference(whole).area < 1


def test_zones_of_every_kind_in_every_township(county):
    kinds = {"school", "hospital", "market", "resettlement", "industrial"}
    assert set(county.zones["kind"]) == kinds
    assert (county.zones.groupby("township_code")["kind"].nunique() == 5).all()
    assert county.zones["name"].str.endswith("（模拟）").all()
    area = county.zones.area
    assert area.between(1_000, 60_000).all()
    # Houses stand inside resettlement areas, and near the other zones but not in them.
    outside = county.zones[county.zones["kind"] != "resettlement"].geometry.to_numpy()
    houses = county.buildings.geometry.to_numpy()
    zone, house = shapely.STRtree(houses).query(outside, predicate="intersects")
    assert shapely.area(shapely.intersection(outside[zone], houses[house])).sum() < 1
    assert shapely.is_valid(county.zones.geometry.to_numpy()).all()


def test_everything_says_that_it_is_made_up(county):
    for table in ("buildings", "zones", "roads", "hydrants"):
        assert getattr(county, table)["simulated"].all(), table
    made = county.admin[county.admin["level"] != "county"]
    assert made["schematic"].all()
    assert made["source"].str.contains("示意").all()
    assert county.admin.crs.to_epsg() == county.buildings.crs.to_epsg() == 4545


def test_codes_are_text(county):
    for frame, name in (
        (county.buildings, "building_id"),
        (county.buildings, "township_code"),
        (county.buildings, "village_code"),
        (county.admin, "code"),
        (county.zones, "zone_id"),
    ):
        assert all(isinstance(code, str) for code in frame[name]), name
    for frame, name in ((county.buildings, "building_id"), (county.admin, "code"), (county.zones, "zone_id")):
        assert frame[name].is_unique
    assert set(county.villages["code"].str.len()) == {12}
    assert (county.villages["code"].str[:9] == county.villages["parent_code"]).all()


def test_gaps_run_from_party_walls_to_alleys(county):
    geometry = county.buildings.geometry.to_numpy()
    a, b = shapely.STRtree(geometry).query(geometry, predicate="dwithin", distance=4.0)
    gap = shapely.distance(geometry[a[a < b]], geometry[b[a < b]])
    share = np.histogram(gap, [0, 0.3, 1, 2, 3, 4.0001])[0] / len(gap)
    assert (share > 0.04).all()
    assert ((gap > 0.5) & (gap < 4)).sum() > 0.6 * len(geometry)


def test_worst_clusters_have_hundreds_of_houses_and_sky_lines(donglan):
    mine = donglan.buildings[donglan.buildings["township_code"] == "451224104"]
    geometry = mine.geometry.to_numpy()
    a, b = shapely.STRtree(geometry).query(geometry, predicate="dwithin", distance=3.0)
    part = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(len(mine),) * 2))[1]
    biggest = part == np.bincount(part).argmax()
    assert biggest.sum() > 250
    floors = mine["floors"].to_numpy()
    gap = shapely.distance(geometry[a], geometry[b])
    tall = (a < b) & biggest[a] & (gap > 0.3) & (gap < 1.3) & (np.minimum(floors[a], floors[b]) >= 4)
    assert tall.sum() > 100


def test_roads_leave_houses_alone_and_reach_every_town(county):
    roads = county.roads.geometry.to_numpy()
    assert {"county", "township", "village", "street", "lane"} == set(county.roads["class"])
    assert (county.roads["width_m"] > 0).all()
    houses = shapely.STRtree(county.buildings.geometry.to_numpy())
    assert len(houses.query(roads, predicate="intersects")[0]) == 0
    # County roads and town streets hang together.
    main = shapely.union_all(roads[county.roads["class"].isin(["county", "township", "village"])])
    joined = shapely.get_parts(shapely.buffer(main, 0.01, cap_style="square"))
    assert max(shapely.area(joined)) > 0.98 * shapely.area(joined).sum()


def test_water(county):
    assert set(county.hydrants["kind"]) == {"hydrant", "pond", "tank"}
    houses = shapely.STRtree(county.buildings.geometry.to_numpy())
    assert len(houses.query(county.hydrants.geometry.to_numpy(), predicate="intersects")[0]) == 0


def test_survey_form(county):
    form = county.buildings
    assert form["floors"].between(1, 7).all()
    assert form["fire_class"].isna().all()
    assert 0.9 < form["height_m"].isna().mean() < 0.97
    assert form["structure"].value_counts(normalize=True)["masonry"] > 0.6
    assert (form["people"] >= 0).all()
    works = form["use_class"] != "other"
    assert (form["business_uses"].map(len) > 0).equals(works)
    period = form["built_period"].isin(["≤1980", "1981-1990"])
    assert period[form["hazard_tier"] == "severe"].mean() > 2 * period.mean()
    uses = Counter(use for found in form["business_uses"] for use in found)
    assert uses["retail"] > uses["lodging"] > 0


def test_files(rongan, tmp_path):
    files = write(rongan, tmp_path)
    assert set(files) == {"admin", "buildings", "zones", "roads", "hydrants", "water"}
    back = gpd.read_parquet(files["buildings"])
    assert list(back["departments"].iloc[0]) == rongan.buildings["departments"].iloc[0]
    assert back.crs.to_epsg() == 4545
    admin = gpd.read_file(files["admin"])
    assert list(admin["code"]) == list(rongan.admin["code"])
    assert write(rongan, tmp_path) == files


def test_unknown_county_is_refused():
    with pytest.raises(NotFoundError, match="donglan, rongan"):
        make_county("atlantis")
