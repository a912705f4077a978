"""The county's certificate authority, for a phone that is to trust it: what it is, how to compare it, how to install it.

Open to everybody and over plain HTTP too: whoever needs it has no secure way here yet. Nobody is safe by it alone; the
fingerprint is compared with what the office shows.
"""

from __future__ import annotations

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse

from gis_service.api.http.authorisation import public
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.errors import NotFoundError
from gis_service.settings import get_settings
from gis_service.tls import authority

router = Router(include_in_schema=False, dependencies=[Depends(public)])


def _check_served() -> None:
    if not get_settings().tls:
        raise NotFoundError(
            "本服务没有自己的证书颁发机构；管理员可用 gis-service up --https 启动。",
            "This service has no certificate authority of its own; gis-service up --https serves with one.",
        )


@router.get("/trust")
def trust_page(request: Request) -> HTMLResponse:
    """Return how a phone comes to trust the county's certificate authority."""
    _check_served()
    address = f"https://{request.headers['host']}/"
    return page(request, "trust.html", address=address, fingerprint=authority.fingerprint().split(":"))


@router.get("/trust/ca.crt", response_class=Response)
def certificate() -> Response:
    """Return the authority's certificate."""
    _check_served()
    headers = {"Content-Disposition": 'attachment; filename="county-ca.crt"'}
    return Response(authority.certificate_der(), media_type="application/x-x509-ca-cert", headers=headers)
