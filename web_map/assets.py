"""Front-end files: our own in ``web_map/static``, others from npm packages pinned in ``package-lock.json``.

A page links them with a hash, so that a browser keeps them for a year; an offline file holds them inside itself.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from gis_service.errors import SetupError

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
MODULES = HERE / "node_modules"

# Name under /static/vendor → file of an npm package.
VENDOR = {
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.css": "leaflet/dist/leaflet.css",
    "images/layers.png": "leaflet/dist/images/layers.png",
    "images/layers-2x.png": "leaflet/dist/images/layers-2x.png",
    "images/marker-icon.png": "leaflet/dist/images/marker-icon.png",
    "images/marker-icon-2x.png": "leaflet/dist/images/marker-icon-2x.png",
    "images/marker-shadow.png": "leaflet/dist/images/marker-shadow.png",
    "vectorgrid.js": "leaflet.vectorgrid/dist/Leaflet.VectorGrid.bundled.min.js",
    "draw.js": "leaflet-draw/dist/leaflet.draw.js",
    "draw.css": "leaflet-draw/dist/leaflet.draw.css",
    "images/spritesheet.png": "leaflet-draw/dist/images/spritesheet.png",
    "images/spritesheet-2x.png": "leaflet-draw/dist/images/spritesheet-2x.png",
    "images/spritesheet.svg": "leaflet-draw/dist/images/spritesheet.svg",
    "swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
}
_URL = re.compile(r"url\((['\"]?)(?!data:|#)([^)'\"]+)\1\)")
_MAP_COMMENT = re.compile(rb"(?m)^[/*#@ ]*sourceMappingURL=.*$")


def vendor_path(name: str) -> Path:
    """Return the file of a vendor name.

    Raises
    ------
    SetupError
        The npm packages are not installed.

    """
    path = MODULES / VENDOR[name]
    if not path.exists():
        raise SetupError(
            "网页文件还没有安装；请运行 make run 或 gis-service up。",
            "The front-end files are not installed; run make run or gis-service up.",
        )
    return path


def path_of(name: str) -> Path:
    """Return the file of ``vendor/NAME`` or of one of our own names."""
    return vendor_path(name.removeprefix("vendor/")) if name.startswith("vendor/") else STATIC / name


@lru_cache(maxsize=64)
def _hash(name: str, changed_ns: int) -> str:  # noqa: ARG001 - a changed file is another key
    return hashlib.sha256(path_of(name).read_bytes()).hexdigest()[:12]


def link(name: str) -> str:
    """Return the address of a file with its hash."""
    return f"/static/{name}?v={_hash(name, path_of(name).stat().st_mtime_ns)}"


def inline_script(name: str) -> str:
    """Return a script's text, safe inside ``<script>``."""
    text = _MAP_COMMENT.sub(b"", path_of(name).read_bytes()).decode()
    return text.replace("</script", "<\\/script")


def inline_style(name: str) -> str:
    """Return a style sheet's text with its pictures inside it."""
    path = path_of(name)

    def picture(found: re.Match[str]) -> str:
        file = (path.parent / found.group(2)).resolve()
        kind = {"png": "image/png", "svg": "image/svg+xml", "gif": "image/gif"}.get(file.suffix.lstrip("."))
        if kind is None or not file.exists():
            return "none"  # an old browser's behaviour file: nothing asks for it today
        return f"url(data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()})"

    return _URL.sub(picture, path.read_text(encoding="utf-8"))
