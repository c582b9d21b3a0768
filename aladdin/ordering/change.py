"""A change to orders, sent once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from aladdin.http.call import ORDERS, Answer, Call
from aladdin.http.transport import Transport
from orders.errors import DeskError

_NOBODYS = {"query": {"externalIdCriterion": {"externalId1": "is-anybody-there"}}, "pageSize": 1}


def changed(transport: Transport, operation: str, body: Mapping[str, Any], doing: str, not_after: datetime) -> Answer:
    """See `Transport.write`. While the circuit of orders is not closed, a look-up for nothing tries it first: nobody
    needs to know what became of that."""
    path = f"{ORDERS}/{operation}"
    if transport.resting(path):
        with suppress(DeskError):  # the circuit has heard it, and the write tells of the circuit
            transport.read(Call("POST", f"{ORDERS}/orders:filter", doing, body=_NOBODYS))
    return transport.write(Call("POST", path, doing, body=body), not_after)
