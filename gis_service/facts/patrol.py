"""A patrol: a step, its length by kinds, and a place where an engine stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STEP = {
    "alley": ("走巷道", "along alley"),
    "again": ("再走巷道", "again along alley"),
    "across": ("穿过空地", "across open ground"),
    "direct": ("数据中无路，现场找路", "no way in the data: find one"),
}
KIND = {
    "alley": ("巷道", "alleys"),
    "again": ("重复", "again"),
    "across": ("穿空地", "open ground"),
    "direct": ("数据中无路", "no way in the data"),
}
"""Kinds of steps in a word, for a legend and for sums."""


def summary(lengths: Mapping[str, float], staging: int, *, zh: bool) -> str:
    """Return one sentence on the places where engines stand and on the route: metres in all and by kinds.

    Where the data show no way is said only if there is such a stretch.
    """
    parts = [
        f"{KIND[kind][0 if zh else 1]} {lengths.get(kind, 0.0):,.0f} m"
        for kind in KIND
        if kind != "direct" or lengths.get(kind)
    ]
    whole = f"{sum(lengths.values()):,.0f} m"
    if zh:
        return f"停车点 {staging} 处。巡查全程 {whole}：{'，'.join(parts)}。"
    return f"{staging} staging points. The patrol is {whole}: {', '.join(parts)}."


def step_facts(number: int, kind: str, alley: int | None, length_m: float, *, zh: bool) -> dict[str, Any]:
    """Return what a click on a step tells: its place in the order, what is walked (an alley by its number), how far."""
    said = STEP[kind][0 if zh else 1]
    return {
        "title": f"{number}. {said}{'' if alley is None else f' {alley}'}",
        "rows": [["长度" if zh else "length", f"{length_m:.1f} m"]],
    }


def staging_facts(number: int, houses: int, *, zh: bool) -> dict[str, Any]:
    """Return what a click on a staging place tells: its number, and to how many houses it is the nearest."""
    return {
        "title": f"停车点 {number}" if zh else f"Staging point {number}",
        "rows": [["就近房屋" if zh else "nearest to", f"{houses} 栋" if zh else f"{houses} houses"]],
    }
