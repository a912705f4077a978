"""Write the layers of a density run into a GeoPackage, whole or not at all."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataSourceError
from pyproj import CRS

from gis_service.density.run import Density
from gis_service.errors import InputError
from gis_service.files import replacing, unwritable

LAYERS = ("gaps", "alleys", "buildings", "firebreaks", "clusters", "run")
"""In the order in which a run can make them."""

_ANY = "Unknown"
_KINDS = {"alleys": (1, "LineString"), "clusters": (3, "Polygon")}
"""Layers of one kind of geometry (its number in shapely, its name in GDAL)."""

_BATCH = 10_000
"""Rows that are written at a time."""


class Draft:
    """A GeoPackage on its way: layers are written by a thread of its own, in the order of ``LAYERS``, as they come."""

    def __init__(self, path: Path, out: Path) -> None:
        self._path, self._out = path, out
        self._waiting: dict[str, pd.DataFrame] = {}
        self._left = list(LAYERS)
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._jobs: list[Future[None]] = []

    def add(self, name: str, table: pd.DataFrame) -> None:
        """Take a layer to write; returns at once."""
        with self._lock:
            self._waiting[name] = table
            while self._left and self._left[0] in self._waiting:
                ready = self._left.pop(0)
                self._jobs.append(self._writer.submit(_layer, self._waiting.pop(ready), ready, self._path))

    def finish(self, result: Density) -> None:
        """Add the layers that are still missing, and wait until all are written."""
        for name in [n for n in self._left if n not in self._waiting]:
            self.add(name, getattr(result, name))
        try:
            for job in self._jobs:
                job.result()
        except (OSError, DataSourceError) as error:
            raise unwritable(self._out, error) from error

    def close(self) -> None:
        """Wait for the writer, whatever happened."""
        self._writer.shutdown(cancel_futures=True)


@contextmanager
def drafting(out: Path) -> Iterator[Draft]:
    """Open a GeoPackage to be written while its layers are made, whole or not at all.

    The file is written beside its place and then renamed: whoever opens ``out`` finds the old file or the new one.
    """
    if out.suffix.lower() != ".gpkg":
        raise InputError(f"输出文件须为 .gpkg：{out.name}", f"The output must be a GeoPackage (.gpkg), not {out.name}.")
    with replacing(out) as path:
        draft = Draft(path, out)
        try:
            yield draft
        finally:
            draft.close()


def write(result: Density, out: Path) -> None:
    """Write all layers of docs/layers.md to the GeoPackage ``out``."""
    with drafting(out) as draft:
        draft.finish(result)


def _layer(table: pd.DataFrame, layer: str, draft: Path) -> None:
    if not isinstance(table, gpd.GeoDataFrame):
        pyogrio.write_dataframe(table, draft, layer=layer, driver="GPKG", append=draft.exists())
        return
    type_id, kind = _KINDS.get(layer, (-1, _ANY))
    shapes = np.asarray(table.geometry.values, dtype=object)
    plain = pd.DataFrame(table.drop(columns=table.geometry.name))
    with warnings.catch_warnings():
        # A CRS may be known by its WKT alone: that is the user's own affair.
        warnings.filterwarnings("ignore", message=".*'crs' was not provided.*")
        pyogrio.raw.write_arrow(
            _batches(plain, shapes), draft, layer=layer, driver="GPKG", geometry_name="geometry",
            geometry_type=kind if (shapely.get_type_id(shapes) == type_id).all() else _ANY, crs=_named(table.crs),
            dataset_options={"VERSION": "1.3"}, layer_options={"GEOMETRY_NAME": "geometry"},
        )  # fmt: skip


def _batches(plain: pd.DataFrame, shapes: NDArray[np.object_]) -> pa.RecordBatchReader:
    """Return a layer as a stream of batches, made while they are written."""
    fields = [
        pa.field(field.name, pa.string()) if pa.types.is_null(field.type) else field
        for field in pa.Schema.from_pandas(plain, preserve_index=False)
    ]
    schema = pa.schema([*fields, pa.field("geometry", pa.binary())])

    def batches() -> Iterator[pa.RecordBatch]:
        for k in range(0, len(plain), _BATCH):
            # The writing itself does not let go of the interpreter: here others take their turn.
            time.sleep(0)
            some = plain.iloc[k : k + _BATCH].assign(geometry=shapely.to_wkb(shapes[k : k + _BATCH]))
            # Text may lie in several chunks; each makes a batch.
            yield from pa.Table.from_pandas(some, schema=schema, preserve_index=False).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())


def _named(crs: CRS | None) -> str | None:
    """Return a CRS as GDAL takes it."""
    if crs is None:
        return None
    epsg = crs.to_epsg()
    return f"EPSG:{epsg}" if epsg else str(crs.to_wkt("WKT1_GDAL"))
