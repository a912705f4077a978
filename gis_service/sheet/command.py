"""``gis-service sheet``: the sheet of a dense cluster, the file of a house (一栋一册), the plan of a case (一栋一策)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click
from sqlalchemy import Connection

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.day import today
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.files import check_output, replacing
from gis_service.identity import operator
from gis_service.record.house import dossier as read_dossier
from gis_service.say import say
from gis_service.sheet import dossier, house, remedy
from gis_service.sheet.fire import print_sheet, read_sheet_data


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="CLUSTER_ID | house BUILDING_ID | case CASE_ID")
@click.option(
    "--run", "run_id", type=click.IntRange(min=1), help="分析编号，默认最新。Density run; the newest by default."
)
@click.option("--paper", type=click.Choice(["A4", "A3"], case_sensitive=False), default="A4", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def sheet(what: tuple[str, ...], run_id: int | None, paper: Literal["A4", "A3"], out: Path) -> None:
    """连片区消防图表，房屋一栋一册，案件一栋一策（后两种可为 .docx）。A cluster's sheet; a house's file or a case's plan, .docx too."""
    kind, name = what if len(what) == 2 else ("cluster", what[0])
    number = int(name) if name.isdecimal() else 0
    if len(what) > 2 or kind not in ("cluster", "house", "case") or (kind != "house" and not 1 <= number < 2**31):
        raise click.UsageError("CLUSTER_ID | house BUILDING_ID | case CASE_ID")
    suffix = out.suffix.lower()
    if suffix != ".pdf" and (suffix != ".docx" or kind == "cluster"):
        raise InputError(f"{out.name}：连片区图表用 .pdf，一栋一册、一栋一策用 .pdf 或 .docx。",
                         f"{out.name}: a cluster's sheet ends in .pdf, a house's file and a case's plan in .pdf or .docx.")  # fmt: skip
    check_output(out)
    prepare()
    who = operator()
    mark = Mark(who.account)
    about: dict[str, Any] = {kind: name} if kind != "cluster" else {"cluster": number, "run": run_id}
    with transaction(who, read_only=True) as connection:
        write = _writer(
            connection, kind, name, suffix, mark, lambda: read_sheet_data(connection, number, run_id, paper, mark)
        )
    made = write()
    with replacing(out) as partial:
        partial.write_bytes(made)
        audit_log.record(who, Action.EXPORTED, out.name, **about)
    say(f"已写入 {out}（{len(made) / 1e6:.1f} MB）", f"Wrote {out} ({len(made) / 1e6:.1f} MB)")


def _writer(
    connection: Connection, kind: str, name: str, suffix: str, mark: Mark, read_cluster: Callable[[], dict[str, Any]]
) -> Callable[[], bytes]:
    """Read what is printed, and return what sets the pages once the database is let go."""
    if kind == "case":
        remedy_ = remedy.read_remedy(connection, int(name))
        return lambda: remedy.print_remedy(remedy_, "docx" if suffix == ".docx" else "pdf")
    if kind == "house" and suffix == ".docx":
        made, picture = read_dossier(connection, name, today()), dossier.plan_png(connection, name)
        return lambda: dossier.print_dossier(made, picture)
    if kind == "house":
        values = house.read_sheet_data(connection, name, today(), mark)
        return lambda: house.print_house(values)
    values = read_cluster()
    return lambda: print_sheet(values)
