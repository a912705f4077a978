"""A template of this folder as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

Paper = Literal["A4", "A3"]

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def pdf(template: str, maps: dict[str, str], **values: Any) -> bytes:
    """Return a template of this folder as PDF.

    Parameters
    ----------
    maps
        SVG by name; the template shows one as ``<img src="map:NAME">``.
    values
        What the template says.

    Raises
    ------
    SetupError
        No font of this machine has Chinese characters.

    """
    parts = {f"map:{name}": (svg.encode(), "image/svg+xml") for name, svg in maps.items()}
    from gis_service.paper import html  # half a second, which a process that prints nothing has no use for

    return html.pdf(_templates.get_template(template).render(**values), parts)
