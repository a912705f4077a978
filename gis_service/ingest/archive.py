"""Open a zip archive that a county sent, without trusting it."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from gis_service.errors import InputError

# A county's whole survey is about 200 MB unpacked; what claims to be far larger is a mistake or an attack.
_UNPACKED_MAX = 8 * 1024**3
_ENTRIES_MAX = 20_000
# In this order: the first kind of data found is taken.
_DATA = (".gdb", ".gpkg", ".shp", ".geojson", ".json", ".kml", ".parquet", ".xlsx", ".csv")


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack ``archive`` into the empty ``folder`` and return the one data file (or ``.gdb`` folder) in it.

    Raises
    ------
    InputError
        The archive is truncated or no archive, has a path outside itself, is too large, or holds no data file or
        several.

    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _check(archive, entries)
            for entry in entries:
                opened.extract(entry, folder)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise InputError(
            f"压缩包 {archive.name} 已损坏或不完整；请重新复制或重新压缩后再导入。",
            f"The archive {archive.name} is damaged or truncated; copy or make it again.",
        ) from error
    return _data_file(archive, folder)


def _check(archive: Path, entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]) or is_link:
            raise InputError(
                f"压缩包 {archive.name} 含有指向包外的路径“{entry.filename}”，拒绝解压；请重新压缩数据文件夹。",
                f"The archive {archive.name} has a path outside itself ({entry.filename!r}); make it again.",
            )
    size = sum(entry.file_size for entry in entries)
    if size > _UNPACKED_MAX or len(entries) > _ENTRIES_MAX:
        raise InputError(
            f"压缩包 {archive.name} 解压后有 {size / 1e9:.1f} GB、{len(entries)} 个文件，超过上限；请分开导入。",
            f"The archive {archive.name} unpacks to {size / 1e9:.1f} GB in {len(entries)} files, over the limit; "
            "import it in parts.",
        )


def _data_file(archive: Path, folder: Path) -> Path:
    for suffix in _DATA:
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() == suffix)
        if len(found) > 1:
            names = "、".join(path.name for path in found[:5])
            raise InputError(
                f"压缩包 {archive.name} 里有多个数据文件（{names}）；请解压后逐个导入。",
                f"The archive {archive.name} holds several data files ({names}); unpack it and import one by one.",
            )
        if found:
            return found[0]
    raise InputError(
        f"压缩包 {archive.name} 里没有可导入的数据（shp、gpkg、geojson、gdb、kml、parquet、xlsx、csv）。",
        f"The archive {archive.name} holds no data that can be imported.",
    )
