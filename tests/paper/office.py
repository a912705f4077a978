"""What another program makes of a docx: LibreOffice turns it into PDF, whose words and pages are read back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest


def pages(docx: bytes, folder: Path) -> list[str]:
    """Return the text of each page as LibreOffice sets it, without line ends."""
    source = folder / "paper.docx"
    source.write_bytes(docx)
    return words(converted(source, folder))


def converted(source: Path, folder: Path) -> bytes:
    """Return a file as LibreOffice turns it into PDF."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice is not on this machine")
    subprocess.run(
        [soffice, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "pdf", "--outdir", folder, source],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return (folder / f"{source.stem}.pdf").read_bytes()


def words(pdf: bytes) -> list[str]:
    """Return the text of each page of a PDF without line ends and blanks."""
    document = pypdfium2.PdfDocument(pdf)
    return ["".join(page.get_textpage().get_text_range().split()) for page in document]
