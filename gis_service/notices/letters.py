"""Templates of the county's own, and letters to units that are slow: reminders (发函提醒) and talks (约谈)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from gis_service.db.day import today
from gis_service.db.refusal import is_denied
from gis_service.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from gis_service.notices.fields import check_docx
from gis_service.notices.issue import ask, rows_of
from gis_service.notices.texts import PAPERS

LETTER = {"remind": ("发函提醒", "a letter"), "talk": ("约谈", "called in")}
"""What a letter is to a unit that is slow (融政规〔2022〕6号 三(五))."""


@dataclass(frozen=True)
class Letter:
    """A letter to a unit: ``remind`` with a last day, or ``talk`` with when and where.

    ``step`` is the one in which the unit is slow, for bulletins to tell; without ``issued_on`` it is of today.
    """

    kind: str
    unit_code: str
    number: str
    reason: str
    due_on: date | None = None
    meeting: str | None = None
    step: str | None = None
    issued_on: date | None = None


def write_letter(connection: Connection, letter: Letter) -> dict[str, Any]:
    """Store a letter and return it; the caller commits.

    Raises
    ------
    InputError
        There is no such unit, or its kind lacks what it needs.
    ForbiddenError
        The asker is not of the county's office.

    """
    if (letter.kind == "talk") != (letter.meeting is not None) or (letter.kind == "remind" and letter.due_on is None):
        raise InputError("约谈要写时间地点，提醒函要写期限。", "A talk has when and where, a reminder its last day.")
    if letter.issued_on is not None and letter.issued_on > today():
        raise InputError(
            f"{letter.issued_on} 还没有到（今天是 {today()}）；请填发出的日期。",
            f"{letter.issued_on} has not come (today is {today()}); give the day it was issued.",
        )
    if letter.due_on is not None and letter.due_on < (letter.issued_on or today()):
        raise InputError(
            f"期限 {letter.due_on} 早于发出的日期；请更正。",
            f"The last day {letter.due_on} is before the day of issue; correct it.",
        )
    if not rows_of(connection, "unit", code=letter.unit_code):
        raise InputError(f"没有填报单位 {letter.unit_code}。", f"There is no unit {letter.unit_code}.")
    with_denial = _Denied("约谈和提醒函由县级专班发出。", "The county's office writes to units.")
    with with_denial, connection.begin_nested():
        number = int(ask(connection, "write_letter", **asdict(letter)).scalar_one())
    return one_letter(connection, number)


def end_letter(connection: Connection, letter_id: int, done_on: date, note: str | None) -> dict[str, Any]:
    """Record that a reminder was received or a talk held, and return the letter; the caller commits.

    Raises
    ------
    NotFoundError, InputError, ConflictError, ForbiddenError
        There is none; the day is not between its issue and today; it is recorded already; another's to record.

    """
    letter = one_letter(connection, letter_id)
    if not letter["issued_on"] <= done_on <= today():
        raise InputError(
            f"日期应在 {letter['issued_on']} 到今天之间。", f"The day lies between {letter['issued_on']} and today."
        )
    try:
        denial = _Denied("由县级专班登记。", "The county's office records this.")
        with denial, connection.begin_nested():
            ask(connection, "letter_done", letter_id=letter_id, done_on=done_on, note=note)
    except IntegrityError as error:
        raise ConflictError("这份函已登记办结。", "This letter is done already.") from error
    return one_letter(connection, letter_id)


def one_letter(connection: Connection, letter_id: int) -> dict[str, Any]:
    """Return a letter with its unit's name.

    Raises
    ------
    NotFoundError
        There is none of that number, or it is not to the asker's unit.

    """
    rows = rows_of(connection, "letters", letter_id=letter_id)
    if not rows:
        raise NotFoundError("没有这份函。", "There is no such letter.")
    return rows[0]


def keep_template(connection: Connection, kind: str, content: bytes | None) -> set[str]:
    """Make a docx the county's template of a kind, or ours again (None); return its fields. The caller commits.

    Raises
    ------
    InputError
        There is no such kind; the docx cannot be used or names an unknown field.
    ForbiddenError
        The asker is not of the county's office.

    """
    if kind not in PAPERS or PAPERS[kind].to == "receipt":
        raise InputError("没有这种文书的模板。", "There is no template of this kind.")
    fields = set() if content is None else check_docx(content)
    with _Denied("模板由县级专班更换。", "The county's office keeps templates."), connection.begin_nested():
        ask(connection, "keep_template", kind=kind, content=content)
    return fields


class _Denied:
    """Turns a refusal of the database for want of a right into a sentence."""

    def __init__(self, zh: str, en: str) -> None:
        self.refusal = ForbiddenError(zh, en)

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, DBAPIError) and is_denied(error):
            raise self.refusal from error
