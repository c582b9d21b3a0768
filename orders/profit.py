"""What trades earned: lots bought are sold first in, first out, by account and bond; what they cost is exact, accrued
included. Pure arithmetic over what was booked and the marks of a day."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, localcontext

from allocation.model import Side

_DIGITS = 60  # faces of 1e13 times prices of 12 decimals times rates stay exact


@dataclass(frozen=True, slots=True)
class Deal:
    """What one account was booked of one order. `price` and `accrued` are per 100 face, `rate` is base currency per
    unit of the bond's; every account of an order has the order's average price."""

    order_id: str
    account_id: str
    asset_id: str
    side: Side
    face: Decimal
    price: Decimal
    accrued: Decimal
    traded: date
    at: datetime  # when its first fill was seen, UTC
    factor: Decimal = Decimal(1)
    rate: Decimal = Decimal(1)

    @property
    def unit_money(self) -> Decimal:
        """Money per unit of face, in the account's base currency."""
        return self.factor * (self.price + self.accrued) / 100 * self.rate


@dataclass(frozen=True, slots=True)
class Mark:
    """What a bond is worth at the end of a day: per 100 face, and the account's rate of exchange."""

    on: date
    price: Decimal
    accrued: Decimal
    factor: Decimal = Decimal(1)
    rate: Decimal = Decimal(1)

    @property
    def unit_money(self) -> Decimal:
        """Money per unit of face, in base currency."""
        return self.factor * (self.price + self.accrued) / 100 * self.rate


@dataclass(frozen=True, slots=True)
class DayMark:
    """What was kept of a bond's worth on a day, per 100 face; `accrued` is None where it was not known."""

    asset_id: str
    on: date
    price: Decimal
    accrued: Decimal | None
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Profit:
    """Profit and loss of one account in one bond, money in its base currency; coupons received are not in it.

    `uncosted` is face sold that was held before our trades, the oldest lot of all, or that came from elsewhere: what it
    cost is not known, so it earns nothing here.
    `unrealised` is None without a mark."""

    account_id: str
    asset_id: str
    face: Decimal = Decimal(0)  # bought here and still held
    cost: Decimal = Decimal(0)  # of that face
    realised: Decimal = Decimal(0)
    uncosted: Decimal = Decimal(0)
    unrealised: Decimal | None = None


Marks = Mapping[tuple[str, str], Mark]  # by account id and asset id


def profits(deals: Iterable[Deal], marks: Marks, before: Mapping[tuple[str, str], Decimal]) -> tuple[Profit, ...]:
    """Profit and loss by account and bond, sorted, of these deals valued at `marks`. `before` is the face that was held
    before the first of them, which is sold first."""
    by_pair: dict[tuple[str, str], list[Deal]] = defaultdict(list)
    for deal in deals:
        by_pair[deal.account_id, deal.asset_id].append(deal)
    with localcontext(prec=_DIGITS):
        return tuple(
            _profit(pair, by_pair[pair], marks.get(pair), before.get(pair, Decimal(0))) for pair in sorted(by_pair)
        )


def first_day(deal: Deal, mark: Mark | None) -> Decimal | None:
    """What a deal had earned by the end of the day it was made, in base currency at the deal's own rate of exchange, so
    that it is of the bond alone; None without that day's mark."""
    if mark is None or mark.on != deal.traded:
        return None
    with localcontext(prec=_DIGITS):
        return deal.side.sign * deal.face * (replace(mark, rate=deal.rate).unit_money - deal.unit_money)


def _profit(pair: tuple[str, str], deals: list[Deal], mark: Mark | None, before: Decimal) -> Profit:
    lots: deque[tuple[Decimal, Decimal | None]] = deque([(before, None)])  # face, money per unit where it is known
    found = Profit(*pair)
    # a trade that was entered elsewhere may be seen days after it was made
    for deal in sorted(deals, key=lambda deal: (deal.traded, deal.at, deal.order_id)):
        if deal.side is Side.BUY:
            lots.append((deal.face, deal.unit_money))
            continue
        left, realised, uncosted = deal.face, found.realised, found.uncosted
        while left and lots:
            face, unit = lots.popleft()
            sold = min(face, left)
            left -= sold
            if unit is None:
                uncosted += sold
            else:
                realised += sold * (deal.unit_money - unit)
            if face > sold:
                lots.appendleft((face - sold, unit))
        found = replace(found, realised=realised, uncosted=uncosted + left)
    ours = [(face, unit) for face, unit in lots if unit is not None]
    held = sum((face for face, _ in ours), Decimal(0))
    cost = sum((face * unit for face, unit in ours), Decimal(0))
    unrealised = None if mark is None else held * mark.unit_money - cost
    return replace(found, face=held, cost=cost, unrealised=unrealised)
