from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.model import Metric
from orders.model import Book
from tests.allocation.desk import bond
from ui import formats

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_a_missing_figure_is_a_dash_and_never_a_zero() -> None:
    missing = (
        formats.face(None),
        formats.money(None, "USD"),
        formats.short_money(None),
        formats.percent(None),
        formats.figure(None, 2),
        formats.price(None),
        formats.day(None),
    )
    assert set(missing) == {formats.MISSING}


def test_faces_have_thousands_separators_and_decimals_only_where_they_have_some() -> None:
    assert formats.face(25_000_000) == "25,000,000"
    assert formats.face(Decimal("1000.000000")) == "1,000"
    assert formats.face(Decimal("1234567.4")) == "1,234,567.40"


def test_money_names_its_currency() -> None:
    assert formats.money(Decimal("1234567.8"), "USD") == "USD 1,234,568"
    assert formats.money(Decimal(12)) == "12"


@pytest.mark.parametrize(
    ("value", "text"),
    [("950", "950"), ("24900000", "24.9mm"), ("1300000000", "1.30bn"), ("-24900000", "-24.9mm"), ("0", "0")],
)
def test_money_is_short_where_space_is(value: str, text: str) -> None:
    assert formats.short_money(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("98.515625", "98.515625"), ("98.5", "98.50"), ("100", "100.00"), ("98.123456789", "98.12345679")],
)
def test_a_price_has_two_decimals_at_least_and_eight_at_most(value: str, text: str) -> None:
    assert formats.price(Decimal(value)) == text


@given(st.decimals(min_value="0.00000001", max_value=999, places=8))
def test_a_price_reads_back_as_the_same_price(value: Decimal) -> None:
    assert Decimal(formats.price(value)) == value


@given(st.floats(-1000, 1000), st.integers(0, 4))
def test_no_figure_is_a_negative_zero(value: float, decimals: int) -> None:
    text = formats.figure(value, decimals)
    assert not text.startswith("-") or float(text.replace(",", "")) < 0


def test_a_metric_has_the_decimals_of_its_unit() -> None:
    assert formats.metric(1.23456, Metric.ASD) == "1.235"
    assert formats.metric(1.23456, Metric.ASD, signed=True) == "+1.235"
    assert formats.metric(86.7, Metric.OAS) == "87"


def test_a_dispersion_has_one_decimal_more_than_a_level_and_its_unit() -> None:
    assert formats.dispersion(0.25861, Metric.SPREAD_DURATION) == "0.2586 years"
    assert formats.dispersion(12.36, Metric.OAS) == "12.4 bp"


def test_a_dispersion_gets_narrower_or_wider_in_words() -> None:
    assert formats.width(0.1234) == "12.3% narrower"
    assert formats.width(-0.018) == "1.8% wider"
    assert formats.width(-0.0001) == "under 0.1% wider"
    assert formats.width(0.0005) == "0.1% narrower"
    assert formats.width(-1e-16) == "unchanged"
    assert formats.width(None) == "not applicable"


def test_an_effect_that_is_for_the_worse_has_a_colour_as_well() -> None:
    assert formats.effect(0.1426, 0.1452, Metric.ASD, -0.018) == "**0.1426 → 0.1452 years**, :orange[1.8% wider]"
    assert formats.effect(0.2, 0.1, Metric.ASD, 0.5) == "**0.2000 → 0.1000 years**, 50.0% narrower"
    assert formats.effect(0.0, 0.1, Metric.ASD, None) == "**0.0000 → 0.1000 years**"


def test_dates_say_the_weekday_and_moments_are_in_utc() -> None:
    assert formats.day(date(2026, 11, 24)) == "Tue 24 Nov 2026"
    new_york = datetime(2026, 11, 24, 9, 5, 9, tzinfo=timezone(timedelta(hours=-5)))
    assert formats.moment(new_york) == "24 Nov 2026, 14:05:09 UTC"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (9, "just now"),
        (30, "30 s ago"),
        (200, "3 min ago"),
        (7300, "2 h ago"),
        (5 * 86_400, "5 d ago"),
    ],
)
def test_an_age_is_said_in_the_unit_that_fits(seconds: int, text: str) -> None:
    assert formats.ago(NOON - timedelta(seconds=seconds), NOON) == text


def test_one_is_said_in_the_singular() -> None:
    assert formats.count(1, "account") == "1 account"
    assert formats.count(0, "account") == "0 accounts"
    assert formats.count(1_200, "account") == "1,200 accounts"


def test_pieces_are_said_once_where_piece_and_step_are_the_same() -> None:
    assert formats.pieces(bond(1_000, 1_000)) == "steps of 1,000"
    assert formats.pieces(bond(200_000, 1_000)) == "200,000 at least, then steps of 1,000"


def test_a_csv_book_says_that_it_is_one() -> None:
    day = date(2025, 9, 15)
    assert formats.book(Book("csv:funds:2025-09-15", "csv", "Our funds", day, ())) == "CSV: Our funds"
    assert formats.book(Book("demo:7", "demo", "demo book, seed 7", day, ())) == "demo book, seed 7"


def test_a_release_is_told_by_the_clock_of_its_market_with_the_day_where_utc_has_another() -> None:
    at = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert formats.release(at, "USD") == "Mon 23 Nov 2026, 18:30 New York (23:30 UTC)"
    assert formats.release(at, "JPY") == "Tue 24 Nov 2026, 08:30 Tokyo (Mon 23:30 UTC)"
    assert formats.release(at, "XXX") == "Mon 23 Nov 2026, 23:30 UTC"


def test_bytes_read_in_the_unit_that_suits_them() -> None:
    assert [formats.size(n) for n in (0, 999, 4_570_804, 70_610_292_736)] == ["0 bytes", "999 bytes", "5 MB", "70.6 GB"]


@pytest.mark.parametrize(
    "text", ["**b**", "_i_", "`c`", "[l](to)", "![p](to)", "$x$", "~~s~~", "<b>", "# h", "> q", "a|b"]
)
def test_what_somebody_else_wrote_is_no_markup(text: str) -> None:
    assert re.search(r"\\[*_`\[$~<#>|]", formats.plain(text))


def test_a_sentence_stays_as_it_is_and_a_picture_or_an_address_is_not_made_of_it() -> None:
    assert formats.plain("DOVEER: 5,000 -> 4,000 (at 98.5)") == "DOVEER: 5,000 -> 4,000 (at 98.5)"
    assert formats.plain(":material/lock:") == "\\:material/lock:"
    assert "http://" not in formats.plain("see http://evil.example")
