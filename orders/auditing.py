"""What an auditor may see: the entries of the audit log, and whether the ledger is whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orders.entitlement import entitled_to, require
from orders.history import Page, Sought
from orders.model import AuditEntry, Permission, User
from orders.records import History, Ledger

PAGE = 50  # entries
_OF_GROUP = "group:"


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

    def verify(self, user: User) -> tuple[str, ...]:
        """Recompute every chain and compare every row the log vouches for; a sentence per fault, none when all is
        whole. Takes as long as the ledger is large."""
        require(user, Permission.AUDIT)
        return self.ledger.verify()


def _sees(user: User, stream: str) -> bool:
    return not stream.startswith(_OF_GROUP) or user.sees(stream.removeprefix(_OF_GROUP))
