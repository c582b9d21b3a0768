"""An order in the published shape."""

from __future__ import annotations

from typing import Any

from aladdin.simulator.protocol import known
from aladdin.simulator.state import Detail, PlacedOrder
from aladdin.simulator.world import World


def shown(order: PlacedOrder, world: World) -> dict[str, Any]:
    """All that is known of an order. A what-if has no number, status or times."""
    security = world.book.securities[order.asset_id]
    reference = known(externalId1=order.reference, externalId2=order.reference2, accountCode=order.account_code)
    figures = known(
        assetId=order.asset_id,
        transactionType=order.side,
        orderType="Market" if order.limit is None else "Limit",
        tradingLimitType=None if order.limit is None else "Price",
        tradingLimitValue=order.limit,
        expirationType=order.expiration,
        expirationDate=order.expires,
        settleDate=order.settle,
        tradeDate=order.trade,
        orderDate=world.book.as_of,
        settleCurrencyCode=security.currency,
        basketId=order.basket,
        pmInstruction=order.instruction,
        face=order.face,
        fillAmount=order.filled,
        averagePrice=order.average_price,
        marketPrice=security.price,
        factor=security.factor,
        externalOrderReference=reference or None,
    )
    lists = {
        "orderDetails": [_detail(detail, world) for detail in order.details],
        "orderComments": [{"orderCommentKey": k, "orderCommentValue": v} for k, v in order.comments],
        "orderCustomFields": [{"customFieldLabel": k, "customFieldValue": v} for k, v in order.custom_fields],
    }
    return (_placing(order) if order.id else {}) | figures | lists


def _placing(order: PlacedOrder) -> dict[str, Any]:
    return known(
        id=str(order.id),
        orderStatus=order.status.value,
        entryTime=order.entered,
        authorizeTime=order.authorized,
        activeTime=order.active,
        modifyTime=order.modified,
        version=order.version,
        touchCount=order.touches,
    )


def _detail(detail: Detail, world: World) -> dict[str, Any]:
    return known(
        orderDetailId=detail.id,
        portfolioReference={
            "portfolioId": str(world.catalog.account_ids[detail.account]),
            "portfolioTicker": detail.account,
        },
        quantity=detail.quantity,
        strategyId=detail.strategy,
        quantityBooked=detail.booked,
    )
