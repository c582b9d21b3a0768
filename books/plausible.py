"""What is odd about a book that can be read: each oddity is one sentence, however many lines it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from stdnum import cusip as cusips
from stdnum import isin as isins
from stdnum.gb import sedol as sedols

from books.csv_table import Table
from books.faults import counted, listed
from books.model import Book
from books.rows import PositionRow, SecurityRow

VALUE_TOLERANCE = Decimal("0.05")  # of the market value that face and price give
CHECKS: dict[str, Callable[[str], bool]] = {"cusip": cusips.is_valid, "isin": isins.is_valid, "sedol": sedols.is_valid}


def doubts(book: Book, securities: Table[SecurityRow], positions: Table[PositionRow]) -> Iterator[str]:
    """One sentence for each kind of oddity in the book, with the lines where it was seen."""
    for column, check in CHECKS.items():
        wrong = [
            f"line {line.number} ({line.cells[column]})"
            for line in securities.lines
            if line.cells.get(column) and not check(line.cells[column])
        ]
        if wrong:
            yield (
                f"{securities.file}: {counted(len(wrong), column.upper())} without a valid form or check digit: "
                f"{listed(wrong)}."
            )
    yield from _matured(book, securities)
    yield from _no_accrued(book, securities)
    yield from _misvalued(book, positions)
    yield from _out_of_reach(book)


def _matured(book: Book, securities: Table[SecurityRow]) -> Iterator[str]:
    lines = [
        f"line {line.number}"
        for line in securities.lines
        if line.row and line.row.maturity and line.row.maturity < book.as_of
    ]
    if lines:
        matured = counted(len(lines), "bond")
        yield f"{securities.file}: {matured} matured before the book's date {book.as_of}: {listed(lines)}."


def _no_accrued(book: Book, securities: Table[SecurityRow]) -> Iterator[str]:
    lines = [
        f"line {line.number}"
        for line in securities.lines
        if line.row and line.row.day_count and book.securities[line.row.asset_id].accrued is None
    ]
    if lines:
        yield (
            f"{securities.file}: {counted(len(lines), 'bond')} with a day_count but without the coupon, "
            f"coupon_frequency or maturity that accrued interest needs: {listed(lines)}."
        )


def _misvalued(book: Book, positions: Table[PositionRow]) -> Iterator[str]:
    """Positions whose market value is not what face and price give. Without exchange rates in the book, those in a
    currency other than the account's cannot be told."""
    off: list[tuple[Decimal, str]] = []
    for line in positions.lines:
        if line.row is None:
            continue
        bond, account = book.securities[line.row.asset_id], book.portfolios[line.row.account]
        if bond.price is None or bond.currency != account.currency:
            continue
        value = line.row.face * bond.factor * bond.price / 100
        difference = abs(line.row.market_value - value)
        if difference > VALUE_TOLERANCE * value:
            share = difference / value if value else Decimal(1)
            off.append((share, f"line {line.number} ({account.id}, {bond.asset_id}, off by {share:.0%})"))
    if off:
        worst = [text for _, text in sorted(off, key=lambda item: -item[0])]
        yield (
            f"{positions.file}: {counted(len(off), 'market value')} more than {VALUE_TOLERANCE:.0%} away from "
            f"face * factor * price / 100, the furthest first: {listed(worst)}."
        )


def _out_of_reach(book: Book) -> Iterator[str]:
    grouped = {account for members in book.groups.values() for account in members}
    lost: Sequence[str] = [account for account in book.portfolios if account not in grouped]
    if lost:
        yield f"groups.csv: {counted(len(lost), 'account')} in no group, so not to be reached: {listed(lost)}."
