"""The token endpoint and its tokens: OAuth2 client credentials and refresh tokens, by form or by query string."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from aladdin.simulator.directory import Credentials
from aladdin.simulator.protocol import Answer

TOKEN_PATH = "/api/oauth2/default/v1/token"  # noqa: S105 - an address, not a secret
LIFETIME = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token is good for: until when (seconds of the clock), and which scopes; None is all of them."""

    until: float
    scopes: frozenset[str] | None


class Tokens:
    """Gives out bearer tokens and knows them again. Access tokens live in memory: after a restart a client asks anew. A
    refresh token carries its own proof, so it stays good."""

    def __init__(
        self, credentials: Credentials, lifetime: float = LIFETIME, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`lifetime` of an access token, and `clock`, in seconds."""
        self.credentials = credentials
        self._lifetime = lifetime
        self._clock = clock
        self._grants: dict[str, Grant] = {}

    async def issue(self, request: Request) -> Answer:
        """The endpoint. Refusals have OAuth's own fields as well as the published code and message."""
        form = parse_qs((await request.body()).decode())
        given = dict(request.query_params) | {name: values[-1] for name, values in form.items()}
        grant = given.get("grant_type", "")
        if grant not in ("client_credentials", "refresh_token"):
            return _refusal(
                400, "unsupported_grant_type", f"grant_type {grant!r} is not client_credentials or refresh_token"
            )
        if not self._are_ours(given):
            return _refusal(401, "invalid_client", "the client id or the client secret is wrong")
        # BlackRock's SDK repeats `scopes`; the standard is one `scope` with blanks.
        asked = [*request.query_params.getlist("scopes"), *form.get("scopes", []), *given.get("scope", "").split()]
        scopes = frozenset(asked) or None
        if grant == "refresh_token":
            first = self._refreshed(given.get("refresh_token", ""))
            if first is None:
                return _refusal(400, "invalid_grant", "the refresh token was not given out by this server")
            if first and scopes and not scopes <= frozenset(first):
                return _refusal(400, "invalid_scope", "the refresh token was given out for fewer scopes")
            scopes = scopes or frozenset(first) or None
        return Answer(self._grant(scopes))

    def _are_ours(self, given: Mapping[str, str]) -> bool:
        same_id = hmac.compare_digest(given.get("client_id", "").encode(), self.credentials.client_id.encode())
        same_secret = hmac.compare_digest(
            given.get("client_secret", "").encode(), self.credentials.client_secret.encode()
        )
        return same_id and same_secret

    def _grant(self, scopes: frozenset[str] | None) -> dict[str, Any]:
        now = self._clock()
        self._grants = {token: grant for token, grant in self._grants.items() if grant.until > now}
        access = secrets.token_urlsafe(32)
        self._grants[access] = Grant(now + self._lifetime, scopes)
        content = urlsafe_b64encode(json.dumps([secrets.token_hex(16), sorted(scopes or ())]).encode()).decode()
        return {
            "access_token": access,
            "refresh_token": f"{content}.{self._proof(content)}",
            "token_type": "Bearer",
            "expires_in": int(self._lifetime),
            "scope": " ".join(sorted(scopes or ())),
        }

    def _proof(self, content: str) -> str:
        return hmac.new(self.credentials.client_secret.encode(), content.encode(), hashlib.sha256).hexdigest()

    def _refreshed(self, token: str) -> list[str] | None:
        """The scopes that a refresh token was given out with; None when it is not ours."""
        content, _, proof = token.partition(".")
        if not hmac.compare_digest(proof.encode(), self._proof(content).encode()):
            return None
        scopes: list[str] = json.loads(urlsafe_b64decode(content))[1]
        return scopes

    def granted(self, authorization: str) -> Grant | None:
        """What the bearer token of an Authorization header is good for; None when it is unknown or has expired."""
        scheme, _, token = authorization.partition(" ")
        grant = self._grants.get(token.strip()) if scheme.lower() == "bearer" else None
        return grant if grant is not None and grant.until > self._clock() else None

    def forget(self, authorization: str) -> None:
        """Lets the bearer token of an Authorization header expire now."""
        self._grants.pop(authorization.partition(" ")[2].strip(), None)


def _refusal(status: int, error: str, message: str) -> Answer:
    return Answer({"error": error, "error_description": message, "code": error.upper(), "message": message}, status)
