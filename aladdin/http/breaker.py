"""A circuit for each API group: after failures in a row its calls are not made for a while, then one of them tries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import structlog

from orders.errors import Unavailable

log = structlog.get_logger(__name__)


class CircuitState(StrEnum):
    """Whether calls are made: all, none, or one that tries."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class CircuitStatus:
    """A circuit as a screen shows it. `seconds` are left until it is tried again; 0 unless it is open."""

    group: str
    state: CircuitState
    failures: int  # in a row
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.state is CircuitState.CLOSED:
            return f"{self.group} answers."
        when = f"in {max(1, round(self.seconds))} seconds" if self.state is CircuitState.OPEN else "now"
        return f"{self.group} failed {self.failures} times in a row and is tried again {when}."


class Circuit:
    """One API group's circuit. Thread-safe. (pybreaker holds a lock during each call, so calls would queue up;
    purgatory lets everybody try at once.)"""

    def __init__(self, group: str, failures: int, seconds: float, monotonic: Callable[[], float]) -> None:
        """`failures` in a row open it for `seconds`."""
        self._group = group
        self._most = failures
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until: float | None = None  # None: closed
        self._trying = False
        self._era = 0  # grows when it opens or closes: what began before says nothing of what is now

    @property
    def status(self) -> CircuitStatus:
        """How it stands now."""
        with self._lock:
            if self._open_until is None:
                return CircuitStatus(self._group, CircuitState.CLOSED, self._failures)
            left = self._open_until - self._monotonic()
            if left > 0:
                return CircuitStatus(self._group, CircuitState.OPEN, self._failures, left)
            return CircuitStatus(self._group, CircuitState.HALF_OPEN, self._failures)

    @property
    def closed(self) -> bool:
        """Whether calls are made as usual."""
        return self._open_until is None

    def check(self, doing: str, reference: str) -> None:
        """`Unavailable` with `sent=False` where `attempt` would refuse; takes no turn to try."""
        with self._lock:
            self._refuse(doing, reference)

    @contextmanager
    def attempt(self, failed: Callable[[Exception], bool | None], doing: str, reference: str) -> Iterator[None]:
        """Make a call within. `Unavailable` with `sent=False` while the circuit is open, or another call tries it.
        `failed` tells of an error whether the group failed (True), answered (False), or neither (None)."""
        with self._lock:
            self._refuse(doing, reference)
            era = self._era
            self._trying = self._open_until is not None
        verdict: bool | None = None
        try:
            yield
            verdict = False
        except Exception as error:
            verdict = failed(error)
            raise
        finally:
            self._judge(verdict, era)

    def _refuse(self, doing: str, reference: str) -> None:
        if self._open_until is None:
            return
        left = self._open_until - self._monotonic()
        if left <= 0 and not self._trying:
            return
        when = f"in {max(1, round(left))} seconds" if left > 0 else "by another call right now"
        raise Unavailable(
            f"Aladdin's {self._group} failed {self._failures} times in a row, so nothing was sent while {doing}. "
            f"It is tried again {when}.",
            reference,
            sent=False,
        )

    def _judge(self, failed: bool | None, era: int) -> None:
        with self._lock:
            if era != self._era:
                return
            self._trying = False
            if failed is None:
                return
            was_open = self._open_until is not None
            self._failures = self._failures + 1 if failed else 0
            if failed and (was_open or self._failures >= self._most):
                self._open_until = self._monotonic() + self._seconds
            elif not failed:
                self._open_until = None
            if was_open or self._open_until is not None:
                self._era += 1
                log.warning("circuit_turned", group=self._group, closed=not failed, failures=self._failures)


class Circuits:
    """The circuits of all API groups, each made when its group is first asked."""

    def __init__(self, failures: int, seconds: float, monotonic: Callable[[], float]) -> None:
        self._failures = failures
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._circuits: dict[str, Circuit] = {}

    def of(self, group: str) -> Circuit:
        """The circuit of one API group."""
        with self._lock:
            if group not in self._circuits:
                self._circuits[group] = Circuit(group, self._failures, self._seconds, self._monotonic)
            return self._circuits[group]

    @property
    def statuses(self) -> tuple[CircuitStatus, ...]:
        """How each stands, by group."""
        with self._lock:
            circuits = sorted(self._circuits.items())
        return tuple(circuit.status for _, circuit in circuits)
