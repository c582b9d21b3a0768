"""From what went wrong on the wire to what the use cases know: one place for the mapping, one for its sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from aladdin.http.receive import AnswerTooLarge
from orders.errors import (
    AuthenticationFailed,
    DeskError,
    Malformed,
    NotFound,
    NotPermitted,
    OutsideError,
    RateLimited,
    Rejected,
    Unavailable,
)

Mask = Callable[[str], str]
Scopes = tuple[str, Collection[str]]  # what a call needs, and what we ask for

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_REFUSED_FOR_GOOD = (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY)
_PASSING = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS)
_SCOPE = re.compile(r"\b[a-z_]+(?:\.[a-z_]+)+\.v\d+\.[A-Z]\w*(?::(?:read|write))?")
_LONGEST_SAID = 3600  # seconds; "in 99999999 seconds" helps nobody
_LONGEST_PAUSE = 7 * 86_400.0  # seconds; what anybody counts with must not overflow
_LONGEST_MESSAGE = 500  # characters of the other side's text that a sentence may quote


def is_outage(error: Exception) -> bool | None:
    """Whether an error says that the other side is out of order (True), or answers (False); None when neither."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
    if isinstance(error, httpx.PoolTimeout):  # all our connections were busy
        return None
    if isinstance(error, httpx.DecodingError):
        return False
    return True if isinstance(error, httpx.TransportError) else None


def may_pass(cause: BaseException) -> bool:
    """Whether the same request may be answered another time."""
    if isinstance(cause, httpx.HTTPStatusError):
        status = cause.response.status_code
        return status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _PASSING
    return True


def of_request(error: httpx.RequestError, doing: str, reference: str, mask: Mask) -> DeskError:
    """The error for a request that brought no readable answer. `doing` completes "while ..."."""
    if isinstance(error, AnswerTooLarge):
        return Malformed(f"Aladdin's answer cannot be taken in while {doing}: {error}.", reference)
    if isinstance(error, httpx.DecodingError):
        return Malformed(f"Aladdin's answer could not be decoded while {doing}.", reference)
    if isinstance(error, httpx.PoolTimeout):
        return Unavailable(f"All connections to Aladdin were busy while {doing}. Try again.", reference, sent=False)
    if isinstance(error, _NEVER_LEFT):
        why = mask(str(error)) or type(error).__name__
        return Unavailable(f"Aladdin could not be reached while {doing}: {why}.", reference, sent=False)
    if isinstance(error, httpx.TimeoutException):
        limit = error.request.extensions.get("timeout", {}).get("read")
        within = f" Our limit is {limit:g} seconds." if limit else ""
        return Unavailable(f"Aladdin did not answer in time while {doing}.{within}", reference, sent=True)
    why = mask(str(error)) or type(error).__name__
    return Unavailable(f"The connection to Aladdin broke while {doing}: {why}.", reference, sent=True)


def of_status(response: httpx.Response, doing: str, reference: str, mask: Mask, scopes: Scopes = ("", ())) -> DeskError:
    """The error for an answer that is not a success, to a call that changes nothing. `doing` completes "while ..."."""
    if (fault := _held_off(response, doing, reference, mask, scopes)) is not None:
        return fault
    status = response.status_code
    said = _said(response, mask)
    if status == httpx.codes.NOT_FOUND:
        return NotFound(f"Aladdin knows nothing by that name: {doing}{said}. Request id {reference}.")
    if response.has_redirect_location:
        sentence = f"Aladdin answered with status {status} while {doing}{redirected(response)}."
        return Rejected(f"{sentence} Check Aladdin's address in the settings.", reference, code=str(status))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.REQUEST_TIMEOUT:
        return Unavailable(f"Aladdin failed with status {status} while {doing}{said}.", reference, sent=True)
    return _rejected(response, doing, reference, mask)


def of_written_status(
    response: httpx.Response, doing: str, reference: str, mask: Mask, scopes: Scopes = ("", ())
) -> DeskError:
    """The error for an answer that is not a success, to a call that may change something: only a status that says it
    was refused for what it asked is final; any other leaves open what became of it."""
    if (fault := _held_off(response, doing, reference, mask, scopes)) is not None:
        return fault
    if response.status_code in _REFUSED_FOR_GOOD:
        return _rejected(response, doing, reference, mask)
    said = _said(response, mask)
    sentence = f"Aladdin answered with status {response.status_code} while {doing}{said}. It may have been carried out."
    return Unavailable(sentence, reference, sent=True)


