"""Read what GDAL alone reads (shapefiles, GeoPackages, file geodatabases), with no other driver than the file's own.

GDAL tries all its drivers on whatever it is given, and some of them (VRT, GDALG) open further files or addresses
that the file names. Which drivers there are is a matter of the whole process, which may be somebody else's. So a file
reaches GDAL only when its bytes are those of its kind, by a plain name in a folder of our own, and the driver that
took it is compared afterwards. GeoJSON and KML, in which anything may be written, are not given to GDAL at all.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyogrio
import pyogrio.raw
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_service.errors import InputError
from gis_service.files import is_full, unwritable
from gis_service.ingest import shapefile
from gis_service.ingest.layer import Layer, make_layer, to_pandas
from gis_service.ingest.shapes import from_wkb, without_measures
from gis_service.ingest.values import Sentence

DRIVERS = {".shp": "ESRI Shapefile", ".gpkg": "GPKG", ".gdb": "OpenFileGDB"}
"""The driver that may open a file, by its extension."""

# What a file geodatabase consists of; a shapefile or a table put among it would be opened in its place.
_GDB_FILE = re.compile(
    r"a[0-9a-f]{8}\.(gdbtable|gdbtablx|gdbindexes|freelist|horizon|spx|atx|band_index|[\w.]*atx)|gdb|timestamps|"
    r".*\.(lock|xml|cdf|tmp)|\.ds_store|thumbs\.db",
    re.IGNORECASE,
)
_ERRORS = (DataSourceError, DataLayerError, UnicodeDecodeError, ValueError, OSError, pa.ArrowException)


def read_layer(path: Path, layer: str | None, encoding: str) -> Layer:
    """Read one layer of ``path``; whole numbers are exact, and no feature is lost to a geometry that is unusual.

    Raises
    ------
    InputError
        The file is damaged, is no file of its kind, or has several layers and none is named.

    """
    try:
        with _ready(path, encoding) as (source, codec, notes), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what GDAL warns about is checked below, row by row
            name = _choose(path, source, layer, notes)
            _check_driver(path, source, name)
            meta, table = pyogrio.raw.read_arrow(source, layer=name, encoding=codec)
    except _ERRORS as error:
        raise _unreadable(path, error) from error
    geometry_name = meta["geometry_name"] or "wkb_geometry"
    if meta["geometry_type"] is None or geometry_name not in table.column_names:
        raise InputError(
            f"{path.name} 的图层没有几何；请导出带图形的图层。", f"The layer of {path.name} has no geometry."
        )
    geometry, faults = from_wkb(table[geometry_name].to_pylist())
    geometry, measured = without_measures(geometry)
    crs = _crs(meta["crs"])
    if meta["crs"] and crs is None:
        notes.append(("文件写的坐标系未定义或不认识", "the CRS that the file states is undefined or unknown"))
    result = make_layer(to_pandas(table.drop_columns([geometry_name])), geometry, faults, crs)
    result.encoding = codec
    result.notes = [*notes, *measured]
    return result


def _crs(said: str | None) -> CRS | None:
    """Return the CRS that GDAL found; one that is undefined or that PROJ does not know is none."""
    try:
        crs = CRS.from_user_input(said) if said else None
    except CRSError:
        return None
    # "Undefined Cartesian SRS" and its like (GeoPackage 1.3, table gpkg_spatial_ref_sys) say that nothing is said.
    return None if crs is None or crs.is_engineering or crs.name.lower().startswith("undefined") else crs


@contextmanager
def _ready(path: Path, encoding: str) -> Iterator[tuple[str | Path, str | None, list[Sentence]]]:
    """Yield a name of ours for the file, its text encoding (a shapefile's only), and notes."""
    suffix = path.suffix.lower()
    if suffix == ".shp":
        with shapefile.ready(path, encoding) as made:
            yield made.path, made.encoding, list(made.notes)
        return
    if suffix == ".gdb":
        _check_gdb(path)
    with tempfile.TemporaryDirectory(prefix="gis-import-") as folder:
        plain = Path(folder) / f"source{suffix}"
        plain.symlink_to(path.resolve(), target_is_directory=path.is_dir())
        # The prefix keeps every other driver from looking at it.
        yield (f"GPKG:{plain}" if suffix == ".gpkg" else plain), None, []


def _check_gdb(path: Path) -> None:
    strange = [
        file.name
        for file in path.rglob("*")
        if file.is_symlink() or not file.is_file() or not _GDB_FILE.fullmatch(file.name)
    ]
    if strange or not any(file.suffix.lower() == ".gdbtable" for file in path.iterdir()):
        shown = "、".join(strange[:3]) or "—"
        raise InputError(
            f"{path.name} 不是完整的文件地理数据库，或混有其他文件（{shown}）；请重新复制整个 .gdb 文件夹。",
            f"{path.name} is no whole file geodatabase, or has other files in it ({shown}); copy the .gdb folder again.",
        )


def _choose(path: Path, source: str | Path, layer: str | None, notes: list[Sentence]) -> str:
    """Return the name of the layer to read; the only one with geometry, unless one is named."""
    views = _views(path) if path.suffix.lower() == ".gpkg" else set()
    listed = [(str(name), kind) for name, kind in pyogrio.list_layers(source)]
    if layer is not None and layer in views:
        raise InputError(
            f"{path.name} 的“{layer}”是视图，不是数据表，不能导入；请另存为图层。",
            f"{layer!r} in {path.name} is a view and no table: it is not read; save it as a layer.",
        )
    shapes = [name for name, kind in listed if kind is not None and name not in views]
    if layer is not None:
        if layer in [name for name, _ in listed]:
            return layer
        raise InputError(
            f"{path.name} 没有这个图层；有：{'、'.join(shapes)}。",
            f"{path.name} has no such layer; it has {', '.join(shapes)}.",
        )
    if not shapes:
        raise InputError(f"{path.name} 里没有带图形的图层。", f"{path.name} has no layer with geometry.")
    if len(shapes) > 1:
        raise InputError(
            f"{path.name} 有多个图层：{'、'.join(shapes)}；请用 --layer 指定一个。",
            f"{path.name} has several layers: {', '.join(shapes)}; name one with --layer.",
        )
    others = [name for name, _ in listed if name != shapes[0]]
    if others:
        said = "、".join(others)
        notes.append(
            (
                f"读取图层“{shapes[0]}”；没有图形或是视图、未读取的：{said}",
                f"the layer {shapes[0]!r} was read; without geometry or a view, and not read: {said}",
            )
        )
    return shapes[0]


def _views(path: Path) -> set[str]:
    """Return the views of a GeoPackage, asked of SQLite alone; refuse tables that a module outside makes."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        entries = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        raise DataSourceError(str(error)) from error
    finally:
        connection.close()
    foreign = [
        name
        for kind, name, made in entries
        if kind == "table" and re.match(r"CREATE\s+VIRTUAL\s+TABLE", made or "", re.IGNORECASE)
        and not re.search(r"\bUSING\s+[\"'`\[]?rtree\b", made, re.IGNORECASE)
    ]  # fmt: skip
    if foreign:
        raise InputError(
            f"{path.name} 含有虚拟表“{foreign[0]}”，可能引用其他文件，拒绝读取；请把图层另存为新的 gpkg。",
            f"{path.name} has a virtual table ({foreign[0]!r}), which may name other files: it is not read; save the layer "
            "as a new gpkg.",
        )
    return {str(name) for kind, name, _ in entries if kind == "view"}


def _check_driver(path: Path, source: str | Path, layer: str) -> None:
    used = pyogrio.read_info(source, layer=layer)["driver"]
    if used != DRIVERS[path.suffix.lower()]:
        raise DataSourceError(f"opened by {used}")


def _unreadable(path: Path, error: Exception) -> InputError:
    if is_full(error):
        return unwritable(Path(tempfile.gettempdir()), error)
    said = str(error).lower()
    if isinstance(error, (UnicodeDecodeError, LookupError)):
        return InputError(
            f"{path.name} 不能按指定的文字编码读取；请核对 --encoding。",
            f"{path.name} cannot be read in that encoding; check --encoding.",
        )
    if "too" in said and ("large" in said or "complex" in said):
        return InputError(
            f"{path.name} 里有一个要素过大（图形顶点过多）；请简化该图形后再导入。",
            f"{path.name} has a feature that is too large (too many vertices); simplify it.",
        )
    return InputError(
        f"{path.name} 不能读取：文件不完整或不是 {path.suffix} 格式；请重新复制或导出。",
        f"{path.name} cannot be read: it is truncated or no {path.suffix} file; copy or export it again.",
    )
