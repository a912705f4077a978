"""``gis-service sheet``: the sheet of a dense cluster as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.files import check_output, replacing
from gis_service.identity import operator
from gis_service.say import say
from gis_service.sheet.fire import print_sheet, read_sheet_data


@click.command()
@click.argument("cluster_id", type=click.IntRange(1, 2**31 - 1))
@click.option(
    "--run", "run_id", type=click.IntRange(min=1), help="分析编号，默认最新。Density run; the newest by default."
)
@click.option("--paper", type=click.Choice(["A4", "A3"], case_sensitive=False), default="A4", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def sheet(cluster_id: int, run_id: int | None, paper: Literal["A4", "A3"], out: Path) -> None:
    """连片区专项消防应急方案图表。A dense cluster's sheet for the brigade's plan."""
    if out.suffix.lower() != ".pdf":
        raise InputError(f"{out.name}：图表文件请用 .pdf。", f"{out.name}: a sheet ends in .pdf.")
    check_output(out)
    prepare()
    who = operator()
    with transaction(who, read_only=True) as connection:
        values = read_sheet_data(connection, cluster_id, run_id, paper, Mark(who.account))
    made = print_sheet(values)
    with replacing(out) as partial:
        partial.write_bytes(made)
        audit_log.record(who, Action.EXPORTED, out.name, cluster=cluster_id, run=run_id)
    say(f"已写入 {out}（{len(made) / 1e6:.1f} MB）", f"Wrote {out} ({len(made) / 1e6:.1f} MB)")
