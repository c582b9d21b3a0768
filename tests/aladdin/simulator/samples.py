"""A small book as CSV files, and a caller that speaks to a server the way the API wants to be spoken to."""

from __future__ import annotations

import csv
import json
import time
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from aladdin.simulator.control import FAULTS_PATH
from aladdin.simulator.gate import ORIGIN_TIMESTAMP, REQUEST_ID
from aladdin.simulator.plans import fault_of
from aladdin.simulator.process import Running
from aladdin.simulator.tokens import TOKEN_PATH
from books.rows import AccountRow, BenchmarkRow, GroupRow, PositionRow, Row, SecurityRow
from tests.aladdin.simulator.program import Served

AS_OF = "2025-09-12"  # a Friday
ORDERS = "/api/trading/order-management/order/v1"
POSITIONS = "/api/portfolio-mgmt/positions/v1/position"
LADDERS = "/api/portfolio-management/cash/cash-ladder/v2/ladders:filter"
GROUPS = "/api/portfolio/configuration/portfolio-group/v1/portfolioGroups"
PORTFOLIOS = "/api/portfolio/setup/portfolio-toolkit/v1"
ANALYTICS = "/api/portfolio-mgmt/security-analytics/v2/assets"
MASTER = "/api/reference-data/securities/v1/security-master"

AWAY = {"orderType": "Limit", "tradingLimitType": "Price", "tradingLimitValue": 90}  # waits below the market

BOND: dict[str, Any] = {
    "asset_id": "BOND1",
    "cusip": "037833AK6",
    "isin": "US037833AK68",
    "sedol": "B8YYQN7",
    "ticker": "ACME",
    "description": "ACME 4.25 05/03/33",
    "issuer": "Acme Corporation",
    "sector": "Industrial",
    "asset_class": "Corporate",
    "rating": "A+",
    "currency": "USD",
    "country": "US",
    "coupon": "4.25",
    "coupon_frequency": 2,
    "maturity": "2033-05-03",
    "price": "98.7654321",
    "accrued": "1.5347222",
    "factor": "1",
    "is_144a": "yes",
    "duration": 6.61,
    "spread_duration": 6.42,
    "oas": -12.5,
    "yield_to_maturity": 4.44,
    "analytics_date": "2025-09-11",
    "min_piece": 200000,
    "increment": 1000,
}
PLAIN = {
    "asset_id": "PLAIN",
    "description": "Plain note without accrued or analytics",
    "issuer": "Plain Ltd",
    "currency": "USD",
    "price": "100",
    "min_piece": 1000,
    "increment": 1000,
}
UNPRICED = PLAIN | {"asset_id": "UNPRICED", "description": "Never traded", "price": ""}
SECURITIES = (
    BOND,
    PLAIN,
    UNPRICED,
    PLAIN | {"asset_id": "EURO", "description": "Euro note", "currency": "EUR", "price": "90", "accrued": "2"},
    PLAIN | {"asset_id": "YEN", "description": "Yen note, held by nobody", "currency": "JPY"},
)
ACCOUNTS = ("ALPHA", "BRAVO", "DELTA", "TINY")


