"""A run brought up to date after an edit equals a full run over the edited buildings."""

from __future__ import annotations

import pandas as pd
import pytest

from gis_service.density.change import update
from gis_service.density.memo import Remembering
from gis_service.density.run import density
from gis_service.errors import InputError
from tests.density.shapes import affinity, box, layer, np, real, shapely


def town():
    """Two clusters 6 m apart, a third building between lanes, a yard that engines enter by one lane, a hamlet."""
    one = [box(i * 7.2, j * 7.5, i * 7.2 + 6, j * 7.5 + 6) for i in range(5) for j in range(4)]
    two = [affinity.translate(p, 42, 3) for p in one]
    yard = [box(100, 0, 140, 10), box(100, 10, 110, 40), box(130, 10, 140, 40), box(100, 40, 118, 50),
            box(122.2, 40, 140, 50), box(115, 20, 125, 28)]  # fmt: skip
    hamlet = [box(200 + 9 * i, 60, 206 + 9 * i, 68) for i in range(3)]
    houses = [*one, *two, *yard, *hamlet, box(101, 1, 104, 3)]
    return layer(houses, height_m=[3.0 + i % 4 for i in range(len(houses))])


def same(one, two):
    for name in ("gaps", "alleys", "clusters", "buildings"):
        a, b = getattr(one, name), getattr(two, name)
        pd.testing.assert_frame_equal(
            pd.DataFrame(a.drop(columns="geometry")), pd.DataFrame(b.drop(columns="geometry")), check_exact=True
        )
        assert shapely.equals_exact(a.geometry.to_numpy(), b.geometry.to_numpy()).all(), name
    assert one.scores == two.scores


def put(gdf, name, polygon):
    """Put a building at a place (in the metres of ``shapes.layer``): moved when it is there, else added."""
    polygon = affinity.translate(polygon, 500_000, 2_700_000)
    if (gdf.building_id == name).any():
        out = gdf.copy()
        out.loc[out.building_id == name, "geometry"] = polygon
        return out
    row = gdf.iloc[:1].assign(building_id=name, geometry=[polygon])
    return pd.concat([gdf, row], ignore_index=True)


EDITS = {
    "moved inside a cluster": lambda g: (put(g, "b006", box(7.5, 15.2, 13.4, 21)), ["b006"]),
    "added inside a cluster": lambda g: (put(g, "b006a", box(36.5, 0, 39, 4)), ["b006a"]),
    "joins two clusters": lambda g: (put(g, "zz", box(35.5, 12, 41, 18)), ["zz"]),
    "removed, a cluster splits": lambda g: (g[~g.building_id.isin(["b008", "b009", "b010", "b011"])],
                                            ["b008", "b009", "b010", "b011"]),
    "shuts the engines' lane": lambda g: (put(g, "b043", box(100, 40, 118.4, 50)), ["b043"]),
    "opens a lane": lambda g: (put(g, "b041", box(100, 14.5, 110, 40)), ["b041"]),
    "over another": lambda g: (put(g, "over", box(200, 60, 206, 68)), ["over"]),
    "out of another": lambda g: (put(g, "b049", box(170, 1, 173, 3)), ["b049"]),
    "a height": lambda g: (g.assign(height_m=g.height_m.where(g.building_id != "b007", 12.0)), ["b007"]),
    "nothing": lambda g: (g, []),
    "far away": lambda g: (put(g, "b047", box(-300, -200, -290, -190)), ["b047"]),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_equals_a_full_run(edit):
    gdf = town()
    memory = Remembering()
    before = density(gdf, executor=memory)
    after, ids = EDITS[edit](gdf)
    quick = update(before, after, ids, executor=memory)
    whole = density(after)
    same(quick, whole)
    assert np.array_equal(quick.prepared.row, whole.prepared.row)
    # And one edit after another: back to where it was.
    same(update(quick, gdf, ids, executor=memory), before)


def test_the_lane_is_shut():
    gdf = town()
    shut = put(gdf, "b043", box(100, 40, 118.4, 50))
    hose = {n: density(g).buildings.set_index("building_id").hose_m["b045"] for n, g in (("open", gdf), ("shut", shut))}
    assert hose["open"] == 0
    assert hose["shut"] > 0


def test_many_edits_in_a_real_quarter():
    gdf = real("buildings/kyojima_300m.geojson", 6677)
    gdf = gdf.assign(building_id=gdf.bld_id)
    memory = Remembering()
    run = density(gdf, executor=memory)
    rng = np.random.default_rng(5)
    for _ in range(3):
        ids = list(rng.choice(gdf.building_id, 4, replace=False))
        gdf = gdf[~gdf.building_id.isin(ids[:1])].copy()
        for name in ids[1:]:
            at = gdf.index[gdf.building_id == name]
            gdf.loc[at, "geometry"] = gdf.loc[at].geometry.translate(*rng.uniform(-3, 3, 2))
        run = update(run, gdf, ids, executor=memory)
    same(run, density(gdf))


def test_only_tiles_round_the_edit_run_again(monkeypatch):
    monkeypatch.setattr(Remembering, "tile_buildings", 40)
    gdf = pd.concat([town().assign(building_id=lambda g, k=k: g.building_id + str(k),
                                   geometry=lambda g, k=k: g.geometry.translate(400 * k, 0)) for k in range(4)])  # fmt: skip
    memory = Remembering()
    before = density(gdf, executor=memory)
    assert memory.run == memory.asked
    after = put(gdf, "b0060", box(7.5, 15.2, 13.4, 21))
    same(update(before, after, ["b0060"], executor=memory), density(after))
    assert 0 < memory.run < memory.asked / 2


def test_refuses_what_it_cannot_compare():
    before = density(town())
    with pytest.raises(InputError, match="building_id"):
        update(before, town().drop(columns="building_id"), [])
    with pytest.raises(InputError, match="CRS"):
        update(before, town().to_crs(4326), [])
