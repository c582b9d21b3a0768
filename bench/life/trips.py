"""How many requests each step of an order's life sends to Snowflake, where most of what it takes is their way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from bench.life.following import FILL_SECONDS, following, hold_the_market
from bench.life.house import PM, House, open_house
from bench.life.posting import confirm
from tests.storage.emulated import start_snowflake

_BOOK = (5, 500)  # accounts, positions: neither changes the number


def round_trips(directory: Path, orders: int) -> Mapping[str, float]:
    """By step, on the emulated Snowflake and in sessions that are open already."""
    server = start_snowflake()
    try:
        with open_house(directory, *_BOOK, FILL_SECONDS, server) as house:
            hold_the_market(house)  # or the first orders would be booked before the others are there
            one = _one(house)
            many = following(house, orders)
    finally:
        server.stop()
    return one | {
        f"a batch of {orders} sent, by order": many.sending.store / orders,
        f"a look at {orders} live orders, none of which moved": many.quiet.store,
        f"a look at {orders} live orders, all filled and booked, by order": many.moved.store / orders,
    }


def _one(house: House) -> dict[str, float]:
    """One order, the second of its group."""
    for number in range(2):
        look = partial(house.desk.preview, PM, house.request(number))
        seen = house.desk.checked(PM, look())
        _, preview = house.meter.phase(look)
        _, confirming = house.meter.phase(partial(confirm, house, seen, f"c{number}"))
        _, sending = house.meter.phase(house.round)
    return {
        "a preview, nothing of ours pending": preview.store,
        "a confirmation at the desk": confirming.store,
        "the round that sends it alone, and looks at it and the one before": sending.store,
    }
