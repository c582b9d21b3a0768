"""The screens as a section of Markdown."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from time import monotonic

from bench.reading.book import write_book
from bench.report import cpu_model, table
from bench.screens.browsing import Run, Session
from bench.screens.crowd import PAUSE, SESSIONS, CrowdReading, read_crowd, write_people
from bench.screens.job import assets, sign_in
from bench.screens.paging import PageReading, read_pages
from bench.screens.replays import ReplayReading, read_replays
from bench.screens.serving import Served, serve

RERUN, CHANGE, MOVED, COLD = 0.3, 0.5, 300_000, 5.0  # what is promised: seconds, seconds, bytes, seconds


@dataclass(frozen=True, slots=True)
class Size:
    """How large the group is, how often each page runs, how many sessions come and how often each does the job."""

    accounts: int
    positions: int
    times: int
    sessions: tuple[int, ...]
    jobs: int


FULL, QUICK = Size(200, 20_000, 40, SESSIONS, 1), Size(10, 500, 3, (2,), 1)


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Seconds from the start of the process until each of these was there."""

    listening: float
    ready: float
    form: float
    groups: float


_INTRODUCTION = """\
# The screens, measured

Written by `python -m bench screens`, which `make bench` runs as well. The app is a process of its own, started as
`make run` starts it, with its simulated Aladdin beside it on a made-up book. A client speaks Streamlit's WebSocket
protocol to it as a browser does: it keeps what a browser keeps, sends back what was typed, and answers for the sign-in
cookie. A rerun lasts from the click until the server says that the page's script has finished and all of it has
arrived; what a browser then needs to draw is not in it. Bytes are all that came over the socket.
"""

_COLD = """\
## A cold start

Nothing is running, and there is no ledger, no cache and no session: seconds from the start of the process. The groups
page reads the whole group from Aladdin for the first time.
"""

_PAGES = """\
## Each page

Signed in as a portfolio manager, with a block previewed by minimum dispersion. First is the page as it is opened; a
rerun is another run of it, as any click causes, and below that are changes that recompute. Milliseconds and kB.
"""

_CROWD = """\
## {sessions} people at once

Each signs in, looks at the whole group, finds a bond, previews a block three ways, then allocates it to a group of
their own, a share of those accounts, confirms it and is shown the order: {jobs} times, with {least:g} to {most:g}
seconds between two steps. They share the machine with the client. Confirmations wait for each other: each reads every
figure anew and sets its cash aside before the next begins.
"""


_REPLAYS = """\
## Replaying decisions

Each statement that they confirmed is read from the ledger, run through its engine again from its stored inputs alone,
and compared with what it said: what History does when it replays one.
"""


def section(quick: bool, say: Callable[[str], None]) -> str:
    """Measure all and write the section."""
    size = QUICK if quick else FULL
    bought = assets(size.positions, size.accounts)
    with tempfile.TemporaryDirectory(prefix="evenlot-bench-") as name:
        directory = Path(name)
        book = write_book(directory / "book", size.accounts, size.positions)
        say("a cold start, and each page")
        with serve(book, directory / "pages", write_people(book, 0)) as app:
            cold = _start(app)
            pages = read_pages(app.url, bought[0], size.times)
        users = write_people(book, max(size.sessions))
        crowds = []
        for sessions in size.sessions:
            say(f"{sessions} people at once")
            with serve(book, directory / f"crowd-{sessions}", users) as app:
                crowds.append(read_crowd(app, bought, sessions, size.jobs))
        say("replaying what they confirmed")
        replays = read_replays(directory / f"crowd-{max(size.sessions)}", size.times)
    least, most = PAUSE
    return "\n".join(
        [
            _INTRODUCTION,
            _setting(size),
            "## Targets\n",
            _targets(cold, pages, crowds),
            _COLD,
            _cold(cold),
            _PAGES,
            _pages(pages),
            *(
                part
                for crowd in crowds
                for part in (
                    _CROWD.format(sessions=crowd.sessions, jobs=size.jobs, least=least, most=most),
                    _crowd(crowd),
                )
            ),
            _REPLAYS,
            _replays(replays),
        ]
    )


def _start(app: Served) -> ColdStart:
    with Session(app.url) as session:
        session.visit("")
        form = monotonic() - app.started
        sign_in(session)
        return ColdStart(app.listening, app.ready, form, monotonic() - app.started)


