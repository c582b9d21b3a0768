from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from allocation.errors import InvalidBlock
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
        ("nan", "not plausible"),
        ("Infinity", "not plausible"),
        ("0", "not plausible"),
        ("-1", "not plausible"),
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
