"""What a row of positions says, and when its figures contradict each other."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aladdin.reading import rows
from tests.aladdin.reading.test_translate import row


@pytest.mark.parametrize(
    ("as_pct", "price", "per_hundred"), [(True, "98.5", "98.5"), (False, "0.985", "98.500"), (None, "98.5", None)]
)
def test_a_price_is_per_hundred_face_or_missing(as_pct: bool | None, price: str, per_hundred: str | None) -> None:
    wanted = None if per_hundred is None else Decimal(per_hundred)
    assert rows.clean_price(row(price=price, priceAsPct=as_pct)) == wanted


@pytest.mark.parametrize("spelled", ["CASH", "Cash", "cash "])
def test_cash_is_cash_however_it_is_spelled(spelled: str) -> None:
    assert rows.is_cash(row(secGroup=spelled))
    assert not rows.is_cash(row(secGroup="Cash equivalents"))


@given(
    st.integers(-(10**9), 10**9),
    st.decimals("0.5", "180", places=4),
    st.decimals("0.05", "1", places=6),
    st.decimals("0.005", "200", places=6),
    st.decimals("0", "6", places=4),
    st.booleans(),
    st.booleans(),
)
def test_a_row_that_is_rounded_but_sound_is_never_doubted(
    face: int, price: Decimal, factor: Decimal, fx: Decimal, accrued: Decimal, as_pct: bool, told: bool
) -> None:
    unit = face * factor * fx / 100
    value = (unit * (price + accrued)).quantize(Decimal("0.01"))
    given = row(
        ccy="EUR",
        localBaseFxRate=fx,
        posQuantity=face,
        factor=factor,
        price=price if as_pct else price / 100,
        priceAsPct=as_pct,
        accruedInterest=(face * factor * accrued / 100).quantize(Decimal("0.01")) if told else None,
        mktValue=value,
        cpn=accrued,
    )
    assert rows.contradiction(given) == ""


@given(st.integers(10**6, 10**9), st.decimals("20", "180", places=4), st.decimals("1.06", "150", places=4))
def test_a_rate_or_a_factor_the_wrong_way_round_or_a_price_a_hundred_times_off_is_seen(
    face: int, price: Decimal, fx: Decimal
) -> None:
    sound: dict[str, Any] = {"posQuantity": face, "price": price, "accruedInterest": 0, "ccy": "EUR"}
    sound |= {"mktValue": face * price / 100 * fx, "localBaseFxRate": fx, "factor": 1}
    assume(not rows.contradiction(row(**sound)))
    for wrong in ({"localBaseFxRate": 1 / fx}, {"priceAsPct": False}, {"factor": 1 / fx}):
        assert "Aladdin values" in rows.contradiction(row(**sound | wrong))


@pytest.mark.parametrize("missing", ["price", "mktValue", "posQuantity", "priceAsPct"])
def test_a_row_that_lacks_a_figure_contradicts_nothing(missing: str) -> None:
    assert rows.contradiction(row(**{"price": 5, missing: None})) == ""
    assert rows.contradiction(row(price=5)) != ""


def test_a_small_holding_that_is_valued_in_thousands_contradicts_nothing() -> None:
    assert rows.contradiction(row(posQuantity=5_000, price="90.22", mktValue=5_000, accruedInterest=None)) == ""
