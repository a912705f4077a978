"""The audit trail: who did what and when, appended only, each entry chained to the one before it by SHA-256.

What a sound chain proves: no entry was altered, removed, put in between or cut off the end by anybody who could not
rewrite all that follows and the head row too. Whoever holds the database superuser's rights could; against that the
head's hash is printed, to be kept elsewhere (on paper, with another office) and given to ``verify`` later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text

from gis_service.db.engine import get_engine
from gis_service.db.queries import statement
from gis_service.identity import Identity

FIRST = "0" * 64
"""What the first entry is chained to."""
_FIELDS = (
    "entry_id", "at", "account", "role", "place", "action", "object", "details", "request_id", "address", "previous",
)  # fmt: skip


class Action(StrEnum):
    """What is written down."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_LOCKED = "sign_in_locked"
    PERSON_READ = "person_read"
    SELECTED = "selected"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    EXPORTED = "exported"
    FIRE_RECORDED = "fire_recorded"
    AREA_DRAWN = "area_drawn"
    AREA_CHANGED = "area_changed"
    AREA_DELETED = "area_deleted"
    PLAN_MADE = "plan_made"
    PLAN_CHANGED = "plan_changed"
    PLAN_PUBLISHED = "plan_published"
    PLAN_DELETED = "plan_deleted"
    RECORDED = "recorded"
    JUDGED = "judged"
    CONFIRMED = "confirmed"
    CASE_OPENED = "case_opened"
    CASE_STEPPED = "case_stepped"
    ATTACHED = "attached"
    VISITED = "visited"
    DECIDED = "decided"
    ENFORCED = "enforced"
    DUTY_SET = "duty_set"
    PATROL_RULE_SET = "patrol_rule_set"
    NOTICED = "noticed"
    SERVED = "served"
    TEMPLATE_KEPT = "template_kept"
    LETTER_WRITTEN = "letter_written"
    PLATED = "plated"
    SIGNER_NAMED = "signer_named"
    SIGNED = "signed"
    PAGE_KEPT = "page_kept"
    BULLETIN_FROZEN = "bulletin_frozen"
    POINTS_SET = "points_set"
    WORK_STEP_SAID = "work_step_said"
    ROUND_OPENED = "round_opened"
    ROUND_CLOSED = "round_closed"
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_OPENED = "account_opened"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a deed
    TOKEN_MADE = "token_made"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    IMPORTED = "imported"
    RESTORED = "restored"

    @property
    def zh(self) -> str:
        """The action's name on pages."""
        return _ZH[self]


_ZH = {
    Action.SIGNED_IN: "登录",
    Action.SIGNED_OUT: "退出",
    Action.SIGN_IN_FAILED: "登录失败",
    Action.SIGN_IN_LOCKED: "登录锁定",
    Action.PERSON_READ: "查看个人信息",
    Action.SELECTED: "选取房屋",
    Action.PUBLISHED: "发布名单",
    Action.WITHDRAWN: "撤回名单",
    Action.EXPORTED: "导出",
    Action.FIRE_RECORDED: "登记消防记录",
    Action.AREA_DRAWN: "画区域",
    Action.AREA_CHANGED: "改区域",
    Action.AREA_DELETED: "删区域",
    Action.PLAN_MADE: "编排计划",
    Action.PLAN_CHANGED: "调整计划",
    Action.PLAN_PUBLISHED: "发布计划",
    Action.PLAN_DELETED: "删除计划",
    Action.RECORDED: "登记",
    Action.JUDGED: "录入判定",
    Action.CONFIRMED: "确认判定",
    Action.CASE_OPENED: "立案",
    Action.CASE_STEPPED: "办理案件",
    Action.ATTACHED: "上传照片",
    Action.VISITED: "上报到访",
    Action.DECIDED: "采纳或驳回建议",
    Action.ENFORCED: "联合执法",
    Action.DUTY_SET: "安排人员",
    Action.PATROL_RULE_SET: "改巡查间隔",
    Action.NOTICED: "发出通知书",
    Action.SERVED: "登记送达",
    Action.TEMPLATE_KEPT: "更换文书模板",
    Action.LETTER_WRITTEN: "约谈或发函",
    Action.PLATED: "门牌",
    Action.SIGNER_NAMED: "指定签字人",
    Action.SIGNED: "签字确认",
    Action.PAGE_KEPT: "上传签字页",
    Action.BULLETIN_FROZEN: "固化通报",
    Action.POINTS_SET: "修改考核分值",
    Action.WORK_STEP_SAID: "填报六步工作法",
    Action.ROUND_OPENED: "开启轮次",
    Action.ROUND_CLOSED: "关闭轮次",
    Action.ACCOUNT_ADDED: "新建账号",
    Action.ACCOUNT_DISABLED: "停用账号",
    Action.ACCOUNT_ENABLED: "启用账号",
    Action.ACCOUNT_OPENED: "解除登录锁定",
    Action.PASSWORD_CHANGED: "更改密码",
    Action.TOKEN_MADE: "新建令牌",
    Action.TOKEN_REVOKED: "撤销令牌",
    Action.IMPORTED: "导入",
    Action.RESTORED: "恢复备份",
}


@dataclass(frozen=True)
class Source:
    """Where an action came from: the request's number and the address it was sent from; nothing on the machine."""

    request_id: str | None = None
    address: str | None = None


MACHINE = Source()


def append(
    connection: Connection, who: Identity | str, action: Action, object_: str | None = None, *, source: Source = MACHINE,
    **details: Any,
) -> int:  # fmt: skip
    """Append one entry within the caller's transaction and return its number.

    It is stored together with what it tells of, or not at all; never put a secret into ``details``.
    """
    principal = who if isinstance(who, Identity) else None
    return int(
        connection.execute(
            text(statement("trail.record")),
            {
                "account": principal.account if principal else who, "role": principal.role.value if principal else None,
                "place": (principal.place or principal.department) if principal else None, "action": action.value, "object": object_,
                "details": json.dumps(details, ensure_ascii=False, default=str),
                "request_id": source.request_id, "address": source.address,
            },
        ).scalar_one()
    )  # fmt: skip


