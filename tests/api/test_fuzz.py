"""The whole OpenAPI against a live server, as every role: no 5xx, no undeclared status, type or shape of an answer.

Schemathesis makes what the document allows and, for every third try, what it forbids. Left out of its checks:
acceptance of all that the schema allows (an area outside the county is well-formed and refused) and refusal of all that
it forbids (a query parameter that a route does not know is passed over, as browsers and proxies add their own).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Err
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.requests import ManagedCookiesSession

from gis_service.db.server import Server
from gis_service.identity import Role
from tests.conftest import Database, cloned, serving, signed_in

_CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip
_PLACES: dict[str, dict[str, Any]] = {"township": {"place": "451224100"}, "village": {"place": "451224100001"},
           "department": {"department": "police"}}  # fmt: skip
# Examples a route: many as the administrator, whom every door is open to, few as the others.
_EXAMPLES = {"administrator": 10}
_EXAMPLES_OTHERS = 3
_ROLES = [role.value for role in Role]


@pytest.fixture(scope="module")
def live(server: Server, demo: str, app: FastAPI, quiet: None) -> Iterator[tuple[Database, str]]:
    """The service over a copy of the small county: what is thrown at it may change and delete."""
    with cloned(server, demo) as database, database.active(GIS_KEEP_S="1"), serving(app) as address:
        yield database, address


@pytest.fixture(scope="module")
def cases(live: tuple[Database, str], app: FastAPI) -> dict[str, list[Any]]:
    """Requests of every operation, made once for all who ask."""
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.config.update(base_url=live[1])
    return {
        operation.label: _cases(operation)
        for operation in (_known(found) for found in schema.get_all_operations())
        if operation.label != "POST /api/plans"  # a plan of the whole county takes all cores for minutes
    }


@pytest.fixture(scope="module")
def session() -> Iterator[ManagedCookiesSession]:
    """A client whose connection stays open from one request to the next; no cookie does."""
    with ManagedCookiesSession() as made:
        made.trust_env = False
        yield made


def _known(found: Any) -> Any:
    assert not isinstance(found, Err), found
    return found.ok()


def _cases(operation: Any) -> list[Any]:
    made: list[Any] = []
    odd = operation.query or operation.path_parameters or operation.body

    @seed(20261122)
    @settings(max_examples=_EXAMPLES["administrator"], deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=st.one_of(
        operation.as_strategy(), operation.as_strategy(),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) if odd else operation.as_strategy(),
    ))  # fmt: skip
    def make(case: Any) -> None:
        made.append(case)

    make()
    return made


def _wrong(
    cases: dict[str, list[Any]], session: ManagedCookiesSession, headers: dict[str, str], role: str, examples: int
) -> list[str]:
    """Try every operation; return what is wrong, one text an operation. Who comes later begins at other requests."""
    wrong = []
    for label, made in cases.items():
        first = (_ROLES.index(role) * examples) % len(made)
        for case in [*made[first:], *made[:first]][:examples]:
            try:
                case.validate_response(case.call(session=session, headers=headers, timeout=120), checks=_CHECKS)
            except BaseExceptionGroup as group:
                wrong.append(f"{label}: {[str(e)[:1200] for e in group.exceptions]}")
                break
            except AssertionError as error:
                wrong.append(f"{label}: {str(error)[:1200]}")
                break
    return wrong


@pytest.mark.parametrize("role", _ROLES)
def test_all_that_the_document_says(
    live: tuple[Database, str], cases: dict[str, list[Any]], session: ManagedCookiesSession, role: str
):
    headers = signed_in(live[0], role, **_PLACES.get(role, {}))
    wrong = _wrong(cases, session, headers, role, _EXAMPLES.get(role, _EXAMPLES_OTHERS))
    assert not wrong, "\n\n".join(wrong)


def test_without_an_account(cases: dict[str, list[Any]], session: ManagedCookiesSession):
    wrong = _wrong(cases, session, {}, _ROLES[0], 2)
    assert not wrong, "\n\n".join(wrong)
