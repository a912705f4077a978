"""``gis-service user`` and ``gis-service audit-trail``: accounts, tokens and the trail by hand."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import click

from gis_service.accounts import audit_log, passwords, people, tokens
from gis_service.accounts.audit_log import Action, Sought
from gis_service.codelists import DEPARTMENT
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.export.rows import write_rows
from gis_service.identity import Role, operator
from gis_service.say import say

_GENERATE = "随机生成密码并显示一次。Make a random password and show it once."


@click.group()
def user() -> None:
    """账号、密码、令牌。Accounts, passwords, tokens."""
    prepare()


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice([r.value for r in Role]), required=True)
@click.option("--place", help="乡镇（9 位）或村（12 位）代码。Code of the township or village.")
@click.option("--department", type=click.Choice(list(DEPARTMENT)), help="行业部门。Department.")
@click.option(
    "--person", is_flag=True, help="可查看本地区房屋的个人信息。May read personal data of houses in its place."
)
@click.option("--subject", help="统一身份认证中的标识。Subject of the organisation's own sign-in (OIDC).")
@click.option("--generate", is_flag=True, help=_GENERATE)
@click.option("--no-password", is_flag=True, help="不设密码，只用令牌或统一身份认证。By token or OIDC only.")
def add(
    name: str, role: str, place: str | None, department: str | None, person: bool, subject: str | None, generate: bool,
    no_password: bool,
) -> None:  # fmt: skip
    """新建账号。Make an account; the password is asked for, read from stdin, or made."""
    new = people.New(name, Role(role), place, department, person, subject)
    who = operator()
    with transaction(who) as connection:
        # Told before a password is asked for: a wrong place is found without typing one twice.
        people.check(connection, new)
    password = None if no_password else _password(generate)
    with transaction(who) as connection:
        made = people.add(connection, new, password)
        audit_log.append(connection, who, Action.ACCOUNT_ADDED, made.name, role=made.role, place=place, person=person)
    say(f"已新建账号 {made.name}（{made.role_zh}）。", f"Made the account {made.name} ({made.role}).")
    _show(password if generate else None)


@user.command(name="list")
def list_() -> None:
    """列出账号。List the accounts."""
    with transaction(operator(), read_only=True) as connection:
        for a in people.listed(connection):
            state = "停用 disabled" if a.disabled_at else ("" if a.has_password else "无密码 no password")
            person = "个人信息 person" if a.person else ""
            where = a.place or a.department or "—"
            click.echo(f"{a.name:<28} {a.role:<14} {where:<14} {person:<14} {state}".rstrip())


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """停用账号，立即结束其登录和令牌。Disable an account; its sessions and tokens end at once."""
    who = operator()
    with transaction(who) as connection:
        account, ended = people.disable(connection, name)
        audit_log.append(
            connection, who, Action.ACCOUNT_DISABLED, account.name, sessions=ended.sessions, tokens=ended.tokens
        )
    say(f"已停用 {account.name}。{ended.message()}", f"Disabled {account.name}. {ended.message('en')}")


@user.command()
@click.argument("name")
def enable(name: str) -> None:
    """启用账号。Enable an account."""
    who = operator()
    with transaction(who) as connection:
        account = people.enable(connection, name)
        audit_log.append(connection, who, Action.ACCOUNT_ENABLED, account.name)
    say(f"已启用 {account.name}。", f"Enabled {account.name}.")


@user.command()
@click.argument("name")
@click.option("--generate", is_flag=True, help=_GENERATE)
def password(name: str, generate: bool) -> None:
    """重设密码，立即结束其登录和令牌。Give an account another password; its sessions and tokens end at once."""
    who = operator()
    with transaction(who, read_only=True) as connection:
        people.find(connection, name)
    chosen = _password(generate)
    with transaction(who) as connection:
        account, ended = people.set_password(connection, name, chosen)
        audit_log.append(
            connection, who, Action.PASSWORD_CHANGED, account.name, sessions=ended.sessions, tokens=ended.tokens
        )
    say(
        f"已重设 {account.name} 的密码。{ended.message()}",
        f"{account.name} has another password. {ended.message('en')}",
    )
    _show(chosen if generate else None)


@user.command(name="open")
@click.argument("name")
def open_(name: str) -> None:
    """解除登录锁定：忘掉该账号名的失败次数。Let a name that was tried too often be tried again at once."""
    who = operator()
    with transaction(who) as connection:
        counts = people.open_name(connection, name)
        audit_log.append(connection, who, Action.ACCOUNT_OPENED, name.strip().lower(), counts=counts)
    say(f"账号 {name} 现在可以登录。", f"{name} can be signed in to now.")


@user.command()
@click.argument("name")
@click.option("--title", required=True, help="用在哪里，例如 QGIS 办公室。What it is for.")
@click.option("--right", default="read,export", show_default=True, help="逗号分隔。Some of the account's own rights.")
@click.option("--days", type=click.IntRange(1, tokens.DAYS_MAX), default=90, show_default=True)
def token(name: str, title: str, right: str, days: int) -> None:
    """新建令牌，只显示一次。Make a token for programs and QGIS; it is shown once."""
    who = operator()
    with transaction(who) as connection:
        account = people.find(connection, name)
        rights = tokens.rights_of(right.split(","), Role(account.role), person=account.person)
        number, secret = tokens.make(connection, account.account_id, title, rights, days)
        audit_log.append(
            connection,
            who,
            Action.TOKEN_MADE,
            f"{account.name}/{number}",
            title=title,
            rights=sorted(rights),
            days=days,
        )
    say(f"令牌 {number}（{days} 天有效，只显示这一次）：", f"Token {number} ({days} days; shown this once):")
    click.echo(secret)


@user.command(name="tokens")
@click.argument("name")
def tokens_(name: str) -> None:
    """列出令牌。List an account's tokens."""
    with transaction(operator(), read_only=True) as connection:
        account = people.find(connection, name)
        for t in tokens.of(connection, account.account_id):
            state = "" if t.live else ("已撤销 revoked" if t.revoked_at else "已到期 over")
            used = t.used_at.astimezone().strftime("%Y-%m-%d %H:%M") if t.used_at else "—"
            ends = t.ends_at.astimezone().strftime("%Y-%m-%d")
            click.echo(f"{t.token_id:>5}  {ends}  {used:<16}  {','.join(t.rights):<20}  {t.title}  {state}".rstrip())


