"""What the demo book promises: the same on every machine, consistent to the cent, and awkward where life is."""

from __future__ import annotations

import hashlib
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas_market_calendars as calendars
import pytest
from stdnum import cusip as cusips
from stdnum import isin as isins
from stdnum.gb import sedol as sedols

from books import Book, demo_book
from books.demo import AS_OF, SETTLEMENT
from books.demo_universe import AGENCY, CORPORATE, HIGH_YIELD, TREASURY
from books.model import Position, Security
from books.pricing import Terms, yield_to_maturity

ROOT = Path(__file__).parents[2]
BOOK_7 = "72ebdd15c6801266f602736da1f15f5c0828eb4078c56e783e97bf9fe0a941f5"


@pytest.fixture(scope="module")
def book() -> Book:
    return demo_book()


@pytest.fixture(scope="module")
def holdings(book: Book) -> dict[str, list[Position]]:
    found: dict[str, list[Position]] = defaultdict(list)
    for position in book.positions:
        found[position.account].append(position)
    return found


def digest(book: Book) -> str:
    return hashlib.sha256(repr(book).encode()).hexdigest()


def of_class(book: Book, kind: str) -> list[Security]:
    return [bond for bond in book.securities.values() if bond.asset_class == kind]


def coverage(book: Book, held: list[Position], known: Callable[[Security], bool]) -> Decimal:
    total = sum(position.market_value for position in held)
    measured = sum(position.market_value for position in held if known(book.securities[position.asset_id]))
    return Decimal(measured) / Decimal(total)


def test_seed_seven_is_this_very_book_in_this_process_and_in_another(book: Book) -> None:
    assert digest(book) == BOOK_7
    code = "import hashlib, books; print(hashlib.sha256(repr(books.demo_book()).encode()).hexdigest())"
    command = [sys.executable, "-c", code]
    other = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == BOOK_7


def test_another_seed_gives_other_numbers_for_the_same_names(book: Book) -> None:
    other = demo_book(8)
    assert (other.id, other.name) == ("demo:8", "demo book, seed 8")
    assert set(other.portfolios) == set(book.portfolios)
    assert {t.cusip for t in of_class(other, TREASURY)} == {t.cusip for t in of_class(book, TREASURY)}
    assert digest(other) != digest(book)


def test_the_book_is_dated_on_a_friday_and_settles_on_the_bond_markets_next_day(book: Book) -> None:
    sessions = calendars.get_calendar("SIFMA_US").valid_days("2026-11-18", "2026-11-30")
    assert next(day.date() for day in sessions if day.date() > AS_OF) == SETTLEMENT
    assert (book.id, book.name, book.as_of, book.currency) == ("demo:7", "demo book, seed 7", AS_OF, "USD")


def test_the_groups_have_their_sizes_and_only_known_members(book: Book) -> None:
    sizes = {group: len(set(members)) for group, members in book.groups.items()}
    assert sizes == {"PUBLICPRE": 60, "BIG6": 6, "DP-LB-USD": 24, "OPNIC": 12}
    members = [account for group in book.groups.values() for account in group]
    assert set(members) == set(book.portfolios)
    assert len(members) > len(book.portfolios)  # some belong to more than one
    smallest = min(book.portfolios[a].nav for a in book.groups["BIG6"])
    assert all(book.portfolios[a].nav <= smallest for a in set(book.groups["PUBLICPRE"]) - set(book.groups["BIG6"]))


def test_the_universe_has_the_breadth_of_a_desks(book: Book) -> None:
    counts = {kind: len(of_class(book, kind)) for kind in (TREASURY, AGENCY, CORPORATE, HIGH_YIELD)}
    assert counts == {TREASURY: 43, AGENCY: 21, CORPORATE: 150, HIGH_YIELD: 40}
    private = [bond for bond in book.securities.values() if bond.is_144a]
    assert len(private) == 30
    assert {(bond.min_piece, bond.increment) for bond in private} == {(200_000, 1000)}
    assert {(b.min_piece, b.increment) for b in of_class(book, CORPORATE) if not b.is_144a} == {
        (2000, 1000),
        (1000, 1000),
    }
    assert {(b.min_piece, b.increment, b.ticker, b.spread_duration) for b in of_class(book, TREASURY)} == {
        (100, 100, "T", 0.0)
    }
    assert len({bond.ticker for bond in of_class(book, CORPORATE)}) > 55
    assert {bond.day_count for bond in book.securities.values()} == {"ACT/ACT", "30/360", "ACT/360"}


def test_every_identifier_is_valid_and_used_once(book: Book) -> None:
    for asset_id, bond in book.securities.items():
        assert asset_id == bond.asset_id == bond.cusip == cusips.validate(bond.cusip)
        assert bond.isin == isins.validate(bond.isin) == isins.from_natid("US", bond.cusip)
        assert not bond.sedol or sedols.validate(bond.sedol) == bond.sedol
    named = [bond.sedol for bond in book.securities.values() if bond.sedol]
    assert len(set(named)) == len(named) == 211


