"""From the wire to our nouns and back: every figure we use comes through as it was, and what is missing stays so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aladdin import wire
from aladdin.reading import bonds, translate
from allocation.model import Bond, Holding
from tests.aladdin.reading.test_translate import FRIDAY

Row = Mapping[str, Any]


def decimals(digits: int, places: int) -> st.SearchStrategy[Decimal]:
    """Of either sign, with so many digits before the point and up to so many after it, trailing zeros and all."""
    return st.builds(
        lambda n, scale: Decimal(n).scaleb(-scale),
        st.integers(-(10 ** (digits + places)), 10 ** (digits + places)),
        st.integers(places, places) | st.integers(0, places),
    ).filter(lambda n: abs(n) < 10**digits)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


MEASURES = maybe(st.floats(-1e6, 1e6, allow_nan=False))
TEXTS = st.sampled_from(["", "I1", "Banking"])
# Twelve digits and at most twelve places: money that arithmetic of 28 digits holds.
ROWS = st.fixed_dictionaries(
    {
        "posQuantity": decimals(12, 6),
        "mktValue": maybe(decimals(12, 8)),
        "accruedInterest": maybe(decimals(10, 4)),
        "localBaseFxRate": maybe(decimals(3, 8).map(abs).filter(bool)),
        "spreadDur": MEASURES,
        "oad": MEASURES,
        "oas": MEASURES,
        "issuerId": TEXTS,
        "secGroup": TEXTS,
    }
)
MISSING = st.sampled_from(["left out", "null", '""', '" "'])
AS_TEXT = st.booleans()


def as_json(fields: Row, missing: str, as_text: bool) -> str:
    """The fields as they may travel: numbers bare or as text, a missing one in any of its forms."""
    parts: list[str] = []
    for name, value in fields.items():
        if value is None and missing == "left out":
            continue
        if value is None:
            shown = missing
        elif isinstance(value, Decimal):
            shown = f'"{value}"' if as_text else f"{value}"
        else:
            shown = json.dumps(value)
        parts.append(f'"{name}": {shown}')
    return "{" + ", ".join(parts) + "}"


def wired_holding(holding: Holding, valued: bool) -> Row:
    """A holding as the fields it came from; the rate is not its own."""
    accrued = holding.accrued_value
    return {
        "posQuantity": holding.face,
        "mktValue": holding.market_value + (accrued or 0) if valued else None,
        "accrued in base": accrued,
        "spreadDur": holding.measures.spread_duration if valued else None,
        "oad": holding.measures.duration if valued else None,
        "oas": holding.measures.oas if valued else None,
        "issuerId": holding.issuer_id,
        "secGroup": holding.sector,
    }


@given(
    st.dictionaries(st.sampled_from(["B1", "B2", "B3"]), ROWS, min_size=1),
    maybe(decimals(14, 4)),
    maybe(decimals(12, 6)),
    MISSING,
    AS_TEXT,
)
def test_an_accounts_figures_come_through_exactly_and_go_back(
    rows: dict[str, Row], nav: Decimal | None, cash: Decimal | None, missing: str, as_text: bool
) -> None:
    shared = {"portfolioTicker": "ACC1", "ccy": "EUR", "baseCcy": "USD", "portfolioNAV": nav}
    text = ", ".join(as_json(shared | {"assetId": a} | dict(fields), missing, as_text) for a, fields in rows.items())
    balance = as_json({"settlementDate": FRIDAY.isoformat(), "cashBalance": cash}, missing, as_text)
    ladder = (
        '{"portfolioTicker": "ACC1", "portfolioBaseCurrencyCode": "USD", "cashBalanceSecurityCurrencyCode": "USD", '
        f'"settleDateBalances": [{balance}]}}'
    )
    book = translate.Book(
        (wire.Portfolio(id="1", portfolio_ticker="ACC1", currency_code="USD"),),
        wire.parse(tuple[wire.Position, ...], wire.read_json(f"[{text}]"), "rows"),
        (wire.parse(wire.Ladder, wire.read_json(ladder), "a ladder"),),
        {},
    )
    (account,) = translate.accounts(book, FRIDAY, 0.95)
    assert (account.nav, account.cash) == (nav, cash)
    for asset_id, given_row in rows.items():
        valued, rate = given_row["mktValue"] is not None, given_row["localBaseFxRate"]
        if asset_id not in account.holdings:
            assert (given_row["posQuantity"], valued) == (0, True)
            continue
        known = valued and rate is not None and given_row["accruedInterest"] is not None
        expected = dict(given_row) | {"accrued in base": given_row["accruedInterest"] * rate if known else None}
        for name in ("localBaseFxRate", "accruedInterest"):
            del expected[name]
        if not valued:  # it counts in no metric, so it has no measures
            expected |= {"spreadDur": None, "oad": None, "oas": None}
        assert wired_holding(account.holdings[asset_id], valued) == expected
    rates = {row["localBaseFxRate"] for row in rows.values()} - {None}
    assert account.rate("EUR") in rates or (not rates and account.rate("EUR") is None)


TERMS = st.fixed_dictionaries(
    {
        "cusip": st.sampled_from(["", "037833100"]),
        "ticker": TEXTS,
        "coupon": maybe(decimals(2, 6)),
        "coupFreq": maybe(st.integers(0, 12)),
        "maturity": maybe(st.dates(date(2026, 1, 1), date(2126, 1, 1)).map(date.isoformat)),
        "minTrdSize": st.integers(1, 10**9).map(Decimal),
        "minLotSize": st.integers(1, 10**9).map(Decimal),
    }
)
RISKS = st.fixed_dictionaries(
    {
        "spreadDur": MEASURES,
        "oad": MEASURES,
        "oas": MEASURES,
        "accruedInterest": maybe(decimals(2, 10)),
        "riskDate": maybe(st.just("2026-11-19")),
    }
)
PRICES = st.fixed_dictionaries(
    {"price": maybe(decimals(3, 10)), "priceAsPct": maybe(st.booleans()), "factor": maybe(decimals(1, 10).map(abs))}
)


def wired_bond(bond: Bond, as_pct: bool | None) -> Row:
    """A bond as the fields it came from."""
    maturity, dated = bond.maturity, bond.measures_date
    return {
        "cusip": bond.cusip,
        "ticker": bond.ticker,
        "coupon": bond.coupon,
        "coupFreq": bond.coupon_frequency,
        "maturity": maturity and maturity.isoformat(),
        "minTrdSize": bond.min_piece,
        "minLotSize": bond.increment,
        "spreadDur": bond.measures.spread_duration,
        "oad": bond.measures.duration,
        "oas": bond.measures.oas,
        "accruedInterest": bond.accrued,
        "riskDate": dated and dated.isoformat(),
        "price": None if bond.price is None else bond.price if as_pct else bond.price / 100,
        "factor": bond.factor,
    }


@given(TERMS, RISKS, PRICES, MISSING, AS_TEXT)
def test_a_bonds_figures_come_through_exactly_and_go_back(
    terms: Row, risk: Row, price: Row, missing: str, as_text: bool
) -> None:
    security = as_json({"assetId": "B1", "currency": "USD"} | dict(terms), missing, as_text)
    analytics = f'{{"riskByCurrency": {{"USD": {as_json(risk, missing, as_text)}}}}}'
    row = as_json({"portfolioTicker": "ACC1", "assetId": "B1"} | dict(price), missing, as_text)
    bond = bonds.bond(
        wire.parse(wire.Security, wire.read_json(security), "terms"),
        wire.parse(wire.AssetRisk, wire.read_json(analytics), "risk"),
        bonds.Seen(wire.parse(wire.Position, wire.read_json(row), "a row"), FRIDAY),
    )
    expected = dict(terms) | dict(risk) | dict(price)
    as_pct = expected.pop("priceAsPct")
    if as_pct is None:  # it cannot be told what the price means
        expected["price"] = None
    if expected["factor"] is None:  # numbers.md: 1 where none is given
        expected["factor"] = 1
    assert wired_bond(bond, as_pct) == expected
    assert (bond.price_date is None) == (bond.price is None)
