"""What a folium map of one's own needs to draw the layers: the script, and a file that opens with no network.

folium links its libraries from content networks. Where a library is among our npm packages its text is put into the file;
what nothing on the map uses is left out; the rest stays a link.
"""

from __future__ import annotations

from typing import Any

from branca.element import Element, Figure, Link
from markupsafe import Markup

from web_map import assets

# File at the end of an address that folium links → our name of it.
_KNOWN = {
    "leaflet.js": "vendor/leaflet.js",
    "leaflet.css": "vendor/leaflet.css",
    "jquery-3.7.1.min.js": "vendor/jquery.js",
    "leaflet.awesome-markers.js": "vendor/awesome-markers.js",
    "leaflet.awesome-markers.css": "vendor/awesome-markers.css",
    "leaflet.markercluster.js": "vendor/markercluster.js",
    "MarkerCluster.css": "vendor/markercluster.css",
    "MarkerCluster.Default.css": "vendor/markercluster-default.css",
}
# Part of such an address → what a script that needs it says. Icon fonts are pictures only: without them a marker is plain.
_USED_BY = {
    "jquery": "$(", "bootstrap": "bootstrap.", "awesome-markers": "AwesomeMarkers", "awesome.rotate": "",
    "fontawesome": "", "glyphicons": "",
}  # fmt: skip


def put_into(figure: Figure) -> None:
    """Give a figure the script and the styles of the layers, once, and take its other libraries from the disk.

    Raises
    ------
    SetupError
        The front-end files are not installed.

    """
    if isinstance(figure.header, _Header):
        return
    figure.header = _Header(figure)


class _Header(Element):
    """The head of a figure: as it would be, with the texts of libraries in place of their addresses."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self._children, self._parent = figure.header._children, figure
        self._figure = figure

    def render(self, **kwargs: Any) -> str:
        # folium fills the head while it walks the map, and asks for it at the end.
        used = self._figure.script.render()
        parts = [
            _library(child, used) if isinstance(child, Link) else child.render(**kwargs)
            for child in self._children.values()
        ]
        style, script = assets.inline_style("layers.css"), assets.inline_script("built/layers.js")
        return "\n".join([*parts, _icons(), f"<style>{style}</style>", f"<script>{script}</script>"])


def _library(link: Link, used: str) -> str:
    for part, sign in _USED_BY.items():
        if part in link.url and (not sign or sign not in used):
            return ""
    name = _KNOWN.get(link.url.rsplit("/", 1)[-1])
    if name is None:
        return str(link.render())
    if name.endswith(".css"):
        return f"<style>{assets.inline_style(name)}</style>"
    return f"<script>{assets.inline_script(name)}</script>"


def _icons() -> str:
    """Return a script that gives Leaflet the pictures of its markers: it would look for them beside its own file."""
    names = {"iconUrl": "marker-icon.png", "iconRetinaUrl": "marker-icon-2x.png", "shadowUrl": "marker-shadow.png"}
    options = ",".join(f'{key}:"{assets.inline_picture(f"vendor/images/{name}")}"' for key, name in names.items())
    return Markup(f'<script>L.Icon.Default.imagePath="";L.Icon.Default.mergeOptions({{{options}}});</script>')  # noqa: S704
