"""``gis-service plates``: plates made as PDF, and withdrawn."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.files import check_output, replacing
from gis_service.identity import operator
from gis_service.plates import plates
from gis_service.plates.print import print_plates
from gis_service.say import say


@click.group(name="plates")
def plates_() -> None:
    """二维码门牌：制作、作废。QR plates: make and withdraw them."""


@plates_.command(name="make")
@click.argument("houses", nargs=-1, required=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help=".pdf")
def make(houses: tuple[str, ...], out: Path) -> None:
    """为房屋制作门牌 PDF。Make the plates of HOUSES as PDF, eight a page; a house that has one gets the same again."""
    check_output(out)
    prepare()
    who = operator()
    with transaction(who) as connection:
        made = plates.make(connection, list(houses))
        audit_log.append(connection, who, Action.PLATED, f"{len(made)} plates", houses=len(made))
        with replacing(out) as partial:
            partial.write_bytes(print_plates(made))
    say(f"{len(made)} 块门牌已写入 {out}", f"{len(made)} plates: written to {out}")


@plates_.command(name="withdraw")
@click.argument("house")
@click.option("--reason", required=True, help="原因。Why.")
def withdraw(house: str, reason: str) -> None:
    """作废房屋的门牌。Withdraw the plate of HOUSE, lost or copied: its code tells nothing any more."""
    prepare()
    who = operator()
    with transaction(who) as connection:
        number = plates.withdraw(connection, house, reason)
        audit_log.append(connection, who, Action.PLATED, f"plate {number} withdrawn", house=house, reason=reason)
    say(f"房屋 {house} 的门牌已作废（第 {number} 号）。", f"The plate of {house} is withdrawn (plate {number}).")
