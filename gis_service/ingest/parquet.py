"""Read GeoParquet through Arrow: whole numbers exact, structures by their parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_service.errors import InputError
from gis_service.ingest.layer import Layer, make_layer, to_pandas
from gis_service.ingest.shapes import from_wkb, without_measures
from gis_service.ingest.values import Sentence


def read_parquet(path: Path) -> Layer:
    """Read ``path``.

    Raises
    ------
    InputError
        It is damaged, or says nothing of its geometry.

    """
    try:
        # As one file: a name with "=" in its folders is no partition here.
        with pq.ParquetFile(path) as opened:
            table = opened.read()
        meta = json.loads((table.schema.metadata or {})[b"geo"])
        name = str(meta["primary_column"])
        column: dict[str, Any] = meta["columns"][name]
        if column.get("encoding") != "WKB":
            raise InputError(
                f"{path.name} 的几何编码是 {column.get('encoding')}，不能读取；请用 WKB 编码重新导出。",
                f"The geometry of {path.name} is encoded as {column.get('encoding')}, which is not read; export it as WKB.",
            )
        geometry, faults = from_wkb(table[name].to_pylist())
        crs = _crs(column)
        others = [other for other in meta["columns"] if other != name and other in table.column_names]
        plain = to_pandas(table.drop_columns([name, *others]))
    except (ValueError, KeyError, TypeError, OSError, CRSError, pa.ArrowException) as error:
        raise InputError(
            f"{path.name} 不是可读的 GeoParquet（缺少几何说明或已损坏）；请用 GeoParquet 重新导出。",
            f"{path.name} is no readable GeoParquet (no geometry metadata, or damaged); write it again.",
        ) from error
    geometry, notes = without_measures(geometry)
    result = make_layer(plain, geometry, faults, crs)
    result.encoding = "utf-8"
    result.notes = [*notes, *_others(name, others)]
    return result


def _crs(column: dict[str, Any]) -> CRS | None:
    """Return the CRS of a geometry column: degrees of WGS 84 where nothing is said, none where null is said."""
    said = column.get("crs", "OGC:CRS84")
    return None if said is None else CRS.from_user_input(said if isinstance(said, str) else json.dumps(said))


def _others(name: str, others: list[str]) -> list[Sentence]:
    if not others:
        return []
    said = "、".join(others)
    return [(f"图形取自列“{name}”；未使用的图形列：{said}", f"the geometry is that of {name!r}; not used: {said}")]