def write_book(directory: Path, name: str = "small") -> Path:
    """A book of four accounts in two groups. EURO is held by ALPHA at an implied rate of 1.1."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "book.toml").write_text(f'name = "{name}"\nas_of = {AS_OF}\ncurrency = "USD"\n')
    accounts = [
        {"account": account, "name": f"{account.title()} Fund", "currency": "USD", "nav": nav, "cash": cash}
        for account, nav, cash in zip(
            ACCOUNTS,
            ("1000000000.01", "500000000", "90000000", "400000"),
            ("5e7", "25000000.55", "0", "50000"),
            strict=True,
        )
    ]
    accounts[0]["benchmark"] = "IDX"
    groups = [("CORE", "ALPHA"), ("CORE", "BRAVO"), *(("WIDE", account) for account in ACCOUNTS)]
    held = [
        ("ALPHA", "BOND1", "10000000", "9876543.21"),
        ("ALPHA", "EURO", "1000000", "990000"),
        ("ALPHA", "PLAIN", "300000", "300000"),
        ("BRAVO", "BOND1", "4000000.5", "3950617.78"),
        ("DELTA", "UNPRICED", "70000", "35000"),
    ]
    _write(directory / "accounts.csv", AccountRow, accounts)
    _write(directory / "groups.csv", GroupRow, [{"group": g, "account": a} for g, a in groups])
    _write(directory / "securities.csv", SecurityRow, list(SECURITIES))
    _write(
        directory / "positions.csv",
        PositionRow,
        [{"account": a, "asset_id": s, "face": f, "market_value": v} for a, s, f, v in held],
    )
    _write(
        directory / "benchmarks.csv",
        BenchmarkRow,
        [{"benchmark": "IDX", "name": "Index", "duration": 6.0, "spread_duration": 5.9, "oas": 88.0}],
    )
    return directory


def _write(path: Path, shape: type[Row], rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, shape.columns())
        writer.writeheader()
        writer.writerows(rows)


class Caller:
    """An authorised client; numbers come back as int and Decimal."""

    def __init__(self, running: Running | Served) -> None:
        self.http = httpx.Client(base_url=running.url, trust_env=False)
        self.grant = {
            "grant_type": "client_credentials",
            "client_id": running.client_id,
            "client_secret": running.client_secret,
        }
        self.token = self.token_for()

    def token_for(self, scope: str = "") -> str:
        """A new access token; without a scope, for everything."""
        grant = self.grant | ({"scope": scope} if scope else {})
        with httpx.Client(base_url=self.http.base_url, trust_env=False) as client:
            token: str = client.post(TOKEN_PATH, data=grant).json()["access_token"]
        return token

    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            REQUEST_ID: str(uuid.uuid4()),
            ORIGIN_TIMESTAMP: datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }

    def get(self, path: str, **params: str) -> httpx.Response:
        return self.http.get(path, params=params, headers=self.headers())

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(path, json=body, headers=self.headers())

    def place(self, details: dict[str, Any], *, config: dict[str, Any] | None = None, **order: Any) -> dict[str, Any]:
        """The one result of an order:post; `details` maps account tickers to quantities."""
        body = {"assetId": "BOND1", "transactionType": "BUY", "settleDate": "2025-09-15"} | order
        body["orderDetails"] = [
            {"portfolioReference": {"portfolioTicker": account}, "quantity": quantity}
            for account, quantity in details.items()
        ]
        posted = {"postOrderConfig": {"whatIf": False} | (config or {}), "order": body}
        results = exact(self.post(f"{ORDERS}/order:post", posted))["results"]
        assert len(results) == 1
        result: dict[str, Any] = results[0]
        return result

    def placed(self, details: dict[str, Any], **order: Any) -> dict[str, Any]:
        """The order that was accepted."""
        result = self.place(details, **order)
        assert "error" not in result, result
        accepted: dict[str, Any] = result["output"]["order"]
        return accepted

    def order(self, order_id: str) -> dict[str, Any]:
        answer = exact(self.post(f"{ORDERS}/orders:filter", {"query": {"orderIdCriterion": {"ids": [order_id]}}}))
        found: dict[str, Any] = answer["orders"][0]
        return found

    def until(self, order_id: str, *statuses: str, filled: int = 0, seconds: float = 20) -> dict[str, Any]:
        """The order, once it has one of these statuses and at least this much filled."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            order = self.order(order_id)
            if order["orderStatus"] in statuses and order["fillAmount"] >= filled:
                return order
            time.sleep(0.02)
        raise AssertionError(f"order {order_id} is still {order['orderStatus']}, filled {order['fillAmount']}")

    def cancel(self, **named: Any) -> dict[str, Any]:
        """The one result of an order:cancel."""
        (result,) = exact(self.post(f"{ORDERS}/order:cancel", named))["results"]
        answer: dict[str, Any] = result
        return answer

    def found(self, query: dict[str, Any]) -> list[str]:
        """The ids of the orders that meet a query."""
        return [order["id"] for order in exact(self.post(f"{ORDERS}/orders:filter", {"query": query}))["orders"]]

    def rows(self, group: str, view: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Positions by account and asset."""
        rows = exact(self.get(POSITIONS, portGroup=group, posType=view))
        return {(row["portfolioTicker"], row["assetId"]): row for row in rows}

    def ladder(self, account: str, **flags: bool) -> dict[str, Decimal]:
        """An account's cash by settlement date."""
        query = {"portfolioGroupTickers": [account], "cashDate": AS_OF} | flags
        (row,) = exact(self.post(LADDERS, {"cashLadderQuery": query}))["portfolioCurrencyLadders"]
        return {day["settlementDate"]: Decimal(day["cashBalance"]) for day in row["settleDateBalances"]}


class Ruler:
    """Rules the fault plan of a server, as the owner of its credentials."""

    def __init__(self, running: Running | Served) -> None:
        owner = running.client_id, running.client_secret
        self.http = httpx.Client(base_url=running.url, trust_env=False, auth=owner)

    def set(self, *lines: str) -> None:
        """The plan of these faults, each as a line of text."""
        faults = [fault_of(line).model_dump(mode="json", by_alias=True, exclude_none=True) for line in lines]
        assert self.http.put(FAULTS_PATH, json={"faults": faults}).status_code == 200

    def counts(self) -> list[tuple[int, int]]:
        """How many requests each fault met, and how many it struck."""
        return [(fault["met"], fault["struck"]) for fault in self.http.get(FAULTS_PATH).json()["faults"]]

    def clear(self) -> None:
        assert self.http.delete(FAULTS_PATH).status_code == 204


def exact(response: httpx.Response) -> Any:
    """The answer's JSON with fractions as Decimal."""
    response.raise_for_status()
    return json.loads(response.text, parse_float=Decimal)
