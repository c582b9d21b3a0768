"""The one thread in which things happen by themselves: fills, statuses, long-running operations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol


class Agenda(Protocol):
    """Something that has events to come."""

    def next_due(self) -> datetime | None:
        """When its next event is due (UTC); None when there is none."""
        ...

    def move(self, now: datetime) -> None:
        """Lets happen all that is due by `now`."""
        ...


class Clockwork:
    """Moves its agendas. All they know is on disk, so another process can carry on where this one ended; events that
    fell due in between happen at once."""

    def __init__(self, agendas: Sequence[Agenda], on_failure: Callable[[], object]) -> None:
        """`on_failure` is called when the thread ends by a defect: a world that stands still must not go on
        answering."""
        self._agendas = agendas
        self._on_failure = on_failure
        self._stirred = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clockwork", daemon=True)

    def start(self) -> None:
        """Begins to move."""
        self._thread.start()

    def stir(self) -> None:
        """Something was added or changed: look again at what is due next."""
        self._stirred.set()

    def stop(self) -> None:
        """Ends after what is in hand."""
        self._ending.set()
        self._stirred.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._stirred.clear()
                due = min((d for agenda in self._agendas if (d := agenda.next_due()) is not None), default=None)
                now = datetime.now(UTC)
                if due is None or due > now:
                    self._stirred.wait(None if due is None else (due - now).total_seconds())
                    continue
                for agenda in self._agendas:
                    agenda.move(now)
        finally:
            if not self._ending.is_set():
                self._on_failure()
