"""The worker's process dies before or after each write of the ledger and each call of Aladdin, one after another, and
another one carries on. The points are found by a run in which nothing happens to it, so that none is forgotten."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orders.dispatch import LEASE_SECONDS, Dispatch
from orders.errors import DeskError, Rejected, Unavailable
from orders.lifecycle import Event
from orders.model import Order, OrderState
from tests.orders.desk import FakeBroker, outfit
from tests.orders.watch import Watch, watching

LOST = Unavailable("No answer in time.", sent=True)
UNREACHED = Unavailable("Aladdin cannot be reached.", sent=False)
REFUSED = Rejected("Aladdin refused: not now.")
WRITES = ("advance", "acquire")
CALLS = ("post", "modify", "cancel", "find_order", "orders")


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Points:
    """Where the process may die, as it comes to them; it does at the one with this number."""

    deadly: int = -1
    passed: list[str] = field(default_factory=list)

    def reach(self, name: str) -> None:
        self.passed.append(name)
        if len(self.passed) - 1 == self.deadly:
            raise Killed(name)


class Watched:
    """Something with a point before and after each of these methods."""

    def __init__(self, of: Any, names: tuple[str, ...], points: Points) -> None:
        self._of, self._names, self._points = of, names, points

    def __getattr__(self, name: str) -> Any:
        act = getattr(self._of, name)
        if name not in self._names:
            return act

        def between(*given: Any, **also: Any) -> Any:
            self._points.reach(f"before {name}")
            try:
                result = act(*given, **also)
            except DeskError:
                self._points.reach(f"after {name}")
                raise
            self._points.reach(f"after {name}")
            return result

        return between


@dataclass
class Scene:
    """A world as it is before the worker begins, to begin with again and again."""

    directory: Path
    watch: Watch
    runs: int = 0

    def anew(self) -> Watch:
        self.runs += 1
        place = self.directory / f"run{self.runs}"
        place.mkdir()
        for file in self.directory.glob("ledger.db*"):
            shutil.copy(file, place)
        at = outfit(place)
        at.clock.at = self.watch.at.clock.at + timedelta(seconds=LEASE_SECONDS + 1)
        broker = copy.deepcopy(self.watch.broker)
        return Watch(at, broker, Dispatch(at.ledger, broker, at.clock, "w1"))


def carried_on(scene: Scene, deadly: int, settled: Callable[[Order], bool]) -> tuple[Watch, list[str]]:
    """The world in the end, and the points of the process that dies at this one."""
    watch, points = scene.anew(), Points(deadly)
    ledger, broker = Watched(watch.at.ledger, WRITES, points), Watched(watch.broker, CALLS, points)
    watch.worker = Dispatch(ledger, broker, watch.at.clock, "first")
    with suppress(Killed):
        to_the_end(watch, settled)
    if deadly >= 0:
        assert len(points.passed) == deadly + 1
        watch.at.clock.pass_(LEASE_SECONDS + 1)
        watch.worker = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "second")
        to_the_end(watch, settled)
    return watch, points.passed


def to_the_end(watch: Watch, settled: Callable[[Order], bool]) -> None:
    """Rounds, with a person who does what they are asked to."""
    for _ in range(60):
        order = watch.tick()
        if settled(order) and not watch.at.ledger.intents():
            watch.round()
            return
        if order.state is OrderState.UNKNOWN and "A person must decide" in order.message and not watch.broker.book:
            watch.decide(Event.NOT_THERE)
            watch.decide(Event.SEND_AGAIN)
        watch.at.clock.pass_(30)
    raise AssertionError(f"still {order.state}: {order.message}")


def confirmed(watch: Watch) -> None:
    pass


def to_be_modified(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Active", A=200_000, B=100_000)
    watch.round()
    watch.ask_to_modify(1_200_000)


def to_be_canceled(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Active", A=200_000, B=100_000)
    watch.round()
    watch.ask_to_cancel()


def at_aladdin(order: Order) -> bool:
    return bool(order.broker_id) and order.state is not OrderState.MODIFY_PENDING


def over(order: Order) -> bool:
    return order.state in (OrderState.CANCELED, OrderState.PART_FILLED)


@pytest.mark.parametrize(
    ("begin", "fails", "settled", "least"),
    [
        (confirmed, [], at_aladdin, 8),
        (confirmed, [(LOST, True)], at_aladdin, 8),
        pytest.param(confirmed, [(LOST, False)], at_aladdin, 20, marks=pytest.mark.soak),
        pytest.param(confirmed, [(UNREACHED, False)], at_aladdin, 12, marks=pytest.mark.soak),
        (to_be_modified, [], at_aladdin, 10),
        (to_be_modified, [(LOST, True)], at_aladdin, 12),
        pytest.param(to_be_modified, [(LOST, False)], at_aladdin, 14, marks=pytest.mark.soak),
        pytest.param(to_be_modified, [(UNREACHED, False)], at_aladdin, 14, marks=pytest.mark.soak),
        pytest.param(to_be_modified, [(REFUSED, False)], at_aladdin, 10, marks=pytest.mark.soak),
        (to_be_canceled, [], over, 8),
        pytest.param(to_be_canceled, [(LOST, True)], over, 8, marks=pytest.mark.soak),
        pytest.param(to_be_canceled, [(UNREACHED, False)], over, 10, marks=pytest.mark.soak),
        pytest.param(to_be_canceled, [(REFUSED, False)], over, 10, marks=pytest.mark.soak),
    ],
)
def test_wherever_the_process_dies_the_order_is_once_at_aladdin_and_the_ledger_has_what_aladdin_has(
    begin: Callable[[Watch], None],
    fails: list[tuple[Exception, bool]],
    settled: Callable[[Order], bool],
    least: int,
    tmp_path: Path,
) -> None:
    watch = watching(tmp_path)
    begin(watch)
    watch.broker.fails = list(fails)
    scene = Scene(tmp_path, watch)
    whole, points = carried_on(scene, -1, settled)
    agree(whole)
    assert len(points) >= least
    for deadly, name in enumerate(points):
        survived, passed = carried_on(scene, deadly, settled)
        assert passed[-1] == name
        agree(survived)


def agree(watch: Watch) -> None:
    broker: FakeBroker = watch.broker
    assert len(broker.posted) == len(broker.book) == 1, watch.history()
    watch.agrees()
