"""``gis-service sheet``: the sheet of a dense cluster, or of a house (一栋一册), as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.day import today
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.files import check_output, replacing
from gis_service.identity import operator
from gis_service.say import say
from gis_service.sheet import house
from gis_service.sheet.fire import print_sheet, read_sheet_data


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="CLUSTER_ID | house BUILDING_ID")
@click.option(
    "--run", "run_id", type=click.IntRange(min=1), help="分析编号，默认最新。Density run; the newest by default."
)
@click.option("--paper", type=click.Choice(["A4", "A3"], case_sensitive=False), default="A4", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def sheet(what: tuple[str, ...], run_id: int | None, paper: Literal["A4", "A3"], out: Path) -> None:
    """连片区专项消防应急方案图表，或房屋一栋一册。A dense cluster's sheet, or a house's record."""
    building_id = what[1] if len(what) == 2 and what[0] == "house" else None
    cluster_id = int(what[0]) if len(what) == 1 and what[0].isdecimal() else 0
    if building_id is None and not 1 <= cluster_id < 2**31:
        raise click.UsageError("CLUSTER_ID | house BUILDING_ID")
    if out.suffix.lower() != ".pdf":
        raise InputError(f"{out.name}：图表文件请用 .pdf。", f"{out.name}: a sheet ends in .pdf.")
    check_output(out)
    prepare()
    who = operator()
    about: dict[str, Any] = {"cluster": cluster_id, "run": run_id}
    with transaction(who, read_only=True) as connection:
        if building_id is not None:
            about = {"house": building_id}
            values = house.read_sheet_data(connection, building_id, today(), Mark(who.account))
        else:
            values = read_sheet_data(connection, cluster_id, run_id, paper, Mark(who.account))
    made = house.print_house(values) if building_id is not None else print_sheet(values)
    with replacing(out) as partial:
        partial.write_bytes(made)
        audit_log.record(who, Action.EXPORTED, out.name, **about)
    say(f"已写入 {out}（{len(made) / 1e6:.1f} MB）", f"Wrote {out} ({len(made) / 1e6:.1f} MB)")
