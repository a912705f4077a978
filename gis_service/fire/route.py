"""A cluster's patrol and staging places as a map takes them: each a shape with what a click on it tells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from gis_service.facts.patrol import staging_facts, step_facts, summary
from gis_service.fire.work import Work

_DIGITS = 7
"""Of a degree: about a centimetre."""


@dataclass(frozen=True)
class Mark:
    """One step of the route or one staging place; ``shape`` in the work SRID, ``facts`` for a popup."""

    shape: shapely.Geometry
    properties: dict[str, Any]
    facts: dict[str, Any]


def steps(work: Work, *, zh: bool) -> list[Mark]:
    """Return the route's stretches in the order of walking."""
    marks = []
    for number, step in enumerate(work.patrol.steps, start=1):
        alley = None if step.alley is None else work.alley_ids[step.alley]
        properties = {"what": "step", "step": number, "kind": step.kind, "alley_id": alley}
        marks.append(Mark(step.line, properties, step_facts(number, step.kind, alley, step.length_m, zh=zh)))
    return marks


def places(work: Work, *, zh: bool) -> list[Mark]:
    """Return where engines stand, the best place first."""
    chosen = zip(work.staging.points, work.staging.houses.tolist(), strict=True)
    return [
        Mark(
            point,
            {"what": "staging", "mark": str(number), "houses": houses},
            staging_facts(number, houses, zh=zh),
        )
        for number, (point, houses) in enumerate(chosen, start=1)
    ]


def describe_patrol(work: Work, *, zh: bool) -> str:
    """Return the route and the places in one sentence."""
    lengths = {str(kind): metres for kind, metres in work.patrol.lengths.items()}
    return summary(lengths, len(work.staging.points), zh=zh)


@lru_cache(maxsize=4)
def _transformer(srid: int) -> Transformer:
    # PROJ takes a tenth of a second to find the way between two systems, once a thread.
    return Transformer.from_crs(srid, 4326, always_xy=True)


def as_geojson(work: Work, srid: int, *, zh: bool) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection (EPSG:4326): the stretches, then the staging places; lengths in metres."""
    to_degrees = _transformer(srid)

    def feature(mark: Mark) -> dict[str, Any]:
        moved: Any = shapely.transform(
            mark.shape, lambda p: np.round(np.column_stack(to_degrees.transform(p[:, 0], p[:, 1])), _DIGITS)
        )
        geometry = dict(shapely.geometry.mapping(moved))
        return {"type": "Feature", "geometry": geometry, "properties": {**mark.properties, **mark.facts}}

    return {
        "type": "FeatureCollection",
        "features": [feature(mark) for mark in (*steps(work, zh=zh), *places(work, zh=zh))],
        "summary": describe_patrol(work, zh=zh),
        "length_m": round(work.patrol.length_m, 1),
        **{f"{kind}_m": round(value, 1) for kind, value in work.patrol.lengths.items()},
    }