def too_late(doing: str, not_after: datetime, reference: str) -> Unavailable:
    """The error for a request that was not begun because its time had run out. `doing` is what it would have done."""
    sentence = f"The time for {doing} ran out at {not_after.astimezone(UTC):%H:%M:%S} UTC: nothing was sent."
    return Unavailable(sentence, reference, sent=False)


def in_general(error: OutsideError) -> str:
    """What kind of trouble `error` is, in words that tell nothing of what was asked for."""
    if isinstance(error, AuthenticationFailed):
        return "Aladdin does not accept our credentials."
    if isinstance(error, RateLimited):
        return "Aladdin's rate limit is reached."
    if isinstance(error.__cause__, httpx.HTTPStatusError):
        return f"Aladdin fails with status {error.__cause__.response.status_code}."
    if isinstance(error, Malformed) or isinstance(error.__cause__, Malformed):
        return "Aladdin's answers cannot be read."
    return "Aladdin cannot be reached, or does not answer in time."


def _held_off(response: httpx.Response, doing: str, reference: str, mask: Mask, scopes: Scopes) -> DeskError | None:
    """The error for a call turned away before it was looked at, which may succeed another time; None for others."""
    status, said = response.status_code, _said(response, mask)
    if status == httpx.codes.UNAUTHORIZED:
        return AuthenticationFailed(f"Aladdin did not accept our credentials while {doing}{said}.", reference)
    if status == httpx.codes.FORBIDDEN:
        needs = _scopes_needed(said, *scopes)
        return NotPermitted(f"Aladdin does not permit {doing}{said}.{needs} Request id {reference}.")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        pause = retry_after(response)
        when = "later" if pause is None or pause > _LONGEST_SAID else f"in {pause:.0f} seconds"
        return RateLimited(
            f"Aladdin's rate limit was reached while {doing}. Try again {when}.", reference, retry_after=pause
        )
    return None


def _scopes_needed(said: str, needed: str, asked_for: Collection[str]) -> str:
    """Which scope a refused call lacks: the one Aladdin names, else the one published for it; empty for neither."""
    named = sorted(set(_SCOPE.findall(said))) or [needed]
    if not named[0]:
        return ""
    if missing := [scope for scope in named if scope not in asked_for]:
        return f" It needs the scope {' and '.join(missing)}, which is not among the scopes in the settings: add it."
    return f" It needs the scope {' and '.join(named)}: have it granted to this client."


def _rejected(response: httpx.Response, doing: str, reference: str, mask: Mask) -> Rejected:
    code, message = error_body(response, mask)
    sentence = f"Aladdin refused with status {response.status_code} while {doing}: {message or 'no reason given'}."
    return Rejected(sentence, reference, code=code or str(response.status_code), message=message)


def _said(response: httpx.Response, mask: Mask) -> str:
    message = error_body(response, mask)[1]
    return f" ({message})" if message else ""


def error_body(response: httpx.Response, mask: Mask) -> tuple[str, str]:
    """The `{code, message}` of an error answer (or OAuth's `{error, error_description}`); empty where there is none."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    code = body.get("code") or body.get("error") or ""
    message = body.get("message") or body.get("error_description") or ""
    return mask(str(code))[:_LONGEST_MESSAGE], mask(str(message))[:_LONGEST_MESSAGE].rstrip(".")


def redirected(response: httpx.Response) -> str:
    """Where a redirect would lead, as the end of a sentence; empty when it is none. We follow none: our token must go
    to no other host. The rest of the address may carry anything, and is not quoted."""
    if not response.has_redirect_location:
        return ""
    try:
        host = urlsplit(response.headers["Location"]).hostname
    except ValueError:
        host = None
    return f", a redirect to {host or 'another path'}, which is not followed"


def retry_after(response: httpx.Response) -> float | None:
    """Seconds the server asks us to wait, from either form of Retry-After; None when it does not say."""
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdecimal():
        return min(float(value), _LONGEST_PAUSE)
    until, sent = _moment(value), _moment(response.headers.get("Date", ""))
    # By the other side's own clock where it tells the time: ours may differ.
    if until is None:
        return None
    return min(max(0.0, (until - (sent or datetime.now(UTC))).total_seconds()), _LONGEST_PAUSE)


def _moment(http_date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):  # the latter for a zone of centuries
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
