"""Versions of plans as they were last read or changed, in memory: a hand's moves ask for the same 4,000 stops again and again."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from gis_service.cache import Cache
from gis_service.db.queries import statement
from gis_service.inspection.stored.read import Stored, head_of, read_plan, with_days

_MOST = 4
_kept: Cache[Stored] = Cache(_MOST)


def read_kept(connection: Connection, plan_id: int) -> Stored:
    """Return the newest version of a plan with its days, for one to change; read anew where anything changed since.

    Raises
    ------
    NotFoundError
        There is no such plan.

    """
    head = head_of(connection, plan_id)
    # The key before the rows: what is committed between them is then read under a key that nobody asks for again.
    key = _key(connection, head)
    known = _kept.get(key)
    if known is None:
        known = with_days(connection, read_plan(connection, plan_id, head["version"]))
        _kept.put(key, _copy(known))
    return replace(_copy(known), head=head)


def keep(connection: Connection, stored: Stored) -> None:
    """Keep a version as this transaction leaves it; if it is not committed nobody will ever ask for its key."""
    _kept.put(_key(connection, stored.head), _copy(stored))


def _key(connection: Connection, head: Mapping[str, Any]) -> Hashable:
    at = {"plan_id": head["plan_id"], "version": head["version"]}
    state = connection.execute(text(statement("plans.state")), at).one()
    asker = connection.execute(text(statement("access.asker"))).one()
    return (str(connection.engine.url), *asker, *at.values(), head["revision"], head["changed_at"], *state)


def _copy(stored: Stored) -> Stored:
    return replace(stored, seats=dict(stored.seats), rounds=dict(stored.rounds))
