"""``gis-service map``: a map as one file that opens with the network unplugged."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.errors import InputError, NotFoundError
from gis_service.export.mark import Mark
from gis_service.files import check_output, replacing
from gis_service.identity import Identity, Role, operator
from gis_service.inspection.stored.read import read_plan
from gis_service.say import say
from gis_service.selection.published import ensure_published
from gis_service.settings import get_settings
from gis_service.sheet.township import print_wall_map, read_sheet_data
from web_map.fire import fire_page
from web_map.frame import Page, render
from web_map.plan import plan_page
from web_map.planner import planner_page
from web_map.township import township_page


@click.group(name="map")
def map_() -> None:
    """地图：一个文件，断网可用。Maps as one offline file."""


@map_.command()
@click.option("--run", "run_id", type=int, help="选取编号，默认最新。Selection run; the newest by default.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def planner(run_id: int | None, out: Path) -> None:
    """重点房屋排查图。The planner's map."""
    _check(out)
    prepare()
    with transaction(operator()) as connection:
        if run_id is None:
            ensure_published(connection)
        page = planner_page(connection, run_id, offline=True, lang=get_settings().lang)
    write_page(page, out)


@map_.command()
@click.option("--run", "run_id", type=int, help="分析编号，默认最新。Density run; the newest by default.")
@click.option("--cluster", "cluster_id", type=int, help="只画一个连片区。One cluster.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def fire(run_id: int | None, cluster_id: int | None, out: Path) -> None:
    """连片区消防图。The fire brigade's map."""
    _check(out)
    prepare()
    with transaction(operator(), read_only=True) as connection:
        page = fire_page(connection, run_id, cluster_id, offline=True, lang=get_settings().lang)
    write_page(page, out)


@map_.command()
@click.option("--township", "code", required=True, help="乡镇代码（9位）。Code of the township, 9 digits.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def township(code: str, out: Path) -> None:
    """乡镇隐患图：.html 断网可用，.pdf 为 A3 挂图。A township's hazard map, or as PDF for the wall (A3)."""
    _check(out, (".html", ".pdf"))
    if not (len(code) == 9 and code.isascii() and code.isdigit()):
        raise InputError(f"乡镇代码应为 9 位数字，不是“{code}”。", f"A township's code has 9 digits, not {code!r}.")
    prepare()
    asking = Identity(operator().account, Role.TOWNSHIP, place=code)
    if out.suffix.lower() == ".pdf":
        with transaction(asking, read_only=True) as connection:
            values = read_sheet_data(connection, code, Mark(asking.account))
        write_file(print_wall_map(values), out, title=values["name"])
        return
    with transaction(asking, read_only=True) as connection:
        page = township_page(connection, code, offline=True, lang=get_settings().lang)
    write_page(page, out)


@map_.command()
@click.option(
    "--plan", "plan_id", type=click.IntRange(1, 2**31 - 1), required=True, help="计划编号。Number of the plan."
)
@click.option("--version", type=click.IntRange(1, 2**31 - 1), help="版本，默认最新。The newest by default.")
@click.option("--team", help="只画一个组。One team.")
@click.option("--per-team", is_flag=True, help="每组一个文件：FILE-组名.html。One file a team.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def plan(plan_id: int, version: int | None, team: str | None, per_team: bool, out: Path) -> None:
    """排查计划图：各组范围、每日路线。A plan's map: territories, days, routes."""
    _check(out)
    prepare()
    with transaction(operator(), read_only=True) as connection:
        names = [t.name for t in read_plan(connection, plan_id, version).teams] if per_team else [team]
        pages = []
        for name in names:
            try:
                made = plan_page(connection, plan_id, version, name, offline=True, lang=get_settings().lang)
            except NotFoundError:
                if not per_team:
                    raise
                continue  # a team that dropped out, or has nothing to do
            pages.append((name, made))
    for name, made in pages:
        write_page(made, out.with_stem(f"{out.stem}-{name}") if per_team else out)


def _check(out: Path, kinds: tuple[str, ...] = (".html",)) -> None:
    if out.suffix.lower() not in kinds:
        raise InputError(
            f"{out.name}：地图文件请用 {' 或 '.join(kinds)}。", f"{out.name}: a map file ends in {' or '.join(kinds)}."
        )
    check_output(out)


def write_page(page: Page, out: Path) -> None:
    """Write a page as one offline file, whole or not at all."""
    page.notes.append(Mark(operator().account).note(page.lang))
    write_file(render(page, nonce=None).encode(), out, title=page.title)


def write_file(made: bytes, out: Path, *, title: str) -> None:
    """Write a map's file, whole or not at all, and tell the audit trail."""
    with replacing(out) as partial:
        partial.write_bytes(made)
        audit_log.record(operator(), Action.EXPORTED, out.name, title=title)
    say(f"已写入 {out}（{out.stat().st_size / 1e6:.1f} MB）", f"Wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")
