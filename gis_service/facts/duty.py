"""What is to be done next at a house, by its tier, its grade and its use: said once for lists, popups and sheets.

By the housing ministry's technical points of 2022 (articles 3 to 5): a house with severe hazards is controlled and
appraised, one with some hazards is appraised; by JGJ 125-2016 6.1.4 grades C and D are dangerous and are rectified;
under 融政规〔2022〕6号 二(二)2 operating houses are judged first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gis_service.codelists import OPERATING

LABEL = ("要做", "to do")
ACTIONS: Mapping[str, tuple[str, str]] = {
    "stop": ("停用", "stop use"),
    "rectify": ("整治", "rectify"),
    "appraise": ("鉴定", "appraise"),
    "judge": ("初步判定", "judge"),
    "review": ("复核", "review"),
}
"""What a list may be asked for, in the order of the duties that hold it."""


@dataclass(frozen=True)
class Duty:
    """What is to be done next, in both languages, and which of ``ACTIONS`` that is."""

    zh: str
    en: str
    actions: frozenset[str]


_RECTIFY = Duty(
    "已鉴定为危房：停止使用、限期整治", "found dangerous: stop use, rectify", frozenset({"stop", "rectify"})
)
_CONTROL = Duty("停止使用、安全鉴定", "stop use, have it appraised", frozenset({"stop", "appraise"}))
_APPRAISE = Duty("限制用途、安全鉴定", "limit its use, have it appraised", frozenset({"appraise"}))
_JUDGE = Duty("技术初步判定", "preliminary judgement", frozenset({"judge"}))
_REVIEW = Duty("复核", "review", frozenset({"review"}))
_NOTHING = Duty("", "", frozenset())


def duty_of(row: Mapping[str, Any]) -> Duty:
    """Return what to do at a house next; a duty without words where nothing asks for anything.

    Of a row with ``hazard_tier``, ``appraisal_grade``, ``use_class`` and, on a list, ``reasons``, or ``listed`` in
    their place.
    """
    tier, listed = row.get("hazard_tier"), bool(row.get("listed", row.get("reasons")))
    if row.get("appraisal_grade") in {"C", "D"}:
        return _RECTIFY
    if tier == "severe":
        return _CONTROL
    if tier == "some":
        return _APPRAISE
    if tier == "unjudged" and (listed or row.get("use_class") in OPERATING):
        return _JUDGE
    return _REVIEW if listed else _NOTHING


def duty(row: Mapping[str, Any], *, zh: bool) -> str:
    """Return ``duty_of`` in words."""
    found = duty_of(row)
    return found.zh if zh else found.en
