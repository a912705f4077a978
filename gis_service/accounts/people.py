"""Accounts: made, listed, disabled, enabled, given passwords. Nobody is deleted, for the trail names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gis_service.accounts import passwords
from gis_service.codelists import DEPARTMENT
from gis_service.db.queries import statement
from gis_service.errors import ConflictError, InputError, NotFoundError
from gis_service.identity import UNIT_CODE, Role

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
# A reporting unit beside the townships has an account like theirs, by the code that the county gave it.
_LEVEL = {Role.TOWNSHIP: ("township", 9, "乡镇"), Role.VILLAGE: ("village", 12, "村")}
_UNIT = re.compile(UNIT_CODE)


@dataclass(frozen=True)
class Account:
    """One account, without its password's hash, which only signing in reads."""

    account_id: int
    name: str
    role: str
    place: str | None
    department: str | None
    person: bool
    has_password: bool
    oidc_subject: str | None
    demo: bool
    created_at: datetime
    password_changed_at: datetime | None
    disabled_at: datetime | None

    @property
    def role_zh(self) -> str:
        """The role in Chinese."""
        return Role(self.role).zh

    @property
    def where_zh(self) -> str:
        """The place or the department, as a page shows it."""
        return DEPARTMENT.get(self.department or "", self.place or "全县")


@dataclass(frozen=True)
class Ended:
    """What ended with a new password or with disabling: open sessions and live tokens."""

    sessions: int
    tokens: int

    def message(self, lang: str = "zh") -> str:
        """Return a sentence that says so."""
        if lang == "en":
            return f"{self.sessions} sessions and {self.tokens} tokens ended."
        return f"已结束 {self.sessions} 个登录、{self.tokens} 个令牌。"


@dataclass(frozen=True)
class New:
    """An account to be made."""

    name: str
    role: Role
    place: str | None = None
    department: str | None = None
    person: bool = False
    oidc_subject: str | None = None
    demo: bool = False


def add(connection: Connection, new: New, password: str | None) -> Account:
    """Make an account; without a password it signs in by token or by the organisation's own sign-in only.

    Raises
    ------
    InputError
        The name, the place, the department or the password will not do.
    ConflictError
        There is one of that name (in whatever case) or that subject.

    """
    check(connection, new)
    name = new.name.strip().lower()
    subject = (new.oidc_subject or "").strip() or None
    if subject is not None and (len(subject) > 255 or not subject.isprintable()):
        raise InputError("统一身份标识过长或含有控制字符。", "The subject is too long or has control characters.")
    if password is not None:
        passwords.check(password, name)
    values = {
        "name": name, "role": new.role.value, "place": new.place, "department": new.department, "person": new.person,
        "oidc_subject": subject, "demo": new.demo,
    }  # fmt: skip
    try:
        with connection.begin_nested():
            account_id = int(connection.execute(text(statement("accounts.add")), values).scalar_one())
    except IntegrityError as error:
        raise ConflictError(
            f"已有账号“{name}”，或已有账号用了这个统一身份标识。", f"There is an account {name!r} already, or one with that subject."
        ) from error  # fmt: skip
    if password is not None:
        _store(connection, account_id, password)
    return find(connection, name)


def check(connection: Connection, new: New) -> None:
    """Refuse a name, a place or a department that will not do (InputError)."""
    if not _NAME.fullmatch(new.name.strip().lower()):
        raise InputError(
            "账号名为 2 到 40 个英文字母、数字、点、横线或下划线，以字母或数字开头。",
            "An account's name has 2 to 40 letters (a to z), digits, dots, dashes or underscores, "
            "and begins with a letter or a digit.",
        )
    wanted = _LEVEL.get(new.role)
    if wanted is None and new.place is not None:
        raise InputError(
            f"角色“{new.role.zh}”管全县，不要给地区代码。", f"The role {new.role} is for the whole county; give no place."
        )  # fmt: skip
    if wanted is not None:
        level, digits, zh = wanted
        row = connection.execute(text(statement("accounts.place")), {"code": new.place}).one_or_none()
        is_unit = (
            row is not None
            and level == "township"
            and row.level == "unit"
            and _UNIT.fullmatch(new.place or "") is not None
        )
        if not is_unit and (row is None or row.level != level or len(new.place or "") != digits):
            raise InputError(
                f"{zh}账号要有本县的{zh}代码（{digits} 位）；没有 {(new.place or '（空）')[:20]}。",
                f"An account of a {level} has the {digits}-digit code of one in this county; "
                f"{(new.place or '(none)')[:20]} is not one.",
            )
    if (new.role is Role.DEPARTMENT) != (new.department is not None) or (
        new.department is not None and new.department not in DEPARTMENT
    ):
        raise InputError(
            f"行业部门账号要有部门，其他账号没有；部门为：{'、'.join(DEPARTMENT)}。",
            f"An account of a department names it, and no other does; one of {', '.join(DEPARTMENT)}.",
        )


def listed(connection: Connection) -> list[Account]:
    """Return all accounts by name."""
    return [Account(**row) for row in connection.execute(text(statement("accounts.list")), {"name": None}).mappings()]


def find(connection: Connection, name: str) -> Account:
    """Return one account.

    Raises
    ------
    NotFoundError
        There is none of that name.

    """
    row = None
    if "\0" not in name:
        row = connection.execute(text(statement("accounts.list")), {"name": name.strip()}).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有这个账号。", "There is no such account.")
    return Account(**row)


def disable(connection: Connection, name: str) -> tuple[Account, Ended]:
    """Disable an account: its sessions and its tokens end at once, and enabling brings none of them back.

    Raises
    ------
    ConflictError
        It is the last administrator who could enable anybody again.

    """
    account = find(connection, name)
    if account.role == Role.ADMINISTRATOR and account.disabled_at is None:
        left = connection.execute(text(statement("accounts.able_administrators"))).scalar_one()
        if left <= 1:
            raise ConflictError(
                "这是最后一个可用的系统管理员，不能停用；请先建另一个。",
                "This is the last administrator; make another before you disable this one.",
            )
    open_things = connection.execute(text(statement("accounts.open_things")), {"account_id": account.account_id}).one()
    values = {"account_id": account.account_id, "disabled": True}
    connection.execute(text(statement("accounts.set_disabled")), values)
    return find(connection, name), Ended(*open_things)


def enable(connection: Connection, name: str) -> Account:
    """Enable a disabled account."""
    account = find(connection, name)
    connection.execute(text(statement("accounts.set_disabled")), {"account_id": account.account_id, "disabled": False})
    return find(connection, name)


def open_name(connection: Connection, name: str) -> int:
    """Let a name be tried again at once, from wherever it was tried wrongly; return how many counts were forgotten.

    Raises
    ------
    NotFoundError
        There is no such account.

    """
    account = find(connection, name)
    return int(connection.execute(text(statement("accounts.open_name")), {"name": account.name}).scalar_one())


def set_password(connection: Connection, name: str, password: str) -> tuple[Account, Ended]:
    """Give an account a password; its sessions and its tokens end at once.

    Raises
    ------
    InputError
        The password will not do.

    """
    account = find(connection, name)
    passwords.check(password, account.name)
    return account, _store(connection, account.account_id, password)


def _store(connection: Connection, account_id: int, password: str) -> Ended:
    return store_hash(connection, account_id, passwords.hash_(password))


def store_hash(connection: Connection, account_id: int, hashed: str) -> Ended:
    """Store the hash of a new password and return what ended with it."""
    values = {"account_id": account_id, "hashed": hashed, "is_new": True}
    return Ended(*connection.execute(text(statement("accounts.store_password")), values).one())
