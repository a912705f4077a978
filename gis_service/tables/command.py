"""``gis-service tables``: the notice's annexes, statistics by unit and the six steps, as they stood at the end of a day."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.day import day_asked
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.export.mark import Mark
from gis_service.files import check_output
from gis_service.identity import operator
from gis_service.say import say
from gis_service.tables import sheets


@click.group(name="tables")
def tables_() -> None:
    """按日统计表。Tables by unit as they stood at the end of a day."""


def _write(name: sheets.Name, day: str | None, out: Path, *, operating: bool) -> None:
    sheets.check_format(out)
    check_output(out)
    prepare()
    who, on = operator(), day_asked(day)
    with transaction(who, read_only=True) as connection:
        made = sheets.make(connection, name, on, operating=operating)
    sheets.write(made, out, Mark(who.account))
    audit_log.record(who, Action.EXPORTED, out.name, table=name, day=str(on))
    say(f"{on} {made.title}：已写入 {out}", f"{name} of {on}: written to {out}")


def _table_command(name: sheets.Name) -> None:
    zh, en = sheets.NAMES[name]

    @click.option("--day", default=None, help="截至哪一天，默认今天。As of which day; today by default.")
    @click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help=".xlsx、.pdf。")
    def command(day: str | None, out: Path, *, operating: bool = False) -> None:
        _write(name, day, out, operating=operating)

    if name == "statistics":
        command = click.option("--operating", is_flag=True, help="只统计经营性自建房。Operating houses only.")(command)
    tables_.command(name=name, help=f"{zh}。{en}.")(command)


for _name in ("annex1", "annex2", "statistics", "steps"):
    _table_command(_name)
