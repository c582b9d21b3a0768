from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.limits import Limit, Rule
from allocation.model import Metric, Side
from orders.canonical import canonical, digest


def test_one_value_has_one_text() -> None:
    value = {
        "b": Decimal("1.50"),
        "a": [Side.BUY, Metric.ASD, date(2026, 11, 20)],
        Metric.OAS: datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
        "none": None,
        "set": frozenset({"y", "x"}),
    }
    assert canonical(value) == (
        '{"a":["BUY","asd","2026-11-20"],"b":"1.5","none":null,"oas":"2026-11-20T09:00:00.000000Z","set":["x","y"]}'
    )


def test_large_and_small_decimals_are_written_out() -> None:
    assert canonical(Decimal("1E+9")) == '"1000000000"'


def test_what_cannot_be_written_exactly_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical({"x": object()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))


def test_the_hash_is_of_the_text_in_utf8() -> None:
    assert digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)))
def test_the_order_of_entry_does_not_matter(values: dict[str, float]) -> None:
    assert canonical(values) == canonical(dict(reversed(values.items())))


def test_a_limit_is_written_with_the_key_of_its_rule() -> None:
    assert '"rule":"frozen"' in canonical(Limit("A", Rule.FROZEN))
