"""The operations of the published API that are served here: where they are, which scope they need, which quota they
have. For positions, analytics and the security master neither scope nor quota is published."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.routing import compile_path

GROUPS = "/api/portfolio/configuration/portfolio-group/v1"
PORTFOLIOS = "/api/portfolio/setup/portfolio-toolkit/v1"
POSITIONS = "/api/portfolio-mgmt/positions/v1"
LADDER = "/api/portfolio-management/cash/cash-ladder/v2"
MASTER = "/api/reference-data/securities/v1"
ANALYTICS = "/api/portfolio-mgmt/security-analytics/v2"
ORDERS = "/api/trading/order-management/order/v1"

DEFAULT_QUOTA = 100  # requests a minute where nothing is published

_GROUP = "portfolio.configuration.portfolio_group.v1.PortfolioGroup"
_TOOLKIT = "portfolio.setup.portfolio_toolkit.v1.PortfolioToolkit:read"
_CASH = "portfolio_management.cash.cash_ladder.v2.CashLadder:read"
_READ = "trading.order_management.order.v1.Order:read"
_WRITE = "trading.order_management.order.v1.Order:write"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `quota` is in requests a minute, as published without a unit."""

    method: str
    path: str
    scope: str
    quota: int

    def covers(self, scopes: frozenset[str]) -> bool:
        """Whether these scopes allow it: its own, or the one of its whole resource."""
        return not self.scope or bool({self.scope, self.scope.partition(":")[0]} & scopes)


OPERATIONS = (
    *(
        Operation("GET", f"{GROUPS}/portfolioGroups/{{ticker}}/{verb}", _GROUP, 100)
        for verb in ("members", "node", "parents", "ancestors")
    ),
    *(
        Operation("GET", f"{GROUPS}/portfolioGroups/{{one}}/{relation}/{{other}}", _GROUP, 100)
        for relation in ("isChildOf", "isDescendantOf", "isParentOf", "isAncestorOf")
    ),
    Operation("POST", f"{PORTFOLIOS}/portfolios:filter", _TOOLKIT, 500),
    Operation("GET", f"{PORTFOLIOS}/portfolios:search", _TOOLKIT, 500),
    Operation("GET", f"{POSITIONS}/position", "", DEFAULT_QUOTA),
    Operation("POST", f"{LADDER}/ladders:filter", _CASH, 100),
    Operation("GET", f"{ANALYTICS}/assets", "", DEFAULT_QUOTA),
    Operation("GET", f"{MASTER}/security-master", "", DEFAULT_QUOTA),
    Operation("POST", f"{ORDERS}/order:post", _WRITE, 3000),
    Operation("POST", f"{ORDERS}/order:cancel", _WRITE, 3000),
    Operation("POST", f"{ORDERS}/orders:batchPost", _WRITE, 250),
    Operation("POST", f"{ORDERS}/orders:batchCancel", _WRITE, 250),
    Operation("POST", f"{ORDERS}/orders:filter", _READ, 1000),
    Operation("POST", f"{ORDERS}/orderIds:filter", _READ, 1000),
    Operation("GET", f"{ORDERS}/longrunningoperations/{{id}}", _READ, 1000),
)

_PATTERNS: tuple[tuple[re.Pattern[str], Operation], ...] = tuple(
    (compile_path(operation.path)[0], operation) for operation in OPERATIONS
)


def operation_of(method: str, path: str) -> Operation | None:
    """The operation that a request is for; None when there is none there. A HEAD is a GET whose answer is not sent."""
    method = "GET" if method == "HEAD" else method
    for pattern, operation in _PATTERNS:
        if operation.method == method and pattern.match(path):
            return operation
    return None
