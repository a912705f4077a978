"""Faults of the disk and of the database's server, said in one sentence: full, closed to this program, gone."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from gis_service.errors import SetupError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_CLOSED = {errno.EROFS, errno.EACCES, errno.EPERM}
SQL_DISK_FULL = "53100"
_LEAST_BYTES = 20_000_000
"""PostgreSQL stops where it cannot write its log, 16 MB at a time."""


def full(place: Path | str) -> SetupError:
    """Return the sentence for a disk without room."""
    return SetupError(
        f"磁盘已满：{place} 所在的磁盘没有剩余空间，没有完成；请清理磁盘，或换一个目录后重试。",
        f"The disk is full: there is no room left where {place} lies, and this was not done; make room there, or use "
        "another folder, and try again.",
    )


def closed(place: Path | str) -> SetupError:
    """Return the sentence for a place that this program may not use."""
    return SetupError(
        f"不能读写 {place}：它是只读的，或当前用户没有权限；请更正权限，或换一个目录（数据目录用 GIS_DATA_DIR 指定）。",
        f"{place} cannot be used: it is read-only, or this user has no right to it; mend that, or use another folder "
        "(that of the data is named by GIS_DATA_DIR).",
    )


def is_full(place: Path) -> bool:
    """Tell whether the disk of ``place``, or of the folder that it would lie in, has no room for a database."""
    there = next((p for p in (place, *place.parents) if p.exists()), Path("/"))
    return shutil.disk_usage(there).free < _LEAST_BYTES


def refusal_in(said: str, place: Path) -> SetupError | None:
    """Return the sentence for what a program said when it could not write; None where it failed otherwise."""
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return full(place)
    return closed(place) if "Read-only file system" in said else None


def refusal_of(error: BaseException, data_dir: Path) -> SetupError | None:
    """Return the sentence for an error that the disk or a lost database caused; None for others.

    Whatever was raised while the first error was dealt with, and whatever a library wrapped it in, is looked through.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    lost = False
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, OSError) and one.errno in _FULL | _CLOSED:
            place = one.filename2 or one.filename or data_dir
            shown = place.decode(errors="replace") if isinstance(place, bytes) else str(place)
            return full(shown) if one.errno in _FULL else closed(shown)
        if getattr(one, "pgcode", None) == SQL_DISK_FULL:
            return full(data_dir)
        lost = lost or type(one).__name__ in {"OperationalError", "InterfaceError"}
        waiting += [one.__cause__, one.__context__, getattr(one, "orig", None)]
    # A server that cannot write its log goes down before it can say why.
    if lost:
        return full(data_dir) if is_full(data_dir) else gone()
    return None


def gone() -> SetupError:
    """Return the sentence for a database that does not answer, or that let go in the middle of something."""
    return SetupError(
        "与数据库的连接中断，没有完成，数据没有改动；请运行 gis-service db start 启动数据库（外部数据库请检查 DATABASE_URL），然后重试。",
        "The connection to the database was lost: this was not done, and nothing was changed. Start the database with "
        "gis-service db start (or look at DATABASE_URL where it is another's), and try again.",
    )
