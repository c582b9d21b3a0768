"""What every answer shares: JSON with exact numbers, the error body, google.rpc statuses, and page tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

# json writes no Decimal as a number: each goes in as a string between marks nobody can guess, which are then cut out.
_MARK = secrets.token_hex(8)
_OPEN, _CLOSE = f'"{_MARK}', f'{_MARK}"'


class Code(IntEnum):
    """The google.rpc codes in use."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    FAILED_PRECONDITION = 9


class CallRefused(Exception):
    """The whole call is refused: an HTTP status and a body of `{code, message}`, and headers where it takes any."""

    def __init__(self, http_status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.http_status, self.code, self.message, self.headers = http_status, code, message, headers


class OrderRefused(Exception):
    """One order is refused inside a 200: a google.rpc.Status under `results[].error`."""

    def __init__(self, code: Code, message: str, order_id: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.order_id = code, message, order_id

    def status(self) -> dict[str, Any]:
        """The published shape; `details` names the order this one collides with, when there is one."""
        details = [] if self.order_id is None else [_resource(self.order_id)]
        return {"code": int(self.code), "message": f"{self.code.name}: {self.message}", "details": details}


def _resource(order_id: int) -> dict[str, str]:
    kind = "type.googleapis.com/google.rpc.ResourceInfo"
    return {"@type": kind, "resourceType": "Order", "resourceName": str(order_id)}


def bad_request(message: str) -> CallRefused:
    """A 400 for a request that cannot be understood."""
    return CallRefused(400, "INVALID_ARGUMENT", message)


def too_many_requests(message: str, seconds: int) -> CallRefused:
    """A 429 that asks for a pause of so many seconds."""
    return CallRefused(429, "RESOURCE_EXHAUSTED", message, {"Retry-After": str(seconds)})


def not_found(message: str) -> CallRefused:
    """A 404 for a name that is not there."""
    return CallRefused(404, "NOT_FOUND", message)


def dumps(value: Any) -> bytes:
    """JSON in UTF-8; Decimals as numbers with all their digits, dates and times as RFC 3339."""
    text = json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace(_OPEN, "").replace(_CLOSE, "").encode()


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{_MARK}{value:f}{_MARK}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def number(value: Decimal) -> int | float | Decimal:
    """The very same number in the form that json writes fastest: for values that go into many rows. It stays a Decimal
    where a float would not print all its digits."""
    if value == value.to_integral_value():
        return int(value)
    near = float(value)
    return near if Decimal(repr(near)) == value else value


class Answer(Response):
    """A JSON answer with exact numbers."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return dumps(content)


def error_answer(refused: CallRefused) -> Answer:
    """The published error body under its HTTP status."""
    return Answer({"code": refused.code, "message": refused.message}, refused.http_status, refused.headers)


def known(**fields: Any) -> dict[str, Any]:
    """The fields that have a value: a missing figure is left out, never written as zero or null."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


async def read_body(request: Request, model: type[M]) -> M:
    """The request's JSON body as `model`; see `read_text`."""
    return read_text(await request.body(), model)


def read_text(text: str | bytes, model: type[M]) -> M:
    """A JSON body as `model`, numbers exact; CallRefused 400 saying which field is wrong."""
    try:
        return model.model_validate(json.loads(text, parse_float=Decimal))
    except ValidationError as error:
        raise bad_request("; ".join(map(_fault, error.errors()))) from error
    except ValueError as error:
        raise bad_request(f"the body is not JSON: {error}") from error


def _fault(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def page(
    items: Sequence[T], key: Callable[[T], int], size: int | None, most: int, token: str | None, query: BaseModel
) -> tuple[Sequence[T], str | None]:
    """One page of `items` (sorted by `key`) and the token of the next, None on the last. A token continues after the
    last key seen, so that items added meanwhile shift nothing, and only for the `query` that it was given for."""
    digest = hashlib.sha256(query.model_dump_json().encode()).hexdigest()[:12]
    if token:
        after = _resume(token, digest)
        items = [item for item in items if key(item) > after]
    size = size if size is not None and 0 < size <= most else most
    if len(items) <= size:
        return items, None
    shown = items[:size]
    return shown, base64.urlsafe_b64encode(f"{key(shown[-1])}.{digest}".encode()).decode()


def _resume(token: str, digest: str) -> int:
    try:
        after, asked = base64.urlsafe_b64decode(token.encode()).decode().split(".")
        position = int(after)
    except ValueError as error:
        raise bad_request(f"pageToken {token!r} was not given out by this server") from error
    if asked != digest:
        raise bad_request("pageToken belongs to another query: repeat the query that it was given for")
    return position
