"""The access token: one for the process, fetched once for all threads, replaced before it expires."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import httpx

from aladdin import faults, wire
from aladdin.config import AladdinConfig
from orders.errors import AuthenticationFailed, Malformed, OutsideError, RateLimited, Unavailable

TOKEN_PATH = "/api/oauth2/default/v1/token"  # an address, not a secret  # noqa: S105
_DOING = "signing in"


class AccessToken:
    """Client-credentials token. Thread-safe; its text appears in no log, error or repr."""

    def __init__(self, config: AladdinConfig, http: httpx.Client, headers: Callable[[], Mapping[str, str]]) -> None:
        self._config = config
        self._http = http
        self._headers = headers
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def current(self) -> str:
        """A token good for at least a moment. `AuthenticationFailed` when the credentials are refused; `RateLimited` or
        `Unavailable` with `sent=False` (the call it was for never left) when the server cannot say."""
        with self._lock:
            if not self._token or time.monotonic() >= self._renew_at:
                self._fetch()
            return self._token

    def discard(self, refused: str) -> None:
        """Forget a token the server refused, unless another thread has already replaced it."""
        with self._lock:
            if self._token == refused:
                self._token = ""

    def mask(self, text: str) -> str:
        """`text` without our secrets, should the other side quote them back."""
        key = self._config.api_key
        for secret in (
            self._config.client_secret.get_secret_value(),
            self._token,
            key.get_secret_value() if key else "",
        ):
            if secret:
                text = text.replace(secret, "***")
        return text

    def _fetch(self) -> None:
        headers = dict(self._headers())
        reference = headers[wire.REQUEST_ID]
        form = {
            "grant_type": "client_credentials",
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret.get_secret_value(),
            "scope": " ".join(self._config.scopes),
        }
        asked = time.monotonic()
        try:
            response = self._http.post(TOKEN_PATH, data=form, headers=headers)
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise self._refusal(error.response, reference) from error
        except httpx.RequestError as error:
            fault = faults.of_request(error, _DOING, reference, self.mask)
            raise Unavailable(str(fault), reference, sent=False) from error
        grant = self._grant(response, reference)
        self._token = grant.access_token
        # A tenth of its life early, a minute at most: a call sent just before the end must still arrive in time.
        self._renew_at = asked + grant.expires_in - min(60.0, grant.expires_in / 10)

    def _refusal(self, response: httpx.Response, reference: str) -> OutsideError:
        fault = faults.of_status(response, _DOING, reference, self.mask)
        if isinstance(fault, RateLimited):
            return fault
        if isinstance(fault, Unavailable):
            return Unavailable(str(fault), reference, sent=False)
        code, message = faults.error_body(response, self.mask)
        said = message or code or f"status {response.status_code}"
        return AuthenticationFailed(
            f"Aladdin refused the client credentials ({said}). Check the client id, the secret and the scopes.",
            reference,
        )

    def _grant(self, response: httpx.Response, reference: str) -> wire.Grant:
        try:
            return wire.parse(wire.Grant, wire.read_json(response.text, reference), "the access token", reference)
        except Malformed as fault:
            raise Unavailable(str(fault), reference, sent=False) from fault
