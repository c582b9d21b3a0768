"""The groups on a user's list, those of the settings and those the user added, and how one is found to be added. There
is no call that lists all groups."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from itertools import islice

import structlog

from orders.calendar import default_settlement
from orders.entitlement import entitled_to
from orders.errors import NotFound, NotPermitted
from orders.model import Book, GroupTree, User
from orders.ports import Clock, Dated, Ledger, Market

log = structlog.get_logger()

MOST_FOUND = 8  # groups whose accounts are counted: each costs Aladdin a call or two
SIDE_BY_SIDE = 4


@dataclass(frozen=True, slots=True)
class GroupFound:
    """A group that a search found, and how many accounts it has; an account in two of its groups counts once."""

    ticker: str
    name: str
    accounts: int
    listed: bool  # already on the user's list


def accounts_within(tree: GroupTree) -> frozenset[str]:
    """The accounts of a group and of all groups inside it, each once."""
    return frozenset(tree.accounts).union(*map(accounts_within, tree.groups))


def levels(tree: GroupTree, depth: int = 0) -> Iterator[tuple[int, GroupTree]]:
    """The group and every group inside it, each below the one that has it, with how deep it is."""
    yield depth, tree
    for inner in tree.groups:
        yield from levels(inner, depth + 1)


class GroupLists:
    """Which groups are on whose list. That a group is on none takes nothing away: who is entitled to it still sees its
    orders, and may allocate to it."""

    def __init__(self, market: Market, ledger: Ledger, clock: Clock, book: Book) -> None:
        self._market = market
        self._ledger = ledger
        self._clock = clock
        self._book = book

    def of(self, user: User) -> tuple[str, ...]:
        """The settings' groups in their order, then those the user added, as far as the user may see them."""
        listed = dict.fromkeys((*self._book.groups, *self._ledger.groups_added(user.username)))
        return tuple(ticker for ticker in listed if user.sees(ticker))

    def readable(self, user: User) -> tuple[str, ...]:
        """The same without those the user added that Aladdin no longer has: one gone must not spoil a search in all."""
        return tuple(ticker for ticker in self.of(user) if ticker in self._book.groups or self._size(ticker))

    def find(self, user: User, text: str) -> Dated[tuple[GroupFound, ...]]:
        """The groups this user may see whose ticker or name resembles `text`, best first, at most `MOST_FOUND`."""
        found = self._market.find_groups(text)
        names = {group.ticker: group.name for group in found.value if user.sees(group.ticker)}
        if (fragment := text.strip().casefold()) and (entry := entitled_to(user)) is not None:
            # the best of all groups may leave out those of a short entry
            names |= {ticker: "" for ticker in sorted(entry - names.keys()) if fragment in ticker.casefold()}
        listed = self.of(user)
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            sizes = {t: pool.submit(copy_context().run, self._size, t) for t in islice(names, MOST_FOUND)}
        groups = (GroupFound(t, names[t], size.result(), t in listed) for t, size in sizes.items())
        return Dated(tuple(group for group in groups if group.accounts), found.as_of, found.source)

    def _size(self, ticker: str) -> int:
        """How many accounts a group has; none when Aladdin does not have the group, or does not let us see it."""
        try:
            return len(accounts_within(self._market.tree(ticker).value))
        except (NotFound, NotPermitted) as error:
            log.info("group found cannot be read", group=ticker, error=str(error))
            return 0

    def add(self, user: User, ticker: str) -> None:
        """Remember a group this user may see. `NotFound` when Aladdin has no such group or shows no accounts in it."""
        if ticker in self._book.groups:
            return
        if not accounts_within(self._market.tree(ticker).value):
            raise NotFound(
                f"Aladdin shows no accounts in {ticker}: it is empty, or a single account. Add a group that has some."
            )
        self._ledger.add_group(user.username, ticker)

    def remove(self, user: User, ticker: str) -> None:
        """Forget a group the user added; `NotPermitted` for one of the settings."""
        if ticker in self._book.groups:
            raise NotPermitted(f"{ticker} is on everybody's list by the settings; what you added can be taken off.")
        self._ledger.remove_group(user.username, ticker)

    def sees_all(self, user: User) -> bool:
        """Whether the user may see every group on anybody's list."""
        return all(user.sees(ticker) for ticker in self._everybodys())

    def accounts(self, user: User) -> frozenset[str]:
        """The accounts of the groups on anybody's list, as far as this user may see them."""
        day = default_settlement(self._clock.today(), self._book.currency)
        found: set[str] = set()
        for ticker in filter(user.sees, self._everybodys()):
            try:
                found |= {account.id for account in self._market.group(ticker, day).value.accounts}
            except NotFound:
                if ticker in self._book.groups:
                    raise
                log.warning(
                    "an added group is gone", group=ticker
                )  # it must not keep the others' limits from being set
        return frozenset(found)

    def _everybodys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._book.groups, *self._ledger.groups_added())))
