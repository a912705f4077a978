"""What is said of a dense cluster, an alley or a house, in the reader's language: for popups, lists and sheets."""

from __future__ import annotations

from typing import Any

CLASS = {
    "handshake": ("手牵手", "handshake"),
    "sky_line": ("一线天", "sky line"),
    "narrow": ("其他窄巷（<4 m）", "other under 4 m"),
    "touching": ("贴面", "touching"),
}
BASIS = {"roads": ("道路", "roads"), "open_edge": ("数据范围外的空地（无道路数据）", "open ground outside the data")}
RESULT = {"passed": ("合格", "passed"), "faults": ("有问题", "with faults"), "failed": ("不合格", "failed")}


def word(words: dict[str, tuple[str, str]], key: str, *, zh: bool) -> str:
    """Return the word for ``key`` in the reader's language."""
    return words[key][0 if zh else 1]


def metres(value: float | None, digits: int = 0) -> str:
    """Return a length with its unit, or a dash where it is unknown."""
    return "—" if value is None else f"{value:,.{digits}f} m"


def figures(c: Any, *, zh: bool) -> list[tuple[str, str]]:
    """Return a cluster's key figures: label and value. ``c`` is a row of ``fire.clusters``."""
    unit = " 栋" if zh else ""
    pairs = [
        ("风险分", "score", f"{c['score']:g}"),
        ("栋数", "buildings", f"{c['buildings']:,}"),
        ("建筑密度", "coverage", f"{c['coverage']:.0%}"),
        ("手牵手巷道", "handshake alleys", metres(c["handshake_m"])),
        ("一线天巷道", "sky-line alleys", metres(c["sky_line_m"])),
        ("最窄处", "narrowest", metres(c["narrowest_m"], 2)),
        ("最远水带距离", "farthest hose", metres(c["max_hose_m"])),
        ("水带不可达", "unreached", "—" if c["unreached"] is None else f"{c['unreached']}{unit}"),
        ("最大进深", "greatest depth", "—" if c["max_depth"] is None else f"{c['max_depth']}{unit}"),
        ("最大延烧片", "largest burn cluster", "—" if c["burn_largest"] is None else f"{c['burn_largest']}{unit}"),
    ]
    if c["hydrant_share"] is not None:
        pairs.append(("消火栓覆盖", "hydrant cover", f"{c['hydrant_share']:.0%}"))
        pairs.append(("最近水源", "nearest water", metres(c["nearest_hydrant_m"])))
    return [(z if zh else e, value) for z, e, value in pairs]


def score_parts(c: Any, *, zh: bool) -> list[str]:
    """Return the parts of a cluster's score that count, the heaviest first."""
    parts = sorted(c["score_parts"].values(), key=lambda part: -float(part["points"] or 0))
    return [
        f"{part['zh' if zh else 'en']} {part['value']:g}：+{part['points']:g}"
        for part in parts
        if part["value"] is not None and part["points"]
    ]


def summary(c: Any, *, zh: bool) -> str:
    """Return one line on a cluster, for lists."""
    if zh:
        return (
            f"{c['buildings']} 栋 · 手牵手 {c['handshake_m']:,.0f} m · 一线天 {c['sky_line_m']:,.0f} m · "
            f"水带 {metres(c['max_hose_m'])}"
        )
    return (
        f"{c['buildings']} houses · handshake {c['handshake_m']:,.0f} m · sky line {c['sky_line_m']:,.0f} m · "
        f"hose {metres(c['max_hose_m'])}"
    )
