"""What was mended, left out or not understood in an input, counted and said in two languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 20
"""So many building ids are listed with each repair; the count is always whole."""

SENTENCES: dict[str, tuple[str, str]] = {
    "invalid_ring": ("{n} 个面自相交或环错误，已修复", "{n} invalid outlines were repaired"),
    "no_area": ("{n} 条记录几何为空或不是面，已剔除", "{n} rows without a polygon were left out"),
    "duplicate": (
        "{n} 个面与另一栋完全重合，已合并",
        "{n} footprints lying exactly on another were merged into it",
    ),
    "same_id": (
        "{n} 条记录编号重复，按同一栋房屋合并",
        "{n} rows repeating a building_id were merged as parts of one building",
    ),
    "inside": ("{n} 个面位于另一栋之内，已并入该栋", "{n} footprints inside another were merged into it"),
    "sliver": (
        "{n} 个面过小或过窄（<0.2 平方米或 <0.1 米），已剔除",
        "{n} slivers (under 0.2 m² or 0.1 m thick) were left out",
    ),
    "huge": (
        "{n} 个面超过 100 万平方米，不是单栋房屋，已剔除",
        "{n} footprints over 1,000,000 m² are no single building and were left out",
    ),
    "no_id": ("{n} 条记录没有编号，以行号代替", "{n} rows have no building_id; the row number stands in"),
    "height": (
        "{n} 个高度不可信（≤0 或 >500 米或不是数），按未知处理",
        "{n} heights (not above 0, above 500 m, or no number) were taken as unknown",
    ),
    "floors_text": ("{n} 个层数由文字读出", "{n} storeys were read from text"),
    "floors_fraction": ("{n} 个层数不是整数，已向下取整", "{n} storeys were fractions and were rounded down"),
    "floors": (
        "{n} 个层数无法理解，按未知处理",
        "{n} storeys could not be understood and were taken as unknown",
    ),
    "fire_class": (
        "{n} 个耐火等级无法理解，按未知处理",
        "{n} fire classes could not be understood and were taken as unknown",
    ),
    "no_crs": (
        "输入未声明坐标系，坐标按米计",
        "the input names no CRS; its coordinates were taken as metres",
    ),
    "wide": (
        "数据东西跨度超过一个投影带，边缘处长度误差增大",
        "the data are wider than one projection zone; lengths are less exact at the edges",
    ),
    "roads_no_width": ("{n} 条道路无宽度", "{n} roads have no width"),
}


@dataclass
class Repairs:
    """Counted repairs of an input, by kind (the keys of ``SENTENCES``)."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, ids: Iterable[object]) -> None:
        """Count a repair of ``kind`` for every building in ``ids``; the first few are listed."""
        names = [str(i) for i in ids]
        if not names:
            return
        self.counts[kind] = self.counts.get(kind, 0) + len(names)
        listed = self.examples.setdefault(kind, [])
        listed.extend(names[: EXAMPLES - len(listed)])

    def sentences(self, lang: str = "zh") -> list[str]:
        """Return one sentence a kind, in ``lang`` (``zh`` or ``en``)."""
        pick = 1 if lang == "en" else 0
        return [SENTENCES[kind][pick].format(n=n) for kind, n in sorted(self.counts.items())]

    def as_dict(self) -> dict[str, Any]:
        """Return counts, listed ids and sentences, ready for JSON."""
        return {
            kind: {
                "count": n,
                "zh": SENTENCES[kind][0].format(n=n),
                "en": SENTENCES[kind][1].format(n=n),
                "ids": self.examples[kind],
            }
            for kind, n in sorted(self.counts.items())
        }
