"""Batches on their way: each is sent by a thread of the process, so that leaving or reloading the page stops nothing
and finds it again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import dataclass, field

import structlog

from allocation.errors import EvenlotError
from orders.batch import Batch, BatchDesk, Foreseen, Result
from orders.model import User
from orders.waiting import Waiting, announce_waits
from watch import references

log = structlog.get_logger(__name__)

KEPT = 20  # batches that are over, in all: what was made of them is in the ledger


@dataclass
class Run:
    """A batch that is being sent, or was: what came of its lines so far, and why it ended early if it did."""

    batch: Batch
    seen: Sequence[Foreseen]  # of it before it was sent, which is what its reasons accept
    results: list[Result] = field(default_factory=list)
    waiting: str = ""
    failed: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)  # by its user: the block at hand is finished
    over: threading.Event = field(default_factory=threading.Event)

    def note(self, result: Result, done: int, of: int) -> None:
        self.results.append(result)

    def wait_for(self, waiting: Waiting) -> None:
        self.waiting = str(waiting)


_lock = threading.Lock()
_runs: dict[tuple[str, str], Run] = {}  # by username and batch


def start(desk: BatchDesk, user: User, batch: Batch, seen: Sequence[Foreseen]) -> Run:
    """Send a batch, of which this was `seen`; one that is on its way already goes on, and is not begun again."""
    with _lock:
        known = _runs.get((user.username, batch.id))
        if known is not None and not known.over.is_set():
            return known
        run = Run(batch, seen)
        _runs.pop((user.username, batch.id), None)  # the newest stand last
        _runs[user.username, batch.id] = run
        for name in [name for name, kept in _runs.items() if kept.over.is_set()][:-KEPT]:
            del _runs[name]
    # a daemon: each block is one transaction, and what was not made by the end of the process can be sent again
    context = copy_context()
    threading.Thread(target=context.run, args=(_send, desk, user, run), name=f"batch {batch.id}", daemon=True).start()
    return run


def find(user: User, batch_id: str) -> Run | None:
    """The user's batch, while this process knows what came of it."""
    with _lock:
        return _runs.get((user.username, batch_id))


def underway(user: User) -> Run | None:
    """The user's newest batch that is being sent, if any."""
    with _lock:
        mine = [run for (username, _), run in _runs.items() if username == user.username and not run.over.is_set()]
    return mine[-1] if mine else None


def _send(desk: BatchDesk, user: User, run: Run) -> None:
    try:
        with announce_waits(run.wait_for):
            desk.send(user, run.batch, run.note, run.stopped.is_set, run.seen)
    except EvenlotError as error:
        run.failed = str(error)
    except Exception:  # it must not look as if it were still on its way
        reference = references.told()
        log.exception("a batch broke", batch=run.batch.id, reference=reference)
        run.failed = f"Something went wrong on our side. Tell your administrator reference {reference}."
    finally:
        run.over.set()
