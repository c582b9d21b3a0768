"""One request to Aladdin and its answer: what is asked, of which API group, under which scope."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aladdin import wire

GROUP_SCOPE = "portfolio.configuration.portfolio_group.v1.PortfolioGroup"
PORTFOLIO_SCOPE = "portfolio.setup.portfolio_toolkit.v1.PortfolioToolkit:read"
LADDER_SCOPE = "portfolio_management.cash.cash_ladder.v2.CashLadder:read"
ORDER_READ_SCOPE = "trading.order_management.order.v1.Order:read"
ORDER_WRITE_SCOPE = "trading.order_management.order.v1.Order:write"

# By API group and operation, "" for every other one. Those of positions, analytics and the master are not published.
_SCOPES = {
    ("portfolio/configuration/portfolio-group/v1", ""): GROUP_SCOPE,
    ("portfolio/setup/portfolio-toolkit/v1", ""): PORTFOLIO_SCOPE,
    ("portfolio-management/cash/cash-ladder/v2", ""): LADDER_SCOPE,
    ("trading/order-management/order/v1", ""): ORDER_READ_SCOPE,
    ("trading/order-management/order/v1", "order:post"): ORDER_WRITE_SCOPE,
    ("trading/order-management/order/v1", "order:cancel"): ORDER_WRITE_SCOPE,
    ("trading/order-management/order/v1", "orders:batchPost"): ORDER_WRITE_SCOPE,
    ("trading/order-management/order/v1", "orders:batchCancel"): ORDER_WRITE_SCOPE,
}

_API = re.compile(r"/api/(?P<group>.+?/v\d+)(?:/(?P<rest>.*))?")
_POLLED = "longrunningoperations"  # the one operation whose last segment is an id


def group_of(path: str) -> str:
    """The API group a path belongs to, such as "trading/order-management/order/v1"; the path itself when it names
    none."""
    found = _API.fullmatch(path)
    return found["group"] if found else path


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `doing` completes "while ..." in an error's sentence; `key` names the whole request."""

    method: str
    path: str
    doing: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        return json.dumps([self.method, self.path, self.params, self.body], sort_keys=True, separators=(",", ":"))

    @property
    def group(self) -> str:
        """The API group, whose calls fail and recover together."""
        return group_of(self.path)

    @property
    def operation(self) -> str:
        """What is called, as its quota is named: "order:post", "members", "position"."""
        found = _API.fullmatch(self.path)
        segments = ((found["rest"] or "") if found else self.path).split("/")
        return _POLLED if segments[0] == _POLLED else segments[-1]

    @property
    def scope(self) -> str:
        """The scope it needs; empty where none is published."""
        return _SCOPES.get((self.group, self.operation)) or _SCOPES.get((self.group, "")) or ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its text, and the request id to name it by."""

    text: str
    reference: str

    def json(self) -> Any:
        """The answer read as JSON, numbers exact; `Malformed` when it is not JSON."""
        return wire.read_json(self.text, self.reference)
