"""What was mended, set aside or read out of a row, in words: the same for ``import`` and for ``density``."""

from __future__ import annotations

from collections.abc import Sequence

from gis_service.ingest.footprints import HOUSE_M2, HUGE_M2, SLIVER_M, SLIVER_M2

Sentence = tuple[str, str]

EXAMPLES = 20
"""So many rows are listed with each finding; the count is always whole."""
_SHOWN = 5

SENTENCES: dict[str, Sentence] = {
    "invalid_ring": ("{n} 个面自相交或环错误，已修复", "{n} invalid outlines (self-crossing) were repaired"),
    "collection": (
        "{n} 条记录混有点、线和面，只取其中的面",
        "{n} rows are collections of points, lines and polygons; the polygons were taken",
    ),
    "thorn": (
        "{n} 个面带有不足 10 厘米宽的尖刺，已去掉",
        "{n} outlines had thorns less than 10 cm wide, which were taken off",
    ),
    "no_area": ("{n} 条记录几何为空或不是面，已剔除", "{n} rows without a polygon were left out"),
    "twice": (
        "{n} 个面与另一栋基本重合（同一栋画了两次），以另一栋为准；确为两栋时加 --keep twice",
        "{n} footprints are drawn over another house, which stands for both; add --keep twice if they are two houses",
    ),
    "around": (
        "{n} 个面围着别的房屋（宗地、院落），不是房屋，已剔除；确为房屋时加 --keep around",
        "{n} outlines lie round other houses (parcels, yards) and were left out; add --keep around if they are houses",
    ),
    "inside": ("{n} 个面位于另一栋之内，按该栋的一部分计", "{n} footprints inside another count as part of it"),
    "several": (
        f"{{n}} 条记录由几个分开的房屋轮廓（各在 {HOUSE_M2:g} 平方米以上）组成，按一栋计，其间的间隙不量；"
        "要拆成几栋请加 --multipart split",
        f"{{n}} rows have several separate outlines (of {HOUSE_M2:g} m² and more each); each row counts as one house "
        "and gaps within it are not measured: add --multipart split to take them apart",
    ),
    "split": (
        "{n} 条记录由几个分开的房屋轮廓组成，已拆成几栋，编号加 #1、#2 ……",
        "{n} rows of several separate outlines were taken apart; their houses are numbered ID#1, ID#2, …",
    ),
    "same_id": (
        "{n} 条记录编号重复，按同一栋房屋合并",
        "{n} rows repeating a building_id were merged as parts of one building",
    ),
    "sliver": (
        f"{{n}} 个面过小或过窄（<{SLIVER_M2:g} 平方米或 <{SLIVER_M:g} 米），已剔除",
        f"{{n}} slivers (under {SLIVER_M2:g} m² or {SLIVER_M:g} m thick) were left out",
    ),
    "huge": (
        f"{{n}} 个面超过 {HUGE_M2:,.0f} 平方米，不是单栋房屋，已剔除；确为房屋时加 --keep huge",
        f"{{n}} footprints over {HUGE_M2:,.0f} m² are no single building and were left out; add --keep huge if they are",
    ),
    "no_id": ("{n} 条记录没有编号，以行号代替", "{n} rows have no building_id; the row number stands in"),
    "height_m": (
        "{n} 个高度不可信（≤0 或 >500 米或不是数），按未知处理",
        "{n} heights (not above 0, above 500 m, or no number) were taken as unknown",
    ),
    "floors_text": ("{n} 个层数由文字读出", "{n} storeys were read from text"),
    "floors_fraction": (
        "{n} 个层数带半层（如 3.5、三层半），只计整层",
        "{n} storeys were fractions (3.5, say) and were rounded down",
    ),
    "floors_below": (
        "{n} 个层数写有地下层（如地上3地下1），只计地上",
        "{n} storeys named some below ground; those above ground were taken",
    ),
    "floors": (
        "{n} 个层数无法理解或超出范围，按未知处理",
        "{n} storeys could not be understood and were taken as unknown",
    ),
    "structure": (
        "{n} 个结构类型无法理解，按未知处理",
        "{n} structures could not be understood and were taken as unknown",
    ),
    "fire_class": (
        "{n} 个耐火等级无法理解，按未知处理",
        "{n} fire classes could not be understood and were taken as unknown",
    ),
    "hazard_tier": (
        "{n} 个隐患初判无法理解，按未知处理",
        "{n} hazard tiers could not be understood and were taken as unknown",
    ),
    "use_class": (
        "{n} 个用途无法理解，按未知处理",
        "{n} use classes could not be understood and were taken as unknown",
    ),
    "wide": (
        "数据东西跨度超过一个投影带，边缘处长度误差增大",
        "the data are wider than one projection zone; lengths are less exact at the edges",
    ),
}


def sentence(kind: str, names: Sequence[str], count: int | None = None) -> Sentence:
    """Return what was found, how often, and with which rows first."""
    n = len(names) if count is None else count
    zh, en = SENTENCES[kind]
    shown = [name for name in dict.fromkeys(names) if name != "-"][:_SHOWN]
    dots = "…" if n > len(shown) else ""
    listed = (f"（{'、'.join(shown)}{dots}）", f" ({', '.join(shown)}{dots})") if shown else ("", "")
    return zh.format(n=f"{n:,}") + listed[0], en.format(n=f"{n:,}") + listed[1]
