"""The order calls that change something: post, cancel, both in batches, and the operations that batches become."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from aladdin.simulator.batches import BATCH_CANCEL, BATCH_POST
from aladdin.simulator.exchange import Exchange
from aladdin.simulator.operations import Kind, Operation, Operations
from aladdin.simulator.posting import Posting, result
from aladdin.simulator.protocol import Answer, not_found, read_body
from aladdin.simulator.published import ORDERS
from aladdin.simulator.requests import BatchCancelOrders, BatchPostOrders, CancelOrder, PostOrder

_TYPE = "type.googleapis.com/trading.order_management.order.v1."  # google.protobuf.Any names what it holds


class Orders:
    """The endpoints over one world's orders. `stir` is called when there is something new to move."""

    def __init__(self, posting: Posting, operations: Operations, exchange: Exchange, stir: Callable[[], None]) -> None:
        self._posting = posting
        self._operations = operations
        self._exchange = exchange
        self._stir = stir

    def routes(self) -> list[Route]:
        return [
            Route(f"{ORDERS}/order:post", self.post, methods=["POST"]),
            Route(f"{ORDERS}/order:cancel", self.cancel, methods=["POST"]),
            Route(BATCH_POST, self.batch_post, methods=["POST"]),
            Route(BATCH_CANCEL, self.batch_cancel, methods=["POST"]),
            Route(f"{ORDERS}/longrunningoperations/{{id}}", self.operation),
        ]

    async def post(self, request: Request) -> Answer:
        body = await read_body(request, PostOrder)
        posted = result(lambda: self._posting.post(body.order, body.post_order_config, request.url.path))
        self._stir()
        return Answer({"results": [posted]})

    async def cancel(self, request: Request) -> Answer:
        body = await read_body(request, CancelOrder)
        return Answer({"results": [result(lambda: self._posting.cancel(body, request.url.path))]})

    async def batch_post(self, request: Request) -> Answer:
        await read_body(request, BatchPostOrders)  # a request out of shape is refused as a whole, and at once
        return await self._begun(request, Kind.POST)

    async def batch_cancel(self, request: Request) -> Answer:
        await read_body(request, BatchCancelOrders)
        return await self._begun(request, Kind.CANCEL)

    async def _begun(self, request: Request, kind: Kind) -> Answer:
        text = (await request.body()).decode()
        operation = self._operations.open(kind, text, datetime.now(UTC) + self._exchange.lag)
        self._stir()
        return Answer(_told(operation))

    async def operation(self, request: Request) -> Answer:
        asked = request.path_params["id"]
        operation = self._operations.find(asked)
        if operation is None:
            raise not_found(f"there is no long-running operation {asked!r}")
        return Answer(_told(operation))


def _told(operation: Operation) -> dict[str, Any]:
    """An operation in the published shape; what became of each order is in the results, even where all failed."""
    told: dict[str, Any] = {
        "id": operation.id,
        "meta": {"@type": f"{_TYPE}{operation.kind}MetaData"},
        "done": operation.response is not None,
    }
    if operation.response is not None:
        told["response"] = {
            "@type": f"{_TYPE}{operation.kind}Response",
            **json.loads(operation.response, parse_float=Decimal),
        }
    return told
