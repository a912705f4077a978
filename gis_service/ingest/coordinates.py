"""Coordinates as people type them: decimal degrees, degrees-minutes-seconds, metres, with letters, units, separators."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from gis_service.ingest.values import Sentence, is_missing

_MARKS = str.maketrans({"º": "°", "˚": "°", "゜": "°", "′": "'", "’": "'", "‘": "'", "´": "'", "″": '"', "”": '"',
                        "“": '"', "〃": '"', "−": "-", "\u00a0": " ", "\u202f": " "})  # fmt: skip
_LETTERS = {"东经": ("x", 1), "西经": ("x", -1), "北纬": ("y", 1), "南纬": ("y", -1), "e": ("x", 1), "w": ("x", -1),
            "n": ("y", 1), "s": ("y", -1), "东": ("x", 1), "西": ("x", -1), "北": ("y", 1), "南": ("y", -1)}  # fmt: skip
_LETTER = re.compile(rf"({'|'.join(_LETTERS)})")
_SEXAGESIMAL = re.compile(
    r"(\d{1,3})(?:°|度|:| )"
    r"(?:(\d{1,2}(?:\.\d+)?)(?:(?:'|分|:| )(?:(\d{1,2}(?:\.\d+)?)(?:\"|''|秒)?)?)?)?"
)
_UNIT = re.compile(r"(°|度|米|公尺|m)$")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+\.\d*|\d{1,3}(?:,\d{3}){2,}")
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+(?:\.\d+)?")
_COMMA = re.compile(r"\d+,\d+")
_EITHER = re.compile(r"\d{1,3},\d{3}")
_PLAIN = re.compile(r"\d+\.?\d*(?:e[+-]?\d+)?|\.\d+")


def parse_column(values: Sequence[Any], axis: str, name: str) -> tuple[list[float], dict[int, Sentence]]:
    """Parse the column ``name`` of coordinates; ``axis`` is ``x`` (east) or ``y`` (north).

    Returns
    -------
    The numbers (NaN where there is none), and by position why a cell is none. A comma is a decimal mark or parts
    thousands; where one cell may mean either, the other cells of the column decide, else it is refused.

    """
    cells = [_plain(value) for value in values]
    decimal = any(isinstance(c, str) and _COMMA.fullmatch(c) and not _EITHER.fullmatch(c) for c in cells)
    thousands = any(isinstance(c, str) and _THOUSANDS.fullmatch(c) for c in cells)
    numbers: list[float] = []
    faults: dict[int, Sentence] = {}
    for position, (cell, value) in enumerate(zip(cells, values, strict=True)):
        try:
            numbers.append(cell if isinstance(cell, float) else _number(cell, axis, decimal, thousands))
        except _NoCoordinateError as bad:
            numbers.append(math.nan)
            shown = "" if value is None else str(value)[:40]
            zh, en = bad.sentence
            faults[position] = (f"{name}：{zh.format(shown)}", f"{name}: {en.format(shown)}")
    return numbers, faults


class _NoCoordinateError(ValueError):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.sentence: Sentence = (zh, en)


_EMPTY = _NoCoordinateError("没有坐标", "there is no coordinate")
_NOT = _NoCoordinateError(
    "“{}”不是坐标；请写成十进制度（107.3701）、度分秒（107°22′12.5″）或米",
    "{!r} is no coordinate; write decimal degrees (107.3701), degrees-minutes-seconds (107°22′12.5″) or metres",
)


def _plain(value: Any) -> str | float:
    """Return a number as it is, and a text in one spelling; braces would be taken for places of the sentence."""
    if isinstance(value, bool) or is_missing(value):
        return "?" if isinstance(value, bool) else ""
    if isinstance(value, (int, float)):
        return float(value) if math.isfinite(value) else "?"
    return unicodedata.normalize("NFKC", str(value).translate(_MARKS)).strip("\0 \t\r\n'*").lower()


def _number(cell: str, axis: str, decimal: bool, thousands: bool) -> float:
    if not cell:
        raise _EMPTY
    sign = 1
    if not _PLAIN.fullmatch(cell):
        letters = _LETTER.findall(cell)
        if len(letters) > 1:
            raise _NOT
        if letters:
            of_axis, sign = _LETTERS[letters[0]]
            if of_axis != axis:
                raise _NoCoordinateError("“{}”是另一个方向的坐标", "{!r} is a coordinate of the other direction")
            cell = _LETTER.sub("", cell).strip(" :,")
    if cell.startswith(("-", "+")):
        sign, cell = (-sign if cell[0] == "-" else sign), cell[1:].strip()
    value = _sexagesimal(cell)
    if value is None:
        value = _decimal(_UNIT.sub("", cell).strip(), decimal, thousands)
    return sign * value


def _sexagesimal(cell: str) -> float | None:
    tight = re.sub(r"\s*([°度'分\"秒:])\s*", r"\1", cell)
    found = _SEXAGESIMAL.fullmatch(re.sub(r" +", " ", tight))
    if found is None:
        return None
    degrees, minutes, seconds = (float(part or 0) for part in found.groups())
    if minutes >= 60 or seconds >= 60:
        raise _NoCoordinateError("“{}”的分或秒不小于 60", "the minutes or seconds of {!r} are 60 or more")
    return degrees + minutes / 60 + seconds / 3600


def _decimal(cell: str, decimal: bool, thousands: bool) -> float:
    if _PLAIN.fullmatch(cell):
        return float(cell)
    if _SPACED.fullmatch(cell):
        return float(cell.replace(" ", ""))
    if _THOUSANDS.fullmatch(cell):
        return float(cell.replace(",", ""))
    if _EITHER.fullmatch(cell):
        if decimal == thousands:
            raise _NoCoordinateError(
                "“{}”里的逗号可能是小数点，也可能是千位分隔；请去掉逗号",
                "the comma of {!r} may be a decimal mark or part thousands; write it without",
            )
        return float(cell.replace(",", "." if decimal else ""))
    if _COMMA.fullmatch(cell):
        return float(cell.replace(",", "."))
    raise _NOT
