"""How a call travels: token, required headers, retries of reads, errors in the desk's words, one log line each."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from aladdin import faults, wire
from aladdin.config import AladdinConfig
from aladdin.oauth import AccessToken
from orders.errors import AuthenticationFailed, DeskError, Malformed, OutsideError, RateLimited, Unavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

_BACKOFF = wait_random_exponential(multiplier=0.5, max=8)  # seconds, with full jitter


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `doing` completes "while ..." in an error's sentence; `key` names the whole request."""

    method: str
    path: str
    doing: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        return json.dumps([self.method, self.path, self.params, self.body], sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its text, and the request id to name it by."""

    text: str
    reference: str

    def json(self) -> Any:
        """The answer read as JSON, numbers exact; `Malformed` when it is not JSON."""
        return wire.read_json(self.text, self.reference)


class Transport:
    """Sends calls. `now` gives the wall clock in UTC. Thread-safe; `close` it at the end."""

    def __init__(
        self,
        config: AladdinConfig,
        now: Callable[[], datetime],
        *,
        wire_transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._config = config
        self._now = now
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=config.url,
            timeout=httpx.Timeout(config.read_timeout, connect=config.connect_timeout, pool=config.pool_timeout),
            limits=httpx.Limits(max_connections=4 * config.max_workers),
            transport=wire_transport,
            trust_env=not config.on_loopback,  # a company proxy has no business on this machine
        )
        self._token = AccessToken(config, self._http, self._headers)
        self._trouble: tuple[str, datetime] | None = None  # what kind, and since when

    @property
    def trouble(self) -> str:
        """What kind of trouble kept the newest call from a usable answer, and since when; empty when it got one, if
        only a refusal of what was asked. Everybody may read it: what was asked for is not in it."""
        trouble = self._trouble
        return f"{trouble[0]} Trouble since {trouble[1].astimezone(UTC):%d %b %H:%M} UTC." if trouble else ""

    def read(self, call: Call) -> Answer:
        """Send a call that changes nothing, repeating it on rate limits, 5xx and transport faults.
        Raises `NotPermitted`, `NotFound` or an `OutsideError`."""
        return self._noting(lambda: self._repeating(lambda: self._exchange(call)))

    def write(self, call: Call, not_after: datetime) -> Answer:
        """Send a call that may change something, once, and not begin it after `not_after`. `Rejected` when it is
        refused for good; `NotPermitted`, `RateLimited` and `AuthenticationFailed` when it was not carried out and may
        be tried again; else `Unavailable`, whose `sent` tells whether it may have been carried out."""

        def step() -> Answer:
            self._repeating(self._token.current, not_after)  # signing in may be repeated; what follows may not
            return self._exchange(call, not_after)

        return self._noting(step)

    def close(self) -> None:
        self._http.close()

    def _noting(self, step: Callable[[], T]) -> T:
        """Run `step` and note in `trouble` how it went."""
        try:
            answer = step()
        except (Unavailable, RateLimited, AuthenticationFailed, Malformed) as error:
            self._note(error)
            raise
        except DeskError:
            self._trouble = None
            raise
        self._trouble = None
        return answer

    def _note(self, error: OutsideError) -> None:
        trouble = self._trouble
        if trouble is None:
            log.warning("aladdin_trouble", error=str(error))
        self._trouble = (faults.in_general(error), trouble[1] if trouble else self._now())

    def _repeating(self, step: Callable[[], T], not_after: datetime | None = None) -> T:
        """Run `step`, again after a pause when its error may pass, unless the pause would end after `not_after`. The
        last error is raised as it is."""

        most = stop_after_attempt(1 + self._config.read_retries)

        def enough(state: RetryCallState) -> bool:
            begins = self._now() + timedelta(seconds=state.upcoming_sleep)
            return most(state) or (not_after is not None and begins > not_after)

        retrying = Retrying(
            stop=enough,
            retry=retry_if_exception(self._may_pass),
            wait=_pause,
            before_sleep=_log_retry,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(step)

    def _may_pass(self, error: BaseException) -> bool:
        if isinstance(error, RateLimited | Unavailable):
            return (_asked_pause(error) or 0.0) <= self._config.longest_pause
        return False

    def _exchange(self, call: Call, not_after: datetime | None = None) -> Answer:
        """Send a call once; once more with a new token when the present one is refused. `not_after` is given for a
        write, and no attempt begins after it."""
        token = self._token.current()
        try:
            return self._send(call, token, not_after)
        except AuthenticationFailed:
            # A 401 is an answer given before anything was done, so even a write may follow it.
            self._token.discard(token)
            return self._send(call, self._token.current(), not_after)

    def _send(self, call: Call, token: str, not_after: datetime | None) -> Answer:
        headers = {**self._headers(), "Authorization": f"Bearer {token}"}
        reference = headers[wire.REQUEST_ID]
        if not_after is not None and self._now() > not_after:  # the last thing before it leaves
            raise faults.too_late(call.doing, not_after, reference)
        started = time.perf_counter()
        status: int | None = None
        try:
            response = self._http.request(call.method, call.path, params=call.params, json=call.body, headers=headers)
            status = response.status_code
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            of_status = faults.of_status if not_after is None else faults.of_written_status
            raise of_status(error.response, call.doing, reference, self._token.mask) from error
        except httpx.RequestError as error:
            raise faults.of_request(error, call.doing, reference, self._token.mask) from error
        finally:
            log.info(
                "aladdin_call",
                method=call.method,
                path=call.path,
                status=status,
                request_id=reference,
                seconds=round(time.perf_counter() - started, 4),
            )
        return Answer(response.text, reference)

    def _headers(self) -> dict[str, str]:
        """What each request must carry; the id is new each time."""
        headers = {
            wire.REQUEST_ID: str(uuid.uuid4()),
            wire.ORIGIN_TIMESTAMP: self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "Accept": "application/json",
        }
        if self._config.api_key is not None:
            headers[wire.API_KEY] = self._config.api_key.get_secret_value()
        return headers


def _asked_pause(error: BaseException | None) -> float | None:
    """Seconds the server asked for with Retry-After, on a 429 or a 503."""
    cause = error.__cause__ if error is not None else None
    return faults.retry_after(cause.response) if isinstance(cause, httpx.HTTPStatusError) else None


def _pause(state: RetryCallState) -> float:
    asked = _asked_pause(state.outcome.exception() if state.outcome else None)
    return asked if asked is not None else _BACKOFF(state)


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("aladdin_retry", attempt=state.attempt_number, pause=round(state.upcoming_sleep, 3), error=str(error))
