"""Connections; a request sent on one and its answer taken in to its end, within a size and a time, neither of which
httpx bounds; and the text it is."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from aladdin.config import AladdinConfig
from aladdin.http.deadline import bounded, ends_by
from orders.errors import Malformed

_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})  # true of the body as it came


class AnswerTooLarge(httpx.DecodingError):
    """The body goes on beyond what we take in."""


def connections(config: AladdinConfig, wire_transport: httpx.BaseTransport | None) -> httpx.Client:
    """Connections to Aladdin's host, as many as the settings need. `close` them at the end."""
    return bounded(
        httpx.Client(
            base_url=config.url,
            timeout=httpx.Timeout(config.read_timeout, connect=config.connect_timeout, pool=config.pool_timeout),
            limits=httpx.Limits(max_connections=4 * config.max_workers),
            transport=wire_transport,
            trust_env=not config.on_loopback,  # a company proxy has no business on this machine
        )
    )


def receive(
    http: httpx.Client, request: httpx.Request, largest: int, seconds: float, monotonic: Callable[[], float]
) -> httpx.Response:
    """Send `request` and take in its answer, of at most `largest` bytes once unpacked. A timeout of httpx when that
    takes longer than so many `seconds`: what trickles would never be late by the timeout between two reads."""
    latest = monotonic() + seconds
    with ends_by(latest, monotonic):
        return _exchanged(http, request, largest, latest, monotonic)


def _exchanged(
    http: httpx.Client, request: httpx.Request, largest: int, latest: float, monotonic: Callable[[], float]
) -> httpx.Response:
    parts: list[bytes] = []
    size = 0
    try:
        answer = http.send(request, stream=True)
    except httpx.InvalidURL as error:  # it reads where a redirect leads, though we follow none
        raise httpx.RemoteProtocolError(f"a redirect to no address: {error}", request=request) from error
    try:
        for part in answer.iter_bytes():
            size += len(part)
            if size > largest:
                raise AnswerTooLarge(f"it is larger than {largest:,} bytes", request=request)
            if monotonic() > latest:
                raise httpx.ReadTimeout("it came in too slowly", request=request)
            parts.append(part)
    finally:
        answer.close()
    headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in _OF_THE_WIRE]
    return httpx.Response(answer.status_code, headers=headers, content=b"".join(parts), request=request)


def raise_for_status(answer: httpx.Response) -> None:
    """`httpx.HTTPStatusError` unless it is a success; without the address of a redirect, which httpx's own quotes and
    which may carry anything."""
    if not answer.is_success:
        raise httpx.HTTPStatusError(f"status {answer.status_code}", request=answer.request, response=answer)


def text_of(answer: httpx.Response, doing: str, reference: str) -> str:
    """The body as text: UTF-8 unless it is said to be something else. `Malformed` when it is not that; httpx would put
    other characters in place of those it cannot read."""
    charset = answer.charset_encoding or "utf-8"
    try:
        return answer.content.decode("utf-8-sig" if charset.lower() in ("utf-8", "utf8") else charset)
    except (ValueError, LookupError) as error:
        raise Malformed(f"Aladdin's answer is not text in {charset} while {doing}.", reference) from error
