"""Write the layers of a density run into a GeoPackage, whole or not at all."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from gis_service.density.run import Density
from gis_service.errors import InputError

LAYERS = ("gaps", "alleys", "clusters", "buildings", "run")


def write(result: Density, out: Path) -> None:
    """Write ``gaps``, ``alleys``, ``clusters``, ``buildings`` and ``run`` to the GeoPackage ``out``.

    The file is written beside its place and then renamed: whoever opens ``out`` finds the old file or the new one.
    """
    if out.suffix.lower() != ".gpkg":
        raise InputError(f"输出文件须为 .gpkg：{out.name}", f"The output must be a GeoPackage (.gpkg), not {out.name}.")
    if not out.parent.is_dir():
        raise InputError(f"没有这个目录：{out.parent}", f"There is no such folder: {out.parent}")
    handle, name = tempfile.mkstemp(suffix=".gpkg", prefix=f".{out.stem}-", dir=out.parent)
    os.close(handle)
    draft = Path(name)
    try:
        draft.unlink()
        for layer in LAYERS:
            _layer(getattr(result, layer), layer, draft)
        draft.replace(out)
    except OSError as error:
        raise InputError(f"无法写入 {out}：{error.strerror}", f"{out} cannot be written: {error.strerror}") from error
    finally:
        for left in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm", "-journal"))):
            left.unlink(missing_ok=True)


def _layer(table: pd.DataFrame, layer: str, draft: Path) -> None:
    with warnings.catch_warnings():
        # A CRS known by its WKT alone, or none, is the user's own affair and was noted in the run's repairs.
        warnings.filterwarnings("ignore", message=".*'crs' was not provided.*")
        if isinstance(table, gpd.GeoDataFrame):
            kinds = {"gaps": "Unknown", "alleys": "LineString", "clusters": "Polygon", "buildings": "Unknown"}
            if set(table.geom_type) - {kinds[layer]}:
                kinds[layer] = "Unknown"
            pyogrio.write_dataframe(
                table, draft, layer=layer, driver="GPKG", geometry_type=kinds[layer], promote_to_multi=False,
                dataset_options={"VERSION": "1.3"}, layer_options={"GEOMETRY_NAME": "geometry"}, use_arrow=True,
            )  # fmt: skip
        else:
            pyogrio.write_dataframe(table, draft, layer=layer, driver="GPKG", append=draft.exists())
