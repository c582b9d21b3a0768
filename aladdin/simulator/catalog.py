"""The book's fixed side as the API names it: portfolio numbers, groups, identifiers, issuers and exchange rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from decimal import Decimal
from functools import cached_property

from books.model import Book, Position, Security

FIRST_ACCOUNT, FIRST_GROUP = 1001, 900001
_RATE = Decimal("1e-10")


class Catalog:
    """Look-ups over one book. Portfolio numbers follow the sorted ids, so they are the same at every start."""

    def __init__(self, book: Book, nested: bool = False) -> None:
        """`nested`: a group whose accounts are all in a larger one is shown as its subgroup. Books have flat groups, so
        this is a choice of whoever starts the server, and changes nobody's accounts."""
        self.book = book
        self._children = _nested(book.groups, book.portfolios) if nested else dict(book.groups)
        self.account_ids = {ticker: FIRST_ACCOUNT + n for n, ticker in enumerate(sorted(book.portfolios))}
        self.group_ids = {ticker: FIRST_GROUP + n for n, ticker in enumerate(sorted(book.groups))}
        self._by_number = {n: t for ids in (self.account_ids, self.group_ids) for t, n in ids.items()}
        issuers = sorted({security.issuer for security in book.securities.values()})
        self.issuer_ids = {issuer: f"I{n:05d}" for n, issuer in enumerate(issuers, 1)}
        self.held: dict[str, list[Position]] = defaultdict(list)
        for position in book.positions:
            self.held[position.account].append(position)

    def ticker(self, number: str) -> str | None:
        """The account or group with this portfolio number."""
        return self._by_number.get(int(number)) if number.isascii() and number.isdigit() else None

    def account(self, number: str = "", ticker: str = "") -> str | None:
        """The account named by its number or its ticker; None when there is none, or when the two disagree."""
        named = self.ticker(number) if number else ticker
        if named not in self.book.portfolios or (ticker and ticker != named):
            return None
        return named

    def accounts(self, ticker: str) -> tuple[str, ...] | None:
        """The accounts of a group, or the account of that name; None when the name is unknown."""
        if ticker in self.book.groups:
            return self.book.groups[ticker]
        return (ticker,) if ticker in self.book.portfolios else None

    def number(self, ticker: str) -> int:
        """The portfolio number of an account or a group. An account may bear the name of a group; it goes first."""
        return self.account_ids.get(ticker) or self.group_ids[ticker]

    def children(self, ticker: str) -> tuple[str, ...]:
        """The subgroups and accounts directly in a group; none for an account, whatever group bears its name."""
        return () if ticker in self.book.portfolios else self._children.get(ticker, ())

    def members(self, group: str) -> list[str]:
        """All that is in a group: subgroups and their members too, each once."""
        return _reached(self._children.get(group, ()), self.children)

    def parents(self, ticker: str) -> list[str]:
        """The groups that an account or a group is directly in."""
        return [group for group, children in self._children.items() if ticker in children]

    def ancestors(self, ticker: str) -> list[str]:
        """The groups that an account or a group is in, directly or not, each once."""
        return _reached(self.parents(ticker), self._above)

    def _above(self, group: str) -> list[str]:
        """The groups that a group is directly in: none when it bears the name of an account."""
        return [] if group in self.book.portfolios else self.parents(group)

    def security(self, identifier: str, kind: str) -> Security | None:
        """A security by one of the published assetIdTypes; the book knows no RIC, LOANX_ID or LIN."""
        return self._identifiers.get((kind, identifier.upper()))

    @cached_property
    def _identifiers(self) -> dict[tuple[str, str], Security]:
        found: dict[tuple[str, str], Security] = {}
        for security in self.book.securities.values():
            found["ALADDIN_SEC_ID", security.asset_id.upper()] = security
            for kind, identifier in (("ISIN", security.isin), ("SEDOL", security.sedol), ("CUSIP", security.cusip)):
                if identifier:
                    found[kind, identifier.upper()] = security
            if security.cusip[:1].isalpha():  # a CINS is a CUSIP that starts with a country's letter
                found["CINS", security.cusip.upper()] = security
        return found

    def rate(self, currency: str, base: str) -> Decimal | None:
        """Base currency per unit of `currency`: 1 for its own, else what the book's own valuations imply."""
        return Decimal(1) if currency == base else self._implied_rates.get((currency, base))

    @cached_property
    def _implied_rates(self) -> dict[tuple[str, str], Decimal]:
        """A book gives market values in base and prices in local currency; their ratio is its exchange rate."""
        local: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        base: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for position in self.book.positions:
            security = self.book.securities[position.asset_id]
            pair = security.currency, self.book.portfolios[position.account].currency
            if security.price is not None and pair[0] != pair[1]:
                local[pair] += position.face * security.factor * security.price / 100
                base[pair] += position.market_value
        return {pair: (base[pair] / value).quantize(_RATE) for pair, value in local.items() if value}


def _reached(start: Iterable[str], step: Callable[[str], Iterable[str]]) -> list[str]:
    """The start and all that repeated steps lead to, each once."""
    found: dict[str, None] = {}
    ahead = list(start)
    while ahead:
        ticker = ahead.pop(0)
        if ticker not in found:
            found[ticker] = None
            ahead += step(ticker)
    return list(found)


def _nested(groups: Mapping[str, tuple[str, ...]], tickers: Container[str]) -> dict[str, tuple[str, ...]]:
    """The subgroups and accounts directly in each group, when a group is in the smallest groups that hold all its
    accounts and more. One that bears the name of an account (`tickers`) is in none: it would be taken for that."""
    accounts = {group: frozenset(members) for group, members in groups.items()}
    children: dict[str, tuple[str, ...]] = {}
    for group, members in groups.items():
        inside = [other for other in groups if accounts[other] < accounts[group] and other not in tickers]
        direct = [g for g in inside if not any(accounts[g] < accounts[other] for other in inside)]
        covered = frozenset[str]().union(*(accounts[subgroup] for subgroup in direct))
        children[group] = (*direct, *(account for account in members if account not in covered))
    return children
