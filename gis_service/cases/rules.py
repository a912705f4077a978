"""The rules of cases, as the database has them (``gis.case_rule``), and the fields that their events may have.

A rule says after which states a kind of event may be entered, by which roles, what it must say and what must be so.
The database goes by the table itself; here it is read for sentences, forms, documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, text

from gis_service.codelists import CASE_EVENT, CASE_KIND, CASE_STATE
from gis_service.db.queries import statement
from gis_service.errors import InputError

Kind = Literal["line", "text", "date", "integer", "number", "boolean", "photographs", "event", "reviewer"]


@dataclass(frozen=True)
class Field:
    """A field of an event: its words, and what kind of value it takes; ``most`` bounds numbers and lengths."""

    zh: str
    en: str
    kind: Kind = "line"
    most: int = 200


FIELDS: dict[str, Field] = {
    "reason": Field("说明", "says", "text", 2000),
    "responsible": Field("责任人（职务、单位）", "responsible (office)"),
    "until": Field("期限", "until", "date"),
    "evidence": Field("照片", "photographs", "photographs", 30),
    "refers": Field("针对的记录", "of the event", "event"),
    "number": Field("文号", "number of the paper"),
    "method": Field("送达方式", "how it was served"),
    "scope": Field("范围、部位", "which parts"),
    "begins_on": Field("计划开工", "work is to begin", "date"),
    "fenced": Field("已采取硬隔离", "fenced off", "boolean"),
    "no_fence_reason": Field("未硬隔离的原因", "why it is not fenced off"),
    "no_appraisal_reason": Field("未鉴定的原因", "why it is not appraised"),
    "contractor": Field("施工单位", "contractor"),
    "cost_10k": Field("金额（万元）", "amount (10,000 yuan)", "number", 1_000_000),
    "funding": Field("资金来源", "funding"),
    "resume_on": Field("预计恢复使用", "expected back in use", "date"),
    "signs": Field("警示标识数量", "warning signs", "integer", 1000),
    "patrol_days": Field("巡查间隔（天）", "patrolled every (days)", "integer", 365),
    "device": Field("监控设备", "monitoring device"),
    "people": Field("撤离人数", "people who left", "integer", 100_000),
    "lodging": Field("安置方式", "where they are lodged"),
    "around": Field("含周边群众", "people around it too", "boolean"),
    "effect": Field("效果评估", "what it achieved"),
    "with_unit": Field("会同单位", "together with"),
    "record_changes": Field("需要更新房屋信息", "the house's record changes", "boolean"),
    "removed_on": Field("拆除日期", "demolished on", "date"),
}
"""Every field of ``needs`` and ``takes``; those that are no columns of ``gis.case_event`` stand in ``given``."""

COLUMNS = frozenset({"reason", "responsible", "until", "evidence", "refers"})
COUNTY = "county"
"""Names the county's office as the one that accepts (``responsible`` of submit_acceptance)."""


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    kind: str
    what: str
    zh: str
    en: str
    measure_class: str | None
    from_state: tuple[str, ...]
    to_state: str | None
    roles: tuple[str, ...]
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    checks: tuple[str, ...]
    clause: str | None

    def said(self, lang: str = "zh") -> str:
        """Return the name of the step in ``lang``, with the kind's where it has several subjects."""
        own = self.en if lang == "en" else self.zh
        if not self.what or self.kind in {"measure", "check_business"}:
            return own
        kind = self.kind.replace("_", " ") if lang == "en" else CASE_EVENT[self.kind]
        return f"{kind}: {own}" if lang == "en" else f"{kind}：{own}"

    def as_row(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "kind": self.kind, "what": self.what, "zh": self.zh, "en": self.en, "class": self.measure_class,
            "from_state": self.from_state, "to_state": self.to_state, "roles": self.roles, "needs": self.needs,
            "takes": self.takes, "checks": self.checks, "clause": self.clause,
        }  # fmt: skip


Rules = dict[tuple[str, str], Rule]


def rules(connection: Connection) -> Rules:
    """Return every rule by kind and subject, in the order of the table."""
    found: Rules = {}
    for row in connection.execute(text(statement("cases.rules"))).mappings():
        found[row["kind"], row["what"]] = Rule(
            row["kind"], row["what"], row["zh"], row["en"], row["class"], tuple(row["from_state"]), row["to_state"],
            tuple(row["roles"]), tuple(row["needs"]), tuple(row["takes"]), tuple(row["checks"]), row["clause"],
        )  # fmt: skip
    return found


def state_said(state: str, lang: str = "zh") -> str:
    """Return the name of a state."""
    return state.replace("_", " ") if lang == "en" else CASE_STATE[state]


def kind_said(kind: str, lang: str = "zh") -> str:
    """Return the name of a kind of case."""
    return kind if lang == "en" else CASE_KIND[kind]


def checked(name: str, value: Any) -> Any:
    """Return the value of a field of ``given`` as it is stored.

    Raises
    ------
    InputError
        There is no such field, or the value is not of its kind.

    """
    field = FIELDS.get(name)
    if field is None or name in COLUMNS:
        raise InputError(f"没有字段“{name[:40]}”。", f"There is no field {name[:40]!r}.")
    wrong = InputError(
        f"“{field.zh}”的值不对：应为{_EXPECTED[field.kind][0]}。",
        f"{field.en}: {_EXPECTED[field.kind][1]} is expected.",
    )
    if field.kind == "boolean":
        if not isinstance(value, bool):
            raise wrong
    elif field.kind in {"integer", "number"}:
        whole = field.kind == "integer"
        if (
            isinstance(value, bool)
            or not isinstance(value, int if whole else int | float)
            or not 0 <= value <= field.most
        ):
            raise wrong
    elif not isinstance(value, str) or not value.strip() or len(value) > field.most or not value.isprintable():
        raise wrong
    elif field.kind == "date":
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            raise wrong from None
    else:
        return value.strip()
    return value


_EXPECTED = {
    "boolean": ("“是”或“否”（true、false）", "true or false"),
    "integer": ("不小于 0 的整数", "a whole number from 0"),
    "number": ("不小于 0 的数", "a number from 0"),
    "date": ("日期，如 2022-09-08", "a date like 2022-09-08"),
    "line": ("200 字以内的一行文字", "one line of at most 200 characters"),
}
