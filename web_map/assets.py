"""Front-end files: our own in ``web_map/static``, those built of ``web_map/script``, others from npm packages.

Packages are pinned in ``package-lock.json``. A page links a file with its hash, so that a browser keeps it for a year; an
offline file holds it inside itself.
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
SCRIPT = HERE / "script"
BUILT = HERE / "dist"
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
    "geoman.js": "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.min.js",
    "geoman.css": "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.css",
    "jquery.js": "jquery/dist/jquery.min.js",
    "awesome-markers.js": "leaflet.awesome-markers/dist/leaflet.awesome-markers.js",
    "awesome-markers.css": "leaflet.awesome-markers/dist/leaflet.awesome-markers.css",
    "markercluster.js": "leaflet.markercluster/dist/leaflet.markercluster.js",
    "markercluster.css": "leaflet.markercluster/dist/MarkerCluster.css",
    "markercluster-default.css": "leaflet.markercluster/dist/MarkerCluster.Default.css",
    "swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
}
BUNDLES = (
    "layers.js", "map.js", "planner.js", "fire.js", "plan.js", "worker.js",
    *sorted(page.name for page in (SCRIPT / "pages").glob("*.js")),
)  # fmt: skip
"""Names under /static/built: what ``build.js`` makes of ``web_map/script``."""
_URL = re.compile(r"url\((['\"]?)(?!data:|#)([^)'\"]+)\1\)")
_MAP_COMMENT = re.compile(rb"(?m)^[/*#@ ]*sourceMappingURL=.*$")


def vendor_path(name: str) -> Path:
    """Return the file of a vendor name.

    Raises
    ------
    SetupError
        The npm packages are not installed.

    """
    return _there(MODULES / VENDOR[name])


def built_path(name: str) -> Path:
    """Return the file of one of ``BUNDLES``.

    Raises
    ------
    SetupError
        It has not been built.

    """
    return _there(BUILT / name)


def _there(path: Path) -> Path:
    if not path.exists():
        raise SetupError(
            "网页文件还没有安装；请运行 make run 或 gis-service up。",
            "The front-end files are not installed; run make run or gis-service up.",
        )
    return path


def path_of(name: str) -> Path:
    """Return the file of ``vendor/NAME``, of ``built/NAME``, or of one of our own names."""
    folder, _, rest = name.partition("/")
    if folder == "vendor":
        return vendor_path(rest)
    return built_path(rest) if folder == "built" else STATIC / name


def is_built() -> bool:
    """Return whether the bundles are there and as new as all that they are made of."""
    made = [BUILT / name for name in BUNDLES]
    if not all(path.exists() for path in made):
        return False
    oldest = min(path.stat().st_mtime_ns for path in made)
    sources = [*SCRIPT.rglob("*.js"), HERE / "build.js", HERE / "package-lock.json"]
    return oldest >= max(path.stat().st_mtime_ns for path in sources)


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


def inline_picture(name: str) -> str:
    """Return a picture as an address that holds it, or "" where a browser of today has no use for the file."""
    path = path_of(name) if not Path(name).is_absolute() else Path(name)
    kind = {"png": "image/png", "svg": "image/svg+xml", "gif": "image/gif"}.get(path.suffix.lstrip("."))
    if kind is None or not path.exists():
        return ""
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def inline_style(name: str) -> str:
    """Return a style sheet's text with its pictures inside it."""
    path = path_of(name)

    def picture(found: re.Match[str]) -> str:
        held = inline_picture(str((path.parent / found.group(2)).resolve()))
        return f"url({held})" if held else "none"

    return _URL.sub(picture, path.read_text(encoding="utf-8"))
