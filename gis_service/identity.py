"""Roles, rights and the identity of whoever asks.

A role says what kind of work somebody does; a place says where. What a role may see of the data is not decided here
but in the database (``sql/migrations/0009_authorisation.sql``): each transaction takes the database role of the
asker's role and tells it the place. The rights below say which doors open at all.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from enum import StrEnum

UNIT_CODE = r"^([0-9]{9}|[0-9]{0,11}[A-Z][0-9A-Z]{0,11})$"
"""Code of a reporting unit: a township's nine digits, or what the county gave a unit beside them, with a letter."""


class Role(StrEnum):
    """What kind of work an account is for."""

    ADMINISTRATOR = "administrator"
    PLANNER = "planner"
    FIRE = "fire"
    DEPARTMENT = "department"
    TOWNSHIP = "township"
    VILLAGE = "village"
    AUDITOR = "auditor"

    @property
    def database_role(self) -> str:
        """The role that a transaction of such an account takes."""
        return f"gis_{self.value}"

    @property
    def zh(self) -> str:
        """The role's name on pages."""
        return ROLE_ZH[self]


ROLE_ZH = {
    Role.ADMINISTRATOR: "系统管理员",
    Role.PLANNER: "县级专班",
    Role.FIRE: "消防救援",
    Role.DEPARTMENT: "行业部门",
    Role.TOWNSHIP: "乡镇",
    Role.VILLAGE: "村级网格",
    Role.AUDITOR: "审计",
}


class Right(StrEnum):
    """A door; which houses lie behind it is the database's matter."""

    READ = "read"  # maps, tiles, lists, items: what lies in one's place
    SELECT = "select"  # make a selection, stored as a run
    PUBLISH = "publish"  # make a list the county's, and take it back; freeze bulletins
    EXPORT = "export"  # take data away as a file
    DRAW = "draw"  # draw, change and delete priority areas
    PLAN = "plan"  # make, change and publish inspection plans
    RECORD = "record"  # fire plans, drills, patrols
    JUDGE = "judge"  # judge and appraise houses, confirm what others judged
    ROUNDS = "rounds"  # open and close rounds over houses
    CASE = "case"  # open cases and take their steps; which steps, gis.case_rule says
    SIGN = "sign"  # sign for what was surveyed; who signs what, gis.signer says
    VISIT = "visit"  # report visits with photographs
    PERSON = "person"  # a house's owner, telephone, identity number; also needs the account's own privilege
    OPERATE = "operate"  # start analyses and imports
    ACCOUNTS = "accounts"  # make and disable accounts
    TRAIL = "trail"  # search the audit trail
    METRICS = "metrics"  # figures of the running service


_EVERYBODY = frozenset({Right.READ, Right.EXPORT})
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMINISTRATOR: frozenset(Right),
    Role.PLANNER: _EVERYBODY
    | {
        Right.SELECT,
        Right.PUBLISH,
        Right.DRAW,
        Right.PLAN,
        Right.RECORD,
        Right.JUDGE,
        Right.ROUNDS,
        Right.CASE,
        Right.SIGN,
        Right.VISIT,
        Right.PERSON,
        Right.OPERATE,
    },
    Role.FIRE: _EVERYBODY | {Right.SELECT, Right.DRAW, Right.RECORD, Right.CASE, Right.VISIT},
    Role.DEPARTMENT: _EVERYBODY | {Right.SELECT, Right.CASE, Right.VISIT},
    Role.TOWNSHIP: _EVERYBODY | {Right.SELECT, Right.PERSON, Right.JUDGE, Right.CASE, Right.SIGN, Right.VISIT},
    Role.VILLAGE: _EVERYBODY | {Right.PERSON, Right.SIGN, Right.VISIT},
    Role.AUDITOR: _EVERYBODY | {Right.TRAIL, Right.METRICS},
}
"""What each role may do. An auditor reads all and changes nothing."""


@dataclass(frozen=True)
class Identity:
    """Whoever asks.

    Parameters
    ----------
    account
        The name to sign in with; ``cli:USER`` for somebody at the machine itself.
    role
        What the account is for.
    place
        Code of the township (9 digits) or village (12 digits); None is the whole county.
    department
        Identifier in ``codelists.DEPARTMENT``, for the role ``department``.
    person
        Whether this account may read owners, telephones and identity numbers.
    only
        The rights that a token is limited to; None is all of the role's.

    """

    account: str
    role: Role
    place: str | None = None
    department: str | None = None
    person: bool = False
    only: frozenset[Right] | None = None

    def may(self, right: Right) -> bool:
        """Return whether this asker may pass that door."""
        if right is Right.PERSON and not self.person:
            return False
        return right in RIGHTS[self.role] and (self.only is None or right in self.only)

    @property
    def scope(self) -> tuple[str, str | None, str | None]:
        """What the answer to a question depends on: the key of everything cached."""
        return (self.role.value, self.place, self.department)


_OPERATOR = "cli:"


def is_operator(identity: Identity) -> bool:
    """Tell whether it is somebody at the machine itself."""
    return identity.account.startswith(_OPERATOR)


def operator() -> Identity:
    """Return whoever works at the machine itself: its command line is the administrator's."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = "unknown"
    return Identity(f"{_OPERATOR}{name}", Role.ADMINISTRATOR)
