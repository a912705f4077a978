from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from gis_service.density.alleys.gaps import compute_gaps, sky_view
from gis_service.density.layer.prepare import prepare
from gis_service.density.params import Params
from gis_service.density.plane.pairs import find_pairs
from tests.density.shapes import gap_between, layer, real, rotated, shifted

SLANT = np.tan(np.radians(15))
"""Between two flush wall ends a gap reaches this share of half its width beyond them (150° between the feet)."""


def gaps(polygons, **columns):
    prepared = prepare(layer(polygons, **columns))
    return compute_gaps(prepared).frame(prepared)


def test_parallel_walls():
    g = gaps([box(0, 0, 12, 5), box(0, 6.2, 12, 11)]).iloc[0]
    assert g.min_width_m == pytest.approx(1.2, abs=1e-9)
    assert g.mean_width_m == pytest.approx(1.2, abs=0.01)
    assert g.length_m == pytest.approx(12 + 2 * 0.6 * SLANT, abs=0.005)
    assert np.isnan(g.sky_view)
    assert g["class"] == "sky_line"
    assert g.geometry.length == pytest.approx(g.length_m, abs=0.01)
    assert np.allclose(shapely.get_coordinates(g.geometry)[:, 1], 2_700_005.6)


@pytest.mark.parametrize(("width", "n"), [(3.99, 1), (4.0, 1), (4.01, 0)])
def test_lane_at_the_limit(width, n):
    assert len(gaps([box(0, 0, 12, 5), box(0, 5 + width, 12, 15)])) == n


def test_wedge():
    # 0.5 m wide at one end, 2.5 m at the other, 10 m long: the bisector is straight, widths lie along it.
    upper = Polygon([(0, 5.5), (10, 7.5), (10, 12), (0, 12)])
    g = gaps([box(0, 0, 10, 5), upper]).iloc[0]
    tilt = np.arctan(0.2)
    assert g.min_width_m == pytest.approx(0.5, abs=0.02)
    middle = 2 * np.tan(tilt / 2) / np.tan(tilt) * 1.5
    assert g.mean_width_m == pytest.approx(middle, abs=0.05)
    assert g.length_m == pytest.approx(10.1, abs=0.5)


def test_touching_by_width_and_by_contact():
    assert gaps([box(0, 0, 8, 5), box(0, 5.25, 8, 10)]).iloc[0]["class"] == "touching"
    contact = gaps([box(0, 0, 8, 5), box(0, 5, 8, 10)]).iloc[0]
    assert contact["class"] == "touching"
    assert contact.min_width_m == 0
    assert contact.length_m == 0
    assert np.isnan(contact.mean_width_m)
    overlap = gaps([box(0, 0, 8, 5), box(3, 4, 11, 9)]).iloc[0]
    assert overlap["class"] == "touching"
    assert overlap.min_width_m == 0
    assert overlap.length_m == 0


def test_a_wedge_that_opens_from_contact_is_a_gap():
    upper = Polygon([(0, 5), (10, 7), (10, 12), (0, 12)])
    g = gaps([box(0, 0, 10, 5), upper]).iloc[0]
    assert g.min_width_m == 0
    assert g["class"] in {"handshake", "sky_line"}
    assert g.mean_width_m == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("width", "floors", "expected"),
    [
        (0.9, 3, "handshake"),
        (1.0, 3, "handshake"),
        (1.5, 3, "sky_line"),
        (1.5, 1, "narrow"),
        (2.5, 9, "narrow"),
    ],
)
def test_class_by_width_and_height(width, floors, expected):
    g = gaps([box(0, 0, 30, 5), box(0, 5 + width, 30, 12)], floors=[floors, floors]).iloc[0]
    assert g["class"] == expected


def test_unequal_heights_against_the_formula():
    g = gaps([box(0, 0, 60, 5), box(0, 6.5, 60, 12)], height_m=[9.0, 4.0]).iloc[0]
    expected = 0.5 * (np.cos(np.arctan(9 / 0.75)) + np.cos(np.arctan(4 / 0.75)))
    assert g.sky_view == pytest.approx(expected, abs=0.001)
    assert sky_view(0.75, 9.0, 4.0) == pytest.approx(expected)
    assert sky_view(1.5, 9.0, 9.0) == pytest.approx(0.164, abs=0.001)


def test_one_unknown_height_leaves_the_sky_unknown():
    g = gaps([box(0, 0, 12, 5), box(0, 6.5, 12, 12)], height_m=[9.0, None]).iloc[0]
    assert np.isnan(g.sky_view)
    assert g["class"] == "sky_line"


def test_third_building_between():
    g = gaps([box(0, 0, 10, 5), box(0, 8.5, 10, 14), box(-1, 6, 11, 7.5)])
    assert gap_between(g, "b000", "b001")["class"] == "blocked"
    assert gap_between(g, "b000", "b001").length_m == 0
    assert gap_between(g, "b000", "b002")["class"] == "handshake"


