"""What a statement's text says, as rows that SQL can read."""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal
from typing import Any

from orders.errors import Rejected
from orders.model import Order, Statement
from storage.schema import ROUNDED_DECIMALS

_UNIT = Decimal(1).scaleb(-ROUNDED_DECIMALS)


def statement_row(statement: Statement) -> dict[str, object]:
    """A statement as its row."""
    return {field.name: getattr(statement, field.name) for field in fields(Statement)}


def named(statement: Statement) -> dict[str, object]:
    """What the audit log has of a statement: all but its text, and the order, which is the entry's subject."""
    return {name: value for name, value in statement_row(statement).items() if name not in ("order_id", "body")}


def figures(statement: Statement, order: Order) -> tuple[dict[str, object], list[dict[str, object]]]:
    """The row of a statement's figures and the rows of its lines; `order` is the one it was made for, as it then was.
    `Rejected` for a text that is not a statement's."""
    try:
        body = json.loads(statement.body)
        return _figures_row(statement, order, body["effect"]), [
            _line_row(statement, order, place, line) for place, line in enumerate(body["lines"])
        ]
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Rejected(
            f"The statement {statement.id} of order {order.id} does not have the text of a statement ({error!r}), so "
            "it cannot be put into columns. Preview the allocation again.",
            code="statement_unreadable",
        ) from error


def _figures_row(statement: Statement, order: Order, effect: dict[str, Any]) -> dict[str, object]:
    before, after = float(effect["dispersion_before"]), float(effect["dispersion_after"])
    return {
        "statement_id": statement.id,
        "order_id": order.id,
        "version": statement.version,
        "created_at": statement.created_at,
        "created_by": statement.created_by,
        "group_ticker": order.group,
        "asset_id": order.asset_id,
        "label": order.label,
        "side": order.side.value,
        "engine": order.engine,
        "ordered": order.ordered,
        "placed": order.face,
        "metric": effect["metric"],
        "dispersion_before": before,
        "dispersion_after": after,
        "improvement": (before - after) / before if before else None,
        "sha256": statement.sha256,
    }


def _line_row(statement: Statement, order: Order, place: int, line: dict[str, Any]) -> dict[str, object]:
    asked = line.get("asked")
    return {
        "order_id": order.id,
        "version": statement.version,
        "account_id": line["account_id"],
        "place": place,
        "ordered_at": order.created_at,
        "wish": _rounded(line["wish"]),
        "asked": None if asked is None else _rounded(asked),
        "face": line["face"],
        "money": _rounded(line["money"]),
        "cap_rule": line["cap"]["rule"],
        "cap_face": line["cap"]["face"],
        "reason": line["reason"],
    }


def _rounded(number: str | int) -> Decimal:
    return Decimal(number).quantize(_UNIT)
