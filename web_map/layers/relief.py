"""The shape of the ground: hill shading, faint, under all other layers."""

from __future__ import annotations

import base64
from typing import Any

from gis_service.relief.elevation import FROM_ZOOM, Box, Elevation, picture_of
from web_map.layers.base import FeatureLayer

_PIXELS = 900


class Relief(FeatureLayer):
    """Hill shading of an elevation file.

    Parameters
    ----------
    source
        The file.
    address
        Of the tiles that the service makes of it, with ``{z}``, ``{x}`` and ``{y}``.
    box
        Without an address: the extent in degrees of the one picture that the map has in it; of the file by default.

    """

    def __init__(
        self,
        source: Elevation,
        *,
        address: str | None = None,
        box: Box | None = None,
        lang: str = "zh",
        show: bool = True,
    ) -> None:
        name = "地形阴影" if lang == "zh" else "Hill shading"
        if source.simulated:
            name += "（模拟）" if lang == "zh" else " (simulated)"
        extent: Box = source.box
        given: dict[str, Any] = {"tiles": address, "minZoom": FROM_ZOOM, "nativeZoom": source.native_zoom}
        if address is None:
            made = picture_of(source, box or source.box, _PIXELS)
            given = {"image": ""}
            if made is not None:
                given = {"image": "data:image/webp;base64," + base64.b64encode(made[0]).decode()}
                extent = made[1]
        west, south, east, north = extent
        super().__init__(
            name, [], {"fallback": {}}, identifier="relief", show=show, lang=lang, raster=True,
            bounds=[[south, west], [north, east]],
        )  # fmt: skip
        self.spec |= given

    @property
    def has_content(self) -> bool:
        """Whether the file lies where the map is."""
        return bool(self.spec.get("tiles") or self.spec.get("image"))
