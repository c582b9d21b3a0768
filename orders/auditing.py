"""What an auditor may see: the entries of the audit log, and whether the ledger is whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from orders.entitlement import entitled_to, require
from orders.errors import NotFound, NotPermitted
from orders.history import Page, Sought
from orders.model import AuditEntry, Permission, User
from orders.ports import History, Ledger

PAGE = 50  # entries
MOST_LOOKED_UP = 500  # orders that faults name
_OF_GROUP, _LIMITS = "group:", "Version "
_ORDER = re.compile(r"\b[Oo]rder ([^\s:]+)")


@dataclass(frozen=True, slots=True)
class Proof:
    """What is wrong with the ledger: a sentence per fault, and how many more there are that belong to other groups, or
    of which nobody can tell whose they are. Neither when all is whole."""

    faults: tuple[str, ...] = ()
    others: int = 0


@dataclass(frozen=True, slots=True)
class Auditing:
    """The audit log, of the groups of the user's entry and of what belongs to no group."""

    ledger: Ledger
    history: History

    def streams(self, user: User) -> tuple[str, ...]:
        """The chains of entries there are, by name."""
        require(user, Permission.AUDIT)
        return tuple(stream for stream in self.history.streams() if _sees(user, stream))

    def entries(self, user: User, sought: Sought, size: int = PAGE, cursor: str = "") -> Page[AuditEntry]:
        """The entries that are sought, newest first. A cursor that cannot be read raises `Rejected`."""
        require(user, Permission.AUDIT)
        if sought.streams is not None or entitled_to(user) is not None:
            seen = frozenset(self.streams(user))
            sought = replace(sought, streams=seen if sought.streams is None else seen & sought.streams)
        return self.history.entries(sought, size, cursor)

    def verify(self, user: User) -> Proof:
        """Recompute every chain and compare every row the log vouches for. Takes as long as the ledger is large."""
        require(user, Permission.AUDIT)
        faults = self.ledger.verify()
        if entitled_to(user) is None:
            return Proof(faults)
        named = self._named(user, faults)
        return Proof(named, len(faults) - len(named))

    def _named(self, user: User, faults: Sequence[str]) -> tuple[str, ...]:
        """Of the faults those that are surely of the user's groups or of the limits, which belong to all."""
        chains = self.history.streams()
        mine = [stream for stream in chains if _of_group(stream) and _sees(user, stream)]
        others = [stream for stream in chains if not _sees(user, stream)]
        of_orders: dict[str, bool] = {}

        def sees_order(order_id: str) -> bool:
            if order_id not in of_orders and len(of_orders) < MOST_LOOKED_UP:
                with suppress(NotFound):
                    of_orders[order_id] = user.sees(self.ledger.order(order_id).group)
            return of_orders.get(order_id, False)

        def named(fault: str) -> bool:
            about = _ORDER.findall(fault)
            if any(_names(fault, stream) for stream in others) or not all(map(sees_order, about)):
                return False
            return bool(about) or fault.startswith(_LIMITS) or any(_names(fault, stream) for stream in mine)

        return tuple(filter(named, faults))


def log_lines(lines_about: Callable[[str], tuple[str, ...]], user: User, reference: str) -> tuple[str, ...]:
    """The log lines that a reference leads to. No line says which groups it is about, so they are for those who may
    audit every group."""
    require(user, Permission.AUDIT)
    if entitled_to(user) is not None:
        raise NotPermitted("Log lines may be about any group: only who may audit every group can look for them.")
    return lines_about(reference)


def _of_group(stream: str) -> bool:
    return stream.startswith(_OF_GROUP)


def _names(fault: str, stream: str) -> bool:
    return re.search(rf"{re.escape(stream)}(?![\w-])", fault) is not None


def _sees(user: User, stream: str) -> bool:
    return not _of_group(stream) or user.sees(stream.removeprefix(_OF_GROUP))
