"""Read one layer of any vector file or sheet as it is, and say what was found out about it.

The one way by which a file comes in, whoever asks. Nothing here or below it knows a database.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gis_service.errors import InputError
from gis_service.files import parts_of
from gis_service.ingest import spreadsheet
from gis_service.ingest.archive import unpack
from gis_service.ingest.gdal import read_layer
from gis_service.ingest.geojson import read_geojson
from gis_service.ingest.kml import read_kml
from gis_service.ingest.layer import Layer
from gis_service.ingest.parquet import read_parquet
from gis_service.ingest.values import Sentence

# What the first bytes of a file must be for its name to be true.
_MAGIC = {
    ".gpkg": (b"SQLite format 3\0",),
    ".parquet": (b"PAR1",),
    ".geoparquet": (b"PAR1",),
    ".shp": (b"\x00\x00\x27\x0a",),
    ".zip": (b"PK\x03\x04", b"PK\x05\x06"),
    ".xlsx": (b"PK\x03\x04",),
    ".kmz": (b"PK\x03\x04",),
}
# What Excel puts a workbook into that has a password; an xls is the same kind of file.
_OLE = b"\xd0\xcf\x11\xe0"
_TEXT = (".geojson", ".json", ".kml", ".csv")
_KNOWN = (*_MAGIC, *_TEXT, ".gdb")
_ARCHIVES = (".zip", ".kmz")
_OF_ONE_LAYER = (".parquet", ".geoparquet", ".geojson", ".json")
# Parts of a shapefile that say something; an index may be made anew without the data changing.
_FINGERPRINTED = {".shp", ".dbf", ".prj", ".cpg"}


@dataclass
class Source(Layer):
    """One layer as read, and the digest of the file's bytes."""

    sha256: str = ""


def read(
    path: Path, layer: str | None = None, encoding: str = "", coordinates: Mapping[str, str] | None = None
) -> Source:
    """Read ``path``.

    Parameters
    ----------
    layer
        The layer, folder or sheet; needed only where several have what is wanted.
    encoding
        The text encoding; found out where nobody says it.
    coordinates
        The columns of a sheet that hold the coordinates, where the user says them: ``x`` and ``y``, or ``wkt``.

    Raises
    ------
    InputError
        The file is missing, empty, not what its name says, damaged, or of an unknown kind.

    """
    sha256 = _checked(path)
    with _unpacked(path) as (data, notes):
        _check_name(data)
        found = _read(data, layer, encoding, coordinates or {})
    if found.frame.empty:
        raise InputError(
            f"{path.name} 里一行数据也没有；请确认导出时选中了要素。",
            f"{path.name} has no rows; check that features were chosen when it was written.",
        )
    said = [*notes, *found.notes]
    return Source(found.frame, found.crs, found.encoding, said, found.faults, found.placed, sha256)


def read_list(path: Path) -> pd.DataFrame:
    """Read a short list without places, csv or xlsx, as :func:`gis_service.ingest.spreadsheet.read_list` does."""
    _checked(path)
    return spreadsheet.read_list(path)


def _checked(path: Path) -> str:
    """Return the digest of a file that can be read and is what its name says."""
    try:
        if not path.exists():
            raise InputError(f"找不到文件 {path}。", f"There is no file {path}.")
        _check_name(path)
        return _sha256(path)
    except OSError as error:
        raise InputError(
            f"{path.name[:80]} 不能读取（{error.strerror}）；请检查文件名、权限和磁盘。",
            f"{path.name[:80]} cannot be read ({error.strerror}); check its name, its rights and the disk.",
        ) from error


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[Path, list[Sentence]]]:
    if path.suffix.lower() not in _ARCHIVES:
        yield path, []
        return
    with tempfile.TemporaryDirectory(prefix="gis-import-") as folder:
        yield unpack(path, Path(folder))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    shapefile = path.suffix.lower() == ".shp"
    for file in parts_of(path):
        if file.is_file() and (not shapefile or file.suffix.lower() in _FINGERPRINTED):
            with file.open("rb") as opened:
                while block := opened.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()


def _check_name(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix not in _KNOWN:
        raise InputError(
            f"不认识文件类型“{suffix or path.name}”；可导入 shp（或 zip）、gpkg、geojson、gdb、kml、parquet、csv、xlsx。",
            f"Unknown kind of file {suffix or path.name!r}; import shp (or zip), gpkg, geojson, gdb, kml, parquet, csv "
            "or xlsx.",
        )
    if path.is_dir():
        if suffix != ".gdb":
            raise InputError(f"{path.name} 是文件夹，不是文件。", f"{path.name} is a folder, not a file.")
        return
    if not path.is_file():  # a pipe or a device has no end
        raise InputError(f"{path.name} 不是普通文件。", f"{path.name} is no regular file.")
    with path.open("rb") as opened:
        head = opened.read(64)
    if not head:
        raise InputError(f"{path.name} 是空文件；请重新导出。", f"{path.name} is an empty file; export it again.")
    if suffix == ".xlsx" and head.startswith(_OLE):
        raise InputError(
            f"{path.name} 有密码，或是旧版 Excel 文件（xls）；请去掉密码，另存为 xlsx。",
            f"{path.name} has a password, or is an old Excel file (xls); save it as xlsx without a password.",
        )
    wanted = _MAGIC.get(suffix)
    text_is_binary = suffix in _TEXT and (head.startswith((b"PK\x03\x04", b"SQLite", b"PAR1")) or b"\0\0" in head[:16])
    if suffix == ".gdb" or (wanted and not head.startswith(wanted)) or text_is_binary:
        raise InputError(
            f"{path.name} 的内容不是 {suffix} 格式；请核对文件，按真实格式改名或重新导出。",
            f"{path.name} is not what its name says ({suffix}); rename it to what it is or export it again.",
        )


def _read(path: Path, layer: str | None, encoding: str, coordinates: Mapping[str, str]) -> Layer:
    suffix = path.suffix.lower()
    if suffix in {".csv", ".xlsx"}:
        return spreadsheet.read_sheet(path, layer, encoding, coordinates)
    if coordinates:
        named = "、".join(coordinates)
        raise InputError(
            f"--field {named}：{path.name} 自带图形，坐标列只能在表格（csv、xlsx）中指定。",
            f"--field {named}: {path.name} has geometries of its own; coordinate columns are named for sheets (csv, xlsx).",
        )
    if suffix in _OF_ONE_LAYER and layer not in (None, path.stem):
        raise InputError(
            f"{path.name} 只有一个图层，没有“{layer}”；请去掉 --layer。",
            f"{path.name} has one layer and none called {layer!r}; leave --layer out.",
        )
    if suffix in {".parquet", ".geoparquet"}:
        return read_parquet(path)
    if suffix in {".geojson", ".json"}:
        return read_geojson(path, encoding)
    if suffix == ".kml":
        return read_kml(path, layer, encoding)
    return read_layer(path, layer, encoding)
