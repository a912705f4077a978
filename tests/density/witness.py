"""An independent witness for hose distances: a fine raster, distance transforms, Dijkstra over 32 directions."""

from __future__ import annotations

import numpy as np
import shapely
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

MOVES = [(1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (1, 2), (2, -1), (1, -2), (3, 1), (1, 3), (3, -1), (1, -3),
         (3, 2), (2, 3), (3, -2), (2, -3)]  # fmt: skip


def raster_hose(footprints, cell=0.2, engine_m=4.0, hose_m=0.5, margin_m=12.0):
    """Return each building's hose distance by raster; infinity where unreached. Engines come from outside."""
    x0, y0, x1, y1 = shapely.total_bounds(footprints)
    x0, y0 = x0 - margin_m, y0 - margin_m
    nx, ny = int((x1 + margin_m - x0) / cell), int((y1 + margin_m - y0) / cell)
    xs, ys = x0 + (np.arange(nx) + 0.5) * cell, y0 + (np.arange(ny) + 0.5) * cell
    built = np.zeros((ny, nx), np.int32)
    for i, shape in enumerate(footprints):
        a, b, c, d = shape.bounds
        c0, c1 = int((a - x0) / cell), int((c - x0) / cell) + 1
        r0, r1 = int((b - y0) / cell), int((d - y0) / cell) + 1
        inside = shapely.contains_xy(shape, *np.meshgrid(xs[c0:c1], ys[r0:r1]))
        built[r0:r1, c0:c1][inside] = i + 1
    clear = ndimage.distance_transform_edt(built == 0) * cell - cell / 2
    stand, _ = ndimage.label(clear >= engine_m / 2)
    space = ndimage.distance_transform_edt(stand != stand[0, 0]) * cell <= engine_m / 2
    fit = clear >= hose_m / 2
    ground = (ndimage.distance_transform_edt(~fit) * cell <= (hose_m + cell) / 2) & (built == 0)
    node = np.full((ny, nx), -1)
    some = ground & ~space | (ground & space & ndimage.binary_dilation(~space, iterations=4))
    node[some] = np.arange(some.sum())
    rows, columns, lengths = [], [], []
    for dx, dy in MOVES:
        a = node[max(0, -dy) : ny - max(0, dy), max(0, -dx) : nx - max(0, dx)]
        b = node[max(0, dy) : ny + min(0, dy), max(0, dx) : nx + min(0, dx)]
        both = (a >= 0) & (b >= 0)
        # A long move must not jump over a wall: the cells half-way must be ground too.
        for part in (1 / 3, 0.5, 2 / 3):
            my, mx = round(dy * part), round(dx * part)
            top, left = max(0, -dy) + my, max(0, -dx) + mx
            both &= ground[top : top + a.shape[0], left : left + a.shape[1]]
        rows.append(a[both])
        columns.append(b[both])
        lengths.append(np.full(both.sum(), np.hypot(dx, dy) * cell))
    count = int(some.sum())
    graph = coo_array(
        (np.concatenate(lengths), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count)
    ).tocsr()
    way = np.full((ny, nx), np.inf)
    way[some] = dijkstra(graph, directed=False, indices=node[some & space], min_only=True)
    way[ground & space] = 0.0
    hose = np.full(len(footprints), np.inf)
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        beside = np.roll(way, (dy, dx), (0, 1))
        np.minimum.at(hose, built[built > 0] - 1, beside[built > 0] + cell * np.hypot(dy, dx) / 2)
    return np.where(hose < 1.5 * cell, 0.0, hose)
