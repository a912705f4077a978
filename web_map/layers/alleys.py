"""Alleys, drawn by their width, and the gaps between two houses."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gis_service.facts import cluster
from gis_service.facts.symbols import ALLEY_COLOR
from gis_service.projection import transformed
from gis_service.settings import DEFAULTS
from web_map.layers.base import FeatureLayer, Tiles
from web_map.layers.features import feature, leaflet_shapes
from web_map.layers.palette import fill, line
from web_map.layers.source import Places, places

_LEAST_WIDTH_M = 0.4  # narrower strips would not be seen
_NUMBERS_FROM_ZOOM = 20
_LIMITS = ("handshake_m", "sky_line_m", "max_width_m")


class Alleys(FeatureLayer):
    """Alleys as strips of their mean width, so that the map is to scale; one colour a class.

    Parameters
    ----------
    source
        Lines with ``class`` (handshake, sky_line, narrow) and ``mean_width_m``, as ``gis-service density`` writes them;
        what else it writes is told by a click. Tiles of a run instead.
    parameters
        Limits of the classes in metres, for the legend; the defaults otherwise.
    numbers
        The alleys' numbers on the sheet of one cluster, by ``alley_id``.

    Raises
    ------
    InputError
        A column is missing, or the CRS is not said.

    """

    def __init__(
        self,
        source: gpd.GeoDataFrame | Places | Tiles,
        *,
        parameters: Mapping[str, Any] | None = None,
        numbers: Mapping[int, int] = MappingProxyType({}),
        lang: str = "zh",
        name: str | None = None,
        show: bool = True,
    ) -> None:
        zh = lang == "zh"
        limits = {limit: DEFAULTS[limit].value for limit in _LIMITS} | dict(parameters or {})
        styles = {kind: fill(color, 0.9, 1.2) for kind, color in ALLEY_COLOR.items()}
        tiles = source if isinstance(source, Tiles) else None
        named: dict[str, Any] = {"label": "number", "labelFrom": _NUMBERS_FROM_ZOOM} if numbers else {}
        super().__init__(
            name or ("巷道（按类别，按实宽绘制）" if zh else "Alleys by class, to scale"),
            [] if isinstance(source, Tiles) else _strips(places(source), numbers, zh=zh),
            {"by": "class", "values": styles, "fallback": styles["narrow"]},
            [
                {"name": said, "style": styles[kind], "of": kind}
                for kind, said in cluster.class_limits(limits, zh=zh).items()
            ],
            identifier="alleys", tiles=tiles, show=show, lang=lang, width="w" if tiles is None else "mean_width_m",
            **named,
        )  # fmt: skip


def _strips(found: Places, numbers: Mapping[int, int], *, zh: bool) -> list[dict[str, Any]]:
    found.needs("Alleys", "class", "mean_width_m")
    if not found.rows:
        return []
    widths = np.array([row["mean_width_m"] or 0 for row in found.rows], float)
    strips = shapely.buffer(found.shapes, np.maximum(widths, _LEAST_WIDTH_M) / 2, cap_style="flat", quad_segs=2)
    features = []
    for row, strip in zip(found.rows, leaflet_shapes(transformed(strips, found.srid, 4326)), strict=True):
        number = numbers.get(row["alley_id"])
        shown = {"class": row["class"], "w": round(row["mean_width_m"] or 0, 3)}
        if number is not None:
            shown["number"] = str(number)
        features.append(feature(strip, shown, cluster.alley_facts(row, zh=zh, number=number), f"a{row['alley_id']}"))
    return features


class Gaps(FeatureLayer):
    """The gaps between two houses, those too short for an alley among them, as lines.

    Parameters
    ----------
    source
        Lines with ``class`` and ``mean_width_m``, as ``gis-service density`` writes them.

    """

    def __init__(self, source: gpd.GeoDataFrame | Places, *, lang: str = "zh", show: bool = False) -> None:
        zh = lang == "zh"
        styles = {kind: line(color, 2.2, "4 3") for kind, color in ALLEY_COLOR.items()}
        names = cluster.classes(zh=zh)
        found = places(source).needs("Gaps", "class", "mean_width_m")
        features = []
        for row, shape in zip(found.rows, leaflet_shapes(found.degrees()), strict=True):
            told = {
                "title": "两栋之间" if zh else "Between two houses",
                "rows": [
                    ["类别" if zh else "class", names.get(row["class"], row["class"])],
                    ["平均宽度" if zh else "mean width", cluster.metres(row["mean_width_m"], 2)],
                    ["最窄" if zh else "narrowest", cluster.metres(row["min_width_m"], 2)],
                    ["长度" if zh else "length", cluster.metres(row["length_m"], 1)],
                ],
            }
            features.append(feature(shape, {"class": row["class"], "w": round(row["mean_width_m"] or 0, 3)}, told))
        super().__init__(
            "间隙（含短于 5 m 的）" if zh else "Gaps, short ones too",
            features,
            {"by": "class", "values": styles, "fallback": styles["narrow"]},
            [{"name": names[kind], "style": styles[kind], "shape": "line", "of": kind} for kind in styles],
            identifier="gaps", show=show, lang=lang, shape="line", width="w",
        )  # fmt: skip
