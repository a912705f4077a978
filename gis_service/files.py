"""Files that the program writes: whole or not at all, never over what it reads, and with no formula in a cell."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gis_service.errors import InputError

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj")
"""The files of one shapefile; they share its stem."""

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
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "﹢", "﹣", "﹦", "﹫", "−")
# What ends a line somewhere, and a reader of lines would begin a cell of its own behind.
_LINE_END = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
# Characters that XML 1.0 cannot hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a name near ``path`` to write to; at the end the file takes its place, after an error none is left.

    Whoever opens ``path`` meanwhile finds the old file or the new one. A link stays a link; a file that is replaced
    keeps its mode. A new one is its owner's alone, from the first byte: whatever writes it writes into a folder that
    nobody else enters.

    Raises
    ------
    InputError
        The folder does not exist, the disk is full, or the file may not be written.

    """
    check_folder(path)
    folder = path.with_name(f".{secrets.token_hex(6)}")
    try:
        target = path.resolve() if path.is_symlink() else path
        folder = target.with_name(folder.name)
        # Told before the work: what cannot be written an hour later cannot be written now.
        folder.mkdir(mode=0o700)
        # Short: a name may have 255 bytes, and the one asked for may have nearly that.
        partial = folder / f"new{path.suffix[:20]}"
        yield partial
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder", str(target))
        partial.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600)
        partial.replace(target)
    except OSError as error:
        if error.errno not in _WHY:
            raise
        raise unwritable(path, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
        # What goes meanwhile is passed over, as a running database drops files of its own; rglob would fail.
        inside = (Path(folder) / name for folder, folders, files in os.walk(path) for name in (*folders, *files))
        return [path, *sorted(inside)]
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


def printable(text: str) -> str:
    """Return a text without the characters that XML, and so a workbook or a docx, cannot hold."""
    return _CONTROL.sub("", text)


def neutral(value: Any) -> Any:
    """Return what a cell can hold: one line without control characters that no spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value
    value = printable(value)
    # Behind blanks too: many a reader takes them off.
    begins = value.startswith(("\t", "\r", "\n")) or value.lstrip().startswith(_FORMULA)
    value = _LINE_END.sub(" ", value)
    return f"'{value}" if begins else value


def private(path: Path, text: str) -> None:
    """Write a text that its owner alone reads, from the first byte."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
