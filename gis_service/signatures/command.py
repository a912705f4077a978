"""``gis-service ledger signer``, ``sign``, ``verify``: sign-off at the machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.cases.command import ledger
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.identity import operator
from gis_service.say import say
from gis_service.signatures import sign
from gis_service.signatures.state import STEP
from gis_service.signatures.verify import verify

_unit = click.option("--unit", required=True, help="填报单位代码。Code of the reporting unit.")
_village = click.option("--village", help="村代码；乡镇主要领导不填。Code of the village; none for the unit's head.")
_step = click.option("--step", type=click.Choice(list(STEP)), required=True, help="环节。Who of the four.")


@ledger.command(name="signer")
@_unit
@_village
@_step
@click.option("--name", required=True, help="姓名。Name.")
@click.option("--title", required=True, help="职务。Office.")
@click.option("--account", help="账号；不填为纸质签字。Account; none signs on paper.")
def signer(unit: str, village: str | None, step: str, name: str, title: str, account: str | None) -> None:
    """指定签字人。Say who signs a step of a place."""
    prepare()
    who = operator()
    with transaction(who) as connection:
        sign.name_signer(connection, unit, village, step, name, title, account)
        place = village or unit
        audit_log.append(
            connection, who, Action.SIGNER_NAMED, place, step=step, name=name, title=title, account=account
        )
    say(
        f"{village or unit}“{STEP[step][0]}”由{title}{name}签字。",
        f"{name} ({title}) signs {village or unit} as {STEP[step][1]}.",
    )


@ledger.command(name="sign")
@click.option("--round", "round_id", type=click.IntRange(min=1), required=True, help="轮次编号。Number of the round.")
@_unit
@click.option(
    "--village",
    "villages",
    multiple=True,
    help="村代码，可重复；乡镇主要领导不填。Village, may be repeated; none for the unit's head.",
)
@_step
@click.option(
    "--scan", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
    help="签字页扫描件：PDF、JPEG、PNG、WebP。The scanned signed page.",
)  # fmt: skip
def enter(round_id: int, unit: str, villages: tuple[str, ...], step: str, scan: Path) -> None:
    """录入纸质签字及其扫描件。Enter what was signed on paper, with its scanned page; each village by its own signature."""
    prepare()
    who = operator()
    with transaction(who) as connection:
        news = [sign.New(round_id, unit, village, step, by_paper=True) for village in villages or (None,)]
        rows = sign.sign_all(connection, news)
        for row in rows:
            number = row["signature_id"]
            about = {"digest": row["digest"], "content": row["content"], "step": step}
            audit_log.append(connection, who, Action.SIGNED, f"signature {number}", **about)
            kept = sign.add_page(connection, number, scan)["pages"][-1]["sha256"]
            audit_log.append(connection, who, Action.PAGE_KEPT, f"signature {number}", sha256=kept)
    for row in rows:
        say(
            f"第 {row['signature_id']} 号签字：{row['title']}{row['name']}，{row['houses']:,} 栋，名册 {row['content']}。",
            f"Signature {row['signature_id']}: {row['name']} ({row['title']}), {row['houses']:,} houses, list {row['content']}.",
        )


@ledger.command(name="verify")
def check() -> None:
    """核验全部签字；有人直接改动数据则退出码为 1。Prove every signature; exit status 1 where a row was altered."""
    prepare()
    with transaction(operator(), read_only=True) as connection:
        proof = verify(connection)
    for finding in sorted(proof.findings, key=lambda f: f.kind):
        say(f"{'改动' if finding.kind == 'altered' else '失效'}　{finding.zh}", f"{finding.kind}: {finding.en}")
    altered = sum(finding.kind == "altered" for finding in proof.findings)
    say(
        f"共 {proof.signatures:,} 个签字，{proof.standing:,} 个环节有效；{f'发现 {altered} 处改动' if altered else '没有发现改动'}。",
        f"{proof.signatures:,} signatures, {proof.standing:,} steps stand; {f'{altered} alterations' if altered else 'nothing was altered'}.",
    )
    if altered:
        sys.exit(1)
