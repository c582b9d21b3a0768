"""From rows to accounts and bonds: the arithmetic, and what is missing stays missing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aladdin import translate, wire
from allocation.model import Account, Benchmark, Measures, Metric
from orders.errors import Malformed

MONDAY, TUESDAY, FRIDAY = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 20)


def row(**changes: Any) -> wire.Position:
    given: dict[str, Any] = {
        "portfolioTicker": "ACC1",
        "assetId": "BOND1",
        "secGroup": "Banking",
        "issuerId": "I1",
        "ccy": "USD",
        "baseCcy": "USD",
        "localBaseFxRate": 1,
        "posQuantity": 1_000_000,
        "price": 98,
        "priceAsPct": True,
        "accruedInterest": 10_000,
        "mktValue": 990_000,
        "portfolioNAV": 10_000_000,
        "oad": 4.5,
        "spreadDur": 4.0,
        "oas": 120,
    }
    return wire.parse(wire.Position, given | changes, "a row")


def portfolio(**changes: Any) -> wire.Portfolio:
    given = {"id": "1001", "portfolioTicker": "ACC1", "portfolioName": "First", "currencyCode": "USD"}
    return wire.parse(wire.Portfolio, given | changes, "a portfolio")


def ladder(**changes: Any) -> wire.Ladder:
    given: dict[str, Any] = {
        "portfolioTicker": "ACC1",
        "portfolioBaseCurrencyCode": "USD",
        "cashBalanceSecurityCurrencyCode": "USD",
        "sodNav": 10_000_000,
        "settleDateBalances": [
            {"settlementDate": "2026-11-16", "cashBalance": 100},
            {"settlementDate": "2026-11-18", "cashBalance": "300.55"},
            {"settlementDate": "2026-11-23", "cashBalance": 900},
        ],
    }
    return wire.parse(wire.Ladder, given | changes, "a ladder")


def account(
    rows: list[wire.Position], ladders: list[wire.Ladder], settlement: date = FRIDAY, **changes: Any
) -> Account:
    details = portfolio(**changes)
    book = translate.Book([details], rows, ladders, {"ACC1": Benchmark("IDX", Measures(3.0, 3.5, 90.0))})
    (only,) = translate.accounts(book, settlement, 0.95)
    return only


def test_an_account_is_made_of_its_rows_and_ladder() -> None:
    made = account([row()], [ladder()])
    assert (made.id, made.name, made.currency) == ("ACC1", "First", "USD")
    assert made.nav == Decimal(10_000_000)
    assert made.cash == Decimal("300.55")
    holding = made.holdings["BOND1"]
    assert holding.face == 1_000_000
    assert (holding.market_value, holding.accrued_value) == (Decimal(980_000), Decimal(10_000))
    assert holding.measures == Measures(4.0, 4.5, 120.0)
    assert (holding.issuer_id, holding.sector) == ("I1", "Banking")
    assert made.exposures[Metric.SPREAD_DURATION].value == pytest.approx(0.099 * 4)
    assert made.exposures[Metric.ASD].value == pytest.approx(0.099 * 4 - 3)


def test_accrued_in_another_currency_is_brought_to_base_before_it_is_taken_off() -> None:
    made = account([row(ccy="EUR", localBaseFxRate="1.10", accruedInterest=10_000, mktValue=1_089_000)], [])
    holding = made.holdings["BOND1"]
    assert holding.accrued_value == Decimal("11000.0")
    assert holding.market_value == Decimal("1078000.0")
    assert made.rate("EUR") == Decimal("1.10")


def test_a_missing_rate_is_not_one_and_leaves_accrued_unknown() -> None:
    made = account([row(ccy="EUR", localBaseFxRate=None)], [])
    assert made.rate("EUR") is None
    assert made.holdings["BOND1"].accrued_value is None
    assert made.holdings["BOND1"].market_value == Decimal(990_000)


def test_an_account_shares_the_rate_of_one_with_the_same_base_only() -> None:
    rows = [
        row(ccy="EUR", localBaseFxRate="1.10"),
        row(portfolioTicker="ACC2"),
        row(portfolioTicker="ACC3", baseCcy="GBP"),
    ]
    details = [portfolio()]
    details += [portfolio(id=f"{n}", portfolioTicker=f"ACC{n}", currencyCode=c) for n, c in ((2, "USD"), (3, "GBP"))]
    made = {a.id: a for a in translate.accounts(translate.Book(details, rows, [], {}), FRIDAY, 0.95)}
    assert made["ACC2"].rate("EUR") == Decimal("1.10")
    assert made["ACC3"].rate("EUR") is None


def test_accrued_that_is_not_known_stays_unknown() -> None:
    holding = account([row(accruedInterest=None)], []).holdings["BOND1"]
    assert holding.accrued_value is None
    assert holding.market_value == Decimal(990_000)


@given(
    st.lists(
        st.tuples(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.integers(-(10**6), 10**6)),
        min_size=1,
        max_size=6,
    )
)
def test_rows_of_one_bond_are_summed_and_nothing_is_lost(parts: list[tuple[int, int, int]]) -> None:
    rows = [row(posQuantity=f"{q}.25", mktValue=v, accruedInterest=a) for q, v, a in parts]
    held, unvalued = translate.holdings(rows)
    faces = sum(Decimal(f"{q}.25") for q, _, _ in parts)
    assert not unvalued
    if "BOND1" not in held:
        assert faces == 0
        return
    holding = held["BOND1"]
    assert holding.face == faces
    assert holding.accrued_value == sum(a for *_, a in parts)
    assert holding.market_value + (holding.accrued_value or 0) == sum(v for _, v, _ in parts)


def test_the_row_of_a_live_order_takes_measures_from_the_holding_and_puts_accrued_in_doubt() -> None:
    order = row(
        posQuantity=-400_000, mktValue=-396_000, accruedInterest=None, oad=None, spreadDur=None, oas=None, orderId=7
    )
    held, _ = translate.holdings([order, row()])
    assert held["BOND1"].face == 600_000
    assert held["BOND1"].measures == Measures(4.0, 4.5, 120.0)
    assert held["BOND1"].accrued_value is None


def test_what_live_orders_sell_out_is_no_longer_held() -> None:
    sold = row(posQuantity=-1_000_000, mktValue=-990_000, accruedInterest=-10_000, orderId=7)
    assert translate.holdings([row(), sold])[0] == {}


def test_cash_rows_are_no_holdings_but_carry_rates() -> None:
    cash = row(assetId="CASH_EUR", secGroup="CASH", ccy="EUR", localBaseFxRate="1.1", posQuantity=None)
    made = account([row(), cash], [])
    assert list(made.holdings) == ["BOND1"]
    assert made.rate("EUR") == Decimal("1.1")


def test_a_holding_without_a_market_value_makes_every_metric_unavailable_with_the_reason() -> None:
    made = account([row(), row(assetId="BOND2", mktValue=None)], [])
    assert made.held("BOND2") == 1_000_000
    assert {exposure.value for exposure in made.exposures.values()} == {None}
    assert all("no market value for BOND2" in exposure.reason for exposure in made.exposures.values())


def test_a_holding_without_a_quantity_is_malformed_and_named() -> None:
    with pytest.raises(Malformed, match=r"\(posQuantity\) for BOND1 in account ACC1"):
        account([row(posQuantity=None)], [])


def test_nav_repeats_on_the_rows_and_is_not_summed() -> None:
    assert account([row(), row(assetId="B2"), row(assetId="B3", portfolioNAV=None)], []).nav == 10_000_000


def test_nav_missing_on_the_rows_is_missing() -> None:
    made = account([row(portfolioNAV=None)], [ladder()])
    assert made.nav is None
    assert made.exposures[Metric.DURATION].value is None


def test_two_navs_for_one_account_are_refused() -> None:
    with pytest.raises(Malformed, match="more than one NAV: 5 and 10,000,000"):
        account([row(), row(assetId="B2", portfolioNAV=5)], [])


def test_an_account_without_positions_has_the_ladders_nav() -> None:
    made = account([], [ladder(), ladder(cashBalanceSecurityCurrencyCode="EUR")])
    assert made.nav == 10_000_000
    assert made.holdings == {}
    assert made.exposures[Metric.DURATION].value == 0


def test_positions_valued_in_another_base_currency_are_refused() -> None:
    with pytest.raises(Malformed, match="USD as its base currency, but Aladdin values its positions in GBP"):
        account([row(baseCcy="GBP")], [])


@pytest.mark.parametrize(
    ("settlement", "cash"),
    [
        (date(2026, 11, 13), None),  # before the ladder begins
        (MONDAY, Decimal(100)),
        (TUESDAY, Decimal(100)),
        (FRIDAY, Decimal("300.55")),
        (date(2027, 1, 4), Decimal(900)),
    ],
)
def test_cash_is_the_balance_at_the_latest_date_not_after_settlement(settlement: date, cash: Decimal | None) -> None:
    assert account([row()], [ladder()], settlement).cash == cash


def test_only_the_base_currencys_cash_counts_and_a_missing_balance_is_missing() -> None:
    euros = ladder(cashBalanceSecurityCurrencyCode="EUR")
    assert account([row()], [euros]).cash is None
    blank = ladder(settleDateBalances=[{"settlementDate": "2026-11-16"}])
    assert account([row()], [blank]).cash is None


def test_the_benchmark_in_force_and_first_in_order_counts() -> None:
    assigned = [
        {"benchmarkPortfolioId": "OLD", "benchmarkOrder": 1, "endDate": "2026-11-19"},
        {"benchmarkPortfolioId": "SECOND", "benchmarkOrder": 2},
        {"benchmarkPortfolioId": "FIRST", "benchmarkOrder": 1, "startDate": "2026-11-20"},
        {"benchmarkPortfolioId": "NEXT", "benchmarkOrder": 0, "startDate": "2026-11-21"},
        {"benchmarkOrder": 0},
    ]
    assert translate.benchmark_id(portfolio(benchmarkAssignments=assigned), FRIDAY) == "FIRST"
    assert translate.benchmark_id(portfolio(), FRIDAY) == ""


def terms(**changes: Any) -> wire.Security:
    given: dict[str, Any] = {
        "assetId": "BOND1",
        "cusip": "037833100",
        "ticker": "AAPL",
        "descInstmt": "APPLE INC",
        "issuerId": "I1",
        "coupon": "4.125",
        "coupFreq": 2,
        "maturity": "2030-11-15",
        "currency": "USD",
        "country": "US",
        "flag144a": "Y",
        "minTrdSize": "200000",
        "minLotSize": 1000,
        "smSecGroup": "Technology",
        "ratingSet": {"MOODYS": "Aaa", "SP": "AA+"},
        "cusipAliasSet": [{"code": "I", "identifier": "US0378331005"}, {"code": "C", "identifier": "B15KXQ8"}],
    }
    return wire.parse(wire.Security, given | changes, "terms")


def risk(**by_currency: Any) -> wire.AssetRisk:
    return wire.parse(wire.AssetRisk, {"riskByCurrency": by_currency}, "risk")


RISK = {"oad": 4.5, "spreadDur": 4.0, "oas": -12, "accruedInterest": "1.25", "riskDate": "2026-11-19"}


def test_a_bond_has_terms_measures_and_price_each_with_its_own_date() -> None:
    made = translate.bond(terms(), risk(USD=RISK), translate.Seen(row(factor="0.8", issuerLongName="Apple"), FRIDAY))
    assert made.label == "AAPL 4.125 11/15/30"
    assert (made.cusip, made.isin, made.sedol) == ("037833100", "US0378331005", "B15KXQ8")
    assert (made.min_piece, made.increment, made.is_144a) == (200_000, 1_000, True)
    assert (made.coupon, made.coupon_frequency, made.maturity) == (Decimal("4.125"), 2, date(2030, 11, 15))
    assert (made.rating, made.country, made.sector, made.issuer) == ("AA+", "US", "Technology", "Apple")
    assert (made.price, made.price_date, made.factor) == (Decimal(98), FRIDAY, Decimal("0.8"))
    assert (made.measures, made.accrued) == (Measures(4.0, 4.5, -12.0), Decimal("1.25"))
    assert made.measures_date == date(2026, 11, 19)


def test_a_bond_without_row_or_analytics_has_no_price_and_no_measures() -> None:
    made = translate.bond(terms(), None, None)
    assert (made.price, made.price_date, made.accrued, made.measures_date) == (None, None, None, None)
    assert made.measures == Measures()


@pytest.mark.parametrize(
    ("as_pct", "price", "per_hundred"), [(True, "98.5", "98.5"), (False, "0.985", "98.500"), (None, "98.5", None)]
)
def test_a_price_is_per_hundred_face_or_missing(as_pct: bool | None, price: str, per_hundred: str | None) -> None:
    wanted = None if per_hundred is None else Decimal(per_hundred)
    assert translate.clean_price(row(price=price, priceAsPct=as_pct)) == wanted


def test_analytics_are_those_of_the_bonds_currency_or_the_only_ones() -> None:
    other = RISK | {"oad": 9.9}
    assert translate.bond(terms(), risk(EUR=other, USD=RISK), None).measures.duration == 4.5
    assert translate.bond(terms(), risk(EUR=other), None).measures.duration == 9.9
    assert translate.bond(terms(currency="GBP"), risk(EUR=other, USD=RISK), None).measures == Measures()


def test_pieces_come_from_the_row_when_the_master_has_none_and_are_never_made_up() -> None:
    seen = translate.Seen(row(minTradeSize=2000, minTradeIncrement=1000), FRIDAY)
    made = translate.bond(terms(minTrdSize=None, minLotSize=0), None, seen)
    assert (made.min_piece, made.increment) == (2000, 1000)
    with pytest.raises(Malformed, match=r"no smallest trade \(minTrdSize\) for APPLE INC"):
        translate.bond(terms(minTrdSize=None), None, None)
    with pytest.raises(Malformed, match=r"0\.01 as the trade step"):
        translate.bond(terms(minLotSize="0.01"), None, None)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"SP": "BBB+"}, "BBB+"),
        ({"moodys": "Baa1", "fitch": "BBB"}, "Baa1"),
        ({"DBRS": "A"}, "A"),
        ("A-", "A-"),
        (None, ""),
        ({}, ""),
        ({"SP": None}, ""),
        ([1], ""),
    ],
)
def test_a_rating_is_read_whatever_its_shape(given: object, shown: str) -> None:
    assert translate.rating(given) == shown
