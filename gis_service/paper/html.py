"""HTML to PDF: fonts of this machine embedded, nothing fetched from anywhere."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gis_service.paper import fonts

# A process of the service that never prints is there a tenth sooner without WeasyPrint.
if TYPE_CHECKING:
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

Parts = dict[str, tuple[bytes, str]]
"""What a page shows beside its text: by address, the bytes and their media type."""


def _given(parts: Parts) -> URLFetcher:
    """Hand out what the page was given and fetch nothing: a name of the data may look like an address."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Given(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            known = parts.get(url)
            if known is None:
                raise ValueError("a page fetches nothing")
            data, media = known
            return URLFetcherResponse(url, data, {"Content-Type": media})

    return Given(allowed_protocols=())


@lru_cache(maxsize=1)
def _configuration() -> FontConfiguration:
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


def pdf(html: str, parts: Parts) -> bytes:
    """Return a page of HTML as PDF.

    Parameters
    ----------
    parts
        All that it may show beside its text.

    Raises
    ------
    SetupError
        No font of this machine has Chinese characters.

    """
    from weasyprint import HTML

    fonts.check()
    made: bytes = HTML(string=html, url_fetcher=_given(parts), base_url=None).write_pdf(font_config=_configuration())
    return made
