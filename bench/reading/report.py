"""The readings as a section of Markdown."""

from __future__ import annotations

import logging
import platform
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import structlog

from bench.reading.book import bonds
from bench.reading.crowd import THREADS, CrowdReading, read_crowd
from bench.reading.groups import SIZES, GroupReading, read_groups
from bench.reading.keeping import KeptReading, read_kept
from bench.reading.searches import UNIVERSE, SearchReading, read_searches
from bench.reading.timing import Took
from bench.report import cpu_model, table

_LIBRARIES = ("httpx", "pydantic", "diskcache", "numpy", "rapidfuzz")

_INTRODUCTION = """\
# Reading Aladdin, measured

Written by `python -m bench reading`, which `make bench` runs as well. The production client against the simulated
Aladdin, a process of its own on the same machine, over HTTP on a loopback port: the network costs next to nothing, and
the server's own work is in every cold figure. Times are in milliseconds: the median, and in brackets the longest. Each
peer is timed in the same run, right beside what it is a peer of.
"""

_GROUPS = """\
## A whole group as accounts

Cold: nothing kept, not signed in. The requests are one each for the token, the members, the portfolio details, the
positions, the cash ladder and the benchmarks' analytics. Bare is the same requests one after the other by httpx, each
answer read by `json.loads`: nothing checked, kept or translated. After a start: from what an earlier client kept on
disk. Warm: again in the same process. More than 100 benchmarks take one more request for each 100.
"""

_SEARCH = """\
## The search by words

Twenty texts of each kind (two of them for the loop), the best 50 of each. The loop is the plain one over every bond,
with difflib for slips; SQLite's is a full text search (FTS5) in memory with prefixes, ranked by bm25, which forgives no
slip and knows no ticker from a word.
"""

_KEPT = """\
## A hit in what is kept

Remembered is in this process, in its shape, checked to be fresh; on disk is the text as any process finds it.
"""

_CROWD = """\
## Under the quota
"""


def reading_report(quick: bool, say: Callable[[str], None]) -> str:
    """Measure all and write the section. `quick` takes the smallest group and universe, and leaves the quota out, for
    that takes more than a minute."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    parts = [_INTRODUCTION, _setting()]
    with tempfile.TemporaryDirectory(prefix="evenlot-bench-") as name:
        directory = Path(name)
        say("groups")
        parts += [_GROUPS, _groups(read_groups(directory / "groups", SIZES[:1] if quick else SIZES))]
        say("search")
        count = UNIVERSE // 25 if quick else UNIVERSE
        building, searches = read_searches(count)
        parts += [_SEARCH, _searches(count, building, searches)]
        say("kept answers")
        parts += [_KEPT, _kept(read_kept(directory / "kept"))]
        if not quick:
            say("calls under the quota")
            parts += [_CROWD, _crowd(read_crowd(directory / "crowd"))]
    return "\n".join(parts)


def _setting() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return f"On {cpu_model()}. Python {platform.python_version()}, {versions}.\n"


def _times(ours: Took, peer: Took) -> str:
    """How many times longer the peer takes."""
    ratio = peer.middle / ours.middle
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"


def _groups(readings: Sequence[GroupReading]) -> str:
    return table(
        ("accounts", "positions", "requests", "cold", "bare", "cold over bare", "after a start", "warm"),
        [
            (f"{r.accounts:,}", f"{r.positions:,}", str(r.requests), str(r.cold), str(r.bare), _times(r.bare, r.cold),
             str(r.started), str(r.warm))
            for r in readings
        ],
    )  # fmt: skip


def _searches(count: int, building: Took, readings: Sequence[SearchReading]) -> str:
    issuers = len({row["issuer"] for row in bonds(count)})
    said = f"{count:,} bonds of {issuers:,} issuers; their index is built once, in {building} ms.\n\n"
    return said + table(
        ("text", "for example", "ours", "the loop", "times ours", "SQLite", "times ours"),
        [
            (r.kind, f"`{r.example}`", str(r.ours), str(r.loop), _times(r.ours, r.loop),
             "-" if r.sqlite is None else str(r.sqlite), "-" if r.sqlite is None else _times(r.ours, r.sqlite))
            for r in readings
        ],
    )  # fmt: skip


def _kept(readings: Sequence[KeptReading]) -> str:
    return table(
        ("answer", "characters", "ours", "peer", "its time", "times ours"),
        [(r.what, f"{r.characters:,}", str(r.ours), r.peer, str(r.theirs), _times(r.ours, r.theirs)) for r in readings],
    )


def _crowd(reading: CrowdReading) -> str:
    r = reading
    return (
        f"{THREADS} threads that ask without pause for {r.seconds:.0f} seconds under a quota of {r.allowed} calls a "
        f"minute, of which a tenth is for orders alone: the fullest minute had {r.crowded} calls, "
        f"{r.crowded / r.allowed:.0%} of the quota; {r.made} went out in all.\n\n"
        f"Under a quota that does not bind, the same threads make {r.ours:,.0f} calls a second, and {r.bare:,.0f} with "
        f"bare httpx: {r.ours / r.bare:.0%} of it.\n"
    )
