"""Rounds over houses: listed, opened, closed; and their page."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.texts import Line
from gis_service.identity import Right
from gis_service.record import judge, rounds
from web_map.rounds import round_values

router = Router()
_READ = [Depends(allow(Right.READ))]
_ROUNDS = [Depends(allow(Right.ROUNDS))]

RoundId = Annotated[int, PathParameter(ge=1, le=2**62)]
Filter = dict[Literal["use_class", "unit_code", "hazard_tier"], list[Annotated[Line, Field(max_length=40)]]]


class DeadlineIn(BaseModel):
    """The last day of a step."""

    model_config = ConfigDict(extra="forbid")
    step: Literal["survey", "correct", "judge", "appraise", "control", "rectify"]
    due_on: date
    filter: Filter = Field(default_factory=dict)
    clause: Line | None = Field(None, max_length=100)


class RoundIn(BaseModel):
    """A round to be opened."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "2023年度体检", "kind": "checkup", "first_day": "2023-03-01", "last_day": "2023-11-30",
                 "filter": {"use_class": ["commercial", "mixed"]}}
            ]
        },
    )  # fmt: skip
    name: Line = Field(max_length=100)
    kind: Literal["campaign", "look_back", "checkup", "earlier"]
    first_day: date
    last_day: date | None = None
    filter: Filter = Field(default_factory=dict)
    source: Line | None = Field(None, max_length=200)
    deadlines: list[DeadlineIn] = Field(default_factory=list, max_length=50)


class CloseIn(BaseModel):
    """When a round is closed; today without a day."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"day": "2022-09-16"}]})
    day: date | None = None


def _plain(filter_: Filter) -> dict[str, list[str]]:
    return {str(name): values for name, values in filter_.items()}


@router.get("/rounds", include_in_schema=False, dependencies=_READ)
def rounds_page(request: Request, connection: Reading, identity: CurrentUser) -> HTMLResponse:
    """Return the page of the rounds, with the institutions that appraise."""
    values = round_values(
        rounds.listed(connection),
        judge.institutions(connection),
        language(request),
        may_open=identity.may(Right.ROUNDS),
    )
    return page(request, "rounds.html", identity=identity, **values)


@router.get("/api/rounds", summary="Rounds with their deadlines", tags=["Record"], dependencies=_READ)
def read(connection: Reading) -> dict[str, Any]:
    """Return the rounds, those that began last first, each with its deadlines and whether it is open today."""
    return {"items": rounds.listed(connection)}


@router.post("/api/rounds", summary="Open a round", status_code=201, tags=["Record"], dependencies=_ROUNDS)
def open_(connection: Writing, audit: Audit, given: RoundIn) -> dict[str, Any]:
    """Open a round and return it."""
    deadlines = tuple(rounds.Deadline(d.step, d.due_on, _plain(d.filter), d.clause) for d in given.deadlines)
    new = rounds.New(
        given.name, given.kind, given.first_day, given.last_day, _plain(given.filter), given.source, deadlines
    )  # fmt: skip
    round_id = rounds.open_(connection, new)
    audit.append(connection, Action.ROUND_OPENED, f"round {round_id}", name=given.name)
    return rounds.listed(connection, round_id)[0]


@router.post("/api/rounds/{round_id}/close", summary="Close a round", tags=["Record"], dependencies=_ROUNDS)
def close(connection: Writing, audit: Audit, round_id: RoundId, given: CloseIn) -> dict[str, Any]:
    """Close a round and return it."""
    rounds.close(connection, round_id, given.day)
    audit.append(connection, Action.ROUND_CLOSED, f"round {round_id}")
    return rounds.listed(connection, round_id)[0]