def record(
    who: Identity | str, action: Action, object_: str | None = None, *, source: Source = MACHINE, **details: Any
) -> int:
    """Append one entry in a transaction of its own: it stands when this returns."""
    with get_engine("service").begin() as connection:
        return append(connection, who, action, object_, source=source, **details)


@dataclass(frozen=True)
class Entry:
    """One entry as it is read."""

    entry_id: int
    at: datetime
    account: str
    role: str | None
    place: str | None
    action: str
    object: str | None
    details: dict[str, Any]
    request_id: str | None
    address: str | None
    hash: str

    @property
    def action_zh(self) -> str:
        """The action in Chinese."""
        return _ZH[Action(self.action)] if self.action in set(Action) else self.action


HEADINGS = ("编号", "时间", "账号", "角色", "地区或部门", "操作", "对象", "详情", "请求编号", "来源地址", "哈希")
"""Headings of a list of entries in a sheet."""


def as_row(entry: Entry) -> tuple[str | int | None, ...]:
    """Return an entry as the cells of a sheet, the time in the machine's own zone."""
    return (
        entry.entry_id, entry.at.astimezone().isoformat(timespec="seconds"), entry.account, entry.role, entry.place,
        entry.action_zh, entry.object, json.dumps(entry.details, ensure_ascii=False) if entry.details else None,
        entry.request_id, entry.address, entry.hash,
    )  # fmt: skip


@dataclass(frozen=True)
class Sought:
    """What entries are sought: of one account, of one action, in a span of time, before an entry."""

    account: str | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def search(connection: Connection, sought: Sought, limit: int) -> list[Entry]:
    """Return at most ``limit`` entries, the newest first."""
    values = {
        "account": sought.account, "action": sought.action, "since": sought.since, "until": sought.until,
        "before": sought.before, "limit": limit,
    }  # fmt: skip
    rows = connection.execute(text(statement("trail.search")), values).mappings()
    return [Entry(**row) for row in rows]


@dataclass(frozen=True)
class Fault:
    """What is wrong with the chain at one entry."""

    entry_id: int
    zh: str
    en: str


@dataclass(frozen=True)
class Verdict:
    """How many entries there are, the hash of the last, and what is wrong; nothing wrong is a sound chain."""

    entries: int
    head: str
    faults: list[Fault]


_FAULTS_MAX = 100


def verify(connection: Connection, head: str | None = None) -> Verdict:
    """Compute every entry's hash anew, in this program, and hold it against what is stored.

    Parameters
    ----------
    head
        A hash that was printed earlier and kept elsewhere: it must still be the hash of some entry.

    """
    found = connection.execute(text(statement("trail.head"))).one_or_none()
    entries, last = (int(found[0]), str(found[1])) if found else (0, "")
    faults: list[Fault] = [] if found else [Fault(0, "链头记录不见了。", "The head row is gone.")]
    expected, previous = 1, FIRST
    seen = head is None or head == FIRST
    for row in _rows(connection):
        number = int(row["entry_id"])
        seen = seen or row["hash"] == head
        faults += _faults_of(row, number, expected, previous, entries)
        expected, previous = number + 1, str(row["hash"])
        if len(faults) > _FAULTS_MAX:
            break
    else:
        faults += _faults_of_end(expected - 1, previous, entries, last)
        if not seen:
            faults.append(Fault(0, "没有一条记录的哈希是所给的链头。", "No entry has the head's hash that was given."))
    return Verdict(entries, last, faults[:_FAULTS_MAX])


def _rows(connection: Connection) -> Iterator[Any]:
    streamed = connection.execution_options(stream_results=True, max_row_buffer=2_000)
    yield from streamed.execute(text(statement("trail.all"))).mappings()


def _faults_of(row: Any, number: int, expected: int, previous: str, entries: int) -> Iterator[Fault]:
    if number != expected:
        gone = str(expected) if number == expected + 1 else f"{expected}–{number - 1}"
        yield Fault(expected, f"第 {gone} 条被删除。", f"Entry {gone} was removed.")
    elif row["previous"] != previous:
        yield Fault(number, f"第 {number} 条与前一条不衔接：被插入或改写。",
                    f"Entry {number} does not follow from the one before: put in between or rewritten.")  # fmt: skip
    if hash_of(row) != row["hash"]:
        yield Fault(number, f"第 {number} 条被改动。", f"Entry {number} was altered.")
    if number == entries + 1:
        yield Fault(number, f"第 {number} 条起不是本系统写入的。", f"From entry {number} on this system wrote nothing.")


def _faults_of_end(reached: int, previous: str, entries: int, last: str) -> Iterator[Fault]:
    if reached < entries:
        gone = str(entries) if reached + 1 == entries else f"{reached + 1}–{entries}"
        yield Fault(reached + 1, f"末尾第 {gone} 条被删除。", f"Entry {gone} was cut off the end.")
    elif reached == entries and previous != last:
        yield Fault(entries, "末条与链头不符。", "The last entry is not the one of the head.")


def hash_of(row: Any) -> str:
    """Return the SHA-256 over all fields of an entry but its hash, each as a netstring; ``-`` is a null."""
    parts = []
    for name in _FIELDS:
        value = row[name]
        if value is None:
            parts.append(b"-,")
        else:
            raw = str(value).encode()
            parts.append(b"%d:%s," % (len(raw), raw))
    return hashlib.sha256(b"".join(parts)).hexdigest()
