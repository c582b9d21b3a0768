"""Numbers keep their digits, and pages lose and repeat nothing."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from aladdin.simulator.protocol import CallRefused, dumps, number, page


class Query(BaseModel):
    text: str = ""


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_a_decimal_is_a_json_number_with_all_its_digits(value: Decimal) -> None:
    read = json.loads(dumps([value]), parse_float=Decimal)[0]
    assert not isinstance(read, str)
    assert Decimal(read) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**25), max_value=10**25))
def test_the_fast_form_of_a_number_is_the_same_number(value: Decimal) -> None:
    assert Decimal(json.loads(dumps(number(value)), parse_float=str)) == value


@given(st.text())
def test_text_is_never_mistaken_for_a_number(text: str) -> None:
    assert json.loads(dumps({"text": text, "n": Decimal("1.50")})) == {"text": text, "n": 1.5}


@given(st.sets(st.integers(1, 1000)), st.integers(1, 50))
def test_pages_together_are_the_whole_list_once(numbers: set[int], size: int) -> None:
    items, seen, token = sorted(numbers), list[int](), ""
    while True:
        shown, following = page(items, lambda n: n, size, 4000, token, Query())
        seen += shown
        if following is None:
            break
        token = following
    assert seen == items


def test_items_added_meanwhile_do_not_shift_the_pages() -> None:
    first, token = page([10, 20, 30, 40], lambda n: n, 2, 4000, "", Query())
    second, last = page([5, 10, 20, 30, 40], lambda n: n, 2, 4000, token, Query())
    assert ([*first, *second], last) == ([10, 20, 30, 40], None)


@pytest.mark.parametrize("size", [None, 0, -1, 5000])
def test_a_page_size_out_of_range_means_the_largest(size: int | None) -> None:
    shown, token = page(range(4001), lambda n: n, size, 4000, "", Query())
    assert len(shown) == 4000
    assert token


def test_a_token_serves_only_the_query_it_was_given_for() -> None:
    _, token = page([1, 2, 3], lambda n: n, 1, 10, "", Query(text="a"))
    with pytest.raises(CallRefused, match="another query"):
        page([1, 2, 3], lambda n: n, 1, 10, token, Query(text="b"))


@pytest.mark.parametrize("token", ["nonsense", "!!!", "MTIz", "äöü"])
def test_an_invented_token_is_refused(token: str) -> None:
    with pytest.raises(CallRefused, match="not given out"):
        page([1, 2, 3], lambda n: n, 1, 10, token, Query())
