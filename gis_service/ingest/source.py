"""Read one layer of any vector file or sheet as it is, and say what was found out about it."""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pyarrow
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS

from gis_service.errors import InputError
from gis_service.ingest.archive import unpack
from gis_service.ingest.encoding import dbf_encoding, whole_characters
from gis_service.ingest.sheet import read_sheet

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
_TEXT = (".geojson", ".json", ".kml", ".csv")
_KNOWN = (*_MAGIC, *_TEXT, ".gdb")


@dataclass
class Source:
    """One layer as read: the frame (index = row number in the file, from 1) and what is known of it."""

    frame: gpd.GeoDataFrame
    crs: CRS | None
    encoding: str | None
    sha256: str
    notes: list[tuple[str, str]] = field(default_factory=list)


def read(path: Path, layer: str | None = None, encoding: str = "") -> Source:
    """Read ``path``.

    Raises
    ------
    InputError
        The file is missing, empty, not what its name says, damaged, or of an unknown kind.

    """
    if not path.exists():
        raise InputError(f"找不到文件 {path}。", f"There is no file {path}.")
    sha256 = _sha256(path)
    with _unpacked(path) as data:
        _check_name(data)
        source = _read(data, layer, encoding, sha256)
    if source.frame.empty:
        raise InputError(
            f"{path.name} 里一行数据也没有；请确认导出时选中了要素。",
            f"{path.name} has no rows; check that features were chosen when it was written.",
        )
    return source


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    if path.suffix.lower() != ".zip":
        yield path
        return
    _check_name(path)
    with tempfile.TemporaryDirectory(prefix="gis-import-") as folder:
        yield unpack(path, Path(folder))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    files = (
        sorted(path.rglob("*")) if path.is_dir() else sorted(f for f in path.parent.iterdir() if f.stem == path.stem)
    )
    shapefile = path.suffix.lower() == ".shp"
    for file in files if path.is_dir() or shapefile else [path]:
        if file.is_file() and (path.is_dir() or not shapefile or file.suffix.lower() in _SHAPEFILE_PARTS):
            with file.open("rb") as opened:
                while block := opened.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()


_SHAPEFILE_PARTS = {".shp", ".dbf", ".prj", ".cpg"}


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
    with path.open("rb") as opened:
        head = opened.read(64)
    if not head:
        raise InputError(f"{path.name} 是空文件；请重新导出。", f"{path.name} is an empty file; export it again.")
    wanted = _MAGIC.get(suffix)
    text_is_binary = suffix in _TEXT and (head.startswith((b"PK\x03\x04", b"SQLite", b"PAR1")) or b"\0\0" in head[:16])
    if (wanted and not head.startswith(wanted)) or text_is_binary:
        raise InputError(
            f"{path.name} 的内容不是 {suffix} 格式；请核对文件，按真实格式改名或重新导出。",
            f"{path.name} is not what its name says ({suffix}); rename it to what it is or export it again.",
        )


def _read(path: Path, layer: str | None, encoding: str, sha256: str) -> Source:
    suffix = path.suffix.lower()
    if suffix in {".csv", ".xlsx"}:
        frame, used = read_sheet(path, layer, encoding)
        return Source(frame, None, used, sha256)
    if suffix in {".parquet", ".geoparquet"}:
        return _read_parquet(path, sha256)
    return _read_ogr(path, layer, encoding, sha256)


def _read_parquet(path: Path, sha256: str) -> Source:
    try:
        frame = gpd.read_parquet(path)
    except (ValueError, OSError, pyarrow.ArrowException) as error:
        raise InputError(
            f"{path.name} 不是可读的 GeoParquet（缺少几何说明或已损坏）；请用 GeoParquet 重新导出。",
            f"{path.name} is no readable GeoParquet (no geometry metadata, or damaged); write it again.",
        ) from error
    frame = frame.rename_geometry("geometry") if frame.geometry.name != "geometry" else frame
    crs = frame.crs
    frame.index = range(1, len(frame) + 1)
    return Source(frame, crs, "utf-8", sha256)


