"""A house's owner, telephone and identity number: for accounts with that privilege, in their place, each look noted."""

from __future__ import annotations

from fastapi import Depends, Response
from pydantic import BaseModel
from sqlalchemy import text

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, allow
from gis_service.api.http.connect import Reading
from gis_service.api.http.routing import Router
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.identity import Right

router = Router(prefix="/api", tags=["Personal data"], dependencies=[Depends(allow(Right.PERSON))])


class PersonOut(BaseModel):
    """The personal data of one house; null where the survey has none."""

    building_id: str
    owner_name: str | None
    telephone: str | None
    identity_number: str | None


@router.get("/buildings/{building_id}/person", summary="Owner, telephone and identity number of one house")
def person(building_id: str, connection: Reading, audit: Audit, response: Response) -> PersonOut:
    """Return a house's personal data. The audit trail has the entry before the answer goes out."""
    row = None
    if "\0" not in building_id and len(building_id) <= 200:
        row = (
            connection.execute(text(statement("accounts.person")), {"building_id": building_id})
            .mappings()
            .one_or_none()
        )
    if row is None:
        # One answer for a house that is not there and one that is not the principal's.
        raise NotFoundError("没有这栋房屋。", "There is no such house.")
    audit.record(Action.PERSON_READ, row["building_id"])
    response.headers["Cache-Control"] = "no-store"
    return PersonOut(**row)
