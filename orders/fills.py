"""What is filled, shared out by the policy that the statement promises, beside what Aladdin booked; and the accounts
that got another part, explained by one person and approved by another."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from allocation.lots import Lattice
from allocation.partial_fill import FillPolicy, shared_out
from orders.entitlement import require
from orders.errors import NotPermitted, Rejected
from orders.history import Booking
from orders.lifecycle import Event
from orders.model import Event as Happened
from orders.model import Order, Permission, Statement, User
from orders.order_desk import OrderDesk
from orders.past import Past
from orders.ports import History, Ledger
from orders.statement import fill_policy


@dataclass(frozen=True, slots=True)
class Part:
    """One account's part of what is filled: its line, our split, and what Aladdin booked."""

    account_id: str
    line: int
    expected: int
    booked: Decimal
    departs: bool  # by more than rounding explains

    @property
    def difference(self) -> Decimal:
        """Booked beyond what we expected; negative where it is less. Without trailing zeros."""
        return (self.booked - self.expected).normalize()

    @property
    def sentence(self) -> str:
        """The difference in words."""
        more = "more" if self.difference > 0 else "less"
        due = f"its part of what is filled is {self.expected:,}" if self.line else "it has no line"
        booked = f"{self.booked.normalize():,f} booked"
        return f"{self.account_id} has {booked}, {abs(self.difference):,f} {more} than due: {due}."


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the parts are others than the statement promised. `approved_by` is empty until somebody else approved it."""

    reason: str
    by: str
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of an order, in its own order, at what is `filled` of it, by the policy of its newest statement.
    `pending` of that is booked to nobody yet; `explanation` is of the departures as they are now, not of others
    before."""

    policy: FillPolicy
    parts: tuple[Part, ...]
    pending: Decimal
    filled: Decimal
    explanation: Explanation | None = None

    @property
    def expected(self) -> Mapping[str, int]:
        """Our split, by account id."""
        return {part.account_id: part.expected for part in self.parts}

    @property
    def breaks(self) -> tuple[str, ...]:
        """A sentence for each account that departs from our split."""
        return tuple(part.sentence for part in self.parts if part.departs)

    @property
    def departures(self) -> str:
        """What is to be explained, short; empty when nothing is. The same differences at another fill are others: each
        fill between may have departed, and come back."""
        apart = "; ".join(f"{part.account_id} {part.difference:+,f}" for part in self.parts if part.departs)
        return f"{apart} at {self.filled.normalize():,f} filled" if apart else ""

    @property
    def open(self) -> bool:
        """Whether somebody has still to explain, or to approve what was explained."""
        return bool(self.departures) and not (self.explanation and self.explanation.approved_by)


_STATED = (Event.MODIFY, Event.MODIFY_REFUSED, Event.ADOPTED)  # each wrote a version of the statement
Replaced = tuple[Statement, Decimal]  # an earlier version, and the face that was filled when it was replaced


def expected(order: Order, statement: Statement, before: Sequence[Replaced] = ()) -> dict[str, int]:
    """Each account's part of what is filled, by account id: by the statement's policy, cumulative, in whole increments,
    never over its line. What fell due under an earlier version stays due, as far as the account's new line goes."""
    due: dict[str, int] = {}
    for earlier, filled in before:
        due = _shared(earlier, filled, due)
    due = _shared(statement, order.filled, due)
    return {line.account_id: due.get(line.account_id, 0) for line in order.lines}


def split(
    order: Order,
    statement: Statement,
    before: Sequence[Replaced] = (),
    history: Sequence[Happened] = (),
    moved: Collection[int] = (),
) -> Split:
    """The parts of the order, and what its history says of the departures among them since a booking last `moved`: the
    versions of the order at which one did."""
    due = expected(order, statement, before)
    pending = max(order.filled - sum(line.booked for line in order.lines), Decimal(0))
    whole = order.filled >= order.face
    # another fair way to round may give a piece more or less on the way; once all is filled each has its line
    slack = 0 if whole else _lattice(json.loads(statement.body)).increment
    parts = tuple(
        Part(
            line.account_id,
            line.face,
            due[line.account_id],
            line.booked,
            _departs(line.booked - due[line.account_id], line.booked > line.face, slack, pending),
        )
        for line in order.lines
    )
    made = Split(fill_policy(statement), parts, pending, order.filled)
    return replace(made, explanation=_explained(made.departures, history, moved))


def _departs(difference: Decimal, over: bool, slack: int, pending: Decimal) -> bool:
    """Whether a difference is more than rounding, and than what is not booked to anybody yet."""
    return over or difference > slack or -difference > slack + pending


def _shared(statement: Statement, filled: Decimal, due: Mapping[str, int]) -> dict[str, int]:
    """`filled` shared out among the statement's lines, on top of what was `due` before."""
    body = json.loads(statement.body)
    lines = {line["account_id"]: int(line["face"]) for line in body["lines"] if line["face"]}
    names = sorted(lines)
    faces = [lines[name] for name in names]
    executed = min(int(filled), sum(faces))
    held = [min(due.get(name, 0), lines[name]) for name in names]
    if sum(held) > executed:  # Aladdin took a fill back: what is left is shared out anew
        held = [0] * len(names)
    shared = shared_out(faces, executed, _lattice(body), fill_policy(statement), held)
    return dict(zip(names, shared, strict=True))


