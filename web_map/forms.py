"""The page of the sheets that are filled in and sent back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gis_service.forms.columns import NAMES, Name
from web_map import assets


def form_values(names: Sequence[Name], lang: str) -> dict[str, Any]:
    """Return what ``forms.html`` shows to somebody who may send those sheets back."""
    english = {"visits": "Visits", "judgements": "Judgements and appraisals", "cases": "Steps of cases"}
    return {
        "sheets": [(name, english[name] if lang == "en" else NAMES[name]) for name in names],
        "script": assets.link("built/forms.js"),
    }
