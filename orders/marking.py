"""What each bond was worth at the end of the day it was traded, kept while it can be read: a first day's profit is told
from it ever after."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import structlog

from allocation.errors import EvenlotError
from allocation.model import Bond
from orders.ports import Clock, Market
from orders.profit import DayMark
from orders.records import Marks

log = structlog.get_logger()

PAUSE = timedelta(minutes=1)  # between two bonds, for each is one of the calls that all the screens share
FOLLOWED = timedelta(days=7)  # after its trade date: a day's last mark may come the next business day, after holidays
DECIMALS = Decimal("1e-12")  # of what is kept


class Marking:
    """One bond after another, of those that were traded these days, in turn and for ever."""

    def __init__(self, market: Market, marks: Marks, clock: Clock) -> None:
        self._market = market
        self._marks = marks
        self._clock = clock
        self._turn: deque[str] = deque()  # asset ids
        self._next: datetime | None = None
        self._kept: dict[str, DayMark] = {}  # the last one, by asset id: the same again is not written again

    def work(self) -> None:
        """Read the bond whose turn it is, if it is time, and keep its mark under the mark's own date. One that cannot
        be read has its turn again."""
        now = self._clock.now()
        if self._next is not None and now < self._next:
            return
        self._next = now + PAUSE
        if not self._turn:
            self._turn.extend(self._marks.traded(self._clock.today() - FOLLOWED))
        if not self._turn:
            return
        asset_id = self._turn.popleft()
        try:
            mark = _mark(self._market.bond(asset_id, fresh=True).value)
        except EvenlotError as error:
            log.warning("bond not marked", asset=asset_id, error=str(error))
            return
        if mark is not None and self._kept.get(asset_id) != mark:
            self._marks.keep(mark, now)
            self._kept[asset_id] = mark


def _mark(bond: Bond) -> DayMark | None:
    if bond.price is None or bond.price_date is None:
        return None
    accrued = None if bond.accrued is None else _rounded(bond.accrued)
    return DayMark(bond.asset_id, bond.price_date, _rounded(bond.price), accrued, _rounded(bond.factor))


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(DECIMALS, ROUND_HALF_EVEN)
