from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from gis_service.density.layer.prepare import prepare
from gis_service.density.layer.srid import zone_srid
from gis_service.errors import InputError
from tests.density.shapes import layer

GOOD = box(100, 100, 110, 110)


def counts(prepared):
    return prepared.repairs.counts


def test_a_clean_layer_needs_no_repair():
    p = prepare(layer([box(0, 0, 5, 5), GOOD], floors=[2, 3], height_m=[None, 8.5]))
    assert counts(p) == {}
    assert p.height_m.tolist() == [6.0, 8.5]
    assert p.floors.tolist() == [2, 3]


def test_invalid_rings_are_repaired_and_counted():
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    spike = Polygon([(20, 0), (30, 0), (30, 10), (30, 20), (30, 10), (20, 10)])
    p = prepare(layer([bow, spike, GOOD]))
    assert counts(p) == {"invalid_ring": 2}
    assert shapely.is_valid(p.footprints).all()
    assert p.area_m2.tolist() == pytest.approx([50, 100, 100])


def test_what_is_no_polygon_is_left_out_counted_and_listed():
    rows = [GOOD, None, Polygon(), Point(1, 1), LineString([(0, 0), (5, 5)])]
    gdf = gpd.GeoDataFrame({"building_id": list("abcde")}, geometry=rows, crs="EPSG:4545")
    p = prepare(gdf)
    assert list(p.ids) == ["a"]
    assert counts(p) == {"no_area": 4}
    assert p.repairs.examples["no_area"] == ["b", "c", "d", "e"]
    assert p.row.tolist() == [0, -1, -1, -1, -1]


def test_the_polygons_of_a_collection_stay():
    mixed = GeometryCollection([box(0, 0, 4, 4), LineString([(0, 0), (9, 9)]), box(6, 0, 9, 4)])
    p = prepare(gpd.GeoDataFrame(geometry=[mixed, GOOD], crs="EPSG:4545"))
    assert p.area_m2[0] == pytest.approx(28)


@pytest.mark.parametrize("rows", [[], [Point(500_000, 2_700_000)], [None], [Polygon()], [box(0, 0, 1e5, 1e5)]], ids=str)
def test_no_polygons_at_all(rows):
    with pytest.raises(InputError) as error:
        prepare(gpd.GeoDataFrame(geometry=rows, crs="EPSG:4545"))
    assert "polygon" in error.value.en
    assert "多边形" in error.value.zh


def test_without_crs_it_is_read_or_asked_for():
    """As import does: degrees in China and a zone's number tell, metres without a number do not."""
    degrees = gpd.GeoDataFrame(geometry=[box(109.3, 25.2, 109.3001, 25.2001)])
    assert prepare(degrees).crs.to_epsg() == 4545
    zone = gpd.GeoDataFrame(geometry=[box(36_500_000, 2_700_000, 36_500_010, 2_700_010)])
    assert prepare(zone).crs.to_epsg() == 4524
    for bounds in ((500_000, 2_700_000, 500_010, 2_700_010), (9.3, 45.2, 9.3001, 45.2001)):
        with pytest.raises(InputError, match="--crs") as error:
            prepare(gpd.GeoDataFrame(geometry=[box(*bounds)]))
        assert "坐标系" in error.value.zh


@pytest.mark.parametrize(
    ("lon", "lat", "srid"),
    [
        (109.397, 25.225, 4545),
        (107.374, 24.511, 4545),
        (110.9, 24, 4546),
        (75.5, 39.4, 4534),
        (134.0, 48.2, 4554),
    ],
)
def test_zone_in_china(lon, lat, srid):
    assert zone_srid(lon, lat) == srid
    p = prepare(gpd.GeoDataFrame(geometry=[Point(lon, lat).buffer(0.0001)], crs=4490))
    assert p.crs.to_epsg() == srid


@pytest.mark.parametrize(("lon", "lat", "srid"), [(139.82, 35.71, 32654), (85.3, 27.7, 32645), (-43.2, -22.9, 32723)])
def test_utm_elsewhere(lon, lat, srid):
    p = prepare(gpd.GeoDataFrame(geometry=[Point(lon, lat).buffer(0.0001)], crs=4326))
    assert p.crs.to_epsg() == srid


def test_web_mercator_is_never_measured_in():
    house = gpd.GeoDataFrame(geometry=[box(500_000, 2_700_000, 500_010, 2_700_010)], crs=4545)
    p = prepare(house.to_crs(3857))
    assert p.crs.to_epsg() == 4545
    assert p.area_m2[0] == pytest.approx(100, rel=1e-6)
    for bad in (3857, 4490, 999_999):
        with pytest.raises(InputError):
            prepare(house, work_srid=bad)
    assert prepare(house.to_crs(4490), work_srid=4546).crs.to_epsg() == 4546


