"""Gaps, alleys, dense clusters, engine access, burn clusters and firebreaks, from footprints alone.

Pure functions on arrays and GeoDataFrames in a metric CRS; no database and no web page is known here.

    from gis_service.density import Params, density, write

    found = density(geopandas.read_file("houses.gpkg"), params=Params(link_gap_m=2.0))
    found.clusters                      # a GeoDataFrame; so are gaps, alleys, buildings, firebreaks
    write(found, Path("out.gpkg"))

Inside: ``layer`` (rows to clean footprints), ``plane`` (walls, neighbours, tiles, offset curves), ``alleys`` (gaps and
the corridors they join into), ``reach`` (engines and hoses), ``spread`` (burn clusters, firebreaks, water),
``compute`` (compiled loops, workers).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gis_service.density.compute.executor import open_executor
    from gis_service.density.geopackage import write
    from gis_service.density.params import Params
    from gis_service.density.run import Density, density

__all__ = ["Density", "Params", "density", "open_executor", "write"]

_MODULES = {
    "Density": "run",
    "Params": "params",
    "density": "run",
    "open_executor": "compute.executor",
    "write": "geopackage",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for: the compiler alone takes half a second that most commands save."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