def _lattice(body: Mapping[str, Any]) -> Lattice:
    bond = body["block"]["bond"]
    return Lattice(int(bond["min_piece"]), int(bond["increment"]))


def _explained(departures: str, history: Sequence[Happened], moved: Collection[int]) -> Explanation | None:
    """What was last said of just these departures: an explanation of others explains nothing here, nor does one of the
    same from before a booking was taken back and made again."""
    found: Explanation | None = None
    for version, event in enumerate(history if departures else (), 1):
        if version in moved:
            found = None
        if event.detail != departures:
            continue
        if event.event == Event.EXPLAINED:
            found = Explanation(event.reason, event.actor)
        elif event.event == Event.EXPLANATION_APPROVED and found is not None:
            found = Explanation(found.reason, found.by, event.actor)
    return found


class Fills:
    """What came of an order, account by account. Each may raise `NotFound` for an order that the user does not see."""

    def __init__(self, ledger: Ledger, history: History, past: Past, orders: OrderDesk) -> None:
        self._ledger = ledger
        self._history = history
        self._past = past
        self._orders = orders

    def split(self, user: User, order_id: str) -> Split:
        """The order's parts as they are."""
        return self._split(self._past.order(user, order_id))

    def expected(self, user: User, order_id: str) -> Mapping[str, int]:
        """Our split of what is filled, by account id."""
        return self.split(user, order_id).expected

    def breaks(self, user: User, order_id: str) -> tuple[str, ...]:
        """A sentence for each account whose booking departs from our split."""
        return self.split(user, order_id).breaks

    def explain(self, user: User, order_id: str, departures: str, reason: str, command_id: str) -> Order:
        """Say why the accounts got other parts than the statement promised. `departures` are those the user saw:
        `Rejected` where they are others by now, or none."""

        def explained(order: Order) -> dict[str, Any]:
            self._as_seen(order, departures)
            return {"detail": departures}

        return self._orders.decide(
            user, Permission.CONFIRM, order_id, Event.EXPLAINED, command_id, reason, explained
        )  # fmt: skip

    def awaiting(self, user: User) -> tuple[tuple[Order, Split], ...]:
        """The orders whose departures are explained as they are now, and nobody has approved that, oldest first."""
        require(user, Permission.APPROVE)
        asked = self._ledger.unsettled(Event.EXPLAINED.value, Event.EXPLANATION_APPROVED.value)
        found = ((order, self._split(order)) for order in asked if user.sees(order.group))
        return tuple((order, split) for order, split in found if split.open and split.explanation is not None)

    def approve_explanation(self, user: User, order_id: str, departures: str, command_id: str) -> Order:
        """Approve what was said of these departures. Never one's own word: `NotPermitted`. `Rejected` where they are
        others by now, or nobody has explained them."""

        def approved(order: Order) -> dict[str, Any]:
            said = self._as_seen(order, departures).explanation
            if said is None:
                raise Rejected(f"Nobody has explained the departures of {order.id} yet.", code="not_explained")
            if user.username == said.by:
                raise NotPermitted("Whoever explained a departure cannot approve the explanation: somebody else must.")
            return {"detail": departures, "reason": said.reason}

        return self._orders.decide(
            user, Permission.APPROVE, order_id, Event.EXPLANATION_APPROVED, command_id, "", approved
        )  # fmt: skip

    def _as_seen(self, order: Order, departures: str) -> Split:
        now_ = self._split(order)
        if not departures or now_.departures != departures:
            told = f"They are {now_.departures} now" if now_.departures else "There is none now"
            raise Rejected(f"The departures of {order.id} are not those you read. {told}.", code="other_departures")
        return now_

    def _split(self, order: Order) -> Split:
        newest = self._ledger.statement(order.id)
        history = self._ledger.events(order.id)
        moved = {booking.version for booking in self._history.fills(order.id) if booking.delta}
        return split(order, newest, self._replaced(order, newest, history), history, moved)

    def _replaced(self, order: Order, newest: Statement, history: Sequence[Happened]) -> list[Replaced]:
        """The versions before the newest that came to be, with what was booked when each was replaced. Nothing fell due
        under one that Aladdin never had."""
        if newest.version == 1:
            return []
        by = (event.event for event in history if event.event in _STATED)  # may go on beyond the newest by now
        versions = [self._ledger.statement(order.id, number) for number in range(1, newest.version)]
        bookings = self._history.fills(order.id)
        after = (*versions[1:], newest)
        return [
            (one, _booked(bookings, then))
            for one, then, event in zip(versions, after, by, strict=False)
            if event != Event.MODIFY_REFUSED
        ]


def _booked(bookings: Sequence[Booking], statement: Statement) -> Decimal:
    """What was booked in all when the statement was made."""
    return sum((booking.delta for booking in bookings if booking.at <= statement.created_at), Decimal(0))
