"""Whatever happens to an order, in whatever sequence: no face is lost, and after the last look the ledger has what
Aladdin has."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orders.dispatch import GRACE, LEASE_SECONDS, Dispatch
from orders.errors import Malformed, NotPermitted, RateLimited, Rejected, Unavailable
from orders.lifecycle import FINAL, TABLE, Event
from orders.model import BrokerOrder, OrderState
from tests.orders.watch import Watch, watching

LOST = Unavailable("No answer in time.", sent=True)
FATES = [
    (LOST, True),
    (LOST, False),
    (Malformed("Cannot be read."), True),
    (Unavailable("Aladdin cannot be reached.", sent=False), False),
    (RateLimited("Too many."), False),
    (NotPermitted("Not allowed."), False),
    (Rejected("Aladdin refused: not now."), False),
]
ENDED = ("Booked", "Canceled", "Expired")
PIECE = 10_000  # of a fill
NOT_THERE = "pm says it is not at Aladdin. Send it again, or withdraw it."


class LifeOfAnOrder(RuleBasedStateMachine):
    """Aladdin, a worker that may die, and a person, by turns."""

    @initialize()
    def begin(self) -> None:
        self.directory = TemporaryDirectory()
        self.watch: Watch = watching(Path(self.directory.name))
        self.faces = {1: 2_000_000}  # by version of the statement

    def teardown(self) -> None:
        if hasattr(self, "watch"):
            try:
                self.the_dust_settles()
            finally:
                self.directory.cleanup()

    def shown(self) -> BrokerOrder | None:
        return next(iter(self.watch.broker.book.values()), None)

    def may(self, event: Event) -> bool:
        return (self.watch.order().state, event) in TABLE

    # -- the worker

    @rule(seconds=st.sampled_from([0, 1, 5, 30, 120, 400]))
    def a_round(self, seconds: int) -> None:
        self.watch.tick()
        self.watch.at.clock.pass_(seconds)

    @rule()
    def a_round_that_looks(self) -> None:
        self.watch.round()

    @rule(fate=st.sampled_from(FATES))
    def the_next_call_fails(self, fate: tuple[Exception, bool]) -> None:
        if len(self.watch.broker.fails) < 4:
            self.watch.broker.fails.append(fate)

    @rule()
    def another_worker_takes_over(self) -> None:
        self.watch.at.clock.pass_(LEASE_SECONDS + 1)
        name = f"w{self.watch.worker.holder}"
        self.watch.worker = Dispatch(self.watch.at.ledger, self.watch.broker, self.watch.at.clock, name)

    # -- Aladdin

    def moves(self, **change: Any) -> None:
        order = self.shown()
        if order is not None and order.status not in ENDED:
            self.watch.broker.book[order.id] = replace(order, **change)

    @rule(pieces=st.lists(st.integers(0, 120), min_size=2, max_size=2), booked=st.booleans())
    def some_is_filled(self, pieces: list[int], booked: bool) -> None:
        order = self.shown()
        if order is None:
            return
        now = {
            account: min(order.asked[account], max(order.booked.get(account, Decimal(0)), Decimal(PIECE * piece)))
            for account, piece in zip(sorted(order.asked), pieces, strict=False)
        }
        total = max(sum(now.values(), Decimal(0)), order.filled)
        self.moves(
            status="Active",
            filled=total,
            average_price=Decimal("98.5") if total else None,
            **({"booked": now} if booked else {}),
        )

    @rule(status=st.sampled_from(["Authorized", "Active", "Compl Pending", "Something New", *ENDED]))
    def its_status_is_another(self, status: str) -> None:
        self.moves(status=status)

    # -- a person

    @rule(lots=st.integers(4, 20), limit=st.sampled_from([None, Decimal("98.5"), Decimal("98.25")]))
    def it_is_modified(self, lots: int, limit: Decimal | None) -> None:
        if not self.may(Event.MODIFY):
            return
        with suppress(NotPermitted):  # less than is filled, or what it is already
            order = self.watch.ask_to_modify(lots * 100_000, limit)
            self.faces[self.watch.at.ledger.statement(order.id).version] = order.face

    @rule()
    def it_is_canceled(self) -> None:
        if self.may(Event.CANCEL):
            self.watch.ask_to_cancel()

    @rule()
    def it_is_sent_again(self) -> None:
        if self.may(Event.SEND_AGAIN):
            self.watch.decide(Event.SEND_AGAIN)

    @rule()
    @precondition(lambda self: not self.watch.broker.book)
    def a_person_finds_none_at_aladdin(self) -> None:
        if self.may(Event.NOT_THERE):
            self.watch.decide(Event.NOT_THERE)

    # -- always

    @invariant()
    def no_face_is_lost(self) -> None:
        if not hasattr(self, "watch"):
            return
        order = self.watch.order()
        assert sum(line.face for line in order.lines) == order.face
        assert all(line.face >= 0 for line in order.lines)
        assert len(self.watch.broker.posted) == len(self.watch.broker.book) <= 1
        newest = self.watch.at.ledger.statement(order.id)
        # the worker's own versions are those of before a modification that came to nothing
        assert order.face in ([self.faces[newest.version]] if newest.version in self.faces else self.faces.values())

    def the_dust_settles(self) -> None:
        """Nothing fails any more, and nobody asks for anything: soon all is settled, or a person is to decide."""
        self.watch.broker.fails.clear()
        order = self.watch.rounds(2.5 * GRACE.total_seconds() + 1200, step=30)
        self.watch.at.clock.pass_(60)
        order = self.watch.round()
        assert order.state not in (OrderState.MODIFY_PENDING, OrderState.CANCEL_PENDING, OrderState.SENDING)
        if order.broker_id:
            self.watch.agrees()
            assert self.watch.at.ledger.intents() == ()
        elif order.state not in FINAL:
            asked = "A person must decide" in order.message or order.message == NOT_THERE
            assert asked, (order.state, order.message)
        else:
            assert not self.watch.broker.book


@pytest.mark.parametrize("examples", [6, pytest.param(100, marks=pytest.mark.soak)])
def test_whatever_happens_to_an_order_no_face_is_lost_and_the_ledger_ends_up_with_what_aladdin_has(
    examples: int,
) -> None:
    unhurried = settings(max_examples=examples, stateful_step_count=25, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(LifeOfAnOrder, settings=unhurried)
