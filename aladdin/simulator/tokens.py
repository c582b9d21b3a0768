"""The token endpoint and its tokens: OAuth2 client credentials, by form or by query string."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from aladdin.simulator.directory import Credentials
from aladdin.simulator.protocol import Answer

TOKEN_PATH = "/api/oauth2/default/v1/token"  # noqa: S105 - an address, not a secret
LIFETIME = 3600.0  # seconds


class Tokens:
    """Gives out bearer tokens and knows them again. They live in memory: after a restart a client asks anew."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._expiry: dict[str, float] = {}  # by access token, monotonic seconds
        self._refresh: set[str] = set()

    async def issue(self, request: Request) -> Answer:
        """The endpoint. Refusals have OAuth's own fields as well as the published code and message."""
        given = {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
        given = dict(request.query_params) | given
        grant = given.get("grant_type", "")
        if grant not in ("client_credentials", "refresh_token"):
            return _refusal(
                400, "unsupported_grant_type", f"grant_type {grant!r} is not client_credentials or refresh_token"
            )
        if not self._are_ours(given):
            return _refusal(401, "invalid_client", "the client id or the client secret is wrong")
        if grant == "refresh_token" and given.get("refresh_token") not in self._refresh:
            return _refusal(400, "invalid_grant", "the refresh token was not given out by this server")
        return Answer(self._grant(" ".join(request.query_params.getlist("scopes")) or given.get("scope", "")))

    def _are_ours(self, given: Mapping[str, str]) -> bool:
        same_id = hmac.compare_digest(given.get("client_id", "").encode(), self._credentials.client_id.encode())
        same_secret = hmac.compare_digest(
            given.get("client_secret", "").encode(), self._credentials.client_secret.encode()
        )
        return same_id and same_secret

    def _grant(self, scope: str) -> dict[str, Any]:
        now = time.monotonic()
        self._expiry = {token: expiry for token, expiry in self._expiry.items() if expiry > now}
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._expiry[access] = now + LIFETIME
        self._refresh.add(refresh)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": int(LIFETIME),
            "scope": scope,
        }

    def good(self, authorization: str) -> bool:
        """Whether an Authorization header carries a token that was given out and has not expired."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self._expiry.get(token.strip(), 0.0) > time.monotonic()


def _refusal(status: int, error: str, message: str) -> Answer:
    return Answer({"error": error, "error_description": message, "code": error.upper(), "message": message}, status)
