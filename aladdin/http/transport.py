"""How a call travels: signed in, in its turn, through its circuit, repeated if it is a read; with errors in the desk's
words and one log line each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from aladdin import wire
from aladdin.config import ORDER_OPERATIONS, AladdinConfig
from aladdin.http import faults
from aladdin.http.breaker import Circuits, CircuitState, CircuitStatus
from aladdin.http.call import ORDERS, Answer, Call, group_of
from aladdin.http.limiter import Limiter, Queue
from aladdin.http.oauth import TOKEN_PATH, AccessToken
from aladdin.http.receive import connections, raise_for_status, receive, text_of
from aladdin.http.sign_in import BasicSignIn, SignIn
from orders.errors import AuthenticationFailed, DeskError, Malformed, OutsideError, RateLimited, Unavailable
from orders.waiting import announced
from watch import counts, references

__all__ = ["Answer", "Call", "Transport"]

log = structlog.get_logger(__name__)

T = TypeVar("T")

_BACKOFF = wait_random_exponential(multiplier=0.5, max=8)  # seconds, with full jitter
_SIGNING_IN, _ORDERING = group_of(TOKEN_PATH), group_of(ORDERS)
_QUOTABLE = 65_536  # characters; a longer answer is figures, not an error that might quote our secrets
_SECRET = 8  # characters; a shorter one may be a word or a figure of any answer


class Transport:
    """Sends calls. `now` gives the wall clock in UTC, `monotonic` seconds of one that never jumps. Thread-safe; `close`
    it at the end."""

    def __init__(
        self,
        config: AladdinConfig,
        now: Callable[[], datetime],
        *,
        wire_transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._now = now
        self._sleep = sleep
        self._monotonic = monotonic
        # Orders, and the token they need, have connections of their own: screens that wait take all there are.
        self._reading, self._ordering = (connections(config, wire_transport) for _ in range(2))
        self._limiter = Limiter(
            config.calls_a_minute, config.quotas, config.default_quota, monotonic, sleep, ORDER_OPERATIONS
        )
        self._circuits = Circuits(config.circuit_failures, config.circuit_seconds, monotonic)
        self._sign_in: SignIn = (
            BasicSignIn(config)
            if config.basic
            else AccessToken(config, self._receive, self._headers, self._circuits.of(_SIGNING_IN), monotonic)
        )
        self._trouble: tuple[str, datetime] | None = None  # what kind, and since when

    @property
    def trouble(self) -> str:
        """What kind of trouble kept the newest call from a usable answer, and since when, and which API groups are left
        alone; empty when there is none. A refusal of what was asked is none. Everybody may read it: what was asked for
        is not in it."""
        trouble = self._trouble
        sentences = [f"{trouble[0]} Trouble since {trouble[1].astimezone(UTC):%d %b %H:%M} UTC."] if trouble else []
        sentences += [str(status) for status in self.circuits if status.state is not CircuitState.CLOSED]
        return " ".join(sentences)

    @property
    def unreachable(self) -> bool:
        """Whether the newest call had no usable answer."""
        return self._trouble is not None

    @property
    def calls_left(self) -> Mapping[str, int]:
        """How many calls would go now, in all and by operation."""
        return self._limiter.left

    @property
    def waiting(self) -> Queue:
        """The calls that wait for their turn under our quotas."""
        return self._limiter.waiting

    @property
    def circuits(self) -> tuple[CircuitStatus, ...]:
        """How the circuit of each API group stands that was ever asked, by group; signing in is one of them."""
        return self._circuits.statuses

    def resting(self, path: str) -> bool:
        """Whether calls to the API group of `path` are not made as usual, or signing in for them is not."""
        return not (self._circuits.of(group_of(path)).closed and self._circuits.of(_SIGNING_IN).closed)

    def read(self, call: Call) -> Answer:
        """Send a call that changes nothing, repeating it on rate limits, 5xx and transport faults. Raises
        `NotPermitted`, `NotFound` or an `OutsideError`: `RateLimited` when its turn would come past the deadline,
        `Unavailable` with `sent=False` at once while its circuit is open."""
        self._check(call)
        latest = self._monotonic() + self._config.read_deadline
        return self._noting(lambda: self._repeating(lambda: self._exchange(call, latest), call.circuit, latest))

    def write(self, call: Call, not_after: datetime) -> Answer:
        """Send a call that may change something, once, and not begin it after `not_after`. `Rejected` when it is
        refused for good; `NotPermitted`, `RateLimited` and `AuthenticationFailed` when it was not carried out and may
        be tried again; else `Unavailable`, whose `sent` tells whether it may have been carried out. A write
        never tries a circuit that is not closed: it does not leave then."""
        self._check(call, may_try=False)
        latest = self._monotonic() + (not_after - self._now()).total_seconds()

        def step() -> Answer:
            self._repeating(self._sign_in.current, _SIGNING_IN, latest)  # this may be repeated; what follows may not
            try:
                return self._exchange(call, latest, not_after)
            except Malformed as fault:
                sentence = f"{fault} It may have been carried out."
                raise Unavailable(sentence, fault.reference, sent=True) from fault

        return self._noting(step)

    def close(self) -> None:
        self._reading.close()
        self._ordering.close()

    def _check(self, call: Call, *, may_try: bool = True) -> None:
        """Refuse a call at once whose circuit is open, rather than after it has waited for its turn."""
        reference = references.request_id()
        try:
            self._circuits.of(call.circuit).check(call.doing, reference, may_try=may_try)
        except Unavailable:
            counts.ALADDIN_NOT_MADE.labels(call.circuit).inc()
            log.info("aladdin_call_not_made", method=call.method, path=call.path, request_id=reference)
            raise

    def _noting(self, step: Callable[[], T]) -> T:
        """Run `step` and note in `trouble` how it went."""
        try:
            answer = step()
        except (Unavailable, RateLimited, AuthenticationFailed, Malformed) as error:
            counts.ALADDIN_ERRORS.labels(type(error).__name__).inc()
            if not (isinstance(error, Unavailable) and error.__cause__ is None):  # nothing was asked, so nothing is new
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
            log.warning("aladdin_trouble", request_id=error.reference, error=str(error))
        self._trouble = (faults.in_general(error), trouble[1] if trouble else self._now())

    def _repeating(self, step: Callable[[], T], circuit: str, latest: float) -> T:
        """Run `step`, again after a pause when its error may pass and its circuits are closed, unless the pause would
        end after `latest`. The last error is raised as it is."""
        most = stop_after_attempt(self._config.read_attempts)
        circuits = (self._circuits.of(circuit), self._circuits.of(_SIGNING_IN))

        def enough(state: RetryCallState) -> bool:
            return most(state) or self._monotonic() + state.upcoming_sleep > latest

        retrying = Retrying(
            stop=enough,
            retry=retry_if_exception(lambda error: self._may_pass(error) and all(c.closed for c in circuits)),
            wait=_pause,
            before_sleep=_log_retry,
            sleep=self._pause,
            reraise=True,
        )
        return retrying(step)

    def _pause(self, seconds: float) -> None:
        with announced("to ask Aladdin again", seconds):
            self._sleep(seconds)

    def _may_pass(self, error: BaseException) -> bool:
        """Whether another attempt may end better; what we refused ourselves, which has no cause, would be again."""
        if not isinstance(error, RateLimited | Unavailable) or error.__cause__ is None:
            return False
        return faults.may_pass(error.__cause__) and (_asked_pause(error) or 0.0) <= self._config.longest_pause

    def _exchange(self, call: Call, latest: float, not_after: datetime | None = None) -> Answer:
        """Send a call once; once more signed in anew when that is refused. `not_after` is given for a write, and no
        attempt begins after it; `latest` is the last moment, monotonic, until which it may wait for its turn."""
        authorization = self._sign_in.current()
        try:
            return self._send(call, authorization, latest, not_after)
        except AuthenticationFailed:
            # A 401 is an answer given before anything was done, so even a write may follow it.
            if not self._sign_in.discard(authorization):
                raise
            return self._send(call, self._sign_in.current(), latest, not_after)

    def _send(self, call: Call, authorization: str, latest: float, not_after: datetime | None) -> Answer:
        headers = {**self._headers(), "Authorization": authorization}
        reference = headers[wire.REQUEST_ID]
        started = time.perf_counter()
        status: int | None = None
        try:
            self._in_time(call, not_after, reference)
            self._limiter.wait(call.operation, latest, call.doing, reference)
            self._in_time(call, not_after, reference)  # the last thing before it leaves
            circuit, reads = self._circuits.of(call.circuit), not_after is None
            with circuit.attempt(faults.is_outage, call.doing, reference, may_try=reads):
                response = self._receive(call.method, call.path, params=call.params, json=call.body, headers=headers)
                status = response.status_code
                raise_for_status(response)
        except httpx.HTTPStatusError as error:
            raise self._status_fault(error.response, call, reference, not_after is not None) from error
        except httpx.RequestError as error:
            raise faults.of_request(error, call.doing, reference, self._sign_in.mask) from error
        finally:
            counts.ALADDIN_CALLS.labels(call.operation, status or "none").inc()
            counts.ALADDIN_SECONDS.labels(call.operation).observe(time.perf_counter() - started)
            log.info(
                "aladdin_call",
                method=call.method,
                path=call.path,
                status=status,
                request_id=reference,
                seconds=round(time.perf_counter() - started, 4),
            )
        text = text_of(response, call.doing, reference)
        # A success can carry an error, and that one quote what we sent.
        return Answer(self._sign_in.mask(text, _SECRET) if len(text) <= _QUOTABLE else text, reference)

    def _receive(self, method: str, path: str, **what: Any) -> httpx.Response:
        """One request and its whole answer; `what` is httpx's."""
        http = self._ordering if group_of(path) in (_ORDERING, _SIGNING_IN) else self._reading
        if http.is_closed:  # such as for a screen that is still being drawn when the app ends
            raise Unavailable("The app is ending, so nothing was sent to Aladdin.", sent=False)
        request, config = http.build_request(method, path, **what), self._config
        return receive(http, request, config.largest_answer, config.longest_request, self._monotonic)

    def _in_time(self, call: Call, not_after: datetime | None, reference: str) -> None:
        if not_after is not None and self._now() > not_after:
            raise faults.too_late(call.doing, not_after, reference)

    def _status_fault(self, response: httpx.Response, call: Call, reference: str, written: bool) -> DeskError:
        """The error for an answer that is not a success. A pause it asks for holds for the operation as a whole."""
        pause = faults.retry_after(response) if response.status_code == httpx.codes.TOO_MANY_REQUESTS else None
        if pause is not None and pause <= self._config.longest_pause:
            self._limiter.hold(call.operation, pause)
        of_status = faults.of_written_status if written else faults.of_status
        scopes = ("", ()) if self._config.basic else (call.scope, self._config.scopes)
        return of_status(response, call.doing, reference, self._sign_in.mask, scopes)

    def _headers(self) -> dict[str, str]:
        """What each request must carry; the id is new each time, and begins with the reference of what it is for."""
        headers = {
            wire.REQUEST_ID: references.request_id(),
            wire.ORIGIN_TIMESTAMP: self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "Accept": "application/json",
        }
        if key := self._config.api_key.get_secret_value():
            headers[wire.API_KEY] = key
        return headers


def _asked_pause(error: BaseException | None) -> float | None:
    """Seconds the server asked for with Retry-After, on a 429 or a 503."""
    cause = error.__cause__ if error is not None else None
    return faults.retry_after(cause.response) if isinstance(cause, httpx.HTTPStatusError) else None


def _pause(state: RetryCallState) -> float:
    asked = _asked_pause(state.outcome.exception() if state.outcome else None)
    return max(asked or 0.0, _BACKOFF(state))  # a pause of nothing would be none


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    counts.ALADDIN_RETRIES.inc()
    log.warning(
        "aladdin_retry",
        attempt=state.attempt_number,
        pause=round(state.upcoming_sleep, 3),
        request_id=getattr(error, "reference", ""),
        error=str(error),
    )
