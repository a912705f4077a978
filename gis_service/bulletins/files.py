"""A bulletin as a file: the extension says the format, and the file's properties who took it and when.

What is printed is the snapshot alone: two exports of it differ in nothing but their properties.
"""

from __future__ import annotations

import io
from datetime import UTC
from pathlib import Path

import docx
import pikepdf

from gis_service.bulletins.document import document
from gis_service.bulletins.snapshot import Bulletin
from gis_service.bulletins.workbook import workbook
from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.files import replacing
from gis_service.paper import docx as paper_docx
from gis_service.paper import pdf as paper_pdf
from gis_service.paper.package import settled

FORMATS = ("docx", "pdf", "xlsx")


def check_format(path: Path) -> None:
    """Refuse a file whose extension names no format of bulletins.

    Raises
    ------
    InputError
        With the formats there are.

    """
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise InputError(
            f"{path.name}：通报请用 {'、'.join(f'.{f}' for f in FORMATS)}。",
            f"{path.name}: a bulletin ends in {', '.join(f'.{f}' for f in FORMATS)}.",
        )


def write(made: Bulletin, path: Path, mark: Mark) -> None:
    """Write a bulletin; the file appears whole or not at all."""
    check_format(path)
    data = {"xlsx": workbook, "docx": _docx, "pdf": _pdf}[path.suffix.lower().removeprefix(".")](made, mark)
    with replacing(path) as partial:
        partial.write_bytes(data)


def _docx(made: Bulletin, mark: Mark) -> bytes:
    paper = docx.Document(io.BytesIO(paper_docx.write(document(made))))
    properties = paper.core_properties
    properties.last_modified_by, properties.comments = mark.account, mark.note()
    properties.modified = mark.at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    out = io.BytesIO()
    paper.save(out)
    return settled(out.getvalue())


def _pdf(made: Bulletin, mark: Mark) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper_pdf.write(document(made)))) as paper:
        paper.docinfo["/Subject"] = mark.note()
        paper.save(out, deterministic_id=True)
    return out.getvalue()
