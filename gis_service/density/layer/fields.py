"""Storeys, heights, structures and fire classes as people write them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_service.density.layer.repairs import Repairs

MAX_HEIGHT_M = 500.0
MAX_FLOORS = 150

_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {
    "〇": 0,
    "两": 2,
    "壹": 1,
    "贰": 2,
    "叁": 3,
}
_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")
_FLOORS = re.compile(r"^(?:共|地上)?(.+?)(?:层半|层楼|层|楼|f|storeys?|floors?)?$")

# DOMAIN.md 1.1: the default until a class is surveyed (GB 50016 Table 5.1.2 is the true test). Structures that
# it does not name (steel, mixed, other) stay unknown; unknown counts as III when a spread distance is needed.
_STRUCTURE_CLASS = {
    "masonry": "I_II", "砌体": "I_II", "砖混": "I_II", "砖混结构": "I_II", "砌体结构": "I_II",
    "frame_masonry": "I_II", "底框砌体": "I_II", "底部框架-上部砌体": "I_II",
    "rc": "I_II", "钢混": "I_II", "钢筋混凝土": "I_II", "框架": "I_II", "框架结构": "I_II",
    "brick_timber": "III", "砖木": "III", "砖木结构": "III",
    "earth_timber": "III", "土木": "III", "石木": "III", "土木/石木": "III", "土木结构": "III",
    "timber": "IV", "wood": "IV", "木": "IV", "竹": "IV", "木(竹)": "IV", "木竹": "IV", "木结构": "IV",
    "轻钢彩板": "IV", "彩钢板": "IV",
}  # fmt: skip
_FIRE_CLASS = {
    "i_ii": "I_II", "i": "I_II", "ii": "I_II", "1": "I_II", "2": "I_II", "一级": "I_II", "二级": "I_II",
    "一二级": "I_II", "一、二级": "I_II", "iii": "III", "3": "III", "三级": "III", "iv": "IV", "4": "IV", "四级": "IV",
}  # fmt: skip
_TIMBER = {"timber", "wood", "木", "竹", "木(竹)", "木竹", "木结构"}


def _text(value: object) -> str:
    return _normal(str(value))


@lru_cache(4096)
def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


def _chinese(text: str) -> int | None:
    """Read a Chinese numeral below one hundred (三, 十二, 二十)."""
    tens, mark, ones = text.rpartition("十")
    if not mark:
        return _DIGITS.get(ones) if len(ones) == 1 else None
    high, low = _DIGITS.get(tens, None) if tens else 1, _DIGITS.get(ones, None) if ones else 0
    return None if high is None or low is None else 10 * high + low


def parse_floors(value: object) -> tuple[float, str | None]:
    """Read a number of storeys.

    Returns
    -------
    The whole number (nan when unknown) and the kind of repair that it took, if any: ``floors_text`` for words,
    ``floors_fraction`` for 3.5 (rounded down: half a storey is no storey more), ``floors`` for nonsense.

    """
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return np.nan, None
    text = _text(value)
    if not text or text in {"nan", "none", "null", "未知", "不详"}:
        return np.nan, None
    kind: str | None = None
    if not _NUMBER.match(text):
        match = _FLOORS.match(text)
        inner = match.group(1).strip() if match else ""
        kind = "floors_fraction" if text.endswith("层半") else "floors_text"
        number = float(inner) if _NUMBER.match(inner) else _chinese(inner)
    else:
        number = float(text)
    if number is None or not 1 <= number <= MAX_FLOORS:
        return np.nan, "floors"
    whole = float(np.floor(number))
    return whole, "floors_fraction" if whole != number else kind


def read_floors(column: pd.Series, ids: NDArray[np.object_], repairs: Repairs) -> NDArray[np.float64]:
    """Read a column of storeys; every distinct value is parsed once."""
    codes, values = pd.factorize(column)
    parsed = [parse_floors(v) for v in values]
    numbers = np.array([p[0] for p in parsed] + [np.nan])
    kinds = np.array([p[1] or "" for p in parsed] + [""], dtype=object)[codes]
    for kind in ("floors_text", "floors_fraction", "floors"):
        repairs.add(kind, ids[kinds == kind])
    return numbers[codes]


def read_heights(column: pd.Series, ids: NDArray[np.object_], repairs: Repairs) -> NDArray[np.float64]:
    """Read surveyed heights in metres; what cannot be a height is unknown (nan) and counted."""
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        column = column.astype("object").where(column.notna(), None)
        said = np.array([v is not None and _text(v) not in {"", "nan", "none", "null", "未知", "不详"} for v in column])
        column = column.map(lambda v: re.sub(r"(m|米)$", "", _text(v)) if v is not None else None)
    else:
        said = column.notna().to_numpy()
    heights = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    good = (heights > 0) & (heights <= MAX_HEIGHT_M)
    repairs.add("height", ids[said & ~good])
    return np.where(good, heights, np.nan)


def read_fire_class(
    fire_class: pd.Series | None, structure: pd.Series | None, ids: NDArray[np.object_], repairs: Repairs
) -> NDArray[np.object_]:
    """Return I_II, III, IV or None (unknown): the surveyed class, else the default of the structure."""
    out = np.full(len(ids), None, dtype=object)
    if structure is not None:
        out[:] = [None if pd.isna(s) else _STRUCTURE_CLASS.get(_text(s)) for s in structure]
    if fire_class is not None:
        said = fire_class.notna().to_numpy() & np.array([_text(v) != "" for v in fire_class])
        read = np.array([_FIRE_CLASS.get(_text(v).removesuffix(".0")) for v in fire_class], dtype=object)
        known = np.array([r is not None for r in read])
        repairs.add("fire_class", ids[said & ~known])
        out[said & known] = read[said & known]
    return out


def is_timber(structure: NDArray[np.object_], fire_class: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say which buildings are of timber: by structure, or by fire class IV where no structure is known."""
    named = np.array([s is not None and _text(s) in _TIMBER for s in structure], dtype=bool)
    return np.asarray(named | (pd.isna(structure) & np.array([c == "IV" for c in fire_class], dtype=bool)), dtype=bool)