def test_made_up_issues_stay_in_the_ranges_for_private_use(book: Book) -> None:
    for bond in book.securities.values():
        if bond.asset_class == TREASURY:
            assert bond.cusip.startswith(("912810", "91282"))
        else:
            assert bond.cusip[3:5] == "99"
            assert bond.cusip[5].isalpha()
            assert bond.sedol.startswith("9")


def test_prices_yields_and_spreads_tell_the_same_story(book: Book) -> None:
    for bond in book.securities.values():
        assert bond.coupon is not None
        assert bond.coupon_frequency is not None
        assert bond.maturity is not None
        terms = Terms(bond.coupon, bond.coupon_frequency, bond.maturity, bond.day_count)
        assert bond.accrued == terms.accrued(SETTLEMENT)
        if bond.price is None or bond.day_count == "ACT/360":
            continue
        assert bond.yield_to_maturity == pytest.approx(yield_to_maturity(terms, bond.price, SETTLEMENT), abs=1e-4)
        if bond.asset_class == TREASURY:
            assert bond.price * 32 == int(bond.price * 32)


def test_floaters_move_with_spreads_but_hardly_with_rates(book: Book) -> None:
    floaters = [bond for bond in book.securities.values() if bond.day_count == "ACT/360"]
    assert len(floaters) == 6
    for bond in floaters:
        assert bond.duration is not None
        assert bond.spread_duration is not None
        assert 0 < bond.duration < 0.26 < bond.spread_duration


def test_some_figures_are_missing_negative_or_old(book: Book) -> None:
    bonds = book.securities.values()
    assert sum(bond.price is None for bond in bonds) == 2
    assert sum(bond.price is not None and bond.duration is None for bond in bonds) == 4
    assert sum(bond.oas is None and bond.duration is not None for bond in bonds) == 1
    assert sum(bond.factor < 1 for bond in bonds) == 1
    assert any(bond.oas is not None and bond.oas < 0 for bond in of_class(book, AGENCY))
    assert sorted(bond.analytics_date for bond in bonds if bond.analytics_date) < [AS_OF] * 2


def test_market_values_are_exact_and_fill_nav_to_the_cent(book: Book, holdings: dict[str, list[Position]]) -> None:
    for account, portfolio in book.portfolios.items():
        worth = portfolio.cash
        for position in holdings[account]:
            bond = book.securities[position.asset_id]
            assert bond.price is not None
            assert position.market_value == position.face * bond.factor * bond.price / 100
            assert position.face >= bond.min_piece
            worth += position.face * bond.factor * (bond.price + (bond.accrued or 0)) / 100
        assert abs(worth - portfolio.nav) <= Decimal("0.01")
        assert 25 <= len({position.asset_id for position in holdings[account]}) <= 80
        assert Decimal("50e6") <= portfolio.nav <= Decimal("20e9")
        assert 0 < portfolio.cash <= portfolio.nav * Decimal("0.061")
    assert sum(p.cash < p.nav * Decimal("0.001") for p in book.portfolios.values()) == 5


def test_two_accounts_of_publicpre_are_not_covered_and_all_others_are(
    book: Book, holdings: dict[str, list[Position]]
) -> None:
    for known in (
        lambda b: b.spread_duration is not None,
        lambda b: b.duration is not None,
        lambda b: b.oas is not None,
    ):
        short = [account for account, held in holdings.items() if coverage(book, held, known) < Decimal("0.95")]
        assert len(short) == 2
        assert set(short) <= set(book.groups["PUBLICPRE"])


def test_active_spread_durations_lie_around_zero_by_tenths_of_a_year(
    book: Book, holdings: dict[str, list[Position]]
) -> None:
    active = []
    for account, portfolio in book.portfolios.items():
        held = holdings[account]
        if portfolio.benchmark and coverage(book, held, lambda b: b.spread_duration is not None) == 1:
            own = sum(
                float(p.market_value / portfolio.nav) * (book.securities[p.asset_id].spread_duration or 0) for p in held
            )
            active.append(own - (book.benchmarks[portfolio.benchmark].spread_duration or 0))
    assert abs(statistics.mean(active)) < 0.15
    assert 0.15 < statistics.pstdev(active) < 0.5
    assert max(map(abs, active)) < 1.2
    assert sum(not portfolio.benchmark for portfolio in book.portfolios.values()) == 2


def test_odd_lots_occur_as_in_real_books(book: Book) -> None:
    odd = [p for p in book.positions if p.face % book.securities[p.asset_id].increment]
    assert 10 < len(odd) < len(book.positions) / 20


@pytest.mark.parametrize("seed", [0, 1, 2**32])
def test_any_seed_makes_a_book(seed: int) -> None:
    book = demo_book(seed)
    assert len(book.portfolios) == 90
    assert len(book.securities) == 254
