"""Plates as PDF: eight an A4 page, 95 mm × 60 mm each. Size and words are ours; the official ones are not known."""

from __future__ import annotations

import io
from html import escape

import segno

from gis_service.files import printable
from gis_service.plates.plates import Plate
from gis_service.settings import get_settings

_A_PAGE = 8
_CSS = """
@page { size: A4; margin: 14mm 9mm } body { margin: 0; font-family: 'Noto Sans CJK SC', sans-serif }
.page { break-after: page; height: 262mm } .page:last-child { break-after: auto }
.plate { float: left; box-sizing: border-box; width: 95mm; height: 60mm; border: 0.4mm solid #1f4e79; padding: 4mm;
  margin: 0 0.3mm 4mm; overflow: hidden }
.plate img { float: left; width: 50mm; height: 50mm } .says { margin-left: 52mm } h1 { font-size: 13pt; margin: 0 0 3mm }
p { font-size: 9pt; margin: 0 0 2mm; overflow-wrap: anywhere }
"""


def holds(plate: Plate) -> str:
    """Return what a plate's QR code holds: the address of its page, or the house's number where no address is known."""
    base = get_settings().public_url
    return f"{base.rstrip('/')}/p/{plate.code}" if base else plate.building_id


def print_plates(plates: list[Plate]) -> bytes:
    """Return the PDF; needs no database."""
    parts: dict[str, tuple[bytes, str]] = {}
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
    sheets = [shown[start : start + _A_PAGE] for start in range(0, len(shown), _A_PAGE)]
    body = "".join(f"<div class='page'>{''.join(sheet)}</div>" for sheet in sheets)
    head = f"<meta charset='utf-8'><title>门牌</title><style>{_CSS}</style>"
    from gis_service.paper import html  # half a second, which a process that prints nothing has no use for

    return html.pdf(f"<!DOCTYPE html><html lang='zh-CN'><head>{head}</head><body>{body}</body></html>", parts)
