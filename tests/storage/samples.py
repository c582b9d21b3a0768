"""A clock to set, and orders with their statements to write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from allocation.model import Side
from orders.canonical import canonical, digest
from orders.model import Change, Order, OrderLine, OrderState, Statement

BOOK = "demo:7"
NOON = datetime(2025, 9, 15, 12, 0, 0, 123456, tzinfo=UTC)


@dataclass
class SetClock:
    """Shows the time it was set to."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time

    def today(self) -> date:
        return self.time.date()

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def block(name: str = "A", group: str = "CORE", created_at: datetime = NOON) -> tuple[Statement, Order]:
    """A statement and its order over three accounts; different names make different orders."""
    lines = (OrderLine("P3", 300_000), OrderLine("P1", 500_000), OrderLine("P2", 200_000))
    statement = _statement(f"or-{name}", f"st-{name}", 1, lines, created_at)
    order = Order(
        id=f"or-{name}",
        version=1,
        state=OrderState.CONFIRMED,
        group=group,
        asset_id="ABC1234X9",
        label="ABC 5.25 06/15/31",
        currency="USD",
        side=Side.BUY,
        ordered=1_050_000,
        face=1_000_000,
        settlement=date(2025, 9, 17),
        trade_date=date(2025, 9, 15),
        limit=Decimal("99.875"),
        engine="min_dispersion",
        lines=lines,
        statement_id=statement.id,
        statement_sha256=statement.sha256,
        comment=f"remark of {name}",
        created_by="maria",
        created_at=created_at,
        updated_at=created_at,
        recommended_by="maria",
        placed_by="maria",
    )
    return statement, order


def modification(order: Order, number: int = 2, **more: object) -> tuple[Change, Statement]:
    """A person's step that takes an order down to 800,000 and P3 out of it, and the statement it is made with."""
    lines = (OrderLine("P2", 400_000), OrderLine("P1", 300_000), OrderLine("P5", 100_000))
    at = order.updated_at + timedelta(seconds=5)
    step = change(
        order, order.state, "modified", actor="paul", reason="the client sold", ordered=850_000, face=800_000,
        limit=Decimal("99.5"), settlement=date(2025, 9, 18), lines=lines,
    )  # fmt: skip
    return _with(step, more), _statement(order.id, f"{order.id}.{number}", number, lines, at, "paul")


def _statement(
    order_id: str, id_: str, version: int, lines: tuple[OrderLine, ...], at: datetime, by: str = "maria"
) -> Statement:
    body = canonical(
        {
            "order": order_id,
            "version": version,
            "lines": [_line(line.account_id, line.face) for line in lines] + [_line("P4", 0)],
            "effect": {"metric": "asd", "dispersion_before": 0.3, "dispersion_after": 0.12},
        }
    )
    return Statement(id_, order_id, version, at, by, body, digest(body))


def _line(account: str, face: int) -> dict[str, object]:
    """A statement's line, of an account that was capped a third of a unit short of its wish and asked for nothing."""
    wish = Decimal(face) + Decimal(1) / 3
    cap = {"account_id": account, "rule": "cash", "face": face, "reason": "cash"}
    reason = f"{account} gets what its cash buys."
    return {
        "account_id": account,
        "face": face,
        "wish": wish,
        "asked": None,
        "money": wish,
        "cap": cap,
        "reason": reason,
    }


def change(order: Order, state: OrderState = OrderState.SENDING, event: str = "send", **more: object) -> Change:
    """A step of an order made from the version given."""
    base = Change(order.id, order.version, state, event, "worker", order.updated_at + timedelta(seconds=5))
    return _with(base, more)


def _with(base: Change, more: dict[str, object]) -> Change:
    values = {name: getattr(base, name) for name in Change.__slots__}
    return Change(**{**values, **more})
