"""Batches of posts and cancels as they are carried out: each as one transaction, so that a killed server has done all
of it or none, and the next one does not do it again."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from aladdin.simulator.operations import Kind, Operation, Operations
from aladdin.simulator.posting import Posting, result
from aladdin.simulator.protocol import dumps, read_text
from aladdin.simulator.published import ORDERS
from aladdin.simulator.requests import BatchCancelOrders, BatchPostOrders
from aladdin.simulator.state import Blotter

BATCH_POST = f"{ORDERS}/orders:batchPost"
BATCH_CANCEL = f"{ORDERS}/orders:batchCancel"


class Batches:
    """The agenda of operations that are not done yet."""

    def __init__(self, blotter: Blotter, operations: Operations, posting: Posting) -> None:
        self._blotter = blotter
        self._operations = operations
        self._posting = posting

    def next_due(self) -> datetime | None:
        """When the next operation is to be carried out (UTC)."""
        pending = self._operations.pending()
        return pending[0].due if pending else None

    def move(self, now: datetime) -> None:
        """Carries out all that are due."""
        for operation in self._operations.pending():
            if operation.due <= now:
                with self._blotter.together():
                    answer = dumps({"results": self._results(operation)}).decode()
                    self._operations.finish(operation, answer)

    def _results(self, operation: Operation) -> list[dict[str, Any]]:
        if operation.kind is Kind.POST:
            posts = read_text(operation.request, BatchPostOrders)
            config = posts.post_order_config
            return [result(partial(self._posting.post, order, config, BATCH_POST)) for order in posts.orders]
        cancels = read_text(operation.request, BatchCancelOrders)
        return [result(partial(self._posting.cancel, cancel, BATCH_CANCEL)) for cancel in cancels.requests]
