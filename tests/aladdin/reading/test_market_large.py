"""A large group against the simulated Aladdin: how many requests it takes, and what it costs once they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aladdin.reading import translate
from bench.reading.book import AS_OF, GROUP, write_book
from bench.reading.desk import ReadingDesk, reading_desk
from books import read_book

ACCOUNTS, POSITIONS = 200, 20_000


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadingDesk]:
    with reading_desk(tmp_path_factory.mktemp("large"), ACCOUNTS, POSITIONS) as opened:
        yield opened


def test_two_hundred_accounts_with_twenty_thousand_positions_take_six_requests_the_token_included(
    desk: ReadingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.client() as client:
        accounts = client.group(GROUP, AS_OF).value.accounts
        assert len(accounts) == ACCOUNTS
        assert sum(len(account.holdings) for account in accounts) == POSITIONS
        assert all(account.benchmark is not None and account.cash for account in accounts)
        assert (len(desk.network.requests), desk.network.tokens) == (6, 1)
        monkeypatch.setattr(translate, "holders", _not_again)
        again = client.group(GROUP, AS_OF).value.accounts
        assert again == accounts
        assert all(one.holdings is other.holdings for one, other in zip(again, accounts, strict=True))
        assert len(desk.network.requests) == 6


def test_after_a_start_the_group_comes_from_the_cache_without_a_request(desk: ReadingDesk) -> None:
    with desk.client() as client:
        client.group(GROUP, AS_OF)
    asked = len(desk.network.requests)
    with desk.client() as client:
        assert len(client.group(GROUP, AS_OF).value.accounts) == ACCOUNTS
    assert len(desk.network.requests) == asked


def test_the_book_has_no_faults(tmp_path: Path) -> None:
    book = read_book(write_book(tmp_path / "book", 5, 50))
    assert (len(book.portfolios), len(book.positions), book.warnings) == (5, 50, ())


def _not_again(*_: object) -> None:
    raise AssertionError("the group was translated again")
