"""Plates as PDF: eight an A4 page, 95 mm × 60 mm each. Size and words are ours; the official ones are not known."""

from __future__ import annotations

import io
from html import escape

import segno

from gis_service.files import printable
from gis_service.paper.html import Parts, pdf
from gis_service.plates.plates import Plate
from gis_service.settings import get_settings

_CSS = """
@page { size: A4; margin: 14mm 9mm } body { margin: 0; font-size: 0; font-family: 'Noto Sans CJK SC', sans-serif }
.plate { display: inline-block; box-sizing: border-box; width: 95mm; height: 60mm; border: 0.4mm solid #1f4e79; padding: 4mm;
  margin: 0 0.3mm 4mm; vertical-align: top; break-inside: avoid; overflow: hidden }
.plate img { float: left; width: 50mm; height: 50mm } .says { margin-left: 52mm } h1 { font-size: 13pt; margin: 0 0 3mm }
p { font-size: 9pt; margin: 0 0 2mm; overflow-wrap: anywhere }
"""


def holds(plate: Plate) -> str:
    """Return what a plate's QR code holds: the address of its page, or the house's number where no address is known."""
    base = get_settings().public_url
    return f"{base.rstrip('/')}/p/{plate.code}" if base else plate.building_id


def print_plates(plates: list[Plate]) -> bytes:
    """Return the PDF; needs no database."""
    parts: Parts = {}
    shown = []
    for number, plate in enumerate(plates):
        out = io.BytesIO()
        segno.make(holds(plate), error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False, svgns=True)
        parts[f"qr:{number}"] = (out.getvalue(), "image/svg+xml")
        telephone = f"<p>县联系电话：{escape(plate.telephone)}</p>" if plate.telephone else ""
        shown.append(
            f"<div class='plate'><img src='qr:{number}' alt=''><div class='says'><h1>自建房安全</h1>"
            f"<p>房屋编号<br>{escape(printable(plate.building_id))}</p><p>扫码查看现行管控措施</p>{telephone}</div></div>"
        )
    return pdf(
        f"<!DOCTYPE html><html lang='zh-CN'><meta charset='utf-8'><title>门牌</title><style>{_CSS}</style><body>{''.join(shown)}</body></html>",
        parts,
    )
