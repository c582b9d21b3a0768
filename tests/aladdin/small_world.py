"""A small Aladdin for tests: two groups, three accounts, four bonds, answered in the published shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.aladdin.loopback import Asked, Reply

# CUSIP -> (ISIN, ticker, issuer, coupon, maturity)
BONDS: dict[str, tuple[str, str, str, str, str]] = {
    "037833BY5": ("US037833BY53", "AAPL", "Apple Inc", "3.25", "2026-02-23"),
    "38141GYB4": ("US38141GYB49", "GS", "Goldman Sachs Group", "2.615", "2032-04-22"),
    "46647PDH6": ("US46647PDH64", "JPM", "JPMorgan Chase Group", "4.912", "2033-07-25"),
    "92343VGN8": ("US92343VGN82", "VZ", "Verizon Communications", "2.355", "2032-03-15"),
}
HELD = {"ACC1": ("037833BY5", "38141GYB4"), "ACC2": ("38141GYB4",), "ACC3": ("46647PDH6",)}
IDS = {"ACC1": "1001", "ACC2": "1002", "ACC3": "1003", "TOP": "9001", "SUB": "9002", "G/1": "9003"}
GROUPS = {"G/1": ("ACC1", "ACC2"), "TOP": ("SUB", "ACC3"), "SUB": ("ACC1", "ACC2")}


def accounts(group: str) -> list[str]:
    return [a for member in GROUPS.get(group, (group,)) for a in (accounts(member) if member in GROUPS else [member])]


class SmallWorld:
    """Answers the reads. `price` moves every bond; `page` is how many portfolios fit a page; `flat` lists a group's
    members all at once, or one level at a time; `override` answers a path before anything else does."""

    def __init__(self) -> None:
        self.price = "98.5"
        self.page = 2
        self.flat = True
        self.override: dict[str, Callable[[Asked], Reply | None]] = {}

    def __call__(self, asked: Asked) -> Reply:
        for part, answer in self.override.items():
            if part in asked.path and (reply := answer(asked)) is not None:
                return reply
        for part, answer in self._answers().items():
            if part in asked.path:
                return answer(asked)
        return Reply({"code": "NOT_FOUND", "message": f"no {asked.path}"}, 404)

    def _answers(self) -> dict[str, Callable[[Asked], Reply]]:
        return {
            "/members": self._members,
            "/node": lambda asked: Reply(self._node(unquote(asked.path.split("/")[-2]))),
            "portfolios:filter": self._portfolios,
            "/position": self._positions,
            "ladders:filter": self._ladders,
            "/assets": self._analytics,
            "security-master": self._master,
        }

    def _members(self, asked: Asked) -> Reply:
        group = unquote(asked.path.split("/")[-2])
        if group not in GROUPS:
            return Reply({"code": "NOT_FOUND", "message": f"no group {group}"}, 404)
        names = list(GROUPS[group])
        if self.flat:
            names += [n for name in names for n in GROUPS.get(name, ())] * 2  # a node may come more than once
        return Reply({"nodes": [self._node(name) for name in names]})

    def _node(self, name: str) -> dict[str, Any]:
        children = [IDS[child] for child in GROUPS.get(name, ())]
        return {"portfolioId": int(IDS[name]), "portfolioTicker": name, "childPortfolioIds": children}

    def _portfolios(self, asked: Asked) -> Reply:
        body = asked.json()
        wanted = body["portfolioQuery"]["portfolioIds"]["portfolioIds"]
        names = [name for name, number in IDS.items() if number in wanted]
        start = int(body.get("pageToken") or 0)
        shown = names[start : start + self.page]
        answer: dict[str, Any] = {"portfolios": [self._portfolio(name) for name in shown]}
        if start + self.page < len(names):
            answer["nextPageToken"] = str(start + self.page)
        return Reply(answer)

    def _portfolio(self, name: str) -> dict[str, Any]:
        benchmark = [{"benchmarkPortfolioId": "IDX", "benchmarkOrder": 1}] if name != "ACC2" else []
        return {
            "id": IDS[name],
            "portfolioTicker": name,
            "portfolioName": f"Name of {name}",
            "currencyCode": "USD",
            "benchmarkAssignments": benchmark,
        }

    def _positions(self, asked: Asked) -> Reply:
        group = asked.query["portGroup"]
        if group not in GROUPS:
            return Reply({"code": "NOT_FOUND", "message": "no such group"}, 404)
        return Reply([self._row(account, bond) for account in accounts(group) for bond in HELD[account]])

    def _row(self, account: str, bond: str) -> dict[str, Any]:
        isin, ticker, issuer, coupon, maturity = BONDS[bond]
        return {
            "portfolioTicker": account,
            "assetId": bond,
            "isin": isin,
            "secDesc1": f"{issuer} {coupon} {maturity}",
            "secTicker": ticker,
            "secGroup": "CORP",
            "issuerLongName": issuer,
            "ccy": "USD",
            "baseCcy": "USD",
            "posQuantity": 1000000,
            "price": self.price,
            "priceAsPct": True,
            "mktValue": 990000,
            "accruedInterest": 5000,
            "portfolioNAV": 9900000,
            "oad": 4.4,
            "spreadDur": 4.2,
            "oas": 100,
            "cpn": coupon,
            "maturity": maturity,
        }

    def _ladders(self, asked: Asked) -> Reply:
        query = asked.json()["cashLadderQuery"]
        rows = [
            {
                "portfolioTicker": account,
                "portfolioBaseCurrencyCode": "USD",
                "cashBalanceSecurityCurrencyCode": "USD",
                "sodNav": 9900000,
                "settleDateBalances": [{"settlementDate": query["cashDate"], "cashBalance": 250000}],
            }
            for account in accounts(query["portfolioGroupTickers"][0])
        ]
        return Reply({"portfolioCurrencyLadders": rows})

    def _analytics(self, asked: Asked) -> Reply:
        figures = {"oad": 5.5, "spreadDur": 5.1, "oas": 80, "accruedInterest": 1.5, "riskDate": "2026-11-19"}
        known = [a for a in asked.query["assetId"].split(",") if a in BONDS or a == "IDX"]
        return Reply({"riskByAssetId": {a: {"assetId": a, "riskByCurrency": {"USD": figures}} for a in known}})

    def _master(self, asked: Asked) -> Reply:
        kind, wanted = asked.query["assetIdType"], asked.query["assetId"].split(",")
        carried = {bond: bond if kind in ("ALADDIN_SEC_ID", "CUSIP") else BONDS[bond][0] for bond in BONDS}
        found = {bond: self._terms(bond) for bond, name in carried.items() if name in wanted}
        missing = set(wanted) - {carried[bond] for bond in found}
        return Reply(
            {"assetByAssetId": found, "errors": {m: {"code": "NOT_FOUND", "message": "unknown"} for m in missing}}
        )

    def _terms(self, bond: str) -> dict[str, Any]:
        isin, ticker, issuer, coupon, maturity = BONDS[bond]
        return {
            "cusip": bond,
            "ticker": ticker,
            "descInstmt": f"{issuer} {coupon} {maturity}",
            "coupon": coupon,
            "coupFreq": 2,
            "maturity": maturity,
            "currency": "USD",
            "minTrdSize": 2000,
            "minLotSize": 1000,
            "cusipAliasSet": [{"code": "I", "identifier": isin}],
        }
