"""A cluster's patrol and staging places, computed when first asked for and kept while their run is.

The largest cluster of the demo county (824 houses, 731 alleys) takes a second or two, most take hundredths.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from gis_service.cache import Cache
from gis_service.db.queries import statement
from gis_service.fire.patrol import Patrol, plan_patrol
from gis_service.fire.staging import Staging, staging_points

_AROUND_M = 60.0
_KEPT = 64


@dataclass(frozen=True)
class Work:
    """What there is to do at a cluster; geometry in the work SRID, lengths in metres.

    Attributes
    ----------
    alley_ids
        Identifiers, in the run, of the alleys whose positions the patrol's steps name.

    """

    patrol: Patrol
    staging: Staging
    alley_ids: tuple[int, ...]

    @cached_property
    def numbers(self) -> dict[int, int]:
        """An alley's number in its cluster, by identifier: from 1, as the patrol first comes through them.

        Screen, sheet and patrol call an alley by this one number.
        """
        walked = dict.fromkeys(self.alley_ids[step.alley] for step in self.patrol.steps if step.alley is not None)
        return {alley_id: number for number, alley_id in enumerate(walked, start=1)}


_works: Cache[Work] = Cache(_KEPT)


def shapes(connection: Connection, name: str, **values: Any) -> NDArray[np.object_]:
    """Return the geometries (work SRID) of a named statement with a column ``geom``."""
    rows = connection.execute(text(statement(name)), values).mappings()
    return np.array([shapely.from_wkb(bytes(row["geom"])) for row in rows], dtype=object)


def work_of(connection: Connection, run_id: int, cluster_id: int, engine_width_m: float) -> Work:
    """Return a cluster's patrol and staging places, as far as the asker sees its houses."""
    asker = connection.execute(text(statement("access.asker"))).one()
    key = (str(connection.engine.url), *asker, run_id, cluster_id)
    known = _works.get(key)
    if known is not None:
        return known
    rows = connection.execute(
        text(statement("fire.alleys")), {"run_id": run_id, "clusters": [cluster_id]}
    ).mappings().all()  # fmt: skip
    alleys = np.array([shapely.from_wkb(bytes(row["geom"])) for row in rows], dtype=object)
    place = {"run_id": run_id, "cluster_id": cluster_id}
    houses = shapes(connection, "fire.near", **place, metres=_AROUND_M)
    cluster = shapes(connection, "fire.outlines", **place)
    spaces = shapes(connection, "fire.engine_space", run_id=run_id, clusters=[cluster_id])
    space: Any = shapely.union_all(spaces) if len(spaces) else shapely.Polygon()
    made = Work(
        plan_patrol(alleys, houses),
        staging_points(space, cluster, houses, width_m=engine_width_m),
        tuple(int(row["alley_id"]) for row in rows),
    )
    _works.put(key, made)
    return made
