"""The app's process dies before or after each write of the ledger and each call of Aladdin that a person's command
makes; the person gives the same command again, and it is done once. The points are found by a run in which nothing
happens, so that none is forgotten."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from allocation.model import Choices
from orders.checks import Policy
from orders.desk import Desk
from orders.dispatch import Dispatch
from orders.model import Order, OrderState, Role, User
from storage import SqlLedger
from tests.orders.desk import BOOK, PM, FakeBroker, FakeCompliance, FakeMarket, outfit, records
from tests.orders.test_desk import request
from tests.orders.test_dispatch_killed import Killed, Points, Watched
from tests.orders.watch import Watch

APPROVER = User("ann", "Ann", frozenset({Role.APPROVER}), frozenset({"BIG6"}))
WRITES = ("confirm", "advance", "outcome")
READS = ("group", "bond", "check")

Act = Callable[[Desk], Order]


def confirm(desk: Desk) -> Order:
    seen = desk.checked(PM, desk.preview(PM, request()))
    return desk.confirm(PM, seen, "", "c1", accepted=dict.fromkeys(seen.warnings, "meant"))


def _only(desk: Desk) -> Order:
    (order,) = desk.past.orders(PM).rows
    return order


def approve(desk: Desk) -> Order:
    order = _only(desk)
    return desk.orders.approve(APPROVER, order.id, order.statement_sha256, "a1")


def decline(desk: Desk) -> Order:
    return desk.orders.decline(APPROVER, _only(desk).id, "too large", "a1")


def cancel(desk: Desk) -> Order:
    return desk.orders.cancel(PM, _only(desk).id, "the client called", "x1")


def modify(desk: Desk) -> Order:
    wanted = Choices(locked={"A": 600_000, "B": 600_000})
    asked = request(1_200_000, choices=wanted, instead_of=_only(desk).id)
    seen = desk.preview(PM, asked)
    return desk.modifying.modify(PM, seen, "less", "m1", dict.fromkeys(seen.warnings, "meant"))


@dataclass(frozen=True)
class Case:
    """A command, after these others, and what the order's history is once the worker has done its part."""

    act: Act
    history: tuple[str, ...]
    ends: OrderState
    least: int  # points
    before: tuple[Act, ...] = ()
    approval: bool = False


LIVE = ("confirm", "send", "opened")
SHORT = [
    Case(confirm, LIVE, OrderState.OPEN, 8),
    Case(approve, ("confirm", "approve", "send", "opened"), OrderState.OPEN, 4, (confirm,), approval=True),
]
LONG = [
    Case(confirm, ("confirm",), OrderState.AWAITING, 8, approval=True),
    Case(decline, ("confirm", "decline"), OrderState.REJECTED, 4, (confirm,), approval=True),
    Case(cancel, (*LIVE, "cancel", "canceled"), OrderState.CANCELED, 4, (confirm,)),
    Case(modify, (*LIVE, "modify", "modify sent", "modified"), OrderState.OPEN, 6, (confirm,)),
]
CASES = [*SHORT, *(pytest.param(case, marks=pytest.mark.soak) for case in LONG)]


@dataclass
class Scene:
    """A ledger and an Aladdin as they are before the command, to begin with again and again."""

    directory: Path
    case: Case
    runs: int = 0

    def __post_init__(self) -> None:
        self.broker = FakeBroker()
        first = self._watch(self.directory)
        for act in self.case.before:
            act(first.at.desk)
            first.round()

    def _watch(self, place: Path) -> Watch:
        at = outfit(place, Policy(approval_from=0) if self.case.approval else None)
        broker = replace(self.broker, posted=list(self.broker.posted), book=dict(self.broker.book))
        if not self.runs:
            broker = self.broker
        return Watch(at, broker, Dispatch(at.ledger, broker, at.clock, f"w{self.runs}"))

    def done(self, deadly: int) -> tuple[Watch, list[str]]:
        """The world after a process that dies at this point, and one in which the person says it again; and the points
        of the first."""
        self.runs += 1
        place = self.directory / f"run{self.runs}"
        place.mkdir()
        for file in self.directory.glob("ledger.db*"):
            shutil.copy(file, place)
        watch, points = self._watch(place), Points(deadly)
        watch.at.clock.pass_(60)
        at = watch.at
        market, compliance = Watched(at.market, READS, points), Watched(at.compliance, READS, points)
        ledger = cast(SqlLedger, Watched(at.ledger, WRITES, points))
        sides = replace(records(at.ledger, at.ledger._engine), ledger=ledger)
        with suppress(Killed):
            outside = cast(FakeMarket, market), cast(FakeCompliance, compliance)
            self.case.act(Desk(*outside, sides, at.clock, BOOK, at.desk.policy))
        if deadly >= 0:
            said: Any = self.case.act(at.desk)
            assert self.case.act(at.desk).id == said.id
        watch.rounds(60)
        return watch, points.passed


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.act.__name__}{' to approve' * case.approval}")
def test_wherever_the_app_dies_the_command_given_again_is_done_once(case: Case, tmp_path: Path) -> None:
    scene = Scene(tmp_path, case)
    whole, points = scene.done(-1)
    agree(whole, case)
    assert len(points) >= case.least
    for deadly, name in enumerate(points):
        survived, passed = scene.done(deadly)
        assert passed[-1] == name
        agree(survived, case)


def agree(watch: Watch, case: Case) -> None:
    (order,) = watch.at.ledger.orders()
    assert (tuple(watch.history()), order.state) == (case.history, case.ends)
    assert watch.at.ledger.intents() == ()
    assert len(watch.broker.posted) == len(watch.broker.book) == int("send" in case.history)
    assert watch.at.ledger.verify() == ()
    if watch.broker.book:
        watch.agrees()
