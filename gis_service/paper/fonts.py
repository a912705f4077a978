"""Whether this machine can print Chinese at all."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache

from gis_service.errors import SetupError


def check() -> None:
    """Refuse to print where no font has Chinese characters.

    Raises
    ------
    SetupError
        With the package to install.

    """
    if not _chinese():
        raise SetupError(
            "本机没有中文字体，无法生成 PDF；请安装 fonts-noto-cjk。",
            "This machine has no font with Chinese characters; install fonts-noto-cjk.",
        )


@lru_cache(maxsize=1)
def _chinese() -> bool:
    program = shutil.which("fc-list")
    if program is None:
        return True  # without fontconfig's own list the attempt decides
    try:
        found = subprocess.run(  # noqa: S603 - our own words alone
            [program, ":lang=zh-cn", "family"], capture_output=True, check=False, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return True
    return bool(found.stdout.strip())
