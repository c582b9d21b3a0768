"""The life of an order as a section of Markdown."""

from __future__ import annotations

import logging
import os
import platform
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time

import structlog

from bench.life.batch import BatchReading, in_a_batch, one_at_a_time
from bench.life.counting import Phase, Used
from bench.life.following import FILL_SECONDS, LOOKS, Following, following
from bench.life.house import open_house
from bench.life.posting import Posting, posting
from bench.life.trips import round_trips
from bench.report import cpu_model, table


@dataclass(frozen=True, slots=True)
class Size:
    """How large the group is, and how many orders each part takes."""

    accounts: int
    positions: int
    posted: int
    blocks: int
    live: int
    on_snowflake: int


FULL, QUICK = Size(10, 1_000, 50, 200, 1_000, 10), Size(5, 500, 5, 8, 20, 4)

_INTRODUCTION = """\
# The life of an order, measured

Written by `python -m bench life`, which `make bench` runs as well. The desk, the worker and the production client as
the app has them, before the simulated Aladdin, a process of its own on the same machine, over HTTP; the ledger is a
SQLite file (WAL, synchronous FULL). Requests are counted by the HTTP client, statements and transactions by SQLAlchemy:
beginning and ending a transaction is no statement. Each peer is timed in the same run, right beside what it is a peer
of: the ratios carry over to another machine, the seconds do not.
"""

_POSTING = """\
## From the confirmation to Aladdin

A person confirms {count} previewed blocks, one after the other, with the embedded worker at work. The wait is from
then until the ledger says that Aladdin has the order. The reads alone are those that a confirmation makes, past the
cache, by the bare client; the post alone is the bare client's of the same order. In milliseconds; a ratio is the median
of the orders' own.
"""

_BATCH = """\
## {count} blocks in a batch

{count} buys of as many bonds for one group, from a file. Confirming them ends with the last confirmation, while the
worker is sending the first already. One at a time each is previewed, confirmed and waited for before the next, in a
fresh world. The bare call reads the same orders from the ledger and posts them by the client's one call; it writes
nothing.
"""

_FOLLOWING = """\
## {count} live orders

Of {accounts} lines each. They are confirmed straight into the ledger and sent as one batch. A look at which nothing
moved is the median of {looks}; its peer is the client's read of the same orders. Then the market fills all of them and
books every line, and one look takes that over.
"""

_TRIPS = """\
## Requests to Snowflake, by step

As the emulated server counts them, a commit too. A preview takes as many however many orders of ours are pending.
"""


