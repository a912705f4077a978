"""Who takes a sheet away, and when, on each of its pages: written at the moment it leaves, so that it is made once."""

from __future__ import annotations

import html
import io

import pikepdf

from gis_service.export.mark import Mark

_MM = 72 / 25.4


def stamp(pdf: bytes, mark: Mark) -> bytes:
    """Return a PDF with the exporter's name and the moment at the foot of each page, and in its properties."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        stamps: dict[tuple[int, int], pikepdf.Pdf] = {}
        for page in document.pages:
            left, bottom, right, top = (float(edge) for edge in page.mediabox)
            size = (round(right - left), round(top - bottom))
            if size not in stamps:
                stamps[size] = pikepdf.open(io.BytesIO(_note(mark, *size)))
            page.add_overlay(stamps[size].pages[0], pikepdf.Rectangle(left, bottom, right, top))
        document.docinfo["/Author"] = mark.account
        document.docinfo["/Subject"] = mark.note()
        document.save(out)
        for held in stamps.values():
            held.close()
    return out.getvalue()


def _note(mark: Mark, width: int, height: int) -> bytes:
    """Return one page of that size in points with the note at its lower left corner."""
    page = (
        f"<style>@page {{ size: {width / _MM:.2f}mm {height / _MM:.2f}mm; margin: 0 }} body {{ margin: 0 }} "
        "p { position: absolute; left: 12mm; bottom: 2mm; margin: 0; font: 6.5pt 'Noto Sans CJK SC', sans-serif; "
        f"color: #333 }}</style><p>{html.escape(mark.note())}</p>"
    )
    from weasyprint import HTML  # half a second, which a process that prints nothing has no use for

    made: bytes = HTML(string=page, base_url=None).write_pdf()
    return made
