"""Signing in through the organisation's own OpenID Connect provider: authorization code with PKCE, state and nonce.

Off without ``GIS_OIDC_ISSUER``. The provider says who somebody is; which account that is, and what it may do, stands
here: the account's subject must equal the claim ``GIS_OIDC_CLAIM``. No account is ever made by signing in.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from functools import lru_cache
from typing import Any

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gis_service.errors import SetupError, SignInError
from gis_service.settings import get_settings

log = logging.getLogger("gis_service.accounts")

_TIMEOUT_S = 10.0
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_LEEWAY_S = 60


def begin(secret: str, callback: str) -> str:
    """Return the provider's address to send the browser to.

    Parameters
    ----------
    secret
        Random, in this browser's cookie only; state, nonce and the PKCE verifier are made from it, so that nothing is
        kept here and nobody else's browser can finish what this one began.
    callback
        Our own address to come back to.

    Raises
    ------
    SetupError
        No provider is set, or it does not answer.

    """
    meta = _metadata()
    address: str = prepare_grant_uri(
        meta["authorization_endpoint"], get_settings().oidc_client_id, "code", redirect_uri=callback,
        scope="openid profile", state=_piece(secret, "state"), nonce=_piece(secret, "nonce"),
        code_challenge=create_s256_code_challenge(_piece(secret, "verifier")), code_challenge_method="S256",
    )  # fmt: skip
    return address


def finish(secret: str, code: str, state: str, callback: str) -> str:
    """Return the claim that names an account, from a checked ID token.

    Raises
    ------
    SignInError
        The answer is not to what this browser began, or the provider's proof does not hold.
    SetupError
        The provider does not answer.

    """
    if (
        not secret
        or not code
        or not secrets.compare_digest(state.encode("utf-8", "replace"), _piece(secret, "state").encode())
    ):
        raise _refused("state")
    meta = _metadata()
    try:
        token = _exchanged(meta["token_endpoint"], code, _piece(secret, "verifier"), callback)
        claims = _checked(token, meta, _piece(secret, "nonce"))
    except httpx.HTTPError as error:
        raise _silent(error) from error
    except (JoseError, ValueError, KeyError) as error:
        raise _refused(type(error).__name__) from error
    subject = claims.get(get_settings().oidc_claim)
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or "\0" in subject:
        raise _refused("claim")
    return subject


def _piece(secret: str, name: str) -> str:
    return hashlib.sha256(f"oidc {name} {secret}".encode()).hexdigest()


def _exchanged(endpoint: str, code: str, verifier: str, callback: str) -> str:
    """Exchange the code for an ID token, with our client's secret where it has one."""
    settings = get_settings()
    given = settings.oidc_client_secret
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier,
             "client_id": settings.oidc_client_id}  # fmt: skip
    auth = (settings.oidc_client_id, given.get_secret_value()) if given else None
    with httpx.Client(timeout=_TIMEOUT_S, auth=auth) as client:
        answer = client.post(endpoint, data=asked, headers={"Accept": "application/json"})
    if answer.is_client_error:
        raise _refused(f"token endpoint {answer.status_code}")
    return str(answer.raise_for_status().json()["id_token"])


def _metadata() -> dict[str, Any]:
    issuer = get_settings().oidc_issuer
    if not issuer:
        raise SetupError("没有设置统一身份认证。", "No organisation's sign-in is set up.")
    # Read again once an hour: a provider changes its keys.
    return _fetched(issuer.rstrip("/"), int(time.time() // 3_600))


@lru_cache(maxsize=4)
def _fetched(issuer: str, hour: int) -> dict[str, Any]:  # noqa: ARG001 - the key of the cache
    try:
        with httpx.Client(timeout=_TIMEOUT_S) as client:
            meta: dict[str, Any] = client.get(f"{issuer}/.well-known/openid-configuration").raise_for_status().json()
            # An answer in another's name is the mix-up attack (RFC 9207, 1).
            if str(meta["issuer"]).rstrip("/") != issuer:
                raise _refused("issuer")
            return meta | {"keys": client.get(meta["jwks_uri"]).raise_for_status().json()}
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise _silent(error) from error


def _checked(token: str, meta: dict[str, Any], nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token after its signature and OpenID Connect Core 3.1.3.7."""
    decoded = jwt.decode(token, KeySet.import_key_set(meta["keys"]), algorithms=_ALGORITHMS)
    client_id = get_settings().oidc_client_id
    jwt.JWTClaimsRegistry(
        leeway=_LEEWAY_S,
        iss={"essential": True, "value": meta["issuer"]},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(decoded.claims)
    several = isinstance(decoded.claims["aud"], list) and len(decoded.claims["aud"]) > 1
    if several and decoded.claims.get("azp") != client_id:
        raise _refused("azp")
    return dict(decoded.claims)


def _refused(why: str) -> SignInError:
    log.warning("OIDC sign-in refused: %s", why)
    return SignInError(
        "统一身份认证没有完成；请从登录页重新开始。", "That sign-in was not completed; begin again at the sign-in page."
    )


def _silent(error: Exception) -> SetupError:
    log.warning("the OIDC provider does not answer: %s", type(error).__name__)
    return SetupError(
        "统一身份认证没有应答；请稍后再试，或用密码登录。", "The organisation's sign-in does not answer; try later, or use a password."
    )  # fmt: skip
