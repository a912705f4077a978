"""HTML to PDF: fonts of this machine embedded, nothing fetched from anywhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from gis_service.paper import fonts

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
def _configuration() -> FontConfiguration:
    return FontConfiguration()


def pdf(html: str, parts: Parts) -> bytes:
    """Return a page of HTML as PDF.

    Raises
    ------
    SetupError
        No font of this machine has Chinese characters.

    """
    fonts.check()
    made: bytes = HTML(string=html, url_fetcher=_Given(parts), base_url=None).write_pdf(font_config=_configuration())
    return made
