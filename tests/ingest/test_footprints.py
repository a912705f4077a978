"""Whether a row is one house: against brute force on made towns, unmoved by order and place, quiet on real ones."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, affinity, box

from gis_service.ingest import footprints
from gis_service.ingest.footprints import screen, several, split, without_thorns
from tests.town import boxes

CODES = ("", "twice", "around", "inside", "huge", "sliver")


def _array(shapes: list[Any]) -> np.ndarray:
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def _town(seed: int, count: int = 60) -> list[Polygon]:
    """Houses in rows, and every fault among them: drawn twice, parts inside, yards round several, giants, threads."""
    rng = np.random.default_rng(seed)
    shapes = []
    for k in range(count):
        x, y = 16.0 * (k % 8), 14.0 * (k // 8)
        house = box(x, y, x + rng.uniform(5, 13), y + rng.uniform(5, 12))
        shapes.append(house)
        fault = rng.integers(0, 12)
        if fault == 0:
            shapes.append(affinity.translate(house, *rng.uniform(-0.4, 0.4, 2)))
        elif fault == 1:
            shapes.append(affinity.scale(house, 0.5, 0.5))
        elif fault == 2:
            shapes.append(affinity.translate(house, *rng.uniform(3.0, 6.0, 2)))
        elif fault == 3:
            shapes.append(box(x, y, x + 8, y + 0.04))
        elif fault == 4:
            shapes.append(Polygon(house.exterior))
    for _ in range(4):
        x, y = rng.uniform(0, 90), rng.uniform(0, 70)
        shapes.append(box(x, y, x + rng.uniform(15, 60), y + rng.uniform(15, 60)))
    shapes.append(box(-500, -500, 500, 500))
    return [affinity.rotate(s, 17, origin=(0, 0)) for s in shapes]


def _brute(shapes: list[Polygon], rank: list[int]) -> list[tuple[str, int]]:
    """Say of every row what it is, by looking at every pair: one rule after the other, as the module tells them."""
    n = len(shapes)
    verdict = [("", k) for k in range(n)]
    for k, shape in enumerate(shapes):
        if shape.area < 0.2 or 2 * shape.area / shape.length < 0.1:
            verdict[k] = ("sliver", -1)
        elif shape.area > 100_000:
            verdict[k] = ("huge", -1)
    alive = [k for k in range(n) if verdict[k][1] >= 0]
    common = {pair: shapes[pair[0]].intersection(shapes[pair[1]]).area for pair in combinations(alive, 2)}

    group = {k: k for k in alive}
    alike = [(i, j) for (i, j), area in common.items() if area >= 0.6 * shapes[i].union(shapes[j]).area]
    for _ in range(n):
        for i, j in alike:
            group[i] = group[j] = min(group[i], group[j])
    for k in alive:
        head = min((m for m in alive if group[m] == group[k]), key=lambda m: rank[m])
        if head != k:
            verdict[k] = ("twice", head)
    alive = [k for k in alive if verdict[k][0] == ""]

    def lies_in(i: int, j: int, share: float) -> bool:
        smaller = shapes[i].area < shapes[j].area
        return smaller and shapes[i].intersection(shapes[j]).area >= share * shapes[i].area

    for j in sorted(alive, key=lambda k: shapes[k].area):
        held = [i for i in alive if verdict[i][0] == "" and shapes[i].area >= 10 and lies_in(i, j, 0.9)]
        held = [i for i in held if not any(lies_in(i, m, 0.9) for m in held if m != i)]
        if (
            len(held) >= 2
            and shapely.union_all([shapes[i] for i in held]).intersection(shapes[j]).area < 0.8 * shapes[j].area
        ):
            verdict[j] = ("around", -1)
    alive = [k for k in alive if verdict[k][0] == ""]
    for i in alive:
        holders = [j for j in alive if lies_in(i, j, 0.99)]
        if holders:
            verdict[i] = ("inside", max(holders, key=lambda j: shapes[j].area))
    return verdict


def _said(found: footprints.Screening) -> list[tuple[str, int]]:
    return list(zip(found.code.tolist(), found.stands.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(12))
def test_every_pair_looked_at_gives_the_same(seed: int):
    shapes = _town(seed)
    rank = np.random.default_rng(seed).permutation(len(shapes))
    assert _said(screen(_array(shapes), rank)) == _brute(shapes, rank.tolist())


def test_the_towns_have_every_fault():
    seen = {code for seed in range(12) for code in screen(_array(_town(seed)), np.arange(len(_town(seed)))).code}
    assert seen == set(CODES)


@pytest.mark.parametrize("seed", range(4))
def test_order_place_and_direction_do_not_matter(seed: int):
    shapes = _town(seed)
    rank = np.arange(len(shapes))
    here = screen(_array(shapes), rank)
    order = np.random.default_rng(seed).permutation(len(shapes))
    mixed = screen(_array([shapes[k] for k in order]), rank[order])
    assert mixed.code.tolist() == here.code[order].tolist()
    stands = np.where(mixed.stands >= 0, order[mixed.stands], -1)
    assert stands.tolist() == here.stands[order].tolist()
    for moved in (
        [affinity.translate(s, 436_000, 2_712_000) for s in shapes],
        [affinity.rotate(s, 31, origin=(0, 0)) for s in shapes],
    ):
        assert _said(screen(_array(moved), rank)) == _said(here)

    # Work in slices is the same work.
    def sliced(work: Any, count: int) -> list[Any]:
        return [work(slice(k, min(k + 7, count))) for k in range(0, max(count, 1), 7)]

    assert _said(screen(_array(shapes), rank, chunks=sliced)) == _said(here)


@pytest.mark.parametrize("kept", footprints.SET_ASIDE)
def test_the_user_keeps_a_kind(kept: str):
    shapes = _town(1)
    found = screen(_array(shapes), np.arange(len(shapes)), [kept])
    assert kept not in found.code
    if kept == "huge":
        assert found.code[-1] == "around", "what is kept as no giant may still lie round others"
        return
    assert (found.stands[screen(_array(shapes), np.arange(len(shapes))).of(kept)] >= 0).all()


@pytest.mark.parametrize(("columns", "rows"), [(6, 4), (1, 1), (20, 15)])
@pytest.mark.parametrize("degrees", [0, 7, 45])
def test_a_clean_town_is_left_alone(columns: int, rows: int, degrees: float):
    """Houses 0.8 m apart, wall to wall, and overlapping by a drawn wall: all are houses."""
    close = boxes(columns, rows)
    shapes = close + [affinity.translate(s, 0, -40 * rows) for s in close]
    shapes += [
        affinity.translate(box(k * 9.7, 0, k * 9.7 + 10, 8), *close[0].centroid.coords[0]) for k in range(-60, -40)
    ]
    town = _array([affinity.rotate(s, degrees, origin=(436_500, 2_712_000)) for s in shapes])
    bare, thorny = without_thorns(town)
    assert len(thorny) == 0
    assert bare is town
    found = screen(town, np.arange(len(town)))
    assert set(found.code) == {""}
    assert (several(town) == 1).all()


def test_a_building_and_its_parts_are_one_house():
    """Parts that fill an outline make it no yard."""
    parts = [box(0, 0, 10, 20), box(10, 0, 20, 20)]
    found = screen(_array([box(0, 0, 20, 20), *parts]), np.arange(3))
    assert _said(found) == [("", 0), ("inside", 0), ("inside", 0)]
    sheds = [box(1, 1, 3, 3), box(5, 5, 7, 7), box(9, 9, 11, 11)]
    assert _said(screen(_array([box(0, 0, 20, 20), *sheds]), np.arange(4)))[0] == ("", 0)


def test_an_outline_round_an_outline_round_houses():
    houses = [box(5, 5, 15, 15), box(20, 5, 30, 15), box(5, 20, 15, 30)]
    found = screen(_array([box(0, 0, 60, 60), box(2, 2, 33, 33), *houses]), np.arange(5))
    assert found.code.tolist() == ["around", "around", "", "", ""]


# --- thorns ----------------------------------------------------------------------------------------------------

WALL = [(0, 0), (10, 0), (10, 10)]
THORNS: dict[str, list[tuple[float, float]]] = {
    "a point": [(5.005, 10), (5, 60), (4.995, 10)],
    "blunt": [(5.02, 10), (5.02, 25), (4.98, 25), (4.98, 10)],
    "one side with the wall": [(10, 40), (9.99, 10)],
    "askew": [(5.005, 10), (22, 48), (4.995, 10)],
    "with a point on its way": [(5.005, 10), (5.0025, 35), (5, 60), (4.995, 10)],
    "inwards of nothing": [(5.005, 10), (5, 9.2), (4.995, 10)],
}


@pytest.mark.parametrize("name", list(THORNS))
@pytest.mark.parametrize("degrees", [0, 33, 90, 200])
@pytest.mark.parametrize("backwards", [False, True])
def test_thorns(name: str, degrees: float, backwards: bool):
    ring = [*WALL, *THORNS[name], (0, 10)]
    house = Polygon(ring[::-1] if backwards else ring)
    assert house.is_valid
    there = affinity.translate(affinity.rotate(house, degrees, origin=(0, 0)), 436_400, 2_712_000)
    square = affinity.translate(affinity.rotate(box(0, 0, 10, 10), degrees, origin=(0, 0)), 436_400, 2_712_000)
    (bare,), found = without_thorns(_array([there]))
    if name == "inwards of nothing":
        assert len(found) == 0, "a cut brings the house no nearer to anything"
        return
    assert found.tolist() == [0]
    assert bare.is_valid
    assert bare.hausdorff_distance(square) < 0.02
    assert bare.symmetric_difference(square).area < 0.05


def test_thorns_of_a_court_and_of_a_part():
    court = Polygon(
        [(0, 0), (30, 0), (30, 30), (0, 30)],
        [[(10, 10), (20, 10), (20.0, 14.99), (12, 15), (20.0, 15.01), (20, 20), (10, 20)]],
    )
    both = MultiPolygon([court, Polygon([(50, 0), (60, 0), (60, 10), (50, 10)])])
    for shape in (court, both):
        (bare,), found = without_thorns(_array([shape]))
        assert found.tolist() == [0]
        assert bare.area == pytest.approx(shape.area, abs=0.1)
        assert bare.distance(Point(12, 15)) == pytest.approx(2.0), "what stood in the court is gone"
        assert bare.geom_type == shape.geom_type


@pytest.mark.parametrize(
    "house",
    [
        Polygon([(0, 0), (30, 0), (15, 4)]),
        Polygon([(0, 0), (20, 0), (20, 0.3), (0.4, 0.3), (0.4, 10), (0, 10)]),
        LineString([(0, 0), (12, 0)]).buffer(0.12, cap_style="flat"),
        Point(0, 0).buffer(8, 64),
        Polygon([(0, 0), (40, 0), (40, 2)]),
    ],
    ids=["a wedge", "walls of 30 cm", "a wall of 24 cm", "a round house", "a sharp corner of 3 degrees and 2 m"],
)
def test_what_is_built_stays_to_the_last_bit(house: Polygon):
    town = _array([house])
    bare, found = without_thorns(town)
    assert len(found) == 0
    assert bare is town


# --- several houses in a row -----------------------------------------------------------------------------------


def test_villages_come_apart_from_west_to_east_with_their_sheds():
    village = MultiPolygon([box(40, 0, 50, 10), box(0, 0, 10, 10), box(20, 0, 30, 10), box(31, 0, 33, 2)])
    dusty = MultiPolygon([box(0, 50, 10, 60), box(12, 50, 12.1, 50.1)])
    eight = MultiPolygon([box(0, 80, 10, 90), Polygon([(10, 90), (20, 90), (20, 100)])])
    rows = _array([box(-20, 0, -10, 10), village, dusty, eight])
    assert several(rows).tolist() == [1, 3, 1, 1]
    made, of, number = split(rows, np.flatnonzero(several(rows) > 1))
    assert of.tolist() == [0, 1, 1, 1, 2, 3]
    assert number.tolist() == [0, 1, 2, 3, 0, 0]
    assert [s.bounds[0] for s in made[1:4]] == [0, 20, 40]
    assert made[2].area == pytest.approx(104)
    assert shapely.area(made).sum() == pytest.approx(shapely.area(rows).sum())
    # In whatever order the parts stand in the row.
    turned = MultiPolygon(list(village.geoms)[::-1])
    again, _, _ = split(_array([turned]), [0])
    assert all(a.equals(b) for a, b in zip(made[1:4], again, strict=True))


# --- real places -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "layer", "srid", "expected"),
    [
        ("buildings/kochi.parquet", None, 6672, {"thorn": 5}),
        ("buildings/kyojima.gpkg", None, 6677, {}),
        ("places/manila_quiapo.gpkg", "buildings", 32651, {}),
        ("places/maldives.gpkg", "buildings", 32643, {"twice": 70, "around": 1, "inside": 2, "thorn": 2, "several": 2}),
        ("places/kathmandu.gpkg", "buildings", 32645, {}),
    ],
)
def test_real_places_are_nearly_left_alone(
    shared_data: Path, name: str, layer: str | None, srid: int, expected: dict[str, int]
):
    path = shared_data / name
    frame = gpd.read_parquet(path) if path.suffix == ".parquet" else pyogrio.read_dataframe(path, layer=layer)
    outlines = np.asarray(frame.to_crs(srid).geometry.values, dtype=object)
    outlines = outlines[shapely.get_dimensions(outlines) == 2]
    outlines = shapely.make_valid(outlines, method="structure", keep_collapsed=False)
    bare, thorny = without_thorns(outlines)
    found = screen(bare, np.arange(len(bare)))
    counts = {code: len(found.of(code)) for code in CODES if code} | {
        "thorn": len(thorny), "several": int((several(bare) > 1).sum())
    }  # fmt: skip
    assert {code: n for code, n in counts.items() if n} == expected
    assert np.abs(shapely.area(bare) - shapely.area(outlines)).max() < 0.1