def _setting(size: Size) -> str:
    return (
        f"On {cpu_model()}, {os.cpu_count()} processors shared with other programs; {os.getloadavg()[0]:.1f} programs "
        f"wanted one in the last minute. Python {platform.python_version()}, Streamlit {version('streamlit')}. The "
        f"group has {size.accounts} accounts with {size.positions:,} positions.\n"
    )


def _targets(cold: ColdStart, pages: Sequence[PageReading], crowds: Sequence[CrowdReading]) -> str:
    slowest = max(pages, key=lambda page: median(run.seconds for run in page.runs))
    largest = max(pages, key=lambda page: max(run.moved for run in (page.first, *page.runs)))
    change = next(page for page in pages if page.what == "Allocate, another face")
    rerun, changed = (median(run.seconds for run in page.runs) for page in (slowest, change))
    worst, moved = _p95(change.runs), max(run.moved for run in (largest.first, *largest.runs))
    rows = [
        ("the median rerun of any page under 300 ms", f"{1e3 * rerun:,.0f} ms ({slowest.what})", rerun < RERUN),
        ("under 300 kB to the browser", f"{_kb(moved)} kB ({largest.what})", moved < MOVED),
        ("a changed face on its way within 500 ms", f"{1e3 * changed:,.0f} ms, p95 {1e3 * worst:,.0f}", worst < CHANGE),
        ("first usable page of a cold start within 5 s", f"{cold.form:.1f} s", cold.form < COLD),
        *(
            (f"{crowd.sessions} people at once without an error", f"{len(crowd.faults)} errors", not crowd.faults)
            for crowd in crowds
        ),
    ]  # fmt: skip
    words = {True: "reached", False: "**missed**"}
    return table(("target", "measured", ""), [(what, figure, words[reached]) for what, figure, reached in rows])


def _cold(cold: ColdStart) -> str:
    rows = [
        ("the server listens", cold.listening),
        ("it is ready: the ledger is open and Aladdin has answered", cold.ready),
        ("the sign-in form is there", cold.form),
        ("signed in, with the groups page of the whole book", cold.groups),
    ]
    return table(("until", "seconds"), [(what, f"{seconds:.2f}") for what, seconds in rows])


def _pages(pages: Sequence[PageReading]) -> str:
    head = ("page", "first", "kB", "rerun p50", "p95", "kB")
    return table(
        head,
        [
            (
                page.what,
                f"{1e3 * page.first.seconds:,.0f}",
                _kb(page.first.moved),
                *_spread(page.runs),
                _kb(max(run.moved for run in page.runs)),
            )
            for page in pages
        ],
    )


def _crowd(crowd: CrowdReading) -> str:
    rows = [(name, f"{len(runs):,}", *_spread(runs)) for name, runs in crowd.steps.items()]
    every = [run for runs in crowd.steps.values() for run in runs]
    rows.append(("all of them", f"{len(every):,}", *_spread(every)))
    before, after = crowd.memory
    told = (
        f"\n{crowd.done} of {crowd.jobs} jobs were done in {crowd.seconds:.0f} seconds, "
        f"{len(every) / crowd.seconds:.1f} steps a second. The app grew from {before / 1e6:,.0f} to {after / 1e6:,.0f} "
        f"MB, {(after - before) / crowd.sessions / 1e6:.1f} MB a session.\n"
    )
    seen = {fault: crowd.faults.count(fault) for fault in crowd.faults}
    faults = "".join(f"- {count} times: {fault}\n" for fault, count in seen.items())
    return table(("step", "runs", "p50, ms", "p95, ms"), rows) + told + (f"\nErrors:\n\n{faults}" if faults else "")


def _replays(replays: ReplayReading) -> str:
    each = replays.seconds / replays.replayed
    alike = "all alike" if not replays.differing else f"**{replays.differing} differ**"
    return (
        f"{replays.replayed:,} replays of {replays.statements} statements of {replays.accounts} accounts at most: "
        f"{1 / each:,.0f} a second, {1e3 * each:.1f} ms each, {alike}.\n"
    )


def _spread(runs: Sequence[Run]) -> tuple[str, str]:
    return f"{1e3 * median(run.seconds for run in runs):,.0f}", f"{1e3 * _p95(runs):,.0f}"


def _p95(runs: Sequence[Run]) -> float:
    seconds = [run.seconds for run in runs]
    return quantiles(seconds, n=20, method="inclusive")[18] if len(seconds) > 1 else seconds[0]


def _kb(count: int) -> str:
    return f"{count / 1e3:,.0f}"
