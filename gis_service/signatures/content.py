"""What is signed, as text: RFC 8785 JSON of a village's houses as surveyed, or of the list of a unit's villages.

A house's members are ``SIGNED``: columns of ``gis.building`` (null is not surveyed, lists in the order of their codes),
``geom`` (WKB in lower-case hex, work SRID) and ``preliminary`` (tier and reason of the preliminary judgement in force, or
null). Nothing derived, personal or of time: what an appraisal, a case or a run says of a house is not in it, nor when
anything was entered. The text is written by the database (``signatures.contents``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import rfc8785

SIGNED = (
    "address", "alterations", "altered_on", "area_m2", "builder", "building_id", "built_period", "built_year",
    "business_uses", "declared_areas", "departments", "design", "fire_class", "fire_hazards", "floors",
    "geohazards", "geom", "height_m", "land", "licences", "name", "ownership", "people", "permits", "preliminary", "structure",
    "use_class", "violations",
)  # fmt: skip


def of_unit(villages: Iterable[Mapping[str, Any]]) -> str:
    """Return what the head of a unit signs: of each village its code, its hash, and the digest of its leader's signature."""
    rows = [{name: v[name] for name in ("village_code", "sha256", "signature")} for v in villages]
    return canonical({"villages": sorted(rows, key=lambda v: str(v["village_code"]))})


def canonical(value: Any) -> str:
    """Return a value as RFC 8785 JSON."""
    return rfc8785.dumps(value).decode()


def digest(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 as hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: str, after: str) -> dict[str, list[str]]:
    """Return the numbers of the houses that differ between two texts of a village, each with the columns that do.

    A house that is only in one of them has the column ``building_id``.
    """
    then, now = ({str(h["building_id"]): h for h in json.loads(text)} for text in (before, after))
    found = {house: ["building_id"] for house in then.keys() ^ now.keys()}
    for house in then.keys() & now.keys():
        columns = [name for name in SIGNED if then[house].get(name) != now[house].get(name)]
        if columns:
            found[house] = columns
    return dict(sorted(found.items()))
