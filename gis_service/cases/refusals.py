"""What the database refuses of a case (state GC001, a code and its facts), as one sentence each."""

from __future__ import annotations

from collections.abc import Callable

from gis_service.cases.rules import COUNTY, FIELDS, Rule, kind_said, state_said
from gis_service.codelists import word
from gis_service.db.refusal import Facts, Known
from gis_service.errors import ConflictError, ForbiddenError, GisError, InputError, NotFoundError
from gis_service.identity import ROLE_ZH, Role

_Sentence = Callable[[Rule | None, Facts], GisError]


def sentence(rule: Rule | None, facts: Facts) -> GisError:
    """Return the refusal of a step in words.

    Parameters
    ----------
    rule
        The rule of the step; None where there is none of that name.
    facts
        ``code`` and what hangs on it; ``case`` (its row), where one was asked for.

    """
    return _SENTENCES[facts["code"]](rule, facts)


def _deed(rule: Rule | None) -> tuple[str, str]:
    assert rule is not None  # noqa: S101 - every other code comes of a rule
    return rule.said(), rule.said("en")


def _role(rule: Rule | None, _: Facts) -> GisError:
    zh, en = _deed(rule)
    roles = [] if rule is None else [Role(r) for r in rule.roles]
    return ForbiddenError(
        f"“{zh}”由{'、'.join(ROLE_ZH[r] for r in roles)}办理，您的账号不能办理。",
        f"Your account may not enter {en!r}; {', '.join(roles)} may.",
    )


def _state(rule: Rule | None, facts: Facts) -> GisError:
    zh, en = _deed(rule)
    now = facts.get("case", {}).get("state", "")
    wanted = () if rule is None else rule.from_state
    at = (state_said(now), state_said(now, "en")) if now else ("", "")
    return ConflictError(
        f"案件现为“{at[0]}”，不能办理“{zh}”；须为{'、'.join(f'“{state_said(s)}”' for s in wanted)}。",
        f"The case is {at[1]}; {en!r} may follow {', '.join(state_said(s, 'en') for s in wanted)}.",
    )


def _exists(rule: Rule | None, facts: Facts) -> GisError:
    kind = rule.what if rule else ""
    number = facts.get("open_case")
    return ConflictError(
        f"这栋房屋已有未销号的{kind_said(kind)}案件"
        + (f"（第 {number} 号）" if number else "")
        + "；请在原案件上继续，先销号后新增。",
        f"The house has a case of {kind} that is not cleared"
        + (f" ({number})" if number else "")
        + "; go on with that one.",
    )


def _names(fields: list[str], *, zh: bool) -> str:
    known = [FIELDS.get(name) for name in fields]
    said = [name if f is None else f.zh if zh else f.en for name, f in zip(fields, known, strict=True)]
    return "、".join(said) if zh else ", ".join(said)


def _needs(rule: Rule | None, facts: Facts) -> GisError:
    zh, en = _deed(rule)
    fields = facts["fields"]
    return InputError(
        f"“{zh}”缺少：{_names(fields, zh=True)}；请填写。", f"{en!r} lacks: {_names(fields, zh=False)}.", fields=fields
    )


def _stray(rule: Rule | None, facts: Facts) -> GisError:
    zh, en = _deed(rule)
    fields = facts["fields"]
    return InputError(
        f"“{zh}”没有这些字段：{_names(fields, zh=True)}；请去掉。", f"{en!r} has no field {', '.join(fields)}; leave it out.",
        fields=fields,
    )  # fmt: skip


def _reviewer(_: Rule | None, facts: Facts) -> GisError:
    allowed = [a for a in facts["allowed"] if a]
    said = [{COUNTY: "县级专班"}.get(a, word("departments", a)) for a in allowed]
    return InputError(
        f"验收单位“{facts['named'][:40]}”不对；可为：{'、'.join(f'{s}（{a}）' for s, a in zip(said, allowed, strict=True))}。",
        f"{facts['named'][:40]!r} cannot accept; name one of {', '.join(allowed)}.",
    )


def _named(_: Rule | None, facts: Facts) -> GisError:
    named = facts.get("case", {}).get("reviewer")
    if facts.get("case", {}).get("submitted") == "submit_clearance" or named == COUNTY:
        return ForbiddenError(
            "由县级专班审核，您的账号不能审核。", "The county's office reviews this; your account may not."
        )
    return ForbiddenError(
        f"由乡镇指定的单位（{word('departments', named or '')}）审核，您的账号不能审核。",
        f"The unit that the township named ({named}) reviews this; your account may not.",
    )


