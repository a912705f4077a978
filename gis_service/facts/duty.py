"""What is to be done next at a house, by its tier, its grade and its use: said once for lists, popups and sheets.

By the housing ministry's technical points of 2022 (articles 3 to 5): a house with severe hazards is controlled and
appraised, one with some hazards is appraised; by JGJ 125-2016 6.1.4 grades C and D are dangerous and are rectified;
under 融政规〔2022〕6号 二(二)2 operating houses are judged first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gis_service.codelists import OPERATING

LABEL = ("要做", "to do")
_RECTIFY = ("已鉴定为危房：停止使用、限期整治", "found dangerous: stop use, rectify")
_CONTROL = ("停止使用、安全鉴定", "stop use, have it appraised")
_APPRAISE = ("限制用途、安全鉴定", "limit its use, have it appraised")
_JUDGE = ("技术初步判定", "preliminary judgement")
_REVIEW = ("复核", "review")


def duty(row: Mapping[str, Any], *, zh: bool) -> str:
    """Return what to do at a house next; empty where nothing asks for anything.

    Of a row with ``hazard_tier``, ``appraisal_grade``, ``use_class`` and, on a list, ``reasons``.
    """
    tier, listed = row.get("hazard_tier"), bool(row.get("reasons"))
    said = ("", "")
    if row.get("appraisal_grade") in {"C", "D"}:
        said = _RECTIFY
    elif tier == "severe":
        said = _CONTROL
    elif tier == "some":
        said = _APPRAISE
    elif tier == "unjudged" and (listed or row.get("use_class") in OPERATING):
        said = _JUDGE
    elif listed:
        said = _REVIEW
    return said[0 if zh else 1]
