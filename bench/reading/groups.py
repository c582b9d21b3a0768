"""A whole group as accounts: cold, warm and after a start, and the requests that took."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.reading.book import AS_OF, GROUP
from bench.reading.desk import reading_desk
from bench.reading.timing import Took, took

SIZES = ((5, 500), (60, 6_000), (200, 20_000))  # accounts, positions
_COLD, _WARM = 5, 50  # goes


@dataclass(frozen=True, slots=True)
class GroupReading:
    """One group. `bare` is the peer of `cold`: the same requests by httpx, their answers read by json.loads."""

    accounts: int
    positions: int
    requests: int  # the one for a token among them
    cold: Took
    bare: Took
    started: Took  # from what an earlier client kept on disk
    warm: Took


def read_groups(directory: Path, sizes: Sequence[tuple[int, int]] = SIZES) -> list[GroupReading]:
    """Each size in a book and a server of its own."""
    return [_read(directory / str(accounts), accounts, positions) for accounts, positions in sizes]


def _read(directory: Path, accounts: int, positions: int) -> GroupReading:
    with reading_desk(directory, accounts, positions) as desk:

        def load(cache: str) -> Callable[[], object]:
            def go() -> None:
                with desk.client(cache) as client:
                    client.group(GROUP, AS_OF)

            return go

        took(load("first"))  # the server's own first time
        desk.network.requests.clear()
        cold = took(*(load(f"cold-{n}") for n in range(_COLD)))
        asked = desk.network.requests[: len(desk.network.requests) // _COLD]
        started = took(load("cold-0"), times=_COLD)
        with desk.client("cold-0") as client:
            client.group(GROUP, AS_OF)
            warm = took(lambda: client.group(GROUP, AS_OF), times=_WARM)
        bare = took(lambda: _bare(asked), times=_COLD)
    return GroupReading(accounts, positions, len(asked), cold, bare, started, warm)


def _bare(asked: Sequence[httpx.Request]) -> None:
    """The same requests, one after the other."""
    with httpx.Client(trust_env=False, timeout=60) as client:
        for request in asked:
            answer = client.request(request.method, request.url, content=request.content, headers=request.headers)
            answer.raise_for_status()
            json.loads(answer.text)