def test_third_building_before_half_of_the_wall():
    g = gaps([box(0, 0, 10, 5), box(0, 8, 10, 14), box(-1, 5.5, 4, 7.5)])
    seen = gap_between(g, "b000", "b001")
    # Behind x = 4 the line of the feet is free; the end at x = 10 reaches 1.5·tan 15° further.
    assert seen.length_m == pytest.approx(6 + 1.5 * SLANT, abs=0.01)


def test_a_roof_laid_over_a_gap_hides_it():
    g = gaps([box(0, 0, 10, 5), box(0, 7, 10, 12), box(-1, 4, 11, 8)])
    assert gap_between(g, "b000", "b001").length_m == 0


def test_corner_to_corner():
    g = gaps([box(0, 0, 5, 5), box(6, 6, 11, 11)]).iloc[0]
    assert g["class"] == "corner"
    assert g.length_m == 0
    assert g.geometry.length == pytest.approx(np.sqrt(2))


def test_u_shape_round_another():
    # A 6 × 8 house in a U with 1 m all round on three sides: two arms and the bottom face it.
    u = Polygon([(-4, -4), (10, -4), (10, 8), (7, 8), (7, -1), (-1, -1), (-1, 8), (-4, 8)])
    g = gaps([box(0, 0, 6, 8), u]).iloc[0]
    assert g["class"] == "handshake"
    assert g.min_width_m == pytest.approx(1.0)
    # Walls 8 + 6 + 8; at each lower corner the parabola from the wall's end to 30°, about 0.28 m, on both sides.
    assert g.length_m == pytest.approx(22 + 4 * 0.275 + 2 * 0.5 * SLANT, abs=0.05)


def test_own_courtyard_is_no_gap_but_a_house_in_it_is():
    ring = box(0, 0, 20, 20).difference(box(8, 8, 11, 11))
    alone = prepare(layer([ring, box(100, 0, 105, 5)]))
    assert len(compute_gaps(alone).a) == 0
    g = gaps([ring, box(8.5, 8.5, 10.5, 10.5)]).iloc[0]
    assert g["class"] == "handshake"
    assert g.min_width_m == pytest.approx(0.5)
    assert g.length_m > 8
    parts = MultiPolygon([box(0, 0, 5, 5), box(0, 6, 5, 11)])
    assert len(compute_gaps(prepare(layer([parts, box(50, 0, 55, 5)]))).a) == 0


def test_own_wing_between_is_no_gap():
    # A's wing lies before A's own wall: from the wall behind it nothing of B is seen.
    a = MultiPolygon([box(0, 0, 10, 2), box(0, 3, 5, 4)])
    g = gaps([a, box(0, 5, 10, 9)]).iloc[0]
    ys = shapely.get_coordinates(g.geometry)[:, 1] - 2_700_000
    xs = shapely.get_coordinates(g.geometry)[:, 0] - 500_000
    assert np.all(ys[xs < 4.9] > 4.2)


def test_rows_of_touching_houses_face_each_other():
    south = [box(6 * i, 0, 6 * i + 6, 8) for i in range(5)]
    north = [box(6 * i, 9.5, 6 * i + 6, 17) for i in range(5)]
    g = gaps(south + north)
    facing = [gap_between(g, f"b00{i}", f"b00{i + 5}") for i in range(5)]
    assert all(f.length_m == pytest.approx(6, abs=0.5) for f in facing)
    assert (g["class"] == "touching").sum() == 8


@pytest.fixture(scope="module")
def kyojima():
    return real("buildings/kyojima_300m.geojson", 6677)


def test_pairs_equal_brute_force(kyojima):
    prepared = prepare(kyojima)
    p = prepared.footprints
    i, j = np.triu_indices(len(p), 1)
    d = shapely.distance(p[i], p[j])
    near = d <= 4.0
    pairs = find_pairs(p, 4.0)
    assert np.array_equal(np.c_[pairs.a, pairs.b], np.c_[i[near], j[near]])
    assert np.allclose(pairs.min_width_m, d[near], atol=1e-12)
    g = compute_gaps(prepared, pairs).frame(prepared)
    w = g.min_width_m
    counts = [(w == 0).sum(), *(((w > 0) & (w < limit)).sum() for limit in (1, 2, 3))]
    assert counts == [7, 740, 1203, 1459]  # data/SOURCES.md
    assert (g.building_a < g.building_b).all()
    assert not g.geometry.isna().any()
    assert (g.mean_width_m.isna() == (g.length_m == 0)).all()
    assert (g.mean_width_m.dropna() >= g.min_width_m[g.mean_width_m.notna()] - 1e-6).all()


