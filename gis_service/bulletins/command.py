"""``gis-service bulletin``: the bulletin of a day, its week or its month as a file."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.bulletins.files import check_format, write
from gis_service.bulletins.period import KINDS, Kind
from gis_service.bulletins.snapshot import bulletin
from gis_service.db.day import day_asked
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.export.mark import Mark
from gis_service.files import check_output
from gis_service.identity import operator
from gis_service.say import say


@click.command(name="bulletin")
@click.option("--day", default=None, help="哪一天，默认今天。The day; today by default.")
@click.option("--kind", type=click.Choice(list(KINDS)), default="daily", show_default=True, help="当日、当周或当月。Of the day, its week, its month.")  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help=".docx、.pdf 或 .xlsx。")
def bulletin_(day: str | None, kind: Kind, out: Path) -> None:
    """一天一通报、每周进度排名、月通报；期限过后第一次打开即固化。A bulletin; frozen when first asked for after its end."""
    check_format(out)
    check_output(out)
    prepare()
    who, on = operator(), day_asked(day)
    with transaction(who) as connection:
        made = bulletin(connection, who, kind, on)
    write(made, out, Mark(who.account))
    audit_log.record(who, Action.EXPORTED, out.name, bulletin=kind, day=str(made.period.day), sha256=made.sha256)
    if made.snapshot_id is None:
        say(f"{made.body['title']}：期限未到，未固化，已写入 {out}",
            f"The {KINDS[kind][1]} of {made.period.day} is not over: not frozen, written to {out}")  # fmt: skip
    else:
        say(f"{made.body['title']}：快照第 {made.snapshot_id} 号，SHA-256 {made.sha256}，已写入 {out}",
            f"The {KINDS[kind][1]} of {made.period.day}: snapshot {made.snapshot_id}, SHA-256 {made.sha256}, written to {out}")  # fmt: skip