def section(quick: bool, say: Callable[[str], None]) -> str:
    """Measure all and write the section, each part in a world of its own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    size, start, used = QUICK if quick else FULL, perf_counter(), process_time()
    with tempfile.TemporaryDirectory(prefix="evenlot-bench-") as name:
        directory = Path(name)
        book = (size.accounts, size.positions)
        say("orders posted")
        with open_house(directory / "posted", *book) as house:
            posted = posting(house, size.posted)
        say("a batch")
        with open_house(directory / "batch", *book) as house:
            batch = in_a_batch(house, size.blocks)
        say("the same one at a time")
        with open_house(directory / "single", *book) as house:
            single = one_at_a_time(house, size.blocks)
        say("live orders")
        with open_house(directory / "live", *book, FILL_SECONDS) as house:
            followed = following(house, size.live)
        say("requests to Snowflake")
        trips = round_trips(directory / "trips", size.on_snowflake)
    busy = (process_time() - used) / (perf_counter() - start)
    return "\n".join(
        [
            _INTRODUCTION,
            _setting(size, busy),
            _POSTING.format(count=size.posted),
            _posted(posted),
            _BATCH.format(count=size.blocks),
            _batched(batch, single),
            _FOLLOWING.format(count=f"{size.live:,}", accounts=size.accounts, looks=LOOKS),
            _followed(followed),
            _TRIPS,
            _tripped(trips),
        ]
    )


def _setting(size: Size, busy: float) -> str:
    load = os.getloadavg()[2]
    return (
        f"On {cpu_model()}, {os.cpu_count()} processors shared with other programs: this process was on one for "
        f"{busy:.0%} of its time,\nand {load:.1f} programs wanted one in the last 15 minutes. Python "
        f"{platform.python_version()}, httpx {version('httpx')}, SQLAlchemy {version('sqlalchemy')}, SQLite "
        f"{sqlite3.sqlite_version}.\nThe group has {size.accounts} accounts with {size.positions:,} positions.\n"
    )


def _posted(found: Posting) -> str:
    ways = found.ways
    rows = [
        ("a confirmation", *_spread([way.confirm for way in ways]), ""),
        ("its reads alone", *_spread([way.reads for way in ways]), _ratio([w.confirm / w.reads for w in ways])),
        ("the wait that follows", *_spread([way.wait for way in ways]), ""),
        ("the post alone", *_spread([way.bare for way in ways]), _ratio([w.wait / w.bare for w in ways])),
        ("both: from the click to Aladdin", *_spread([way.whole for way in ways]), ""),
    ]
    by_whom = [("confirming it", *_counts(found.confirming)), ("sending it", *_counts(found.sending))]
    return (
        table(("what", "median", "95th percentile", "ours over it"), rows)
        + "\n"
        + table(("one order, in the middle", "requests", "statements", "transactions"), by_whom)
    )


def _batched(batch: BatchReading, single: Phase) -> str:
    rows = [
        _row("read and looked through", batch.check),
        _row("foreseen, block by block", batch.foresee),
        _row("confirmed", batch.confirm),
        _row("from there until Aladdin has the last", batch.rest),
        _row("the same one at a time", single),
        _row("the bare call", batch.bare),
    ]
    whole = batch.confirm.seconds + batch.rest.seconds
    return (
        table(_HEAD, rows)
        + f"\nConfirmed and sent, the batch takes {whole / single.seconds:.2f} of the time of the same one at a time, "
        f"and {whole / batch.bare.seconds:,.0f} times that of the bare call.\n"
    )


def _followed(found: Following) -> str:
    rows = [
        _whole("sent as one batch", found.sending),
        _whole("a look, nothing moved", found.quiet),
        _whole("a look, all filled and booked", found.moved),
    ]
    still, count = median(phase.seconds for phase in found.still), found.orders
    return (
        table(_HEAD_OF_ONE, rows)
        + f"\nThe client's read alone takes {found.bare:.2f} seconds: a look at which nothing moved "
        f"takes {still / found.bare:.2g} times that.\nAn order that moved takes "
        f"{1e3 * found.moved.seconds / count:,.1f} ms, {found.moved.all.statements / count:.1f} statements and "
        f"{found.moved.all.transactions / count:.1f} transactions.\n"
    )


def _tripped(trips: Mapping[str, float]) -> str:
    return table(("step", "requests"), [(what, f"{count:,.1f}".removesuffix(".0")) for what, count in trips.items()])


_HEAD = ("what", "seconds", "on a processor", "requests", "the worker's", "statements", "the worker's", "transactions")

_HEAD_OF_ONE = ("what", "seconds", "on a processor", "requests", "statements", "transactions")


def _whole(what: str, phase: Phase) -> tuple[str, ...]:
    return (what, f"{phase.seconds:,.2f}", f"{phase.processor:,.2f}", *_counts(phase.all))


def _row(what: str, phase: Phase) -> tuple[str, ...]:
    every = phase.all
    return (
        what, f"{phase.seconds:,.2f}", f"{phase.processor:,.2f}", f"{every.requests:,}", f"{phase.worker.requests:,}",
        f"{every.statements:,}", f"{phase.worker.statements:,}", f"{every.transactions:,}",
    )  # fmt: skip


def _counts(used: Used) -> tuple[str, ...]:
    return f"{used.requests:,}", f"{used.statements:,}", f"{used.transactions:,}"


def _spread(seconds: Sequence[float]) -> tuple[str, str]:
    worst = quantiles(seconds, n=20, method="inclusive")[18]
    return f"{1e3 * median(seconds):,.0f}", f"{1e3 * worst:,.0f}"


def _ratio(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2g}"
