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


@pytest.fixture(scope="module")
def live(server: Server, demo: str, app: FastAPI, quiet: None) -> Iterator[tuple[Database, str]]:
    """The service over a copy of the small county: what is thrown at it may change and delete."""
    with cloned(server, demo) as database, database.active(GIS_KEEP_S="1"), serving(app) as address:
        yield database, address


def _tries(document: dict[str, Any], address: str, headers: dict[str, str], examples: int) -> list[str]:
    """Try every operation; return what is wrong, one text an operation."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=address)
    wrong = []
    for found in schema.get_all_operations():
        assert not isinstance(found, Err), found
        operation = found.ok()
        if operation.label == "POST /api/plans":
            continue  # a plan of the whole county takes all cores for minutes

        @seed(20261122)
        @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=st.one_of(
            operation.as_strategy(), operation.as_strategy(),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
            if operation.query or operation.path_parameters or operation.body else operation.as_strategy(),
        ))  # fmt: skip
        def attempt(case: Any) -> None:
            answer = case.call(headers=headers, timeout=120)  # a busy machine is not what is asked about
            case.validate_response(answer, checks=_CHECKS)

        try:
            attempt()
        except BaseExceptionGroup as group:
            wrong.append(f"{operation.label}: {[str(e)[:1200] for e in group.exceptions]}")
        except AssertionError as error:
            wrong.append(f"{operation.label}: {str(error)[:1200]}")
    return wrong


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_all_that_the_document_says(live: tuple[Database, str], app: FastAPI, role: str):
    database, address = live
    headers = signed_in(database, role, **_PLACES.get(role, {}))
    wrong = _tries(app.openapi(), address, headers, _EXAMPLES.get(role, _EXAMPLES_OTHERS))
    assert not wrong, "\n\n".join(wrong)


def test_without_an_account(live: tuple[Database, str], app: FastAPI):
    wrong = _tries(app.openapi(), live[1], {}, 2)
    assert not wrong, "\n\n".join(wrong)