def _fixed(kind: type[GisError], zh: str, en: str) -> _Sentence:
    return lambda _, facts: kind(zh.format_map(Known(facts)), en.format_map(Known(facts)))


_SENTENCES: dict[str, _Sentence] = {
    "case": _fixed(NotFoundError, "没有这个案件。", "There is no such case."),
    "house": _fixed(NotFoundError, "没有这栋房屋。", "There is no such house."),
    "kind": _fixed(InputError, "没有这种办理事项；可用的事项见 /api/case-rules。", "There is no such step; /api/case-rules lists them."),
    "removed": _fixed(InputError, "房屋已拆除，不能立案。", "The house is gone; no case can be opened."),
    "role": _role,
    "state": _state,
    "exists": _exists,
    "submitted": _fixed(
        ConflictError, "已有提交在等待审核；请先审核或退回。", "A submission waits for its review; review or return it first."
    ),
    "not_submitted": _fixed(ConflictError, "还没有相应的提交，不能审核。", "Nothing of that kind was submitted; there is nothing to review."),
    "own": _fixed(ForbiddenError, "不能审核自己提交的材料；请由另一个账号审核。", "Nobody reviews their own submission; another account does."),
    "named": _named,
    "not_stopped": _fixed(ConflictError, "本案没有在执行的停止经营。", "No stop of business is in force in this case."),
    "stopped": _fixed(ConflictError, "本案的停止经营已在执行。", "A stop of business is in force in this case already."),
    "no_measure": _fixed(ConflictError, "本案没有在执行的措施。", "No measure is in force in this case."),
    "not_planned": _fixed(ConflictError, "还没有一栋一策方案，不能备案。", "There is no plan to be filed."),
    "not_asked": _fixed(ConflictError, "没有待批的延期申请。", "No extension is asked for."),
    "needs": _needs,
    "stray": _stray,
    "future": _fixed(InputError, "日期 {day} 晚于今天（{today}）；请更正。", "{day} is in the future (today is {today}); correct the day."),
    "before": _fixed(InputError, "日期 {day} 早于 {opened} 的立案或所针对的记录；请更正。", "{day} is before {opened}, when that began; correct the day."),
    "order": _fixed(InputError, "日期 {day} 早于上一次状态变化（{moved}）；请更正。", "{day} is before the last change of state ({moved}); correct the day."),
    "until": _fixed(InputError, "期限 {until} 早于当日（{day}）；请更正。", "The last day {until} is before {day}; correct it."),
    "unreadable": _fixed(InputError, "有照片不能读，不能作为凭证；请重新拍摄上传。", "A photograph cannot be read and is no evidence; take and upload another."),
    "evidence": _fixed(InputError, "有照片没有上传到这栋房屋；请先上传。", "A photograph is not stored for this house; upload it first."),
    "refers": _fixed(InputError, "第 {refers} 号记录不是本案中可以针对的记录；请核对。", "{refers} is no event of this case that this can refer to; check it."),
    "over": _fixed(ConflictError, "第 {refers} 号记录已经结束或批准过。", "{refers} was ended or granted already."),
    "deadline": _fixed(InputError, "完成时限 {until} 晚于规定期限 {deadline}；请改早，或申请延期。", "{until} is after the deadline {deadline}; choose an earlier day, or ask for an extension."),
    "earlier": _fixed(InputError, "延期到 {until} 不晚于现行期限 {deadline}；请更正。", "{until} is not later than the deadline {deadline}; correct it."),
    "reviewer": _reviewer,
    "photographs": _fixed(InputError, "整治完成销号至少要两张照片，现有 {have} 张。", "Clearance on works needs two photographs at least; there are {have}."),
    "gone": _fixed(InputError, "拆除日期 {removed} 晚于 {day}；请更正。", "Demolished on {removed} is after {day}; correct it."),
    "passed": _fixed(InputError, "没有 {opened} 立案以后（且在最后一次改扩建以后）的 A 或 B 级鉴定；请先录入鉴定。", "No appraisal of A or B since {opened} (and the last alteration) is in force; enter it first."),
    "reviewed": _fixed(InputError, "重复录入、误录销号须先有 {opened} 以后的复核判定；请先录入复核。", "This basis needs a review judged since {opened}; enter the review first."),
}  # fmt: skip
