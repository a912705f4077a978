"""Key zones, and the distance round them in which houses count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gis_service.codelists import ZONE_KIND
from gis_service.facts.symbols import ZONE_COLOR, ZONE_MARK
from gis_service.settings import default
from web_map.layers.base import FeatureLayer
from web_map.layers.features import COARSE, feature, leaflet_shapes
from web_map.layers.palette import fill
from web_map.layers.source import Places, places

# A distance of 50 m and more is drawn to a metre.
_GRAIN_M = 1.0


def default_buffers() -> dict[str, float]:
    """Return the default distance round each kind of zone, in metres."""
    return {kind: float(default(f"buffer_{kind}_m")) for kind in ZONE_KIND}


class KeyZones(FeatureLayer):
    """Schools, hospitals, markets, resettlement and industrial areas; a character tells the kind.

    Parameters
    ----------
    source
        Polygons with ``kind``; ``name`` and ``zone_id`` where they are known.
    buffers
        Metres round each kind, which a click tells; none where a kind is not asked for.

    """

    def __init__(
        self,
        source: gpd.GeoDataFrame | Places,
        *,
        buffers: Mapping[str, float] | None = None,
        lang: str = "zh",
        show: bool = True,
    ) -> None:
        zh = lang == "zh"
        asked = default_buffers() if buffers is None else buffers
        found = places(source).needs("KeyZones", "kind")
        features = []
        for row, shape in zip(found.rows, leaflet_shapes(found.degrees()), strict=True):
            kind = row["kind"]
            lines = [["类型" if zh else "kind", ZONE_KIND.get(kind, kind) if zh else kind]]
            if asked.get(kind):
                lines.append(["缓冲距离" if zh else "buffer", f"{asked[kind]:g} m"])
            name = row.get("name") or row.get("zone_id") or lines[0][1]
            features.append(feature(shape, {"kind": kind}, {"title": name, "rows": lines}, row.get("zone_id")))
        keys = [
            {
                "name": ZONE_KIND[kind] if zh else kind, "style": fill(color, 1), "mark": ZONE_MARK[kind], "shape": "",
                "of": kind,
            }
            for kind, color in ZONE_COLOR.items()
        ]  # fmt: skip
        super().__init__(
            "重点区域" if zh else "Key zones",
            features,
            _style(0.35, 1.6),
            keys,
            identifier="zones", show=show, lang=lang, farRadius=3.5, nearZoom=13,
            mark={kind: {"mark": ZONE_MARK[kind], "color": ZONE_COLOR[kind]} for kind in ZONE_KIND},
        )  # fmt: skip


class Buffers(FeatureLayer):
    """The ground within a distance of key zones, one shape a kind: where it overlaps, the colour grows no darker.

    Parameters
    ----------
    source
        Polygons with ``kind``.
    buffers
        Metres round each kind; the defaults otherwise.

    """

    def __init__(
        self,
        source: gpd.GeoDataFrame | Places,
        *,
        buffers: Mapping[str, float] | None = None,
        lang: str = "zh",
        show: bool = True,
    ) -> None:
        found = places(source).needs("Buffers", "kind")
        kinds = np.array([row["kind"] for row in found.rows])
        features: list[dict[str, Any]] = []
        for kind, width in (default_buffers() if buffers is None else buffers).items():
            of = found.shapes[kinds == kind] if found.rows else found.shapes
            around = shapely.simplify(shapely.union_all(shapely.buffer(of, width, quad_segs=8)), _GRAIN_M)
            if not shapely.is_empty(around):
                (shape,) = leaflet_shapes(Places([], np.array([around], object), found.srid).degrees(), COARSE)
                features.append(feature(shape, {"kind": kind}))
        super().__init__(
            "重点区域缓冲区" if lang == "zh" else "Buffers",
            features,
            _style(0.10, 1.2, "5 4"),
            identifier="buffers", show=show, lang=lang,
        )  # fmt: skip


def _style(opacity: float, weight: float, dash: str | None = None) -> dict[str, Any]:
    extra = {"dashArray": dash} if dash else {}
    values = {kind: fill(color, opacity, weight) | extra for kind, color in ZONE_COLOR.items()}
    return {"by": "kind", "values": values, "fallback": fill("#5b5f66", opacity, weight)}
