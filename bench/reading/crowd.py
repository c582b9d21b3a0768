"""Sixteen threads that ask without pause: how many calls a minute get through, and what the client costs each."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from aladdin.http.call import Call
from aladdin.http.transport import Transport
from aladdin.reading.reads import ANALYTICS
from bench.reading.desk import BookClock, Counted, ReadingDesk, reading_desk
from orders.errors import RateLimited

THREADS = 16
_ALLOWED = 300  # calls a minute
_SECONDS = 75  # long enough for the first turns of the next minute
_CALLS = 1_600


@dataclass(frozen=True, slots=True)
class CrowdReading:
    """Calls of the client under a quota, and calls a second without one that binds, beside bare httpx."""

    allowed: int  # a minute; a tenth of them is for orders alone
    seconds: float
    crowded: int  # calls in the fullest minute
    made: int
    ours: float  # calls a second
    bare: float


def read_crowd(directory: Path) -> CrowdReading:
    """A small book: what is measured is the calls, not the answers."""
    with reading_desk(directory, 5, 50) as desk:
        bare, ours = [], []
        for _ in range(3):  # by turns, so that a busy moment of the machine meets both
            bare.append(_bare(desk))
            ours.append(_free(desk))
        network, seconds = _held(desk)
    left = sorted(network.left)
    crowded = max(bisect_left(left, start + 60) - n for n, start in enumerate(left))
    return CrowdReading(_ALLOWED, seconds, crowded, len(left), median(ours), median(bare))


def _call(number: int) -> Call:
    return Call("GET", ANALYTICS, "reading analytics", params={"assetId": f"IDX{number % 5}"})


def _free(desk: ReadingDesk) -> float:
    config = desk.config(calls_a_minute=10**6)
    transport = Transport(config, BookClock().now, wire_transport=Counted())
    transport.read(_call(0))  # signed in
    rate = _rate(lambda n: transport.read(_call(n)))
    transport.close()
    return rate


def _bare(desk: ReadingDesk) -> float:
    """The same calls with the headers of one that the client made."""
    network = Counted()
    transport = Transport(desk.config(), BookClock().now, wire_transport=network)
    transport.read(_call(0))
    asked = network.requests[-1]
    transport.close()
    with httpx.Client(trust_env=False, limits=httpx.Limits(max_connections=THREADS)) as client:
        return _rate(lambda _: client.request(asked.method, asked.url, headers=asked.headers).raise_for_status().text)


def _rate(call: Callable[[int], object]) -> float:
    start = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(call, range(_CALLS)))
    return _CALLS / (time.monotonic() - start)


def _held(desk: ReadingDesk) -> tuple[Counted, float]:
    """What goes over the network in `_SECONDS` while everybody asks for more than there is."""
    network = Counted()
    transport = Transport(desk.config(calls_a_minute=_ALLOWED), BookClock().now, wire_transport=network)
    transport.read(_call(0))
    network.left.clear()
    start = time.monotonic()

    def ask(number: int) -> None:
        while time.monotonic() < start + _SECONDS:
            try:
                transport.read(_call(number))
            except RateLimited:  # its turn would come after a read's deadline
                time.sleep(0.1)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, range(THREADS)))
    transport.close()
    return network, time.monotonic() - start
