"""``gis-service form``: sheets to fill in, at the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import MACHINE, Action
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.files import check_output
from gis_service.forms.columns import NAMES
from gis_service.forms.fill import write_back, write_template
from gis_service.forms.read import load
from gis_service.identity import operator
from gis_service.say import say


@click.group(name="form")
def form() -> None:
    """填报表格：下载模板，导入填好的表。Sheets to fill in: visits, judgements, steps of cases."""


@form.command(name="template")
@click.argument("name", type=click.Choice(list(NAMES)))
@click.option("--unit", default=None, help="填报单位代码（案件）。Code of a reporting unit (cases).")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def template(name: Any, unit: str | None, out: Path) -> None:
    """写出空表（案件表带未销号案件）。Write an empty sheet; of cases with those that are open."""
    _check(out)
    prepare()
    who = operator()
    with transaction(who, read_only=True) as connection:
        rows = write_template(connection, name, out, Mark(who.account), unit)
    audit_log.record(who, Action.EXPORTED, out.name, form=name, rows=rows)
    say(f"已写入 {out}（{NAMES[name]}，已填 {rows:,} 行）", f"Written to {out} ({name}, {rows:,} rows stand in it)")


@form.command(name="load")
@click.argument("name", type=click.Choice(list(NAMES)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="不能用的行另存到此表，其余导入。Leave out bad rows, and keep them here.",
)
def load_(name: Any, file: Path, rejects: Path | None) -> None:
    """导入填好的表；有一行不能用就一行也不导入，除非 --rejects。Load a sheet, whole or not at all."""
    if rejects is not None:
        _check(rejects)
    if not file.is_file():
        raise InputError(f"找不到文件 {file.name}。", f"There is no file {file.name}.")
    prepare()
    who = operator()
    with transaction(who) as connection:
        told = load(connection, name, file, leave_out=rejects is not None)
        counts = {"loaded": told.loaded, "unchanged": told.unchanged, "rejected": told.rejected}
        if not told.rejected or rejects is not None:
            audit_log.append(connection, who, Action.IMPORTED, file.name, source=MACHINE, form=name, **counts)
    if told.rejected and rejects is None:
        first = next(fault for fault in told.faults if fault)
        raise InputError(
            f"{file.name}：{told.rejected} 行不能使用，没有导入任何一行；{first} 更正后重试，或用 --rejects 把它们另存。",
            f"{file.name}: {told.rejected} rows cannot be used, nothing was loaded; the first: {first} Mend them, or use --rejects.",
        )
    if rejects is not None and told.rejected:
        write_back(told, rejects, Mark(who.account))
    read = len(told.rows)
    say(f"{file.name}：读取 {read:,} = 新增 {told.loaded:,} + 未变 {told.unchanged:,} + 拒绝 {told.rejected:,}",
        f"{file.name}: read {read:,} = loaded {told.loaded:,} + unchanged {told.unchanged:,} + rejected {told.rejected:,}")  # fmt: skip


def _check(out: Path) -> None:
    if out.suffix.lower() != ".xlsx":
        raise InputError(f"{out.name}：填报表格请用 .xlsx。", f"{out.name}: a form ends in .xlsx.")
    check_output(out)
