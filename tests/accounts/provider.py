"""A small OpenID Connect provider in a process of its own: one client, whoever asks is signed in, PKCE is demanded.

``python -m tests.accounts.provider SUBJECT [FAULT]`` prints its address; FAULT makes its ID tokens wrong in one way.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

SUBJECT = sys.argv[1] if len(sys.argv) > 1 else "person-1"
FAULT = sys.argv[2] if len(sys.argv) > 2 else ""
KEY = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})
OTHER = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})
CODES: dict[str, dict[str, str]] = {}


class Provider(BaseHTTPRequestHandler):
    def _json(self, body: object, status: int = 200) -> None:
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    @property
    def issuer(self) -> str:
        assert isinstance(self.server, HTTPServer)
        return f"http://127.0.0.1:{self.server.server_port}"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/.well-known/openid-configuration":
            self._json({
                "issuer": "http://evil.example" if FAULT == "issuer" else self.issuer, "jwks_uri": f"{self.issuer}/keys",
                "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
            })  # fmt: skip
        elif parts.path == "/keys":
            self._json({"keys": [KEY.as_dict(private=False)]})
        else:
            asked = {k: v[0] for k, v in parse_qs(parts.query).items()}
            assert asked["code_challenge_method"] == "S256"
            code = secrets.token_urlsafe()
            CODES[code] = asked
            self.send_response(302)
            self.send_header(
                "Location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            )
            self.end_headers()

    def do_POST(self) -> None:
        given = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()}
        asked = CODES.pop(given["code"], None)
        who = base64.b64decode(self.headers.get("Authorization", "Basic ")[6:]).decode()
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        )
        if asked is None or who != "gis:hush-client" or challenge != asked["code_challenge"]:
            self._json({"error": "invalid_grant"}, 400)
            return
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": "gis",
            "sub": SUBJECT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        }
        faults: dict[str | None, dict[str, object]] = {
            "aud": {"aud": "another"}, "nonce": {"nonce": "old"}, "exp": {"exp": now - 3600}, "iss": {"iss": "http://evil.example"},
            "azp": {"aud": ["gis", "x"], "azp": "x"},
        }  # fmt: skip
        claims |= faults.get(FAULT, {})
        if FAULT == "nothing":
            self._json({"access_token": "x"})
        elif FAULT == "unsigned":
            parts = [
                base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode()
                for p in ({"alg": "none"}, claims)
            ]
            self._json({"id_token": ".".join([*parts, ""])})
        else:
            key = OTHER if FAULT == "key" else KEY
            self._json({"id_token": jwt.encode({"alg": "RS256", "kid": "k1"}, claims, key)})

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Provider)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
