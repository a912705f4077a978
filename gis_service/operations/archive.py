"""A backup as one file: the database's dump, the photographs and scans that it names, and the keys, as a tar.

Every file in it is told by its SHA-256 in the manifest, the last member: a file without one was cut off. Nothing is ever
unpacked by the name that an archive gives it; a photograph goes where its own content's hash says.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gis_service import __version__
from gis_service.attachments import store
from gis_service.errors import InputError
from gis_service.files import replacing
from gis_service.plates import token
from gis_service.tls import authority

_DUMP, _MANIFEST, _PHOTOGRAPHS, _KEYS = "database.dump", "manifest.json", "attachments/", "keys/"
_FORMAT = 1
_PHOTOGRAPH = re.compile(r"attachments/([0-9a-f]{64})")


def _keys() -> dict[str, Path]:
    """Return the files without which what was given out is worth nothing: of plates, and of the county's authority."""
    return {"plate.key": token.key_file(), "ca.key": authority.key_file(), "ca.crt": authority.certificate_file()}


def write(out: Path, dump: Path, photographs: Iterable[str]) -> list[str]:
    """Write a backup and return the SHA-256 of photographs that are missing or no longer what they were."""
    files: dict[str, str] = {}
    lost: list[str] = []
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as archive:
        with dump.open("rb") as opened:
            files[_DUMP] = hashlib.file_digest(opened, "sha256").hexdigest()
        _add(archive, _DUMP, dump)
        for name, path in _keys().items():
            if path.exists():
                files[_KEYS + name] = _add_bytes(archive, _KEYS + name, path.read_bytes())
        for sha256 in photographs:
            content = _intact(sha256)
            if content is None:
                lost.append(sha256)
            else:
                files[_PHOTOGRAPHS + sha256] = _add_bytes(archive, _PHOTOGRAPHS + sha256, content)
        said = {"format": _FORMAT, "version": __version__, "files": files, "lost": lost}
        _add_bytes(archive, _MANIFEST, json.dumps(said).encode())
    return lost


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = path.stat().st_size, 0o600
    with path.open("rb") as opened:
        archive.addfile(member, opened)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> str:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))
    return hashlib.sha256(content).hexdigest()


def _intact(sha256: str) -> bytes | None:
    """Return a photograph of the data folder; None where it is missing or another's content lies there."""
    try:
        content = store.path_of(sha256).read_bytes()
    except FileNotFoundError:
        return None
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


@dataclass(frozen=True)
class Backup:
    """A backup that was looked through."""

    path: Path

    def take_dump(self, out: Path) -> None:
        """Write the database's dump to a file."""
        with _opened(self.path) as archive, _reading(archive, archive.getmember(_DUMP)) as source, out.open("wb") as to:
            shutil.copyfileobj(source, to)

    def put_back(self) -> list[str]:
        """Put photographs and keys into the data folder; return the names of keys that took another's place.

        A photograph that lies there whole stays; a key that is another is kept beside it (``.replaced``).
        """
        replaced = []
        with _opened(self.path) as archive:
            for member in archive:
                found = _PHOTOGRAPH.fullmatch(member.name)
                if found and _intact(found[1]) is None:
                    with _reading(archive, member) as source:
                        store.put_back(found[1], source.read())
            for name, path in _keys().items():
                if _KEYS + name not in archive.getnames():
                    continue
                with _reading(archive, archive.getmember(_KEYS + name)) as source:
                    if _put_key(path, source.read()):
                        replaced.append(name)
        return replaced


def _put_key(path: Path, content: bytes) -> bool:
    """Write a key unless it is there; return whether another was in its place."""
    other = path.exists() and path.read_bytes() != content
    if path.exists() and not other:
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if other:
        path.replace(path.with_name(f"{path.name}.replaced"))
    with replacing(path) as partial:
        partial.write_bytes(content)
    return other


def is_archive(path: Path) -> bool:
    """Tell a backup from a dump of the database alone, as versions before 0.2 wrote it."""
    with path.open("rb") as opened:
        opened.seek(257)
        return opened.read(5) == b"ustar"


def look(path: Path) -> Backup:
    """Look a backup through, every file against its SHA-256, before anything is replaced.

    A photograph in it that is missing or changed refuses nothing: it is not put back, and ``missing`` names it.

    Raises
    ------
    InputError
        It was cut off, or its dump or a key is no longer what was written.

    """
    found: dict[str, str] = {}
    try:
        with _opened(path) as archive:
            for member in archive:
                with _reading(archive, member) as source:
                    found[member.name] = hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]
            with _reading(archive, archive.getmember(_MANIFEST)) as source:
                said = json.loads(source.read())
            files = {str(name): str(sha256) for name, sha256 in said["files"].items()}
    except (tarfile.TarError, KeyError, ValueError, TypeError, AttributeError, EOFError) as error:
        raise _broken(path, _MANIFEST) from error
    for name, sha256 in files.items():
        if found.get(name) != sha256 and not _PHOTOGRAPH.fullmatch(name):
            raise _broken(path, name)
    if _DUMP not in files:
        raise _broken(path, _DUMP)
    return Backup(path)


def _broken(path: Path, name: str) -> InputError:
    return InputError(
        f"备份文件 {path} 不完整或被改动（{name}），没有恢复任何数据；请换一份备份。",
        f"The backup {path} is not whole or was changed ({name}); nothing was restored. Use another backup.",
    )


def missing(photographs: Iterable[str]) -> list[str]:
    """Return those of the photographs that the data folder has not, or not whole."""
    return [sha256 for sha256 in photographs if _intact(sha256) is None]


def _opened(path: Path) -> tarfile.TarFile:
    return tarfile.open(path, "r:")


def _reading(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """Open a member; of one that is no file there is nothing to read."""
    return archive.extractfile(member) or io.BytesIO()


def said(lost: list[str]) -> Iterator[str]:
    """Yield the names of photographs, a line each; the first hundred."""
    yield from lost[:100]
    if len(lost) > 100:
        yield f"… {len(lost) - 100}"
