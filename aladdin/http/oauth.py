"""The access token: one for the process, fetched once for all threads, replaced before it expires."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import httpx
import structlog
from pydantic import ConfigDict, Field

from aladdin import wire
from aladdin.config import AladdinConfig, printable
from aladdin.http import faults
from aladdin.http.breaker import Circuit
from aladdin.http.flight import Flights
from aladdin.http.receive import raise_for_status, text_of
from aladdin.http.sign_in import masked
from orders.errors import AuthenticationFailed, Malformed, OutsideError, RateLimited, Unavailable

log = structlog.get_logger(__name__)

TOKEN_PATH = "/api/oauth2/default/v1/token"  # an address, not a secret  # noqa: S105
_DOING = "signing in"
_REFUSED = (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)  # for what we are
_REMEMBERED = 16  # secrets given out to us that an answer may still quote


class _Grant(wire.Grant):
    """The answer to a sign-in that may be renewed. What is wrong in one is told without what is in it."""

    model_config = ConfigDict(hide_input_in_errors=True)

    refresh_token: Annotated[wire.Text, Field(repr=False)] = ""


@dataclass(frozen=True, slots=True)
class _Held:
    """The token in use, in monotonic seconds."""

    token: str = field(repr=False)
    renew_at: float
    expires_at: float


class AccessToken:
    """OAuth2 by client credentials, or by a refresh token where the settings have one. Thread-safe; its text appears in
    no log, error or repr."""

    def __init__(
        self,
        config: AladdinConfig,
        receive: Callable[..., httpx.Response],
        headers: Callable[[], Mapping[str, str]],
        circuit: Circuit,
        monotonic: Callable[[], float],
    ) -> None:
        """`receive` takes a method, a path and httpx's arguments of a request, and gives its answer."""
        self._config = config
        self._receive = receive
        self._headers = headers
        self._circuit = circuit
        self._monotonic = monotonic
        self._flights = Flights()
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._refresh_token = config.refresh_token.get_secret_value()
        self._given: deque[str] = deque(maxlen=_REMEMBERED)

    def current(self) -> str:
        """The header with a token good for at least a moment. `AuthenticationFailed` when the credentials are refused;
        `RateLimited` or `Unavailable` with `sent=False` (the call it was for never left) when the server cannot say."""
        held = self._good()
        token = held.token if held is not None else self._flights.share("token", self._renewed)
        return f"Bearer {token}"

    def discard(self, refused: str) -> bool:
        """Forget a token the server refused, unless it has been replaced. Another one may always be had."""
        with self._lock:
            if self._held is not None and refused == f"Bearer {self._held.token}":
                self._held = None
        return True

    def mask(self, text: str, shortest: int = 1) -> str:
        """See `SignIn`."""
        own = (self._config.client_secret.get_secret_value(), self._config.api_key.get_secret_value())
        with self._lock:
            return masked(text, (*own, self._refresh_token, *self._given), shortest)

    def _good(self) -> _Held | None:
        held = self._held
        return held if held is not None and self._monotonic() < held.renew_at else None

    def _renewed(self) -> str:
        held = self._held
        if (landed := self._good()) is not None:
            return landed.token
        try:
            renewed = self._fetch()
        except (RateLimited, Unavailable) as fault:
            if held is None or self._held is not held or self._monotonic() >= held.expires_at:
                raise
            log.warning("token_not_renewed", request_id=fault.reference, error=str(fault))
            return held.token  # it was to be replaced early, and is good for as long again
        with self._lock:
            self._held = renewed
        return renewed.token

    def _fetch(self) -> _Held:
        headers = dict(self._headers())
        reference = headers[wire.REQUEST_ID]
        asked = self._monotonic()
        try:
            with self._circuit.attempt(_is_outage, _DOING, reference):
                response = self._receive("POST", TOKEN_PATH, data=self._form(), headers=headers)
                raise_for_status(response)
        except httpx.HTTPStatusError as error:
            raise self._refusal(error.response, reference) from error
        except httpx.RequestError as error:
            fault = faults.of_request(error, _DOING, reference, self.mask)
            raise Unavailable(str(fault), reference, sent=False) from error
        grant = self._grant(response, reference)
        with self._lock:
            self._given.append(grant.access_token)
            if grant.refresh_token and self._refresh_token:  # the next one to renew with, where they are good for once
                self._given.append(self._refresh_token)
                self._refresh_token = grant.refresh_token
        # A tenth of its life early, a minute at most: a call sent just before the end must still arrive in time.
        expires_at = asked + grant.expires_in
        return _Held(grant.access_token, expires_at - min(60.0, grant.expires_in / 10), expires_at)

    def _form(self) -> dict[str, str]:
        form = {
            "grant_type": "refresh_token" if self._refresh_token else "client_credentials",
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret.get_secret_value(),
            "scope": " ".join(self._config.scopes),
        }
        return form | ({"refresh_token": self._refresh_token} if self._refresh_token else {})

    def _refusal(self, response: httpx.Response, reference: str) -> OutsideError:
        fault = faults.of_status(response, _DOING, reference, self.mask)
        if isinstance(fault, RateLimited):
            return fault
        if isinstance(fault, Unavailable):
            return Unavailable(str(fault), reference, sent=False)
        if response.status_code not in _REFUSED:
            sentence = f"Aladdin's sign-in answered with status {response.status_code}{faults.redirected(response)}."
            return Unavailable(f"{sentence} Check Aladdin's address in the settings.", reference, sent=False)
        code, message = faults.error_body(response, self.mask)
        said = message or code or f"status {response.status_code}"
        if self._refresh_token:
            advice = (
                "Check the client id, the secret and the scopes; the refresh token may have run out: get a new one."
            )
            return AuthenticationFailed(f"Aladdin refused the refresh token ({said}). {advice}", reference)
        return AuthenticationFailed(
            f"Aladdin refused the client credentials ({said}). Check the client id, the secret and the scopes.",
            reference,
        )

    def _grant(self, response: httpx.Response, reference: str) -> _Grant:
        try:
            text = text_of(response, _DOING, reference)
            grant = wire.parse(_Grant, wire.read_json(text, reference), "the access token", reference)
            if not printable(grant.access_token):  # an error about the header would quote it
                raise Malformed("Aladdin's access token has characters that no header may carry.", reference)
        except Malformed as fault:
            raise Unavailable(str(fault), reference, sent=False) from fault
        return grant


def _is_outage(error: Exception) -> bool | None:
    """Like any other call, but that too many sign-ins count as well: each caller would otherwise repeat its own."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return True
    return faults.is_outage(error)
