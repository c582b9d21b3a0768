from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from allocation.engines.custom import Ask
from allocation.errors import AllocationError, InvalidBlock, InvalidParameter
from allocation.model import Metric
from ui import forms


@pytest.mark.parametrize(
    ("typed", "face"),
    [
        ("25,000,000", 25_000_000),
        ("25000000", 25_000_000),
        (" 25mm ", 25_000_000),
        ("25 MM", 25_000_000),
        ("25m", 25_000_000),
        ("2.5mio", 2_500_000),
        ("0.5bn", 500_000_000),
        ("750k", 750_000),
        ("1,250.5k", 1_250_500),
    ],
)
def test_a_face_is_read_as_traders_write_it(typed: str, face: int) -> None:
    assert forms.face(typed) == face


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("abc", "“abc” is not a face: type 25,000,000 or 25mm."),
        ("-5mm", "“-5mm” is not a face"),
        ("1e6", "“1e6” is not a face"),
        ("", "“” is not a face"),
        ("25,00,000", "commas in odd places"),
        ("1,5", "commas in odd places"),
        ("25,0000", "commas in odd places"),
        ("25,000,0", "commas in odd places"),
        ("1,000.5,000", "commas in odd places"),
        ("1000.5", "not a whole number"),
        ("0", "above zero"),
        ("1000bn", "below 1,000,000,000,000"),
    ],
)
def test_what_is_not_a_face_is_sent_back_with_what_to_type(typed: str, sentence: str) -> None:
    with pytest.raises(InvalidBlock, match=sentence) as refused:
        forms.face(typed)
    assert refused.value.field == "face"


@given(st.integers(1, 10**12 - 1))
def test_every_face_reads_back_as_it_is_shown(face: int) -> None:
    assert forms.face(f"{face:,}") == forms.face(str(face)) == face


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_usable_face_or_a_sentence(typed: str) -> None:
    with suppress(InvalidBlock):
        assert 0 < forms.face(typed) < 10**12


@pytest.mark.parametrize(
    ("typed", "price"),
    [
        ("98.515625", "98.515625"),
        ("98-16+", "98.515625"),
        ("98-16", "98.5"),
        ("98-163", "98.51171875"),
        ("100-00", "100"),
        (" 101 ", "101"),
    ],
)
def test_a_price_is_read_in_decimals_or_in_32nds(typed: str, price: str) -> None:
    assert forms.price(typed) == Decimal(price)


def test_an_empty_price_is_none() -> None:
    assert forms.price("  ") is None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("abc", "“abc” is not a price per 100: type 98.515625 or 98-16"),
        ("98,5", "is not a price"),
        ("98-32", "is not a price"),
        ("98-168", "is not a price"),
        ("nan", "is not a price"),
        ("Infinity", "is not a price"),
        ("9_8.5", "is not a price"),
        ("９８.５", "is not a price"),
        ("９８-16", "is not a price"),
        ("1e2", "is not a price"),
        ("0", "not plausible"),
        ("-1", "is not a price"),
        ("985156", "not plausible"),
        ("98.123456789", "at most eight decimals"),
    ],
)
def test_what_is_not_a_price_is_sent_back_with_what_to_type(typed: str, sentence: str) -> None:
    with pytest.raises(InvalidBlock, match=sentence) as refused:
        forms.price(typed)
    assert refused.value.field == "limit"


@given(st.text(max_size=40) | st.decimals(0, 1000).map(str))
@example("98.5" + "0" * 30 + "1")
@example("98.5" + "0" * 30)
def test_whatever_is_typed_is_a_price_of_eight_decimals_or_a_sentence(typed: str) -> None:
    with suppress(InvalidBlock):
        price = forms.price(typed)
        assert price is None or (0 < price < 1000 and price == round(price, 8))


# -- what is typed for one account ----------------------------------------------------------------------------------


def test_a_face_may_be_nothing_only_where_that_means_something() -> None:
    assert forms.face("0", least=0) == 0
    with pytest.raises(InvalidBlock, match=r"The face must be below 1,000,000,000,000\."):
        forms.face("1000bn", least=0)


@pytest.mark.parametrize(
    ("typed", "kind", "amount"),
    [
        ("25%", Ask.PERCENT, "25"),
        (" 33.3333 % ", Ask.PERCENT, "33.3333"),
        ("0%", Ask.PERCENT, "0"),
        ("100%", Ask.PERCENT, "100"),
        ("5mm", Ask.FACE, "5000000"),
        ("5,000,000", Ask.FACE, "5000000"),
        ("2mio", Ask.FACE, "2000000"),
        ("0", Ask.FACE, "0"),
        ("$2mm", Ask.MONEY, "2000000"),
        ("USD 2mm", Ask.MONEY, "2000000"),
        ("usd 1,234,567.89", Ask.MONEY, "1234567.89"),
    ],
)
def test_an_ask_is_a_share_a_face_or_money_as_people_write_them(typed: str, kind: Ask, amount: str) -> None:
    assert forms.ask(typed, "USD") == (kind, Decimal(amount))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("abc", "“abc” is not an ask: type 25% of the order, 5mm of face, or EUR 2mm."),
        ("-5%", "is not an ask"),
        ("€", "is not an ask"),
        ("5 mm %", "is not an ask"),
        ("EUR 2,00", "is not an ask"),
        ("1e6", "is not an ask"),
        ("$2mm", "“$2mm” is not in EUR, the currency of this account."),
        ("GBP 2mm", "is not in EUR"),
        ("1000bn", "must be below 1,000,000,000,000"),
        ("1000.5", "not a whole number"),
        ("150%", "“150%” is more than the whole order: type at most 100%."),
        ("100.01%", "more than the whole order"),
    ],
)
def test_what_is_not_an_ask_is_sent_back_with_what_to_type(typed: str, sentence: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        forms.ask(typed, "EUR")
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "level"), [("0.25", 0.25), ("-1", -1.0), ("−1.5", -1.5), ("+.5", 0.5), (" 87 ", 87.0), ("2.", 2.0)]
)
def test_a_level_is_read_with_its_sign(typed: str, level: float) -> None:
    assert forms.level(typed, Metric.ASD) == level


@pytest.mark.parametrize("typed", ["abc", "1,5", "1e3", "nan", "inf", ".", "-", "0.25 years"])
def test_what_is_not_a_level_is_sent_back_with_the_unit(typed: str) -> None:
    with pytest.raises(InvalidParameter, match="is not a level: type it in bp, like"):
        forms.level(typed, Metric.OAS)


def test_a_priority_is_a_whole_number() -> None:
    assert forms.priority(" 2 ") == 2
    for typed in ("first", "1.5", "-1", ""):
        with pytest.raises(InvalidParameter, match="is not a priority: type 1 for first"):
            forms.priority(typed)


@given(st.text(max_size=40))
@example("0\x1f")
def test_whatever_is_typed_for_an_account_is_a_value_or_a_sentence(typed: str) -> None:
    with suppress(AllocationError):
        assert 0 <= forms.ask(typed, "USD")[1] < 10**12
    with suppress(AllocationError):
        assert abs(forms.level(typed, Metric.ASD)) < 10**9
    with suppress(AllocationError):
        assert forms.priority(typed) >= 0
