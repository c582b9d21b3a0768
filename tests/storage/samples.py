"""A clock to set, and orders with their statements to write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from allocation.model import BlockOrder, Bond, Choices, Side
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


def block(name: str = "A", group: str = "CORE", created_at: datetime = NOON, **terms: Any) -> tuple[Statement, Order]:
    """A statement and its order over three accounts, but for these terms; different names make different orders."""
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
        lines=(OrderLine("P3", 300_000), OrderLine("P1", 500_000), OrderLine("P2", 200_000)),
        statement_id=f"st-{name}",
        statement_sha256="",
        comment=f"remark of {name}",
        created_by="maria",
        created_at=created_at,
        updated_at=created_at,
        recommended_by="maria",
        placed_by="maria",
    )
    order = replace(order, **terms)
    statement = stating(order, order.statement_id, 1, order.created_at, order.created_by)
    return statement, replace(order, statement_sha256=statement.sha256)


def modification(order: Order, number: int = 2, **more: Any) -> tuple[Change, Statement]:
    """A person's step that takes an order down to 800,000 and P3 out of it, but for what is said otherwise, and the
    statement it is made with; `engine` is that statement's."""
    engine = more.pop("engine", order.engine)
    lines = (OrderLine("P2", 400_000), OrderLine("P1", 300_000), OrderLine("P5", 100_000))
    step = change(
        order, order.state, "modified", actor="paul", reason="the client sold", ordered=850_000, face=800_000,
        limit=Decimal("99.5"), settlement=date(2025, 9, 18), lines=lines,
    )  # fmt: skip
    step = _with(step, more)
    terms = {name: getattr(step, name) for name in ("ordered", "limit", "settlement", "lines")}
    said = {name: term for name, term in terms.items() if term is not None or name in step.cleared}
    after = replace(order, engine=engine, **said)
    return step, stating(after, f"{order.id}.{number}", number, step.at, step.actor)


def stating(order: Order, id_: str, version: int, at: datetime, by: str) -> Statement:
    """A statement that says what an order does."""
    bond = Bond(order.asset_id, order.label, order.currency, min_piece=1_000, increment=1_000, price=Decimal("99.25"))
    body = canonical(
        {
            "order": order.id,
            "version": version,
            "block": BlockOrder(bond, order.side, order.ordered, order.settlement, order.limit),
            "choices": Choices(order.engine),
            "basis": "dirty",
            "lines": [_line(line.account_id, line.face) for line in order.lines] + [_line("P4", 0)],
            "effect": {"metric": "asd", "dispersion_before": 0.3, "dispersion_after": 0.12},
        }
    )
    return Statement(id_, order.id, version, at, by, body, digest(body))


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
