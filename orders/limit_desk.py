"""Reading and setting the limits, for a user: which rows they see, whether they may change them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from allocation.limits import EVERY_ACCOUNT, Limit, LimitTable
from orders import refusals
from orders.entitlement import require
from orders.errors import NotPermitted
from orders.groups import GroupLists
from orders.limits import of_accounts, refuse_unknown, refuse_unsaid
from orders.model import LimitVersion, Permission, User
from orders.ports import Clock, Ledger


class LimitDesk:
    """The use cases of the limits."""

    def __init__(self, ledger: Ledger, clock: Clock, lists: GroupLists, longest_comment: int) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lists = lists
        self._longest_comment = longest_comment

    def accounts(self, user: User) -> tuple[str, ...]:
        """The ids of the accounts this user may name in a limit, sorted: those of the groups on anybody's list, and for
        who may set limits those that have some, for a group may be on no list any more; as far as they see them."""
        require(user, Permission.VIEW)
        limited = {row.account_id for row in self.table(user).rows} if self.may_set(user) else set()
        return tuple(sorted((self._lists.accounts(user) | limited) - {EVERY_ACCOUNT}))

    def table(self, user: User) -> LimitTable:
        """The newest limits: the rows of accounts this user sees, and those for every account."""
        require(user, Permission.VIEW)
        return self._seen(user, (self._ledger.limits(),))[0]

    def versions(self, user: User) -> tuple[LimitVersion, ...]:
        """Every version of the limits, newest first, each with the rows this user sees."""
        require(user, Permission.VIEW)
        versions = self._ledger.limit_versions()
        seen = self._seen(user, [version.table for version in versions])
        return tuple(replace(version, table=table) for version, table in zip(versions, seen, strict=True))

    def may_set(self, user: User) -> bool:
        """Whether this user may change the limits: they must see all groups of the settings, if not what others add."""
        return user.may(Permission.LIMITS) and self._lists.sees_settings(user)

    def set(self, user: User, rows: Sequence[Limit], after: int, comment: str, command_id: str) -> LimitTable:
        """Replace the limits this user sees, made from version `after`, by these rows; the comment says why. Those they
        do not see stay.

        `VersionConflict` when somebody changed them since; `InvalidLimit` for rows that contradict each other or name
        accounts no group has. The same `command_id` again writes nothing and returns the same table.
        """
        require(user, Permission.LIMITS)
        if not self.may_set(user):
            refusals.tell(user, "may not change limits without seeing every group of the settings")
            raise NotPermitted("The limits are of all groups of the settings, and your user does not see all of them.")
        refuse_unsaid(comment, self._longest_comment)
        refuse_unknown(rows, self.accounts(user))
        seen, at, why = self.table(user).rows, self._clock.now(), comment.strip()
        written = (*rows, *(row for row in self._ledger.limits().rows if row not in seen))  # refused if not of `after`
        return self._seen(user, [self._ledger.set_limits(command_id, written, after, user.username, at, why)])[0]

    def _seen(self, user: User, tables: Sequence[LimitTable]) -> Sequence[LimitTable]:
        if self._lists.sees_all(user):
            return tables
        accounts = self._lists.accounts(user)
        return [of_accounts(table, accounts) for table in tables]
