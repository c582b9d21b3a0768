"""From rows to accounts: the arithmetic, and what is missing stays missing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aladdin import wire
from aladdin.reading import translate
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
    """The value stands as it came: 98 a hundred, rounded for all accounts, would make it 980,000."""
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


def test_navs_that_differ_in_nothing_but_trailing_zeros_do_not_contradict() -> None:
    assert account([row(portfolioNAV="10.50"), row(assetId="B2", portfolioNAV="10.5")], []).nav == Decimal("10.5")


def test_two_start_of_day_navs_for_an_account_without_positions_are_refused() -> None:
    with pytest.raises(Malformed, match="account ACC1 more than one NAV: 5 and 10,000,000"):
        account([], [ladder(), ladder(cashBalanceSecurityCurrencyCode="EUR", sodNav=5)])


def test_an_account_without_positions_or_cash_knows_neither_nav_nor_cash() -> None:
    made = account([], [])
    assert (made.nav, made.cash, made.holdings) == (None, None, {})


def test_a_holding_is_the_original_face_and_not_the_factored() -> None:
    made = account([row(posQuantity=1_000_000, curPar=400_000, factor="0.4", mktValue=402_000)], [])
    assert made.held("BOND1") == 1_000_000
    assert made.holdings["BOND1"].market_value == 392_000


def test_a_cash_ladder_in_another_base_currency_is_refused() -> None:
    with pytest.raises(Malformed, match="USD as its base currency, but Aladdin's cash ladder has EUR"):
        account([row()], [ladder(portfolioBaseCurrencyCode="EUR")])


@pytest.mark.parametrize("mapping", ["holdings", "exposures", "fx"])
def test_nobody_can_change_what_others_share(mapping: str) -> None:
    shared: Any = getattr(account([row()], []), mapping)
    with pytest.raises(TypeError):
        shared[next(iter(shared), "x")] = None


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


def balances(*given: Decimal | int | None) -> list[dict[str, Any]]:
    """One balance a day from Monday on."""
    return [{"settlementDate": f"2026-11-{16 + n}", "cashBalance": balance} for n, balance in enumerate(given)]


@pytest.mark.parametrize(
    ("given", "cash"),
    [
        ((500, 500, 500, 100), 100),  # a commitment that settles later is not spent earlier
        ((500, 500, 100, 900), 100),  # money that comes in after it does not pay for it
        ((500, 200, 900), 200),
        ((50, 500, 900), 500),  # what was short before is past
        ((500, 500, -20), -20),
        ((500, 500, None), None),  # it may be less: that cannot be known
        ((None, 500, 900), 500),
    ],
)
def test_cash_is_no_more_than_any_later_balance(given: tuple[int | None, ...], cash: int | None) -> None:
    assert account([row()], [ladder(settleDateBalances=balances(*given))], TUESDAY).cash == cash


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=10), st.integers(0, 9), st.integers(0, 10**9))
def test_spending_all_the_cash_of_a_day_leaves_no_later_day_short_of_it(
    given: list[int], start: int, extra: int
) -> None:
    settlement = date(2026, 11, 16 + start)
    cash = account([row()], [ladder(settleDateBalances=balances(*given))], settlement).cash
    assert cash is not None
    affected = given[min(start, len(given) - 1) :]
    assert min(affected) == cash
    # whatever settles later, and however late, is taken off what may be spent now
    committed = account([row()], [ladder(settleDateBalances=balances(*given[:-1], given[-1] - extra))], settlement).cash
    assert committed == min(cash, given[-1] - extra)


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
