"""Judgements by hand: entered by whoever may, confirmed by the township, corrected by a further row, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER, JUDGEMENT_KIND
from gis_service.db.day import today
from gis_service.db.queries import statement
from gis_service.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from gis_service.record import rounds

Sentence = tuple[str, str]


@dataclass(frozen=True)
class New:
    """A judgement to be entered.

    Parameters
    ----------
    kind
        preliminary or review, with a ``tier``; appraisal, with a ``grade``.
    judged_on
        The day of the judgement; today without one.
    institution
        Name or number of the institution that appraised; a name that is not on the list is recorded as such.
    supersedes
        The judgement that this one corrects; ``unjudged`` or ``unknown`` takes it back. Needs a reason.
    late
        Whether it may be older than the judgement in force: it then stands in the tables of its day alone.

    """

    building_id: str
    kind: str
    tier: str | None = None
    grade: str | None = None
    judged_on: date | None = None
    judge: str | None = None
    judge_unit: str | None = None
    institution: str | None = None
    reason: str | None = None
    supersedes: int | None = None
    round: str | None = None
    visit_id: str | None = None
    late: bool = False


def enter(connection: Connection, new: New) -> dict[str, Any]:
    """Enter a judgement and return the row that stands now, with ``warnings``; the caller commits.

    Raises
    ------
    NotFoundError
        There is no such house, round or judgement, or it is not the asker's.
    InputError
        A code is not known, the day is in the future or before the house was built, or older than what is in force.
    ConflictError
        What it corrects was corrected already.

    """
    house = _house(connection, new.building_id)
    value = _value(new)
    day = new.judged_on or today()
    _check_day(house, day)
    if new.supersedes is not None:
        _check_superseded(connection, new)
    else:
        if value in {"unjudged", "unknown"}:
            raise InputError(
                "“未判定”“未鉴定”不是判定；撤回某次判定请写明它的编号（supersedes）和原因。",
                "unjudged and unknown are no judgement; to take one back give its number (supersedes) and a reason.",
            )
        _check_age(connection, new, day)
    institution_id = _institution(connection, new.institution) if new.kind == "appraisal" else None
    round_id = rounds.find(connection, new.round) if new.round else rounds.of_house(connection, new.building_id, day)
    values = {
        "building_id": new.building_id, "round_id": round_id, "visit_id": new.visit_id, "kind": new.kind, "tier": new.tier,
        "grade": new.grade, "judged_on": day, "judge": new.judge, "judge_unit": new.judge_unit,
        "institution_id": institution_id, "reason": new.reason, "supersedes": new.supersedes,
    }  # fmt: skip
    try:
        with connection.begin_nested():
            judgement_id = int(connection.execute(text(statement("judgements.enter")), values).scalar_one())
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) == "23505":
            raise _corrected(new.supersedes) from error
        raise
    row = find(connection, judgement_id)
    return row | {"warnings": warnings(row)}


def find(connection: Connection, judgement_id: int) -> dict[str, Any]:
    """Return one judgement with what became of it.

    Raises
    ------
    NotFoundError
        There is none of that number, or it is not the asker's.

    """
    values = {"judgement_id": judgement_id}
    row = connection.execute(text(statement("judgements.one")), values).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"没有第 {judgement_id} 号判定。", f"There is no judgement {judgement_id}.")
    return dict(row)


def of_house(connection: Connection, building_id: str) -> list[dict[str, Any]]:
    """Return every judgement of a house in order of time, each with ``in_force``, ``superseded_by`` and ``warnings``."""
    rows = connection.execute(text(statement("judgements.of_house")), {"building_id": building_id}).mappings()
    return [dict(row) | {"warnings": warnings(dict(row))} for row in rows]


def warnings(row: dict[str, Any]) -> list[Sentence]:
    """Return what must stay visible beside a judgement."""
    found: list[Sentence] = []
    if row["kind"] == "appraisal" and row["grade"] != "unknown":
        if row["institution_id"] is None:
            found.append(("没有写明鉴定机构", "no institution is named"))
        elif not row["institution_listed"]:
            found.append(("鉴定机构不在名录", "the institution is not on the list"))
    return found


def confirm(connection: Connection, judgement_id: int) -> dict[str, Any]:
    """Confirm a judgement as the township; the caller commits.

    Raises
    ------
    NotFoundError
        There is none of that number, or it is not the asker's.
    ConflictError
        It is confirmed, or was corrected.
    ForbiddenError
        The asker entered it, or is no township.

    """
    row = find(connection, judgement_id)
    if row["confirmed_by"] is not None:
        raise ConflictError(
            f"第 {judgement_id} 号判定已由 {row['confirmed_by']} 确认。",
            f"Judgement {judgement_id} was confirmed by {row['confirmed_by']} already.",
        )
    if row["superseded_by"] is not None:
        raise _corrected(judgement_id)
    try:
        with connection.begin_nested():
            connection.execute(text(statement("judgements.confirm")), {"judgement_id": judgement_id})
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != "42501":
            raise
        raise ForbiddenError(
            "判定由所在乡镇（填报单位）的另一个账号确认，录入者本人不能确认。",
            "A judgement is confirmed by another account of the township (or reporting unit) than the one that entered it.",
        ) from error
    return find(connection, judgement_id)


def _house(connection: Connection, building_id: str) -> dict[str, Any]:
    row = None
    if "\0" not in building_id:
        values = {"building_id": building_id}
        row = connection.execute(text(statement("judgements.house")), values).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有这栋房屋。", "There is no such house.")
    return dict(row)


def _value(new: New) -> str:
    if new.kind not in JUDGEMENT_KIND:
        raise InputError(
            f"不认识判定类型“{new.kind[:20]}”；可用：{'、'.join(JUDGEMENT_KIND)}。",
            f"{new.kind[:20]!r} is no kind of judgement; use one of {', '.join(JUDGEMENT_KIND)}.",
        )
    name, given, other, words = (
        ("grade", new.grade, new.tier, APPRAISAL_GRADE) if new.kind == "appraisal" else ("tier", new.tier, new.grade, HAZARD_TIER)
    )  # fmt: skip
    if given is None or other is not None:
        raise InputError(
            "鉴定只写等级（A 到 D），初步判定和复核只写隐患分级。",
            "An appraisal has a grade (A to D); a preliminary judgement and a review have a tier.",
        )
    if given not in words:
        raise InputError(
            f"不认识“{given[:20]}”；可用：{'、'.join(words)}。",
            f"{given[:20]!r} is no {name}; use one of {', '.join(words)}.",
        )
    return given


def _check_day(house: dict[str, Any], day: date) -> None:
    if day > today():
        raise InputError(
            f"判定日期 {day} 晚于今天（{today()}）；请更正。",
            f"The judgement of {day} is in the future (today is {today()}); correct the day.",
        )
    if house["built_year"] is not None and day.year < house["built_year"]:
        raise InputError(
            f"判定日期 {day} 早于建成年份 {house['built_year']}；请更正日期，或先更正建成年份。",
            f"The judgement of {day} is from before the house was built ({house['built_year']}); correct one of them.",
        )
    if house["removed_on"] is not None and day > house["removed_on"]:
        raise InputError(
            f"房屋已于 {house['removed_on']} 拆除，不能再判定。",
            f"The house is gone since {house['removed_on']}; it cannot be judged after that.",
        )


def _check_superseded(connection: Connection, new: New) -> None:
    assert new.supersedes is not None  # noqa: S101 - asked where there is one
    if not (new.reason or "").strip():
        raise InputError("更正或撤回须写明原因（reason）。", "A correction says why: give a reason.")
    old = find(connection, new.supersedes)
    if (old["building_id"], old["kind"]) != (new.building_id, new.kind):
        raise InputError(
            f"第 {new.supersedes} 号判定不是这栋房屋的{JUDGEMENT_KIND[new.kind]}；请核对编号。",
            f"Judgement {new.supersedes} is not a {new.kind} of this house; check the number.",
        )
    if old["superseded_by"] is not None:
        raise _corrected(new.supersedes, old["superseded_by"])


def _corrected(judgement_id: int | None, by: int | None = None) -> ConflictError:
    return ConflictError(
        f"第 {judgement_id} 号判定已被更正；请更正最新的一条" + (f"（第 {by} 号）。" if by else "。"),
        f"Judgement {judgement_id} was corrected already; correct the last one" + (f" ({by})." if by else "."),
    )


def _check_age(connection: Connection, new: New, day: date) -> None:
    rows = connection.execute(text(statement("judgements.standing")), {"building_id": new.building_id}).mappings()
    standing = next((row for row in rows if row["kind"] == new.kind), None)
    if standing is None or day >= standing["judged_on"] or new.late:
        return
    value = standing["tier"] or standing["grade"]
    words = (HAZARD_TIER | APPRAISAL_GRADE)[value]
    raise InputError(
        f"{day} 早于现行的“{words}”（{standing['judged_on']}，第 {standing['judgement_id']} 号）；补录请注明（late），"
        f"更正请写 supersedes {standing['judgement_id']}。",
        f"{day} is older than what is in force ({value} of {standing['judged_on']}, judgement {standing['judgement_id']}); "
        f"say that it is a late entry (late), or correct that one (supersedes {standing['judgement_id']}).",
    )


def _institution(connection: Connection, name: str | None) -> int | None:
    if not (name or "").strip():
        return None
    assert name is not None  # noqa: S101
    values = {"name": name.strip()}
    row = connection.execute(text(statement("judgements.institution")), values).one_or_none()
    if row is not None:
        return int(row.institution_id)
    return add_institution(connection, name.strip(), listed=False)


def add_institution(
    connection: Connection, name: str, credit_code: str | None = None, qualification: str | None = None, *, listed: bool
) -> int:
    """Add an institution and return its number; the caller commits.

    Raises
    ------
    ConflictError
        There is one of that name or credit code.
    InputError
        The credit code is not one of 18 characters.

    """
    values = {"name": name, "credit_code": credit_code, "qualification": qualification, "listed": listed}
    try:
        with connection.begin_nested():
            return int(connection.execute(text(statement("judgements.add_institution")), values).scalar_one())
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) == "23505":
            raise ConflictError(
                f"名录里已有“{name[:40]}”或这个信用代码。", f"The list has {name[:40]!r}, or that credit code, already."
            ) from error
        raise InputError(
            "统一社会信用代码应为 18 位数字或大写字母。", "A credit code has 18 digits or capital letters."
        ) from error


def institutions(connection: Connection) -> list[dict[str, Any]]:
    """Return the list of institutions with what each reported of the asker's houses."""
    return [dict(row) for row in connection.execute(text(statement("judgements.institutions"))).mappings()]