@user.command()
@click.argument("name")
@click.argument("token_id", type=click.IntRange(1, 2**62))
def revoke(name: str, token_id: int) -> None:
    """撤销令牌。Revoke a token at once."""
    who = operator()
    with transaction(who) as connection:
        account = people.find(connection, name)
        tokens.revoke(connection, account.account_id, token_id)
        audit_log.append(connection, who, Action.TOKEN_REVOKED, f"{account.name}/{token_id}")
    say(f"已撤销令牌 {token_id}。", f"Revoked token {token_id}.")


def _password(generate: bool) -> str:
    """Return a password that was made, typed twice at a terminal, or read as one line from stdin."""
    if generate:
        return passwords.make()
    if sys.stdin.isatty():
        typed: str = click.prompt("密码 Password", hide_input=True, confirmation_prompt="再输一次 Once more")
        return typed
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise InputError(
            "没有密码：请在终端输入，或从标准输入给一行，或用 --generate。",
            "There is no password: type it at a terminal, give it as one line on stdin, or use --generate.",
        )
    return line


def _show(made: str | None) -> None:
    if made is not None:
        say("密码（只显示这一次）：", "The password (shown this once):")
        click.echo(made)


@click.group(name="audit-trail")
def audit_trail() -> None:
    """操作记录：检查、查询。The audit trail: verify it, search it."""
    prepare()


@audit_trail.command()
@click.option(
    "--head", metavar="HASH", help="以前打印并另行保存的链头。A head that was printed earlier and kept elsewhere."
)
def verify(head: str | None) -> None:
    """检查记录是否被改动或删除。Find entries that were altered or removed; exit status 1 if there are any."""
    with transaction(operator(), read_only=True) as connection:
        verdict = audit_log.verify(connection, head.strip().lower() if head else None)
    for fault in verdict.faults:
        say(fault.zh, fault.en, err=True)
    if verdict.faults:
        say("操作记录不完整。", "The audit trail is not sound.", err=True)
        raise click.exceptions.Exit(1)
    say(f"操作记录完整，共 {verdict.entries:,} 条。链头（请另行保存）：",
        f"The audit trail is sound: {verdict.entries:,} entries. Its head (keep it elsewhere):")  # fmt: skip
    click.echo(verdict.head)


_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])
SHEET_MAX = 100_000


@audit_trail.command()
@click.option("--account")
@click.option("--action", type=click.Choice([a.value for a in Action]))
@click.option("--since", type=_DAY, help="从此时起（本地时间）。From then on, local time.")
@click.option("--until", type=_DAY, help="到此时（日期含当天）。Until then; a date includes its day.")
@click.option("--limit", type=click.IntRange(1, SHEET_MAX), default=50, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写到 csv 或 xlsx。")
def search(
    account: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    out: Path | None,
) -> None:
    """查询操作记录，最新的在前。Search the trail, the newest first."""
    if until is not None and (until.hour, until.minute) == (0, 0):
        until += timedelta(days=1)
    sought = Sought(
        account, Action(action) if action else None, since and since.astimezone(), until and until.astimezone()
    )
    who = operator()
    with transaction(who, read_only=True) as connection:
        found = audit_log.search(connection, sought, (SHEET_MAX if out else limit) + 1)
    shown = found[: SHEET_MAX if out else limit]
    if out is None:
        for entry in shown:
            at = entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            click.echo(
                f"{entry.entry_id:>8}  {at}  {entry.account:<20} {entry.action:<18} {entry.object or ''}".rstrip()
            )
    else:
        write_rows(
            audit_log.HEADINGS,
            [audit_log.as_row(entry) for entry in shown],
            out,
            title="操作记录",
            mark=Mark(who.account),
        )
        audit_log.record(who, Action.EXPORTED, out.name, rows=len(shown), what="audit_trail")
        say(f"已写入 {out}（{len(shown):,} 条）。", f"Wrote {len(shown):,} entries to {out}.")
    if len(found) > len(shown):
        say("还有更多，请缩小范围。", "There are more; ask for less.", err=True)
