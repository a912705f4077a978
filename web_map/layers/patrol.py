"""The patrol's way through a cluster, and where its engines stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gis_service.facts.patrol import KIND
from gis_service.facts.symbols import ENGINE, ROUTE
from web_map.layers.base import FeatureLayer
from web_map.layers.palette import fill, line


class Patrol(FeatureLayer):
    """The steps of a patrol, told apart by what one walks along."""

    def __init__(self, features: Sequence[dict[str, Any]] = (), *, lang: str = "zh", show: bool = False) -> None:
        zh = lang == "zh"
        route = line(ROUTE, 2.2, "6 4")
        values = {
            "alley": route,
            "again": line("#d94801", 2.6, "2 4"),
            "across": line("#74c476", 2, "2 5"),
            "direct": line("#cb181d", 2.2, "1 5"),
        }
        keys = [
            {"name": KIND[kind][0 if zh else 1], "style": style, "shape": "line", "of": kind}
            for kind, style in values.items()
        ]
        super().__init__(
            "巡查路线" if zh else "Patrol", features, {"by": "kind", "values": values, "fallback": route}, keys,
            identifier="patrol", show=show, lang=lang, shape="line",
        )  # fmt: skip


class Staging(FeatureLayer):
    """Where engines stand, numbered."""

    def __init__(self, features: Sequence[dict[str, Any]] = (), *, lang: str = "zh", show: bool = True) -> None:
        zh = lang == "zh"
        dot = fill(ENGINE, 1, 1.5, "#ffffff") | {"radius": 9}
        said = "消防车停放处" if zh else "where an engine stands"
        super().__init__(
            "停车点" if zh else "Staging points", features, {"fallback": dot},
            [{"name": said, "style": dot, "shape": "dot", "mark": "1"}],
            identifier="staging", show=show, lang=lang,
            mark={str(k): {"color": ENGINE, "mark": str(k)} for k in range(1, 10)},
        )  # fmt: skip
