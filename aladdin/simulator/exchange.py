"""The market of the simulated world: takes each order from Open through compliance and partial fills to Booked."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from aladdin.simulator.faults import (
    ComplianceRestriction,
    ExpiredOrder,
    FaultPlan,
    Outcome,
    RejectedOrder,
    StalledOrder,
)
from aladdin.simulator.state import Blotter, Booking, Detail, PlacedOrder, Status
from books.model import Security

COMPLIANCE_SECONDS = 0.5
DAY = "Day"  # the expirationType of an order that is good for the day
NOISE = Decimal("0.0005")  # a fill is at most this share away from the mark
_TICK = Decimal("1e-6")

log = logging.getLogger(__name__)


class Exchange:
    """Moves orders, one event after another."""

    def __init__(
        self,
        blotter: Blotter,
        securities: Mapping[str, Security],
        fill_seconds: float,
        plan: FaultPlan,
        day_seconds: float | None = None,
    ) -> None:
        """`fill_seconds` from Active to Booked. Orders that `plan` has doomed stall, expire or are rejected. An order
        good for the day that waits for its limit expires `day_seconds` after it became active; None: never."""
        self._blotter = blotter
        self._securities = securities
        self._plan = plan
        self.fill_seconds = fill_seconds
        self._day = None if day_seconds is None else timedelta(seconds=day_seconds)
        # In a hurried world (tests) compliance must not take longer than the fills.
        self.lag = timedelta(seconds=min(COMPLIANCE_SECONDS, fill_seconds / 5))

    def next_due(self) -> datetime | None:
        """When the next order moves (UTC); None when none will by itself."""
        return min(
            (order.due for order in self._blotter.orders() if order.due and not self._stands(order)), default=None
        )

    def move(self, now: datetime) -> None:
        """Lets happen all that is due by `now`."""
        for order in self._blotter.orders():
            while order.due is not None and order.due <= now and not self._stands(order):
                order = self._blotter.change(order.id, lambda current: self._advance(current, now))
                log.debug("order %s is %s, filled %s of %s", order.id, order.status, order.filled, order.face)

    def _stands(self, order: PlacedOrder) -> bool:
        """Whether a fault keeps the order where it is. Its time stays due: it goes on once the fault is lifted."""
        fate = self._plan.fate(order.id)
        if isinstance(fate, StalledOrder):
            return order.status is Status.ACTIVE and order.step >= fate.after_fills
        held = isinstance(fate, ComplianceRestriction) and fate.outcome is Outcome.HELD
        return held and order.status is Status.COMPLIANCE

    def _ending(self, order: PlacedOrder) -> Status | None:
        """The status a fault ends the order with now, instead of its next event."""
        fate = self._plan.fate(order.id)
        if isinstance(fate, ComplianceRestriction) and order.status is Status.COMPLIANCE:
            return Status.REJECTED
        if isinstance(fate, RejectedOrder) and order.status is Status.AUTHORIZED:
            return Status.REJECTED
        if isinstance(fate, ExpiredOrder) and order.status is Status.ACTIVE and order.step >= fate.after_fills:
            return Status.EXPIRED
        return None

    def _advance(self, order: PlacedOrder, now: datetime) -> tuple[PlacedOrder, tuple[Booking, ...]]:
        """The order after its next event. A cancel may have come first; then there is none."""
        if order.due is None or order.due > now:
            return order, ()
        touched = replace(order, modified=now, touches=order.touches + 1)
        if (ended := self._ending(order)) is not None:
            return replace(touched, status=ended, due=None), ()
        if order.status in (Status.OPEN, Status.COMPLIANCE):
            return replace(touched, status=Status.AUTHORIZED, authorized=now, due=order.due + self.lag), ()
        if order.status is Status.AUTHORIZED:
            return replace(touched, status=Status.ACTIVE, active=now, due=order.due + self._interval(order)), ()
        security = self._securities[order.asset_id]
        if marketable(order, security):
            steps = fill_steps(order, security.increment)
            target = fill_target(order, order.step + 1, steps, security.increment)
            return self._fill_to(target, touched, order.due, now)
        # The mark does not move: only a modification can bring the order to market, or the end of the day end it.
        close = order.active + self._day if self._day and order.active and order.expiration == DAY else None
        if close is not None and close <= now:
            return replace(touched, status=Status.EXPIRED, due=None), ()
        return replace(order, due=close), ()

    def complete(self, order: PlacedOrder) -> tuple[PlacedOrder, tuple[Booking, ...]]:
        """The order with all that was left of it filled at once."""
        now = datetime.now(UTC)
        hurried = replace(
            order,
            modified=now,
            touches=order.touches + 1,
            authorized=order.authorized or now,
            active=order.active or now,
        )
        return self._fill_to(hurried.face, hurried, now, now)

    def _interval(self, order: PlacedOrder) -> timedelta:
        steps = fill_steps(order, self._securities[order.asset_id].increment)
        return timedelta(seconds=self.fill_seconds / steps)

    def _fill_to(
        self, target: Decimal, order: PlacedOrder, due: datetime, now: datetime
    ) -> tuple[PlacedOrder, tuple[Booking, ...]]:
        """The order with `target` of its face filled, by one more partial fill."""
        security, step = self._securities[order.asset_id], order.step + 1
        price = fill_price(order, security, step)
        added = split_fill(order.details, target, security.increment)
        bookings = tuple(
            Booking(order.id, step, now, detail.account, quantity, price)
            for detail, quantity in zip(order.details, added, strict=True)
            if quantity
        )
        filled = replace(
            order,
            step=step,
            details=tuple(
                replace(detail, booked=detail.booked + quantity)
                for detail, quantity in zip(order.details, added, strict=True)
            ),
            spent=order.spent + sum(added, Decimal(0)) * price,
        )
        if filled.filled == filled.face:
            return replace(filled, status=Status.BOOKED, due=None), bookings
        return replace(filled, due=due + self._interval(filled)), bookings


def marketable(order: PlacedOrder, security: Security) -> bool:
    """Whether the market would trade with this order: a buy limit at or above the mark, a sell limit at or below it.
    A security without a mark trades at the limit."""
    if order.limit is None or security.price is None:
        return True
    return (order.limit - security.price) * order.sign >= 0


def fill_price(order: PlacedOrder, security: Security, step: int) -> Decimal:
    """The clean price per 100 face of one partial fill: the mark, a little moved, never beyond the limit."""
    mark = security.price if security.price is not None else order.limit
    if mark is None:
        raise ValueError(f"order {order.id} has neither a mark nor a limit")  # refused when it was posted
    noisy = mark * (1 + NOISE * (2 * _chance(order.id, step, "price") - 1))
    if order.limit is None:
        return noisy.quantize(_TICK)
    if order.sign > 0:
        return min(noisy, order.limit).quantize(_TICK, ROUND_DOWN)
    return max(noisy, order.limit).quantize(_TICK, ROUND_UP)


def fill_steps(order: PlacedOrder, increment: int) -> int:
    """How many partial fills the order takes: four to seven, fewer when there are fewer increments to fill."""
    steps = 4 + int(4 * _chance(order.id, 0, "steps"))
    return max(1, min(steps, int(order.face // increment)), order.step + 1)


def fill_target(order: PlacedOrder, step: int, steps: int, increment: int) -> Decimal:
    """The face to be filled after `step` of `steps`: whole increments, all of it at the last step, never less than is
    filled already. It follows the order's present face, so a modified order goes on from where it is."""
    if step >= steps:
        return order.face
    share = (step - Decimal("0.6") * _chance(order.id, step, "size")) / steps
    return max(order.face * share // increment * increment, order.filled)


def split_fill(details: Sequence[Detail], target: Decimal, increment: int) -> tuple[Decimal, ...]:
    """The face each detail is given so that all are booked `target` together, pro rata to what each has left, in whole
    increments by largest remainder. What is booked is never taken back, and no detail gets more than its quantity; odd
    lots go out with the last fill."""
    left = [detail.quantity - detail.booked for detail in details]
    fill = target - sum((detail.booked for detail in details), Decimal(0))
    if fill >= sum(left):
        return tuple(left)
    lots = [int(rest // increment) for rest in left]
    wanted = min(int(fill // increment), sum(lots))
    if wanted == 0:
        return (Decimal(0),) * len(left)
    shares = [divmod(lot * wanted, sum(lots)) for lot in lots]
    given = [whole for whole, _ in shares]
    by_remainder = sorted(range(len(lots)), key=lambda n: (-shares[n][1], details[n].account))
    for n in by_remainder[: wanted - sum(given)]:
        given[n] += 1
    return tuple(Decimal(lot * increment) for lot in given)


def _chance(order_id: int, step: int, purpose: str) -> Decimal:
    """A number in [0, 1) that is always the same for the same order, step and purpose."""
    digest = hashlib.sha256(f"{order_id}/{step}/{purpose}".encode()).digest()
    return Decimal(int.from_bytes(digest[:4])) / 2**32
