"""Find a PostgreSQL with PostGIS among the programs of this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gis_service.errors import SetupError

# Debian and Ubuntu, Red Hat, Homebrew: the places where packages put the server's programs.
_PATTERNS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "usr/local/pgsql/bin",
)


@dataclass(frozen=True)
class Binaries:
    """One installed PostgreSQL server that has PostGIS."""

    folder: Path
    major: int

    def path(self, program: str) -> str:
        """Return the full path of ``program`` (``initdb``, ``pg_ctl``, …)."""
        return str(self.folder / program)


def find_binaries(major: int | None = None) -> Binaries:
    """Return the newest PostgreSQL with PostGIS, or the one of version ``major`` that a data folder needs.

    Raises
    ------
    SetupError
        None is installed; the sentence names the three ways out.

    """
    found = [known for folder in _folders() if (known := _inspect(folder)) is not None]
    wanted = [known for known in found if major is None or known.major == major]
    if wanted:
        return max(wanted, key=lambda known: known.major)
    if major is not None:
        raise SetupError(
            f"数据目录由 PostgreSQL {major} 建立，但本机没有带 PostGIS 的该版本；请安装 postgresql-{major}-postgis-3，"
            "或用 `gis-service db restore` 把备份恢复到新目录（GIS_DATA_DIR）。",
            f"The data folder was made by PostgreSQL {major}, and this machine has no PostgreSQL {major} with PostGIS; "
            f"install postgresql-{major}-postgis-3, or restore a backup into a new folder (GIS_DATA_DIR).",
        )
    raise SetupError(
        "本机没有 PostGIS。三种办法任选其一：安装软件包（Debian/Ubuntu：postgresql-postgis，其他系统：postgis）；"
        "设置 DATABASE_URL 指向已有的 PostGIS 数据库；或运行 docker compose up。",
        "This machine has no PostGIS; either install the package (postgresql-postgis on Debian and Ubuntu, postgis "
        "elsewhere), or set DATABASE_URL to a PostGIS database, or run docker compose up.",
    )


def _folders() -> list[Path]:
    folders = [folder for pattern in _PATTERNS for folder in Path("/").glob(pattern)]
    on_path = shutil.which("pg_ctl")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return [folder for folder in dict.fromkeys(folders) if (folder / "initdb").exists()]


def _inspect(folder: Path) -> Binaries | None:
    def ask(program: str, option: str) -> str:
        return subprocess.run(  # noqa: S603 - our own list of places, no shell
            [str(folder / program), option], capture_output=True, text=True, check=True
        ).stdout

    try:
        version = re.search(r"PostgreSQL\) (\d+)", ask("postgres", "--version"))
        share = ask("pg_config", "--sharedir").strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    if version is None or not (Path(share) / "extension" / "postgis.control").exists():
        return None
    return Binaries(folder, int(version.group(1)))
