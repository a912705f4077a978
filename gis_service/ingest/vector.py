"""A layer of any vector file with its coordinates understood: what every command without a database begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np

from gis_service.errors import InputError
from gis_service.ingest import crs as crs_
from gis_service.ingest.source import Source, read


@dataclass(frozen=True)
class VectorLayer:
    """A layer as read: x east, y north, its CRS known, its columns by our names; what is to be said of it."""

    frame: gpd.GeoDataFrame
    sha256: str
    notes: list[tuple[str, str]]
    placed: Sequence[str]


def read_vector(
    path: Path,
    layer: str | None,
    encoding: str = "",
    crs: str | None = None,
    *,
    coordinates: dict[str, str] | None = None,
    otherwise: str | None = None,
) -> VectorLayer:
    """Read a layer of any vector file, and decide on its CRS, as ``import`` does.

    ``crs`` wins over what the file says; ``otherwise`` is asked where it says nothing. ``coordinates`` names the columns
    of a sheet.
    """
    source = read(path, layer, encoding, coordinates)
    if source.faults:
        _tell_faults(path, source)
    shapes = np.asarray(source.frame.geometry.values, dtype=object)
    crs = crs or (otherwise if source.crs is None else None)
    named = crs_.parse(crs) if crs else None
    decision = crs_.decide(shapes, source.crs, named, None, None)
    frame = source.frame.set_geometry(
        gpd.GeoSeries(crs_.straight(shapes, decision), index=source.frame.index, crs=decision.crs)
    )
    code = decision.crs.to_epsg()
    name = f"EPSG:{code}" if code else decision.crs.name
    notes = [*source.notes]
    if named is not None or decision.swap or source.crs is None:
        notes.append((f"坐标系：{name}（{decision.why_zh}）", f"CRS: {name} ({decision.why_en})"))
    return VectorLayer(frame, source.sha256, notes, source.placed)


def _tell_faults(path: Path, source: Source) -> None:
    """Say which rows have no geometry that can be used, and why; refuse a file of which no row has one."""
    row, fault = next(iter(source.faults.items()))
    zh, en = (
        f"{path.name} 有 {len(source.faults):,} 行的图形不能用（第 {row} 行：{fault.reason[0]}；{fault.remedy[0]}）",
        f"{len(source.faults):,} rows of {path.name} have no usable geometry (row {row}: {fault.reason[1]}; "
        f"{fault.remedy[1]})",
    )
    if len(source.faults) == len(source.frame):
        raise InputError(f"{zh}。", f"{en}.")
    source.notes.append((zh, en))
