"""The reference of what is being done: one for each thing that somebody does at a screen and for each round of the
worker. Every log line made meanwhile has it, what is written carries it, each request to Aladdin begins with it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

LENGTH = 12  # hex digits: what somebody reads out on the telephone, and unique for all that
_FIELD = "reference"


def new() -> str:
    """A reference that nothing else has."""
    return uuid.uuid4().hex[:LENGTH]


def begin(**also: str) -> str:
    """What this thread does from here on is another thing; `also` is said on each of its lines as well."""
    reference = new()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**{_FIELD: reference}, **also)
    return reference


def current() -> str:
    """The reference of what is being done here; empty where nothing was begun."""
    return str(structlog.contextvars.get_contextvars().get(_FIELD, ""))


def told() -> str:
    """The reference to tell a user: the current one, else one for the line that is logged with it."""
    return current() or new()


@contextmanager
def under(reference: str) -> Iterator[None]:
    """What is within belongs to `reference`, such as work that somebody asked for earlier; no other where it is
    empty, as with what was asked for before there were any."""
    if not reference:
        yield
        return
    with structlog.contextvars.bound_contextvars(**{_FIELD: reference}):
        yield


def of(said: str) -> str:
    """The reference somebody means who gives it, or the id of a request that was made under it; empty for what is
    neither."""
    digits = said.strip().lower().replace("-", "")
    return digits[:LENGTH] if len(digits) in (LENGTH, 32) and _is_ours(digits[:LENGTH]) else ""


def request_id() -> str:
    """A UUID for one request, as Aladdin wants it: never given twice. Its first twelve digits are the reference, so
    that who has the one has the other; the rest is random."""
    fresh = uuid.uuid4().hex
    reference = current()
    return str(uuid.UUID(hex=reference + fresh[LENGTH:] if _is_ours(reference) else fresh))


def _is_ours(reference: str) -> bool:
    return len(reference) == LENGTH and all(digit in "0123456789abcdef" for digit in reference)
