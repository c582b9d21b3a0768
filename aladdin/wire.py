"""The published shapes in the fields we use: what is required, what may be missing, under which name it travels."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from orders.errors import Malformed

REQUEST_ID = "VND.com.blackrock.Request-ID"
ORIGIN_TIMESTAMP = "VND.com.blackrock.Origin-Timestamp"
API_KEY = "VND.com.blackrock.API-Key"

T = TypeVar("T")


def read_json(text: str, reference: str = "") -> Any:
    """JSON with every fraction a `Decimal`; `Malformed` when it is none, NaN and Infinity included."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # the latter for thousands of brackets
        raise Malformed(f"Aladdin's answer is not JSON ({error}).", reference) from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def parse(shape: type[T], data: Any, what: str, reference: str = "") -> T:
    """`data` as `shape`; `Malformed` naming the fields at fault when it does not have it."""
    try:
        return TypeAdapter(shape).validate_python(data)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        shown = "; ".join(f"{_where(fault['loc'])}: {fault['msg'].lower()}" for fault in faults[:3])
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise Malformed(f"Aladdin's answer for {what} cannot be read: {shown}{more}.", reference) from error


def _where(loc: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.lstrip(".") or "the whole answer"


def blank_is_missing(value: Any) -> Any:
    """An empty text stands for no value."""
    return None if isinstance(value, str) and not value.strip() else value


_blank = BeforeValidator(blank_is_missing)
Number = Annotated[Decimal | None, _blank]
Measure = Annotated[FiniteFloat | None, _blank]
Count = Annotated[int | None, _blank]
Day = Annotated[date | None, _blank]
Flag = Annotated[bool | None, _blank]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class Wire(BaseModel):
    """camelCase on the wire, unknown fields ignored, int64 that come as numbers read as text."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, coerce_numbers_to_str=True
    )


class Grant(BaseModel):
    """The token endpoint's answer; OAuth's names, not Aladdin's."""

    access_token: Annotated[str, Field(min_length=1, repr=False)]
    expires_in: Annotated[float, Field(gt=0)]  # seconds


class Node(Wire):
    """A member of a portfolio group: an account when it has no children."""

    portfolio_id: str
    portfolio_ticker: str
    child_portfolio_ids: tuple[str, ...] = ()


class Members(Wire):
    nodes: tuple[Node, ...]


class BenchmarkAssignment(Wire):
    benchmark_portfolio_id: Text = ""
    benchmark_order: Count = None
    start_date: Day = None
    end_date: Day = None


class Portfolio(Wire):
    id: str
    portfolio_ticker: str
    portfolio_name: Text = ""
    currency_code: str
    benchmark_assignments: tuple[BenchmarkAssignment, ...] = ()


class Page(Wire):
    next_page_token: Text = ""


class Portfolios(Page):
    portfolios: tuple[Portfolio, ...] = ()


class PortfolioHit(Wire):
    """A portfolio that a search found; `is_portfolio_group` says whether it is a group, None when Aladdin does not."""

    portfolio_ticker: Annotated[str, Field(min_length=1)]
    portfolio_name: Text = ""
    termination_date: Day = None
    is_portfolio_group: Flag = None


class PortfolioHits(Wire):
    search_portfolios: tuple[PortfolioHit, ...] = ()


class PosType(StrEnum):
    """Which moment's positions: at the end of yesterday, at the start of today, with today's trades, and with live
    orders as well."""

    EOD = "EOD"
    SOD = "SOD"
    SOD_TRADES = "SOD+Trades"
    SOD_TRADES_ORDERS = "SOD+Trades+Orders"

    @property
    def moves_with_orders(self) -> bool:
        """Whether an order of ours may change the answer within the day."""
        return self in (PosType.SOD_TRADES, PosType.SOD_TRADES_ORDERS)


class Position(Wire):
    """One row of the positions call. `mkt_value` includes accrued and is in `base_ccy`; `accrued_interest` is money in
    `ccy`; measures in years, OAS in basis points."""

    portfolio_ticker: str
    asset_id: str
    isin: Text = ""
    sedol: Text = ""
    sec_desc1: Text = ""
    sec_ticker: Text = ""
    sec_group: Text = ""
    sec_type: Text = ""
    issuer_id: Text = ""
    issuer_long_name: Text = ""
    ccy: Text = ""
    base_ccy: Text = ""
    local_base_fx_rate: Number = None
    pos_quantity: Number = None
    cur_par: Number = None
    factor: Number = None
    price: Number = None
    price_as_pct: Flag = None
    accrued_interest: Number = None
    mkt_value: Number = None
    portfolio_nav: Number = Field(default=None, alias="portfolioNAV")
    oad: Measure = None
    spread_dur: Measure = None
    oas: Measure = None
    cpn: Number = None
    maturity: Day = None
    min_trade_size: Number = None
    min_trade_increment: Number = None
    order_id: Text = ""


class SettleDateBalance(Wire):
    settlement_date: date
    cash_balance: Number = None


class Ladder(Wire):
    """Cash of one account in one currency; `sod_nav` is the account's and repeats."""

    portfolio_ticker: str
    portfolio_base_currency_code: str
    cash_balance_security_currency_code: str
    sod_nav: Number = None
    settle_date_balances: tuple[SettleDateBalance, ...] = ()


class Ladders(Wire):
    portfolio_currency_ladders: tuple[Ladder, ...] = ()


class Risk(Wire):
    """Analytics in one currency: years, OAS in basis points, accrued per 100 face."""

    oad: Measure = None
    spread_dur: Measure = None
    oas: Measure = None
    accrued_interest: Number = None
    risk_date: Day = None


class AssetRisk(Wire):
    asset_id: Text = ""
    risk_by_currency: dict[str, Risk] = Field(default_factory=dict)


class Analytics(Wire):
    risk_by_asset_id: dict[str, AssetRisk] = Field(default_factory=dict)


class Alias(Wire):
    """Another identifier: code I is an ISIN, C a SEDOL."""

    code: Text = ""
    identifier: Text = ""


class Security(Wire):
    """Terms from the security master. In face: `min_trd_size` is the smallest piece, `min_lot_size` the step above."""

    asset_id: Text = ""
    cusip: Text = ""
    ticker: Text = ""
    desc_instmt: Text = ""
    issuer_id: Text = ""
    issuer_long_name: Text = ""
    coupon: Number = None  # percent
    coup_freq: Count = None
    maturity: Day = None
    currency: str
    country: Text = ""
    flag144a: Text = Field(default="", alias="flag144a")
    min_trd_size: Number = None
    min_lot_size: Number = None
    sm_sec_group: Text = ""
    sm_sec_type: Text = ""
    rating_set: Any = None  # {"SP": "BBB+", ...}; its shape is not published
    cusip_alias_set: tuple[Alias, ...] = ()


class SecurityMaster(Wire):
    asset_by_asset_id: dict[str, Security] = Field(default_factory=dict)
