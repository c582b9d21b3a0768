"""Orders and violations as the desk reads them, with accounts named that Aladdin gives by number."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

import structlog

from aladdin import wire_orders
from aladdin.ordering import tickets
from aladdin.reading.reads import Reads
from orders.errors import DeskError, Malformed, NotFound, NotPermitted, Rejected
from orders.model import BrokerOrder, Violation

log = structlog.get_logger(__name__)

_LOOK_UPS = 32  # the most in which refused names are narrowed down: enough for one among thousands


class Reporting:
    """Names are looked up with `Reads.portfolios`, which keeps them."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def names(self, orders: Iterable[wire_orders.Order]) -> Mapping[str, str]:
        """Tickers by portfolio number, for details that carry only the number; those that Aladdin does not show us are
        left out. Raises an `OutsideError` when it cannot be asked."""
        known: dict[str, str] = {}
        parts = deque([sorted(tickets.unnamed_portfolios(orders))])
        for _ in range(_LOOK_UPS):
            if not parts:
                break
            part = parts.popleft()
            try:
                known |= self._look_up(part)
            except (Malformed, NotFound, NotPermitted, Rejected) as fault:
                log.warning("portfolios_unnamed", portfolios=part, error=str(fault))
                if len(part) > 1:  # one of them may spoil it for the others
                    parts += [part[: len(part) // 2], part[len(part) // 2 :]]
        return known

    def order(
        self,
        order: wire_orders.Order,
        given: Sequence[wire_orders.Violation] = (),
        names: Mapping[str, str] | None = None,
    ) -> BrokerOrder:
        """One order, with what compliance found; `names` are those looked up already. `Malformed` when an account
        cannot be named; any other `OutsideError` when its name cannot be asked for."""
        known = self.names([order]) if names is None else names
        found = self.violations(given, {**known, **tickets.named_portfolios([order])})
        return tickets.broker_order(order, known, found)

    def violations(self, given: Sequence[wire_orders.Violation], names: Mapping[str, str]) -> tuple[Violation, ...]:
        """What compliance found. Nothing is raised for an account that cannot be named: it keeps its number."""
        unnamed = {violation.portfolio_id for violation in given if violation.portfolio_id} - names.keys()
        known = dict(names)
        try:
            known |= self._look_up(unnamed)
        except DeskError as fault:
            log.warning("portfolios_unnamed", portfolios=sorted(unnamed), error=str(fault))
        return tuple(tickets.violation(violation, known) for violation in given)

    def _look_up(self, numbers: Collection[str]) -> dict[str, str]:
        return {p.id: p.portfolio_ticker for p in self._reads.portfolios(numbers).value} if numbers else {}
