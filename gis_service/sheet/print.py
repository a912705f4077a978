"""HTML to PDF: fonts of this machine embedded, nothing fetched from anywhere."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from gis_service.errors import SetupError

Paper = Literal["A4", "A3"]

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class _Maps(URLFetcher):  # type: ignore[misc]
    """Hands out the sheet's own maps (``map:NAME``) and fetches nothing: a name of the data may look like an address."""

    def __init__(self, maps: dict[str, str]) -> None:
        super().__init__(allowed_protocols=())
        self._maps = maps

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Return a map's SVG."""
        known = self._maps.get(url.removeprefix("map:")) if url.startswith("map:") else None
        if known is None:
            raise ValueError("a sheet fetches nothing")
        return URLFetcherResponse(url, known.encode(), {"Content-Type": "image/svg+xml"})


@lru_cache(maxsize=1)
def _fonts() -> FontConfiguration:
    return FontConfiguration()


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
    if not has_chinese_font():
        raise SetupError(
            "本机没有中文字体，无法生成 PDF；请安装 fonts-noto-cjk。",
            "This machine has no font with Chinese characters; install fonts-noto-cjk.",
        )
    html = _templates.get_template(template).render(**values)
    document = HTML(string=html, url_fetcher=_Maps(maps), base_url=None)
    made: bytes = document.write_pdf(font_config=_fonts())
    return made


@lru_cache(maxsize=1)
def has_chinese_font() -> bool:
    """Tell whether a font with Chinese characters is installed."""
    program = shutil.which("fc-list")
    if program is None:
        return True  # without fontconfig's own list the attempt decides
    try:
        found = subprocess.run(  # noqa: S603 - our own words alone
            [program, ":lang=zh-cn", "family"], capture_output=True, check=False, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return True
    return bool(found.stdout.strip())
