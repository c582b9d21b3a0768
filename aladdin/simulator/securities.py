"""The security calls: the security master by identifier, and analytics by asset id."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from aladdin.simulator.catalog import Catalog
from aladdin.simulator.protocol import Answer, bad_request, known
from aladdin.simulator.published import ANALYTICS, MASTER
from books.model import Index, Security

ID_TYPES = ("ISIN", "SEDOL", "CUSIP", "ALADDIN_SEC_ID", "CINS", "RIC", "LOANX_ID", "LIN")


class Securities:
    """The endpoints over one book."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._book = catalog.book

    def routes(self) -> list[Route]:
        return [Route(f"{MASTER}/security-master", self.master), Route(f"{ANALYTICS}/assets", self.analytics)]

    async def master(self, request: Request) -> Answer:
        kind = request.query_params.get("assetIdType", "ALADDIN_SEC_ID")
        if kind not in ID_TYPES:
            raise bad_request(f"assetIdType must be one of {', '.join(ID_TYPES)}, not {kind!r}")
        found: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for identifier in _asset_ids(request):
            security = self._catalog.security(identifier, kind)
            if security is None:
                errors[identifier] = _unknown(f"no security has the {kind} {identifier!r}")
            else:
                found[security.asset_id] = self._terms(security)
        return Answer({"assetByAssetId": found, "errors": errors})

    def _terms(self, security: Security) -> dict[str, Any]:
        aliases = [{"code": code, "identifier": name} for code, name in (("I", security.isin), ("C", security.sedol))]
        return known(
            assetId=security.asset_id,
            cusip=security.cusip,
            ticker=security.ticker,
            descInstmt=security.description,
            issuerId=self._catalog.issuer_ids[security.issuer] if security.issuer else None,
            issuerName=security.issuer,
            issuerLongName=security.issuer,
            coupon=security.coupon,
            coupFreq=security.coupon_frequency,
            maturity=security.maturity,
            currency=security.currency,
            country=security.country,
            flag144a="Y" if security.is_144a else "N",
            minTrdSize=security.min_piece,
            minLotSize=security.increment,
            smSecGroup=security.sector,
            smSecType=security.asset_class,
            ratingSet=_rating_set(security.rating) or None,
            cusipAliasSet=[alias for alias in aliases if alias["identifier"]],
        )

    async def analytics(self, request: Request) -> Answer:
        asked, tolerance = _risk_date(request)
        found: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for asset_id in _asset_ids(request):
            security = self._book.securities.get(asset_id) or self._book.benchmarks.get(asset_id)
            if security is None:
                errors[asset_id] = _unknown(f"there is no asset {asset_id!r}")
                continue
            dated, figures = self._index(security) if isinstance(security, Index) else self._risk(security)
            if figures and (asked is None or asked - tolerance <= dated <= asked):
                currency = self._book.currency if isinstance(security, Index) else security.currency
                risk = {currency: figures | {"riskDate": dated}}
                found[asset_id] = {"assetId": asset_id, "riskByCurrency": risk}
        return Answer({"riskByAssetId": found, "errors": errors})

    def _risk(self, security: Security) -> tuple[date, dict[str, Any]]:
        figures = known(
            oad=security.duration,
            durationModified=security.duration,
            spreadDur=security.spread_duration,
            oas=security.oas,
            yieldToMaturity=security.yield_to_maturity,
            accruedInterest=security.accrued,
        )
        return security.analytics_date or self._book.as_of, figures

    def _index(self, index: Index) -> tuple[date, dict[str, Any]]:
        figures = known(
            oad=index.duration, durationModified=index.duration, spreadDur=index.spread_duration, oas=index.oas
        )
        return self._book.as_of, figures


def _asset_ids(request: Request) -> list[str]:
    given = [part.strip() for part in request.query_params.get("assetId", "").split(",")]
    if not any(given):
        raise bad_request("assetId is required: identifiers joined by commas")
    return list(dict.fromkeys(part for part in given if part))


def _risk_date(request: Request) -> tuple[date | None, timedelta]:
    """The date asked for, and how many days older the analytics may be. Without a date the newest are given."""
    asked, days = request.query_params.get("riskDate"), request.query_params.get("dateTolerance", "0")
    if not days.isdecimal():
        raise bad_request(f"dateTolerance must be a number of days, not {days!r}")
    try:
        return (date.fromisoformat(asked) if asked else None), timedelta(days=int(days))
    except ValueError as error:
        raise bad_request(f"riskDate must be YYYY-MM-DD, not {asked!r}") from error


def _rating_set(ratings: str) -> dict[str, str]:
    """By agency, where the book names one of the three before a rating; any other text as S&P's, whole."""
    agencies = {"S&P ": "SP", "Moody's ": "MOODYS", "Fitch ": "FITCH"}
    found = {}
    for text in filter(None, (part.strip() for part in ratings.split(","))):
        name = next((name for name in agencies if text.startswith(name)), "")
        found[agencies.get(name, "SP")] = text.removeprefix(name)
    return found


def _unknown(message: str) -> dict[str, str]:
    return {"code": "NOT_FOUND", "message": message}