def test_duplicates_are_one_building():
    p = prepare(layer([GOOD, GOOD, box(0, 0, 5, 5)], building_id=["b", "a", "c"], floors=[2, 5, 1]))
    assert list(p.ids) == ["a", "c"]
    assert counts(p) == {"twice": 1}
    assert p.floors.tolist() == [5, 1]
    assert p.row.tolist() == [0, 0, 1]


def test_the_same_id_is_one_building_of_parts():
    p = prepare(layer([box(0, 0, 5, 5), box(6, 0, 9, 5), GOOD], building_id=["a", "a", "b"]))
    assert list(p.ids) == ["a", "b"]
    assert p.footprints[0].geom_type == "MultiPolygon"
    assert counts(p) == {"same_id": 1}


def test_one_inside_another_is_one_building_but_not_in_its_court():
    outer = box(0, 0, 30, 30)
    p = prepare(layer([box(10, 10, 12, 12), outer], building_id=["a", "z"]))
    assert list(p.ids) == ["z"]
    assert counts(p) == {"inside": 1}
    court = outer.difference(box(8, 8, 15, 15))
    assert len(prepare(layer([box(10, 10, 12, 12), court]))) == 2


def test_overlapping_and_touching_neighbours_stay_two():
    assert len(prepare(layer([box(0, 0, 10, 10), box(8, 0, 18, 10), box(18, 0, 20, 10)]))) == 3


def test_slivers_and_giants_are_left_out_and_counted():
    thin, tiny, giant = box(0, 0, 20, 0.05), box(30, 0, 30.3, 0.3), box(10_000, 0, 14_000, 2_500)
    p = prepare(layer([thin, tiny, giant, GOOD, box(50, 0, 50.8, 0.8)]))
    assert list(p.ids) == ["b003", "b004"]
    assert counts(p) == {"sliver": 2, "huge": 1}
    assert p.repairs.examples["huge"] == ["b002"]


def test_heights_that_cannot_be():
    shapes = [box(20 * i, 0, 20 * i + 5, 5) for i in range(8)]
    p = prepare(layer(shapes, height_m=[-9999, 0, -3, 4000, np.inf, np.nan, 12.5, 7], floors=[2] * 7 + [None]))
    assert counts(p) == {"height_m": 5}
    assert p.height_m.tolist() == [6, 6, 6, 6, 6, 6, 12.5, 7]


def test_heights_as_text():
    shapes = [box(20 * i, 0, 20 * i + 5, 5) for i in range(4)]
    p = prepare(layer(shapes, height_m=["9.5", "12m", "高", None]))
    assert counts(p) == {"height_m": 1}
    assert p.height_m[:2].tolist() == [9.5, 12]
    assert np.isnan(p.height_m[2:]).all()


def test_storeys_column_is_counted():
    shapes = [box(20 * i, 0, 20 * i + 5, 5) for i in range(5)]
    p = prepare(layer(shapes, floors=["三层", "3.5", "3", "?", None]))
    assert counts(p) == {"floors_text": 1, "floors_fraction": 1, "floors": 1}
    assert p.height_m[:3].tolist() == [9, 9, 9]
    assert np.isnan(p.height_m[3:]).all()


def test_fire_class_given_or_from_the_structure():
    shapes = [box(20 * i, 0, 20 * i + 5, 5) for i in range(7)]
    p = prepare(
        layer(
            shapes,
            structure=["砖混", "砖木", "木结构", "土木/石木", "rc", "其他", "木"],
            fire_class=[None, None, None, None, "四级", None, "X"],
        )
    )
    assert list(p.fire_class) == ["I_II", "III", "IV", "III", "IV", None, "IV"]
    assert counts(p) == {"fire_class": 1}


def test_ids_without_and_with_holes():
    shapes = [box(20 * i, 0, 20 * i + 5, 5) for i in range(3)]
    bare = layer(shapes).drop(columns="building_id")
    assert list(prepare(bare).ids) == ["0", "1", "2"]
    assert list(prepare(bare.assign(building_id=[17, None, 5])).ids) == ["1", "17", "5"]
    p = prepare(bare.assign(building_id=["1", None, "x"]))
    assert list(p.ids) == ["1", "row-1", "x"]
    assert counts(p) == {"no_id": 1}


def test_sentences_in_two_languages():
    p = prepare(layer([GOOD, box(0, 0, 20, 0.05)]))
    assert p.repairs.sentences("en") == ["1 slivers (under 0.2 m² or 0.1 m thick) were left out (b001)"]
    assert "剔除" in p.repairs.sentences("zh")[0]
    assert p.repairs.as_dict()["sliver"]["ids"] == ["b001"]


def test_third_dimension_and_multipolygons():
    tall = shapely.force_3d(MultiPolygon([box(0, 0, 5, 5), box(7, 0, 9, 5)]), 3.0)
    p = prepare(layer([tall, GOOD]))
    assert not shapely.has_z(p.footprints).any()
    assert p.area_m2[0] == pytest.approx(35)
