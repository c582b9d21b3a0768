"""Canonical JSON: one text per value."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.model import Side
from orders.canonical import canonical
from storage.rows import order_of_json
from tests.storage.samples import NOON, block


def test_keys_are_sorted_and_nothing_is_padded() -> None:
    assert canonical({"b": [1, True, None], "a": {"z": "é", "y": 0.5}}) == '{"a":{"y":0.5,"z":"é"},"b":[1,true,null]}'


def test_dates_times_sides_and_dataclasses_have_one_form() -> None:
    there = datetime(2025, 9, 15, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-4)))
    assert canonical([NOON, there]) == '["2025-09-15T12:00:00.123456Z","2025-09-15T12:00:00.123456Z"]'
    assert canonical(datetime(2025, 9, 15, tzinfo=UTC)) == '"2025-09-15T00:00:00.000000Z"'
    assert canonical({"side": Side.BUY, "on": date(2025, 9, 17)}) == '{"on":"2025-09-17","side":"BUY"}'


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_equal_decimals_have_one_text_and_lose_nothing(value: Decimal) -> None:
    text = json.loads(canonical(value))
    assert Decimal(text) == value
    assert canonical(value) == canonical(Decimal(f"{value:f}" + ("0" if "." in f"{value:f}" else ".0")))


@pytest.mark.parametrize("value", [float("nan"), Decimal("Infinity"), NOON.replace(tzinfo=None), {1: "a"}, object()])
def test_what_has_no_one_form_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical(value)


def test_an_order_comes_back_whole_from_its_text() -> None:
    _, order = block()
    assert order_of_json(canonical(order)) == order
