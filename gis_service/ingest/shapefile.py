"""The files of a shapefile, made ready for GDAL: under one plain name, with exact text and a whole index."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gis_service.errors import InputError
from gis_service.files import parts_of
from gis_service.ingest import dbf
from gis_service.ingest.values import Sentence

_HEADER = 100


@dataclass(frozen=True)
class Ready:
    """Where GDAL finds it, in which encoding its text is, and what was mended."""

    path: Path
    encoding: str
    notes: list[Sentence] = field(default_factory=list)


@contextmanager
def ready(path: Path, encoding: str) -> Iterator[Ready]:
    """Yield the shapefile ``path`` in a folder of its own, for the length of the block.

    Raises
    ------
    InputError
        Its ``.dbf`` is missing, or its text is in no encoding that reads it.

    """
    parts = {part.suffix.lower(): part for part in parts_of(path)}
    table = parts.get(".dbf")
    if table is None:
        raise InputError(
            f"{path.name} 缺少同名的 .dbf（属性表）；请把 shp、shx、dbf、prj 一起复制。",
            f"{path.name} lacks its .dbf, the table of attributes; copy shp, shx, dbf and prj together.",
        )
    choice = dbf.encoding_of(table, encoding)
    notes: list[Sentence] = [
        (f"文字编码：{choice.codec}{choice.why_zh}", f"text encoding: {choice.codec}{choice.why_en}")
    ]
    with tempfile.TemporaryDirectory(prefix="gis-import-") as folder:
        staged = Path(folder) / "source.shp"
        staged.symlink_to(path.resolve())
        staged.with_suffix(".dbf").write_bytes(dbf.exact(table, choice.codec))
        if ".prj" in parts:
            staged.with_suffix(".prj").symlink_to(parts[".prj"].resolve())
        if ".shx" in parts:
            staged.with_suffix(".shx").symlink_to(parts[".shx"].resolve())
        else:
            staged.with_suffix(".shx").write_bytes(_index(path))
            notes.append(("缺少 .shx，已按 .shp 重建索引", "the .shx is missing: the index was made from the .shp"))
        yield Ready(staged, choice.codec, notes)


def _index(path: Path) -> bytes:
    """Return the index (.shx) of a shapefile: where each record begins and how long it is (ESRI 1998)."""
    data = path.read_bytes()
    records = []
    position = _HEADER
    while position + 8 <= len(data):
        (words,) = struct.unpack(">I", data[position + 4 : position + 8])
        if position + 8 + 2 * words > len(data):
            raise InputError(
                f"{path.name} 已截断，也缺少 .shx；请重新复制全部文件。",
                f"{path.name} is truncated and lacks its .shx; copy all its files again.",
            )
        records.append(struct.pack(">II", position // 2, words))
        position += 8 + 2 * words
    length = struct.pack(">I", (_HEADER + 8 * len(records)) // 2)
    return data[:24] + length + data[28:_HEADER] + b"".join(records)
