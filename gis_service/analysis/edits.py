"""What was edited since the newest density run, and which part of the county has to be worked out again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gis_service.analysis.read import house_boxes, origin_of
from gis_service.arrays import Floats, Ints
from gis_service.db.queries import statement
from gis_service.density.plane.islands import find_islands
from gis_service.density.reach.access import OPEN_EDGE, ROADS

_NOW, _BEFORE = ["west", "south", "east", "north"], ["old_west", "old_south", "old_east", "old_north"]


class Part(NamedTuple):
    """A part of the county.

    Attributes
    ----------
    fids
        Keys of its houses; None: the whole county.
    window
        x0, y0, x1, y1 in the work CRS of these houses; None where there are none, or for the whole county.
    access_basis
        Basis of engine access of the whole county (``density.run.density``); None for the whole county itself.
    origin
        From where the walls of the whole county are counted.

    """

    fids: Ints | None
    window: tuple[float, float, float, float] | None
    access_basis: str | None
    origin: tuple[float, float]


def find_edits(cursor: Any) -> pd.DataFrame:
    """Return the houses, roads and hydrants that are new, gone, or other than the newest run saw them.

    Returns
    -------
    ``kind``, ``id``, and the boxes now (``west`` …, null when gone) and then (``old_west`` …, null when new).

    """
    cursor.execute(statement("analysis.edits"))
    return pd.DataFrame(cursor.fetchall(), columns=["kind", "id", *_NOW, *_BEFORE])


def touched(cursor: Any, edits: pd.DataFrame) -> Part:
    """Return the islands that edits touch, or the whole county where an edit may be felt anywhere."""
    houses = house_boxes(cursor)
    whole = Part(None, None, None, origin_of(houses.box))
    cursor.execute(statement("analysis.seen_origin"))
    old_origin = origin_of(np.array([cursor.fetchone()], dtype=float))
    # A hydrant is the nearest one of houses however far; without any house there is nothing to work out.
    if (edits.kind == "hydrant").any() or not len(houses.box) or whole.origin != old_origin:
        return whole
    cursor.execute(statement("analysis.seen_roads"))
    roads = pd.DataFrame(cursor.fetchall(), columns=["id", *_NOW])
    of_houses, of_roads = edits[edits.kind == "building"], edits[edits.kind == "road"]
    before = _known(of_houses[_BEFORE])
    islands = find_islands(np.vstack([houses.box, before]))
    access_basis = None
    if roads.empty and of_roads.empty:
        access_basis = OPEN_EDGE
    elif islands.in_the_open(roads.loc[~roads.id.isin(of_roads.id), _NOW].to_numpy(dtype=float)).any():
        # An unedited road far from all houses, then and now: engines come over the open country from it.
        access_basis = ROADS
    if access_basis is None:
        return whole
    moved = [before, _known(of_houses[_NOW]), _known(of_roads[_BEFORE]), _known(of_roads[_NOW])]
    some = np.isin(islands.of(houses.box), islands.near(np.vstack(moved)))
    box = houses.box[some]
    low, high = box[:, :2].min(axis=0, initial=np.inf), box[:, 2:].max(axis=0, initial=-np.inf)
    window = (float(low[0]), float(low[1]), float(high[0]), float(high[1])) if len(box) else None
    return Part(houses.fid[some], window, access_basis, whole.origin)


def _known(boxes: pd.DataFrame) -> Floats:
    """Return the boxes that there are."""
    return boxes.dropna().to_numpy(dtype=float).reshape(-1, 4)
