"""Files that the program writes: whole or not at all, never over what it reads, and with no formula in a cell."""

from __future__ import annotations

import contextlib
import errno
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gis_service.errors import InputError

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj")
"""The files of one shapefile; they share its stem."""

# What a database or GDAL leaves beside a file that it did not finish.
_BESIDE = ("-wal", "-shm", "-journal")
_WHY = {
    errno.ENOSPC: ("磁盘已满，请腾出空间后重试", "the disk is full; make room and try again"),
    errno.EDQUOT: ("磁盘配额已满，请腾出空间后重试", "the disk quota is used up; make room and try again"),
    errno.EACCES: ("没有写入权限，请换一个文件夹", "it may not be written there; choose another folder"),
    errno.EPERM: ("没有写入权限，请换一个文件夹", "it may not be written there; choose another folder"),
    errno.EROFS: ("文件系统只读，请换一个文件夹", "the file system is read-only; choose another folder"),
    errno.ENAMETOOLONG: ("文件名太长，请缩短", "the name is too long; shorten it"),
    errno.EISDIR: ("它是一个文件夹，请换一个文件名", "it is a folder; choose another name"),
    errno.ENOENT: ("所在文件夹已不存在", "its folder is gone"),
    errno.EIO: ("磁盘读写出错，请检查磁盘", "the disk reports an error; check the disk"),
}
# What begins a formula in a spreadsheet, in the widths that Chinese input methods type (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Characters that a workbook (XML 1.0) cannot hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a name beside ``path`` to write to; at the end the file takes its place, after an error none is left.

    Whoever opens ``path`` meanwhile finds the old file or the new one. A link stays a link; a file that is replaced
    keeps its mode.

    Raises
    ------
    InputError
        The folder does not exist, the disk is full, or the file may not be written.

    """
    check_folder(path)
    # Short: a name may have 255 bytes, and the one asked for may have nearly that.
    partial = path.with_name(f".{secrets.token_hex(4)}{path.suffix[:20]}")
    try:
        target = path.resolve() if path.is_symlink() else path
        partial = target.with_name(partial.name)
        # Told before the work: what cannot be written an hour later cannot be written now.
        partial.touch()
        partial.unlink()
        yield partial
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder", str(target))
        if target.exists():
            shutil.copymode(target, partial)
        partial.replace(target)
    except OSError as error:
        if error.errno not in _WHY:
            raise
        raise unwritable(path, error) from error
    finally:
        for left in (partial, *(partial.with_name(partial.name + end) for end in _BESIDE)):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)


def is_full(error: BaseException) -> bool:
    """Tell whether an error is that of a disk without room."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def unwritable(path: Path, error: Exception) -> InputError:
    """Return the refusal of a file that cannot be written, with its cause."""
    said = getattr(error, "strerror", None) or str(error)
    zh, en = _WHY.get(getattr(error, "errno", None) or 0, (said, said))
    return InputError(f"无法写入 {path}：{zh}。", f"{path} cannot be written: {en}.")


def check_folder(path: Path) -> None:
    """Refuse a file whose folder does not exist."""
    if not path.parent.is_dir():
        raise InputError(f"文件夹 {path.parent} 不存在。", f"The folder {path.parent} does not exist.")


def check_output(path: Path, *inputs: Path, option: str = "--out") -> None:
    """Refuse, before any work is done, an output that has no folder or is a file that the same command reads.

    A file is the same by whatever path, link or spelling it is named; all parts of a shapefile and all that lies in
    a ``.gdb`` folder are inputs too.

    Raises
    ------
    InputError
        With the option that names the output.

    """
    check_folder(path)
    for source in inputs:
        if any(_same(path, part) for part in parts_of(source)) or (
            source.is_dir() and any(_same(parent, source) for parent in path.resolve().parents)
        ):
            raise InputError(
                f"{option} {path.name} 就是要读取的 {source.name}，写入会毁掉它；请换一个文件名。",
                f"{option} {path.name} is {source.name}, which is read: writing would destroy it; choose another name.",
            )
    if path.is_dir():
        raise unwritable(path, IsADirectoryError(errno.EISDIR, "a folder"))


def parts_of(path: Path) -> list[Path]:
    """Return all files that ``path`` consists of: the parts of a shapefile, what lies in a folder, else itself."""
    if path.is_dir():
        return [path, *sorted(path.rglob("*"))]
    if path.suffix.lower() == ".shp" and path.parent.is_dir():
        return sorted(
            part
            for part in path.parent.iterdir()
            if part.stem == path.stem and part.suffix.lower() in SHAPEFILE_PARTS and part.is_file()
        )
    return [path]


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def neutral(value: Any) -> Any:
    """Return what a cell can hold: a text without control characters that no spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value
    value = _CONTROL.sub("", value)
    return f"'{value}" if value.startswith(_FORMULA) else value
