"""Groups' accounts as last put together: a group that was not read again is not translated again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date

from aladdin.reading import translate
from aladdin.reading.translate import Book
from allocation.model import Account

# Rows of positions in all. Fewer than the answers that are remembered in their shape (`aladdin.kept`) may have, so that
# few rows are held on to here alone.
MOST_ROWS = 60_000


@dataclass(frozen=True, slots=True)
class _Made:
    """A group's accounts, without cash, and what they were made of."""

    book: Book
    accounts: tuple[Account, ...]

    def is_of(self, book: Book) -> bool:
        """Whether this is what the same answers would give: the long ones the same objects, the short ones equal."""
        mine = self.book
        return (
            mine.positions is book.positions
            and mine.ladders is book.ladders
            and (mine.portfolios, mine.benchmarks) == (book.portfolios, book.benchmarks)
        )


class Assembled:
    """Accounts by group, those used longest ago given up first. Thread-safe; what it gives may be shared, for nobody
    can change it."""

    def __init__(self, minimum_coverage: float, most_rows: int = MOST_ROWS) -> None:
        self._minimum_coverage = minimum_coverage
        self._most_rows = most_rows
        self._lock = threading.Lock()
        self._made: OrderedDict[str, _Made] = OrderedDict()

    def accounts(self, group: str, book: Book, settlement: date) -> tuple[Account, ...]:
        """The accounts of `book` with their cash on `settlement`. Raises what `translate.accounts` does."""
        with self._lock:
            made = self._made.get(group)
        if made is None or not made.is_of(book):
            made = _Made(book, translate.holders(book, self._minimum_coverage))
        self._remember(group, made)
        return translate.with_cash(made.accounts, book.ladders, settlement)

    def _remember(self, group: str, made: _Made) -> None:
        with self._lock:
            self._made[group] = made
            self._made.move_to_end(group)
            while len(self._made) > 1 and sum(len(m.book.positions) for m in self._made.values()) > self._most_rows:
                self._made.popitem(last=False)
