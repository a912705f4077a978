"""Open a zip archive that a county sent, without trusting it."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from gis_service.errors import InputError
from gis_service.files import is_full, unwritable
from gis_service.ingest.encoding import choose
from gis_service.ingest.values import Sentence

# A county's whole survey is about 200 MB unpacked; what claims to be far larger is a mistake or an attack.
_UNPACKED_MAX = 8 * 1024**3
_ENTRIES_MAX = 20_000
# Text of coordinates is packed to a tenth; zeros to a thousandth. Below the floor no ratio does harm.
_RATIO_MAX = 200
_RATIO_FLOOR = 100 * 1024**2
_MAPS = (".gdb", ".gpkg", ".shp", ".geojson", ".kml", ".parquet", ".geoparquet")
_OTHERS = (".json", ".xlsx", ".csv")
# What belongs to a data file, or is put into archives by machines.
_COMPANIONS = (
    ".shx",
    ".dbf",
    ".prj",
    ".cpg",
    ".sbn",
    ".sbx",
    ".qix",
    ".qpj",
    ".xml",
    ".lock",
    ".gpkg-wal",
    ".gpkg-shm",
)
_NOISE = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}
_ENCRYPTED, _UTF8_NAME = 0x1, 0x800


def check_bounds(archive: Path, entries: list[zipfile.ZipInfo], unpacked_max: int) -> None:
    """Refuse an archive (or workbook) with a password, or that unpacks to more than is reasonable.

    What an entry claims is what is read of it at most: ``zipfile`` stops there.
    """
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise InputError(
            f"{archive.name} 有密码；请去掉密码后重新压缩或保存。",
            f"{archive.name} has a password; make it again without one.",
        )
    size = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if size > unpacked_max or len(entries) > _ENTRIES_MAX or (size > _RATIO_FLOOR and size / packed > _RATIO_MAX):
        raise InputError(
            f"{archive.name} 解压后有 {size / 1e9:.1f} GB（{size / packed:,.0f} 倍）、{len(entries)} 个文件，超过上限；"
            "请分开导入。",
            f"{archive.name} unpacks to {size / 1e9:.1f} GB ({size / packed:,.0f} times) in {len(entries)} files, over "
            "the limit; import it in parts.",
        )


def unpack(archive: Path, folder: Path) -> tuple[Path, list[Sentence]]:
    """Unpack ``archive`` into the empty ``folder``; return the one data file (or ``.gdb`` folder) in it, and notes.

    Raises
    ------
    InputError
        The archive is truncated or no archive, has a password or a path outside itself, is too large, or holds no
        data file or several.

    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _mend_names(entries)
            _check(archive, entries)
            for entry in entries:
                if not _is_noise(PurePosixPath(entry.filename)):
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
        if is_full(error):
            raise unwritable(folder, error) from error
        raise InputError(
            f"压缩包 {archive.name} 已损坏或不完整；请重新复制或重新压缩后再导入。",
            f"The archive {archive.name} is damaged or truncated; copy or make it again.",
        ) from error
    return _data_file(archive, folder)


def _mend_names(entries: list[zipfile.ZipInfo]) -> None:
    """Read the names that an old archiver wrote in the code page of its machine, which is nowhere said."""
    raw = [e.filename.encode("cp437") for e in entries if not e.flag_bits & _UTF8_NAME and not e.filename.isascii()]
    if not raw:
        return
    choice = choose(raw, [])
    if choice is None:
        return
    for entry in entries:
        if not entry.flag_bits & _UTF8_NAME:
            entry.filename = entry.filename.encode("cp437").decode(choice.codec)


def _is_noise(path: PurePosixPath) -> bool:
    return bool(_NOISE & set(path.parts)) or path.name.startswith(("._", "~$"))


def _check(archive: Path, entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]) or is_link:
            raise InputError(
                f"压缩包 {archive.name} 含有指向包外的路径“{entry.filename}”，拒绝解压；请重新压缩数据文件夹。",
                f"The archive {archive.name} has a path outside itself ({entry.filename!r}); make it again.",
            )
    check_bounds(archive, entries, _UNPACKED_MAX)


def _data_file(archive: Path, folder: Path) -> tuple[Path, list[Sentence]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() or path.suffix.lower() == ".gdb"]
    files = [path for path in files if not any(parent.suffix.lower() == ".gdb" for parent in path.parents)]
    maps = [path for path in files if path.suffix.lower() in _MAPS]
    found = maps or [path for path in files if path.suffix.lower() in _OTHERS]
    if len(found) > 1:
        names = "、".join(path.name for path in found[:5])
        raise InputError(
            f"压缩包 {archive.name} 里有多个数据文件（{names}）；请解压后逐个导入。",
            f"The archive {archive.name} holds several data files ({names}); unpack it and import one by one.",
        )
    others = [path for path in files if path not in found and path.suffix.lower() not in _COMPANIONS]
    names = "、".join(path.name for path in others[:5])
    if not found:
        raise InputError(
            f"压缩包 {archive.name} 里没有可导入的数据（shp、gpkg、geojson、gdb、kml、parquet、xlsx、csv）"
            f"{f'，只有：{names}' if names else ''}。",
            f"The archive {archive.name} holds no data that can be imported{f', only {names}' if names else ''}.",
        )
    if not others:
        return found[0], []
    return found[0], [
        (f"读取压缩包里的 {found[0].name}；未读取：{names}", f"{found[0].name} was read; not read: {names}")
    ]
