"""From a posted order to one the exchange can trade: everything is checked here, and refused with what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from aladdin.simulator.exchange import Exchange
from aladdin.simulator.protocol import Code, OrderRefused
from aladdin.simulator.requests import OrderBody, OrderComment, OrderDetailBody, PostOrderConfig
from aladdin.simulator.state import Detail, PlacedOrder, Status
from aladdin.simulator.world import World
from books.csv_book import next_weekday
from books.model import Security

SIDES = ("BUY", "SELL")
ORDER_TYPES = ("Market", "Limit")


class Tickets:
    """Turns bodies into orders of one world. All methods raise OrderRefused."""

    def __init__(self, world: World, exchange: Exchange) -> None:
        self._world = world
        self._catalog = world.catalog
        self._as_of = world.book.as_of
        self._exchange = exchange

    def new(self, body: OrderBody, config: PostOrderConfig) -> PlacedOrder:
        """A new order, not yet numbered."""
        security = self._security(body)
        if body.transaction_type not in SIDES:
            raise invalid(f"transactionType must be BUY or SELL, not {body.transaction_type!r}")
        now = datetime.now(UTC)
        lag = self._exchange.lag
        order = PlacedOrder(
            id=0,
            reference=body.external_order_reference.external_id1,
            status=_first_status(config, lag.total_seconds()),
            asset_id=security.asset_id,
            side=body.transaction_type,
            limit=_limit(body),
            settle=self._not_past("settleDate", body.settle_date or next_weekday(self._as_of)),
            trade=self._not_past("tradeDate", body.trade_date or self._as_of),
            details=self._details(body.order_details, ()),
            entered=now,
            modified=now,
            due=now + lag if config.run_compliance else now,
            basket=body.basket_id,
            instruction=body.pm_instruction,
            comments=comments(body.order_comments),
            custom_fields=tuple((f.custom_field_label, f.custom_field_value) for f in body.order_custom_fields),
            reference2=body.external_order_reference.external_id2,
            account_code=body.external_order_reference.account_code,
            expiration=body.expiration_type,
            expires=self._not_past("expirationDate", body.expiration_date) if body.expiration_date else None,
        )
        return self._whole(order, body.face, security)

    def modified(self, order: PlacedOrder, body: OrderBody) -> PlacedOrder:
        """The live order with what the body gives replaced; what it leaves out stays."""
        if not order.live:
            raise OrderRefused(Code.FAILED_PRECONDITION, f"order {order.id} is {order.status}: it cannot be modified")
        self._same_instrument(order, body)
        security = self._world.book.securities[order.asset_id]
        now = datetime.now(UTC)
        changed = replace(
            order,
            settle=self._not_past("settleDate", body.settle_date) if body.settle_date else order.settle,
            trade=self._not_past("tradeDate", body.trade_date) if body.trade_date else order.trade,
            limit=_limit(body) if body.order_type or body.trading_limit_value is not None else order.limit,
            details=self._details(body.order_details, order.details) if body.order_details else order.details,
            basket=body.basket_id or order.basket,
            instruction=body.pm_instruction or order.instruction,
            comments=comments(body.order_comments) or order.comments,
            custom_fields=tuple((f.custom_field_label, f.custom_field_value) for f in body.order_custom_fields)
            or order.custom_fields,
            expiration=body.expiration_type or order.expiration,
            expires=self._not_past("expirationDate", body.expiration_date) if body.expiration_date else order.expires,
            modified=now,
            due=order.due or now + self._exchange.lag,  # one that waited for its limit is looked at again
            version=order.version + 1,
            touches=order.touches + 1,
        )
        return self._whole(changed, body.face, security)

    def _same_instrument(self, order: PlacedOrder, body: OrderBody) -> None:
        if body.asset_id or body.asset_reference:
            named = self._security(body).asset_id
            if named != order.asset_id:
                raise invalid(f"order {order.id} is in {order.asset_id}: a modification cannot make it {named}")
        if body.transaction_type and body.transaction_type != order.side:
            raise invalid(f"order {order.id} is a {order.side}: a modification cannot make it {body.transaction_type}")
        reference = body.external_order_reference.external_id1
        if reference and reference != order.reference:
            raise invalid(f"order {order.id} has the externalId1 {order.reference!r}, not {reference!r}")

    def _security(self, body: OrderBody) -> Security:
        if body.asset_id:
            security = self._world.book.securities.get(body.asset_id)
            named = f"the assetId {body.asset_id!r}"
        elif body.asset_reference:
            given = body.asset_reference
            kinds = {"CUSIP": given.snp_cusip, "CINS": given.cins, "ISIN": given.isin, "SEDOL": given.sedol}
            kind, identifier = next(((k, i) for k, i in kinds.items() if i), ("", ""))
            security = self._catalog.security(identifier, kind)
            named = f"the {kind or 'assetReference'} {identifier!r}"
        else:
            raise invalid("an order needs an assetId or an assetReference")
        if security is None:
            raise OrderRefused(Code.NOT_FOUND, f"no security has {named}")
        return security

    def _not_past(self, field: str, day: date) -> date:
        if day < self._as_of:
            raise invalid(f"{field} {day} is before the business date {self._as_of}")
        return day

    def _details(self, bodies: Sequence[OrderDetailBody], before: Sequence[Detail]) -> tuple[Detail, ...]:
        if not bodies:
            raise invalid("an order needs at least one orderDetail")
        known = {detail.account: detail for detail in before}
        next_id = max((detail.id for detail in before), default=0) + 1
        details: dict[str, Detail] = {}
        for body in bodies:
            account = self._account(body)
            if account in details:
                raise invalid(f"the portfolio {account} has two orderDetails: give it one")
            if body.quantity <= 0:
                raise invalid(f"the quantity of {account} must be above 0, not {body.quantity}")
            if account in known:
                details[account] = replace(known[account], quantity=body.quantity, strategy=body.strategy_id)
            else:
                details[account] = Detail(next_id, account, body.quantity, strategy=body.strategy_id)
                next_id += 1
        for account, detail in known.items():
            asked = details[account].quantity if account in details else Decimal(0)
            if asked < detail.booked:
                raise OrderRefused(
                    Code.FAILED_PRECONDITION,
                    f"{account} has {detail.booked} booked already: its quantity cannot become {asked}",
                )
        return tuple(details.values())

    def _account(self, body: OrderDetailBody) -> str:
        number, ticker = body.portfolio_reference.portfolio_id, body.portfolio_reference.portfolio_ticker
        account = self._catalog.account(number, ticker)
        if account is None:
            named = ", ".join(part for part in (number, ticker) if part)
            raise OrderRefused(Code.NOT_FOUND, f"the portfolioReference {named!r} is not an account")
        return account

    def _whole(self, order: PlacedOrder, face: Decimal | None, security: Security) -> PlacedOrder:
        """The order, once its parts fit together and its money can be reckoned."""
        if face is not None and face != order.face:
            raise invalid(f"face {face} is not the sum of the orderDetails' quantities, {order.face}")
        if security.price is None and order.limit is None:
            raise invalid(f"{security.asset_id} has no price: only a limit order can be traded")
        for detail in order.details:
            currency = self._world.book.portfolios[detail.account].currency
            if self._catalog.rate(security.currency, currency) is None:
                raise invalid(
                    f"no exchange rate from {security.currency} to {currency}, the currency of {detail.account}"
                )
        return order


def invalid(message: str) -> OrderRefused:
    """An order refused for what it says."""
    return OrderRefused(Code.INVALID_ARGUMENT, message)


def comments(bodies: Sequence[OrderComment]) -> tuple[tuple[str, str], ...]:
    """Comments as they are kept: key and text."""
    return tuple((comment.order_comment_key, comment.order_comment_value) for comment in bodies)


def _limit(body: OrderBody) -> Decimal | None:
    kind = body.order_type or ("Limit" if body.trading_limit_value is not None else "Market")
    if kind not in ORDER_TYPES:
        raise invalid(f"orderType must be Market or Limit, not {body.order_type!r}")
    if kind == "Market":
        if body.trading_limit_value is not None:
            raise invalid("a Market order has no tradingLimitValue")
        return None
    if body.trading_limit_value is None or body.trading_limit_value <= 0:
        raise invalid("a Limit order needs a tradingLimitValue above 0")
    if body.trading_limit_type not in ("", "Price"):
        raise invalid(f"tradingLimitType {body.trading_limit_type!r} is not traded here: use Price")
    return body.trading_limit_value


def _first_status(config: PostOrderConfig, compliance_takes: float) -> Status:
    """Compliance that would take longer than its timeout leaves the order pending."""
    if config.run_compliance and 0 < config.compliance_seconds < compliance_takes:
        return Status.COMPLIANCE
    return Status.OPEN
