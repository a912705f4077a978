"""The first accounts: one administrator of a new database, and one account a role for the simulated demo.

Nobody has a default password. The administrator's is set by ``GIS_ADMIN_PASSWORD`` or made and printed once; those of
the demo are made and kept in a file that only its owner can read, for the demo's houses are nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from gis_service.accounts import audit_log, passwords, people
from gis_service.accounts.audit_log import Action
from gis_service.accounts.people import New
from gis_service.db.engine import transaction
from gis_service.db.queries import statement
from gis_service.files import private
from gis_service.identity import Role, operator
from gis_service.say import say
from gis_service.settings import get_settings

ADMINISTRATOR = "admin"


def ensure_accounts(*, demo: bool) -> None:
    """Make the first accounts of a database without any, and tell how to sign in.

    Parameters
    ----------
    demo
        Whether accounts for the demo are wanted; they are made only where every house is simulated.

    Raises
    ------
    InputError
        ``GIS_ADMIN_PASSWORD`` will not do.

    """
    who = operator()
    with transaction(who, read_only=True) as connection:
        known = people.listed(connection)
        simulated = bool(connection.execute(text(statement("accounts.only_simulated"))).scalar_one())
    if not known:
        _make_administrator()
        if demo and simulated:
            _make_demo()
    elif not simulated and any(a.demo and a.disabled_at is None for a in known):
        _end_demo([a.name for a in known if a.demo and a.disabled_at is None])
        return
    if simulated:
        _tell_demo()


def _make_administrator() -> None:
    given = get_settings().admin_password
    password = given.get_secret_value() if given else passwords.make()
    _add(New(ADMINISTRATOR, Role.ADMINISTRATOR, person=True), password)
    if given:
        say(f"已建系统管理员 {ADMINISTRATOR}，密码为 GIS_ADMIN_PASSWORD。",
            f"Made the administrator {ADMINISTRATOR} with the password of GIS_ADMIN_PASSWORD.")  # fmt: skip
    else:
        say(f"已建系统管理员 {ADMINISTRATOR}，密码（只显示这一次）：{password}",
            f"Made the administrator {ADMINISTRATOR}; the password, shown this once: {password}")  # fmt: skip


def _add(new: New, password: str) -> None:
    who = operator()
    with transaction(who) as connection:
        made = people.add(connection, new, password)
        audit_log.append(connection, who, Action.ACCOUNT_ADDED, made.name, role=made.role, place=made.place, first=True)


@dataclass(frozen=True)
class _Demo:
    name: str
    password: str
    role: Role
    where: str


def demo_file() -> Path:
    """Return the file with the demo's accounts and their passwords."""
    return get_settings().data_dir / "demo-accounts.txt"


def _make_demo() -> None:
    with transaction(operator(), read_only=True) as connection:
        place = connection.execute(text(statement("accounts.demo_places"))).mappings().one_or_none()
    wanted = [
        (New("demo-planner", Role.PLANNER, person=True, demo=True), "全县"),
        (New("demo-fire", Role.FIRE, demo=True), "全县"),
        (New("demo-department", Role.DEPARTMENT, department="market_reg", demo=True), "市场监管"),
        (New("demo-auditor", Role.AUDITOR, demo=True), "全县"),
    ]
    if place is not None:
        new = New("demo-township", Role.TOWNSHIP, place["township"], person=True, demo=True)
        wanted.append((new, f"{place['township_name']} {place['township']}"))
        if place["village"] is not None:
            new = New("demo-village", Role.VILLAGE, place["village"], demo=True)
            wanted.append((new, f"{place['village_name']} {place['village']}"))
    made = []
    for new, where in wanted:
        demo = _Demo(new.name, passwords.make(), new.role, where)
        _add(new, demo.password)
        made.append(demo)
    file = demo_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    private(file, "".join(f"{d.name}\t{d.password}\t{d.role.value}\t{d.where}\n" for d in made))


def _tell_demo() -> None:
    try:
        lines = demo_file().read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    demos = [_Demo(a, b, Role(c), d) for a, b, c, d in (line.split("\t") for line in lines if line.count("\t") == 3)]
    if not demos:
        return
    say(f"演示账号（模拟数据，密码也在 {demo_file()}）：",
        f"Accounts for the demo (simulated data; the passwords are also in {demo_file()}):")  # fmt: skip
    for d in demos:
        say(
            f"  {d.name:<16} {d.password:<20} {d.role.zh}，{d.where}",
            f"  {d.name:<16} {d.password:<20} {d.role}, {d.where}",
        )


def _end_demo(names: list[str]) -> None:
    """Disable the demo's accounts: houses that are real have come in."""
    who = operator()
    with transaction(who) as connection:
        for name in names:
            _, ended = people.disable(connection, name)
            audit_log.append(
                connection, who, Action.ACCOUNT_DISABLED, name, why="real houses", sessions=ended.sessions,
                tokens=ended.tokens,
            )  # fmt: skip
    demo_file().unlink(missing_ok=True)
    say("已有真实房屋数据，演示账号已全部停用。", "There are real houses now: the demo's accounts are disabled.")
