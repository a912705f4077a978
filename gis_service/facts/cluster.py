"""A dense cluster and an alley: figures, the parts of a score, classes and their limits, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLASS = {
    "touching": ("贴面", "touching"),
    "handshake": ("手牵手", "handshake"),
    "sky_line": ("一线天", "sky line"),
    "narrow": ("其他窄巷", "other narrow"),
}
"""Classes of gaps and alleys, the narrowest first."""

BASIS = {"roads": ("道路", "roads"), "open_edge": ("数据范围外的空地（无道路数据）", "open ground outside the data")}
RESULT = {"passed": ("合格", "passed"), "faults": ("有问题", "with faults"), "failed": ("不合格", "failed")}


def word(words: dict[str, tuple[str, str]], key: str, *, zh: bool) -> str:
    """Return the word for ``key`` in the reader's language."""
    return words[key][0 if zh else 1]


def classes(*, zh: bool) -> dict[str, str]:
    """Return what each class is called."""
    return {name: words[0 if zh else 1] for name, words in CLASS.items()}


def class_limits(parameters: Mapping[str, Any], *, zh: bool) -> dict[str, str]:
    """Return what a legend says of each class of alley: its name and the width up to which it goes in this run."""
    named = classes(zh=zh)
    return {
        "handshake": f"{named['handshake']} ≤{parameters['handshake_m']:g} m",
        "sky_line": f"{named['sky_line']} ≤{parameters['sky_line_m']:g} m",
        "narrow": f"{named['narrow']} <{parameters['max_width_m']:g} m",
    }


def title(c: Any) -> str:
    """Return what a cluster is called: by its name, or else by its number."""
    return str(c["name"] or f"#{c['cluster_id']}")


def facts(c: Any, *, zh: bool) -> dict[str, Any]:
    """Return what a click on a cluster tells: title, labelled rows, and the parts of its score as reasons."""
    rows = [list(pair) for pair in figures(c, zh=zh)]
    return {"title": title(c), "rows": rows, "reasons": score_parts(c, zh=zh)}


def alley_facts(row: Any, *, zh: bool, number: int | None = None) -> dict[str, Any]:
    """Return what a click on an alley tells; ``number`` is that of the cluster's sheet, # its identifier in the run."""
    yes, no = ("是", "否") if zh else ("yes", "no")
    told = (
        ("类别", "class", classes(zh=zh).get(row["class"], row["class"])),
        ("长度", "length", metres(row["length_m"], 1)),
        ("平均宽度", "mean width", metres(row["mean_width_m"], 2)),
        ("最窄", "narrowest", metres(row["min_width_m"], 2)),
        ("天空可视率", "sky view", "—" if row["sky_view"] is None else f"{row['sky_view']:.3f}"),
        ("两侧房屋", "houses along it", "—" if row["buildings"] is None else str(row["buildings"])),
        ("尽端", "dead end", yes if row["dead_end"] else no),
    )
    identifier = f"#{row['alley_id']}"
    return {
        "title": f"{'巷道' if zh else 'Alley'} {identifier if number is None else f'{number} ({identifier})'}",
        "rows": [[z if zh else e, value] for z, e, value in told],
    }


def metres(value: float | None, digits: int = 0) -> str:
    """Return a length with its unit, or a dash where it is unknown."""
    return "—" if value is None else f"{value:,.{digits}f} m"


def figures(c: Any, *, zh: bool) -> list[tuple[str, str]]:
    """Return a cluster's key figures: label and value. ``c`` is a row of ``gis.cluster_card``."""
    unit = " 栋" if zh else ""
    pairs = [
        ("风险分", "score", "—" if c["score"] is None else f"{c['score']:g}"),
        ("栋数", "buildings", f"{c['buildings']:,}"),
        ("建筑密度", "coverage", "—" if c["coverage"] is None else f"{c['coverage']:.0%}"),
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
    parts = sorted((c["score_parts"] or {}).values(), key=lambda part: -float(part["points"] or 0))
    return [
        f"{part['zh' if zh else 'en']} {part['value']:g}：+{part['points']:g}"
        for part in parts
        if part["value"] is not None and part["points"]
    ]


HEADINGS = (
    "序位", "连片区", "风险分", "栋数", "建筑密度", "手牵手巷道（米）", "一线天巷道（米）", "最窄处（米）", "最远水带距离（米）",
    "水带不可达（栋）", "最大进深", "最大延烧片（栋）", "最近巡查", "预案日期", "预案版本", "最近演练",
)  # fmt: skip
"""Over the columns of ``line``."""


def line(c: Any) -> tuple[Any, ...]:
    """Return a cluster of the ranked list as a row of a file."""
    return (
        c["rank"], title(c), c["score"], c["buildings"], round(c["coverage"], 3), round(c["handshake_m"]),
        round(c["sky_line_m"]), c["narrowest_m"] and round(c["narrowest_m"], 2),
        c["max_hose_m"] and round(c["max_hose_m"]), c["unreached"], c["max_depth"], c["burn_largest"],
        *(c[name] and str(c[name]) for name in ("last_patrol", "plan_dated", "plan_version", "last_drill")),
    )  # fmt: skip


def record(c: Any, *, zh: bool) -> str:
    """Return in one line what the brigade has recorded of a cluster: its last patrol, its plan, its last drill."""
    never = "无" if zh else "none"
    told = (
        ("巡查", "patrol", c["last_patrol"]), ("预案", "plan", c["plan_dated"]), ("演练", "drill", c["last_drill"]),
    )  # fmt: skip
    return " · ".join(f"{z if zh else e} {day or never}" for z, e, day in told)


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
