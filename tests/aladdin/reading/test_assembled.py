"""Groups put together once: made again when anything they are made of differs, and not kept without end."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from aladdin.reading import translate
from aladdin.reading.assembled import Assembled
from aladdin.reading.translate import Book
from allocation.model import Benchmark, Measures
from tests.aladdin.reading.test_translate import FRIDAY, MONDAY, ladder, portfolio, row

BENCHMARK = {"ACC1": Benchmark("IDX", Measures(3.0, 3.5, 90.0))}
BOOK = Book((portfolio(),), (row(),), (ladder(),), BENCHMARK)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Book]:
    """Every book that was translated."""
    books: list[Book] = []
    translated = translate.holders

    def noting(book: Book, minimum_coverage: float) -> object:
        books.append(book)
        return translated(book, minimum_coverage)

    monkeypatch.setattr(translate, "holders", noting)
    return books


def test_a_group_that_was_not_read_again_is_not_translated_again(made: list[Book]) -> None:
    assembled = Assembled(0.95)
    first = assembled.accounts("G", BOOK, FRIDAY)
    assert first == translate.accounts(BOOK, FRIDAY, 0.95)
    made.clear()
    # portfolios and benchmarks are put together for each read: equal ones will do
    alike = replace(BOOK, portfolios=(portfolio(),), benchmarks=dict(BENCHMARK))
    assert assembled.accounts("G", alike, FRIDAY) == first
    assert made == []


def test_cash_is_that_of_the_settlement_date_asked_for_and_costs_no_translation(made: list[Book]) -> None:
    assembled = Assembled(0.95)
    assert assembled.accounts("G", BOOK, FRIDAY)[0].cash == Decimal("300.55")
    assert assembled.accounts("G", BOOK, MONDAY)[0].cash == 100
    assert len(made) == 1


EMPTY = replace(BOOK, positions=())


@pytest.mark.parametrize(
    ("before", "changed"),
    [
        (BOOK, replace(BOOK, positions=(row(posQuantity=5),))),
        (EMPTY, replace(EMPTY, ladders=(ladder(sodNav=5),))),  # where there are no rows, NAV is the ladder's
        (BOOK, replace(BOOK, portfolios=(portfolio(portfolioName="Renamed"),))),
        (BOOK, replace(BOOK, benchmarks={"ACC1": Benchmark("IDX", Measures(3.1, 3.5, 90.0))})),
    ],
)
def test_whatever_differs_is_seen(before: Book, changed: Book) -> None:
    assembled = Assembled(0.95)
    first = assembled.accounts("G", before, FRIDAY)
    assert assembled.accounts("G", changed, FRIDAY) == translate.accounts(changed, FRIDAY, 0.95) != first


def test_the_group_used_longest_ago_gives_way(made: list[Book]) -> None:
    assembled = Assembled(0.95, most_rows=2)
    for group in ("A", "B", "A", "C", "A", "B"):  # B gives way to C, and C to B
        assembled.accounts(group, BOOK, FRIDAY)
    assert len(made) == 4


def test_one_group_larger_than_the_bound_is_kept_all_the_same(made: list[Book]) -> None:
    assembled = Assembled(0.95, most_rows=0)
    for _ in range(2):
        assembled.accounts("G", BOOK, FRIDAY)
    assert len(made) == 1
