"""Groups, portfolios, positions and cash in the published shapes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.aladdin.simulator.samples import AS_OF, GROUPS, LADDERS, PORTFOLIOS, POSITIONS, Caller, exact

FILTER = f"{PORTFOLIOS}/portfolios:filter"
SEARCH = f"{PORTFOLIOS}/portfolios:search"


def test_members_are_accounts_with_numbers_and_parents(caller: Caller) -> None:
    nodes = exact(caller.get(f"{GROUPS}/CORE/members"))["nodes"]
    assert [node["portfolioTicker"] for node in nodes] == ["ALPHA", "BRAVO"]
    group = exact(caller.get(f"{GROUPS}/CORE/node"))
    for node in nodes:
        assert isinstance(node["portfolioId"], int)
        assert node["childPortfolioIds"] == []
        assert str(group["portfolioId"]) in node["parentPortfolioIds"]
    assert group["childPortfolioIds"] == [str(node["portfolioId"]) for node in nodes]


@pytest.mark.parametrize("verb", ["parents", "ancestors"])
def test_parents_are_the_groups_of_an_account(caller: Caller, verb: str) -> None:
    assert [n["portfolioTicker"] for n in exact(caller.get(f"{GROUPS}/ALPHA/{verb}"))["nodes"]] == ["CORE", "WIDE"]
    assert [n["portfolioTicker"] for n in exact(caller.get(f"{GROUPS}/TINY/{verb}"))["nodes"]] == ["WIDE"]
    assert exact(caller.get(f"{GROUPS}/CORE/{verb}"))["nodes"] == []


@pytest.mark.parametrize("path", ["NOBODY/members", "ALPHA/members", "NOBODY/node", "NOBODY/parents"])
def test_an_unknown_group_is_not_found(caller: Caller, path: str) -> None:
    answer = caller.get(f"{GROUPS}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert path.partition("/")[0] in answer.json()["message"]


def test_portfolios_come_by_number_with_currency_and_benchmark(caller: Caller) -> None:
    numbers = [node["portfolioId"] for node in exact(caller.get(f"{GROUPS}/CORE/members"))["nodes"]]
    asked = {"portfolioIds": {"portfolioIds": [*map(str, numbers), "424242"]}}
    alpha, bravo = exact(caller.post(FILTER, {"portfolioQuery": asked}))["portfolios"]
    assert alpha["id"] == str(numbers[0])
    assert (alpha["portfolioTicker"], alpha["portfolioName"], alpha["currencyCode"]) == ("ALPHA", "Alpha Fund", "USD")
    assert [b["benchmarkPortfolioId"] for b in alpha["benchmarkAssignments"]] == ["IDX"]
    assert bravo["benchmarkAssignments"] == []


def test_portfolios_of_a_group_come_in_pages(caller: Caller) -> None:
    body = {"portfolioQuery": {"portfolioGroup": "WIDE"}, "pageSize": 3, "pageToken": ""}
    first = exact(caller.post(FILTER, body))
    second = exact(caller.post(FILTER, body | {"pageToken": first["nextPageToken"]}))
    tickers = [p["portfolioTicker"] for p in first["portfolios"] + second["portfolios"]]
    assert tickers == ["ALPHA", "BRAVO", "DELTA", "TINY"]
    assert "nextPageToken" not in second


@pytest.mark.parametrize(
    "query", [{}, {"portfolioGroup": "CORE", "portfolioIds": {}}, {"portfolioIds": {"portfolioIds": ["1"] * 501}}]
)
def test_a_portfolio_query_that_is_none_or_too_much_is_refused(caller: Caller, query: dict[str, object]) -> None:
    answer = caller.post(FILTER, {"portfolioQuery": query})
    assert answer.status_code == 400
    assert "portfolioQuery" in answer.json()["message"]


def test_search_finds_groups_and_accounts_by_ticker_or_name(caller: Caller) -> None:
    found = exact(caller.get(SEARCH, searchString="cor", searchType="SEARCH_TYPE_PORTFOLIO"))["searchPortfolios"]
    assert [(p["portfolioTicker"], p["isPortfolioGroup"]) for p in found] == [("CORE", True)]
    assert len(exact(caller.get(SEARCH, searchString="FUND"))["searchPortfolios"]) == 4
    assert len(exact(caller.get(SEARCH, searchString="fund", maxRows="2"))["searchPortfolios"]) == 2


@pytest.mark.parametrize("bad", [{"searchString": ""}, {"searchString": "a", "maxRows": "1001"}])
def test_a_search_without_text_or_with_too_many_rows_is_refused(caller: Caller, bad: dict[str, str]) -> None:
    assert caller.get(SEARCH, **bad).status_code == 400


def test_a_position_carries_terms_measures_and_exact_money(caller: Caller) -> None:
    row = caller.rows("CORE", "EOD")["BRAVO", "BOND1"]
    assert row["posQuantity"] == Decimal("4000000.5")
    assert row["accruedInterest"] == Decimal("61388.90")  # 4,000,000.5 x 1.5347222 / 100
    assert row["mktValue"] == Decimal("3950617.78") + Decimal("61388.90")
    assert row["price"] == Decimal("98.7654321")
    assert row["priceAsPct"] is True
    assert (row["minTradeSize"], row["minTradeIncrement"]) == (200000, 1000)
    assert (row["maturity"], row["cpn"], row["factor"]) == ("2033-05-03", Decimal("4.25"), 1)
    assert (row["oad"], row["spreadDur"], row["oas"]) == (Decimal("6.61"), Decimal("6.42"), Decimal("-12.5"))
    assert row["dts"] == Decimal("-80.25")
    assert (row["issuerLongName"], row["secTicker"]) == ("Acme Corporation", "ACME")
    assert row["portfolioNAV"] == 500000000
    assert row["localBaseFxRate"] == 1


def test_what_is_missing_is_absent_and_values_are_then_clean(caller: Caller) -> None:
    row = caller.rows("WIDE", "EOD")["DELTA", "UNPRICED"]
    assert not {"price", "accruedInterest", "oad", "spreadDur", "oas", "dts", "isin", "maturity"} & row.keys()
    assert row["mktValue"] == 35000


def test_a_foreign_bond_has_the_rate_that_its_valuation_implies(caller: Caller) -> None:
    row = caller.rows("CORE", "EOD")["ALPHA", "EURO"]
    assert row["localBaseFxRate"] == Decimal("1.1")
    assert row["accruedInterest"] == 20000  # in EUR
    assert row["mktValue"] == 990000 + 22000  # in USD


def test_each_account_has_one_cash_row(caller: Caller) -> None:
    cash = [row for row in caller.rows("WIDE", "EOD").values() if row.get("secGroup") == "CASH"]
    assert {row["portfolioTicker"]: row["mktValue"] for row in cash} == {
        "ALPHA": 50_000_000,
        "BRAVO": Decimal("25000000.55"),
        "DELTA": 0,
        "TINY": 50000,
    }


def test_port_group_adds_and_takes_away(caller: Caller) -> None:
    assert {account for account, _ in caller.rows("WIDE,-CORE", "EOD")} == {"DELTA", "TINY"}
    assert {account for account, _ in caller.rows("-BRAVO,CORE,TINY", "EOD")} == {"ALPHA", "TINY"}
    assert caller.get(POSITIONS, portGroup="NOBODY").status_code == 404
    assert caller.get(POSITIONS, portGroup="").status_code == 400
    assert caller.get(POSITIONS, portGroup="CORE", posType="TOMORROW").status_code == 400


def test_an_unescaped_plus_in_the_position_type_is_understood(caller: Caller) -> None:
    answer = caller.http.get(f"{POSITIONS}?portGroup=CORE&posType=SOD+Trades+Orders", headers=caller.headers())
    assert answer.status_code == 200


def test_the_ladder_has_the_business_date_and_five_weekdays(caller: Caller) -> None:
    query = {"portfolioGroupTickers": ["WIDE", "TINY"], "cashDate": AS_OF, "includeIntradayTradesCashImpact": False}
    query |= {f"includeIntraday{which}OrdersCashImpact": False for which in ("Open", "AuthAndActive")}
    rows = exact(caller.post(LADDERS, {"cashLadderQuery": query}))["portfolioCurrencyLadders"]
    tiny = {row["portfolioTicker"]: row for row in rows}["TINY"]
    assert len(rows) == 4
    assert (tiny["portfolioBaseCurrencyCode"], tiny["cashBalanceSecurityCurrencyCode"]) == ("USD", "USD")
    assert tiny["sodNav"] == 400000
    days = [day["settlementDate"] for day in tiny["settleDateBalances"]]
    assert days == ["2025-09-12", "2025-09-15", "2025-09-16", "2025-09-17", "2025-09-18", "2025-09-19"]
    assert {day["cashBalance"] for day in tiny["settleDateBalances"]} == {50000}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"portfolioGroupTickers": ["CORE"]}, "cashDate"),
        ({"portfolioGroupTickers": ["CORE"], "cashDate": "2025-09-11"}, "before the business date"),
        ({"portfolioGroupTickers": [], "cashDate": AS_OF}, "portfolioGroupTickers"),
        ({"portfolioGroupTickers": ["CORE"] * 101, "cashDate": AS_OF}, "portfolioGroupTickers"),
    ],
)
def test_a_ladder_query_that_cannot_be_answered_says_why(caller: Caller, query: dict[str, object], says: str) -> None:
    answer = caller.post(LADDERS, {"cashLadderQuery": query})
    assert answer.status_code == 400
    assert says in answer.json()["message"]
