"""The ledger's measurements as a section of Markdown."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from time import perf_counter, process_time

import structlog

from bench.report import cpu_model, table
from bench.storing import plain, stores
from bench.storing.past import BONDS, GROUPS, LINES, USERS
from bench.storing.reads import readings
from bench.storing.requests import AIM, CONFIRMATION, requests
from bench.storing.timing import ENOUGH, Row
from bench.storing.writes import WRITERS, commits, verified

SIZES = (10_000, 100_000, 1_000_000)

_INTRODUCTION = """\
# The ledger, measured

Written by `python -m bench storing`, which `make bench` runs as well, on {cpu}. SQLite {sqlite}, WAL, synchronous FULL,
beside the emulated Snowflake of the tests: Snowflake's own driver over HTTP to fakesnow {fakesnow} on DuckDB {duckdb},
a process on the same machine.

**The emulated server's times say nothing of Snowflake's**, neither that it is slower nor that it is faster: the server
parses and rewrites each statement, runs it in memory, is reached without a network, and refuses at once where Snowflake
waits for a lock. They compare one run with another. What carries over is how many requests a use case sends.

Orders have {lines} lines, spread over {groups} groups, {bonds} bonds and {users} users; they are put in with
`executemany` on SQLite, and with `PUT` and `COPY INTO` on the other. {commits} commits are timed on SQLite and {fewer}
on the other. Times are in milliseconds: the median, and the 99th percentile (of fewer than {enough} times, the
longest). A busy machine makes all of it longer: each size says for what share of its time the run with SQLite was on a
processor; otherwise it waited for the disk, or for other programs.
"""

_REQUESTS = """\
## Requests to Snowflake, by use case

Every statement that is sent counts, a commit too. Not counted are the sign-in of a session's first use, and the
further parts of a large answer, which Snowflake's driver fetches from a storage that the emulated server has not.
"""


@dataclass(slots=True)
class _Measured:
    """What was found on one store."""

    rows: list[Row]
    crowd: float  # confirmations a second
    verified: float  # order lines a second
    busy: float = 0.0  # the share of its time that this process was on a processor
    requests: Mapping[str, int] = field(default_factory=dict)


def section(sizes: Sequence[int], say: Callable[[str], None]) -> str:
    """The section, from its heading on."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    parts = [
        _INTRODUCTION.format(
            cpu=cpu_model(), sqlite=sqlite3.sqlite_version, fakesnow=version("fakesnow"), duckdb=version("duckdb"),
            lines=LINES, groups=GROUPS, bonds=BONDS, users=USERS, enough=ENOUGH,
            commits=stores.COMMITS, fewer=stores.EMULATED_COMMITS,
        )
    ]  # fmt: skip
    for size in sizes:
        on_file, peer = _on_sqlite(size, say)
        emulated = _on_emulated(size, say)
        if size == sizes[0]:
            parts += [_REQUESTS, _counted(emulated.requests)]
        parts += [f"## {size:,} order lines\n", _beside(on_file.rows, emulated.rows, peer), _rates(on_file, emulated)]
    return "\n".join(parts)


def _on_sqlite(size: int, say: Callable[[str], None]) -> tuple[_Measured, list[Row]]:
    start = perf_counter()
    with stores.sqlite(size) as (store, path):
        say(f"{size:,} lines on SQLite in {perf_counter() - start:.0f} s, {path.stat().st_size / 1e6:,.0f} MB")
        start, used = perf_counter(), process_time()
        read, peer = readings(store, size), plain.plain(store, path)
        written, crowd = commits(store)
        found = _Measured(read + written, crowd, verified(store))
        found.busy = (process_time() - used) / (perf_counter() - start)
        return found, peer


def _on_emulated(size: int, say: Callable[[str], None]) -> _Measured:
    start = perf_counter()
    with stores.emulated(size) as (store, server):
        say(f"{size:,} lines on the emulated Snowflake in {perf_counter() - start:.0f} s")
        counted, read = requests(store, server), readings(store, size)
        written, crowd = commits(store)
        return _Measured(read + written, crowd, verified(store), requests=counted)


def _counted(found: Mapping[str, int]) -> str:
    reached = "reached" if found[CONFIRMATION] <= AIM else "**missed**"
    rows = table(("use case", "requests"), [(what, str(number)) for what, number in found.items()])
    return f"{rows}\nThe aim of {AIM} for a confirmation is {reached}.\n"


def _beside(on_file: Iterable[Row], emulated: Iterable[Row], peer: Iterable[Row]) -> str:
    rows = [(ours.what, *ours.cells, *theirs.cells) for ours, theirs in zip(on_file, emulated, strict=True)]
    rows += [(row.what, *row.cells, "", "") for row in peer]
    return table(("what", "SQLite median", "p99", "emulated Snowflake median", "p99"), rows)


def _rates(on_file: _Measured, emulated: _Measured) -> str:
    rates = table(
        ("a second", "SQLite", "emulated Snowflake"),
        [
            (f"{WRITERS} writers at once: confirmations", f"{on_file.crowd:,.0f}", f"{emulated.crowd:,.1f}"),
            (
                "`verify`: order lines, with all that belongs to them",
                f"{on_file.verified:,.0f}",
                f"{emulated.verified:,.0f}",
            ),
        ],
    )
    return f"{rates}\nThe run with SQLite was on a processor for {on_file.busy:.0%} of its time.\n"
