"""HTML to PDF: fonts of this machine embedded, nothing fetched from anywhere."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache
from typing import Any

from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from gis_service.errors import SetupError

Parts = dict[str, tuple[bytes, str]]
"""What a page shows beside its text: by address, the bytes and their media type."""


class _Given(URLFetcher):  # type: ignore[misc]
    """Hands out what the page was given and fetches nothing: a name of the data may look like an address."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(allowed_protocols=())
        self._parts = parts

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Return a part."""
        known = self._parts.get(url)
        if known is None:
            raise ValueError("a page fetches nothing")
        data, media = known
        return URLFetcherResponse(url, data, {"Content-Type": media})


@lru_cache(maxsize=1)
def _fonts() -> FontConfiguration:
    return FontConfiguration()


def pdf(html: str, parts: Parts) -> bytes:
    """Return a page of HTML as PDF.

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
    made: bytes = HTML(string=html, url_fetcher=_Given(parts), base_url=None).write_pdf(font_config=_fonts())
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