def _read_ogr(path: Path, layer: str | None, encoding: str, sha256: str) -> Source:
    notes: list[tuple[str, str]] = []
    used: str | None = None
    options: dict[str, str] = {}
    if path.suffix.lower() == ".shp":
        dbf = next((d for d in (path.with_suffix(".dbf"), path.with_suffix(".DBF")) if d.exists()), None)
        used = encoding or (dbf_encoding(dbf) if dbf else "utf-8")
        options["encoding"] = used
        notes.append((f"文字编码：{used}", f"text encoding: {used}"))
    try:
        with _readable(path, used) as readable, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what GDAL warns about is checked below, row by row
            layer = layer or _only_layer(readable)
            frame = pyogrio.read_dataframe(readable, layer=layer, on_invalid="ignore", **options)
    except (DataSourceError, DataLayerError, UnicodeDecodeError, LookupError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(
            f"{path.name} 的图层没有几何；请导出带图形的图层。", f"The layer of {path.name} has no geometry."
        )
    frame.index = range(1, len(frame) + 1)
    crs = frame.crs
    if path.suffix.lower() in {".geojson", ".json"} and not _names_crs(path):
        # RFC 7946: degrees of WGS 84. Metres in a GeoJSON without a word about them are evidence, not that.
        bounds = frame.total_bounds
        crs = crs if abs(bounds).max() <= 360 else None
    return Source(frame, crs, used, sha256, notes)


@contextmanager
def _readable(path: Path, codec: str | None) -> Iterator[Path]:
    """Yield a path that GDAL reads whole: a shapefile with half characters is read beside a mended copy of its DBF."""
    dbf = next((d for d in (path.with_suffix(".dbf"), path.with_suffix(".DBF")) if d.exists()), None)
    mended = whole_characters(dbf, codec) if path.suffix.lower() == ".shp" and dbf and codec else None
    if mended is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="gis-import-") as folder:
        for part in path.parent.iterdir():
            if part.stem == path.stem and part.suffix.lower() in {".shp", ".shx", ".prj"}:
                (Path(folder) / f"{path.stem}{part.suffix.lower()}").symlink_to(part.resolve())
        (Path(folder) / f"{path.stem}.dbf").write_bytes(mended)
        yield Path(folder) / f"{path.stem}.shp"


def _names_crs(path: Path) -> bool:
    with path.open("rb") as opened:
        return b'"crs"' in opened.read(4096)


def _only_layer(path: Path) -> str:
    layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    if len(layers) == 1:
        return layers[0]
    if not layers:
        raise InputError(f"{path.name} 里没有带图形的图层。", f"{path.name} has no layer with geometry.")
    raise InputError(
        f"{path.name} 有多个图层：{'、'.join(layers)}；请用 --layer 指定一个。",
        f"{path.name} has several layers: {', '.join(layers)}; name one with --layer.",
    )


def _unreadable(path: Path, error: Exception) -> InputError:
    text = str(error)
    if "layer" in text.lower() and "could not be opened" in text.lower():
        return InputError(
            f"{path.name} 没有这个图层；有：{'、'.join(str(n) for n, _ in pyogrio.list_layers(path))}。",
            f"{path.name} has no such layer; it has {', '.join(str(n) for n, _ in pyogrio.list_layers(path))}.",
        )
    if isinstance(error, (UnicodeDecodeError, LookupError)):
        return InputError(
            f"{path.name} 不能按指定的文字编码读取；请核对 --encoding。",
            f"{path.name} cannot be read in that encoding; check --encoding.",
        )
    if "too" in text.lower() and ("large" in text.lower() or "complex" in text.lower()):
        return InputError(
            f"{path.name} 里有一个要素过大（图形顶点过多）；请简化该图形后再导入。",
            f"{path.name} has a feature that is too large (too many vertices); simplify it.",
        )
    return InputError(
        f"{path.name} 不能读取：文件不完整或不是 {path.suffix} 格式；请重新复制或导出。",
        f"{path.name} cannot be read: it is truncated or no {path.suffix} file; copy or export it again.",
    )