def test_points_of_centrelines_are_where_the_definition_says(kyojima):
    prepared = prepare(kyojima)
    gaps_ = compute_gaps(prepared)
    rng = np.random.default_rng(1)
    lines = np.flatnonzero((gaps_.length_m > 0) & (gaps_.kind != "touching"))
    tree = shapely.STRtree(prepared.footprints)
    for k in rng.choice(lines, 300, replace=False):
        p = shapely.line_interpolate_point(gaps_.geometry[k], rng.uniform(0.1, 0.9), normalized=True)
        if gaps_.geometry[k].geom_type != "LineString":
            continue
        a, b = prepared.footprints[gaps_.a[k]], prepared.footprints[gaps_.b[k]]
        da, db = shapely.distance(p, a), shapely.distance(p, b)
        assert da == pytest.approx(db, abs=0.04)
        assert da + db <= 4.01
        lines_to_feet = [shapely.shortest_line(p, a), shapely.shortest_line(p, b)]
        (fa, fb) = (shapely.get_coordinates(s)[1] - shapely.get_coordinates(s)[0] for s in lines_to_feet)
        if min(np.hypot(*fa), np.hypot(*fb)) > 0.05:
            angle = np.degrees(np.arccos(np.clip(fa @ fb / np.hypot(*fa) / np.hypot(*fb), -1, 1)))
            assert angle > 143
        for line in lines_to_feet:
            for c in tree.query(line):
                if c not in {gaps_.a[k], gaps_.b[k]}:
                    assert shapely.length(shapely.intersection(line, prepared.footprints[c])) < 0.06


def _figures(gdf):
    prepared = prepare(gdf)
    return compute_gaps(prepared).frame(prepared).drop(columns="geometry")


@pytest.mark.parametrize("change", ["translate", "rotate"])
def test_unchanged_by_place_and_direction(kyojima, change):
    before = _figures(kyojima)
    after = _figures(shifted(kyojima, 1e6, -1e6) if change == "translate" else rotated(kyojima, 33.3))
    assert np.array_equal(before[["building_a", "building_b"]], after[["building_a", "building_b"]])
    assert (before["class"] == after["class"]).mean() > 0.999
    for column, near in (
        ("min_width_m", 1e-6),
        ("mean_width_m", 0.02),
        ("length_m", 0.05),
        ("sky_view", 0.01),
    ):
        a, b = before[column].to_numpy(), after[column].to_numpy()
        close = np.isclose(a, b, atol=near, equal_nan=True)
        assert close.mean() > 0.998, column


def test_row_order_changes_nothing(kyojima):
    named = kyojima.assign(building_id=kyojima.bld_id)
    shuffled = named.sample(frac=1, random_state=3)
    assert _figures(named).equals(_figures(shuffled))


def test_a_part_alone_gives_the_same_values(kyojima):
    prepared = prepare(kyojima)
    pairs = find_pairs(prepared.footprints, 4.0)
    whole = compute_gaps(prepared, pairs)
    centre = shapely.box(*prepared.footprints[100].bounds).buffer(30)
    index = np.flatnonzero(shapely.intersects(prepared.footprints, centre.buffer(30)))
    part = prepared.take(index)
    part_pairs = find_pairs(part.footprints, 4.0)
    inner = shapely.intersects(part.footprints, centre)
    some = compute_gaps(part, part_pairs)
    mine = np.flatnonzero(inner[some.a] & inner[some.b])
    assert len(mine) > 30
    key = {(int(a), int(b)): k for k, (a, b) in enumerate(zip(whole.a, whole.b, strict=True))}
    same = np.array([key[int(index[a]), int(index[b])] for a, b in zip(some.a[mine], some.b[mine], strict=True)])
    for name in ("min_width_m", "mean_width_m", "length_m", "sky_view"):
        assert np.array_equal(getattr(whole, name)[same], getattr(some, name)[mine], equal_nan=True)
    assert all(shapely.equals_exact(whole.geometry[same], some.geometry[mine]))
    assert list(whole.kind[same]) == list(some.kind[mine])


def test_wider_limit_is_a_parameter():
    prepared = prepare(layer([box(0, 0, 12, 5), box(0, 10, 12, 15)]))
    assert len(compute_gaps(prepared).a) == 0
    assert compute_gaps(prepared, params=Params(max_width_m=6.0)).kind[0] == "narrow"


def test_a_wall_buried_in_the_other_building_faces_nothing():
    # A U whose left arm holds the lower part of A's right wall: only the free part above y = 10 faces the right arm.
    u = Polygon([(0, 0), (11, 0), (11, 14), (7, 14), (7, 3), (4, 3), (4, 10), (0, 10)])
    g = gaps([box(1, 6, 3.9, 14), u]).iloc[0]
    assert g.min_width_m == 0
    assert 2.5 < g.length_m < 4.6
    assert shapely.get_coordinates(g.geometry)[:, 1].min() - 2_700_000 > 9.9
