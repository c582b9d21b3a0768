"""The frozen allocation: canonical JSON of every input and result, and its SHA-256. Approval is of that hash, a replay
starts from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from importlib.metadata import version
from typing import Any

from allocation.model import Account, Effect, Line, Metric, Proposal
from allocation.propose import Choices
from orders.model import Book, Statement

FORMAT = 1  # of the body; a change in its shape is a new number
_LIBRARIES = ("numpy", "scipy", "pandas")


def canonical(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, decimals and dates as strings, enums by value, floats by repr.

    TypeError for anything else: what cannot be written exactly does not enter a statement.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(text: str) -> str:
    """SHA-256 of the text in UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Metric):
        return value.key
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, frozenset | set):
        return sorted(_plain(item) for item in value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"a statement cannot hold a {type(value).__name__}")


def freeze(
    proposal: Proposal,
    choices: Choices,
    *,
    statement_id: str,
    order_id: str,
    group: str,
    book: Book,
    read_at: datetime,
    confirmed_at: datetime,
    confirmed_by: str,
    comment: str,
) -> Statement:
    """The statement of a proposal. `read_at` is when its inputs were read."""
    block = proposal.block
    body = canonical(
        {
            "format": FORMAT,
            "statement": statement_id,
            "order": order_id,
            "version": 1,
            "book": asdict(book),
            "group": group,
            "confirmed": {"at": confirmed_at, "by": confirmed_by, "comment": comment},
            "read_at": read_at,
            "block": {
                "bond": asdict(block.bond),
                "side": block.side,
                "face": block.face,
                "settlement": block.settlement,
                "limit": block.limit,
                "mark": block.mark,
                "trade_price": block.trade_price,
                "market_buffer": block.market_buffer,
            },
            "choices": {
                "engine": proposal.engine,
                "parameters": dict(proposal.parameters),
                "metric": choices.metric,
                "excluded": choices.excluded,
                "minimum_coverage": choices.minimum_coverage,
                "respect_cash": choices.respect_cash,
            },
            "basis": proposal.basis,
            "accounts": [_account(account, block.bond.asset_id) for account in proposal.accounts],
            "lines": [_line(line) for line in proposal.lines],
            "unallocated": [asdict(row) for row in proposal.unallocated],
            "effect": _effect(proposal.effect),
            "warnings": proposal.warnings,
            "tried": proposal.tried,
            "versions": {name: version(name) for name in _LIBRARIES},
        }
    )
    return Statement(statement_id, order_id, 1, confirmed_at, confirmed_by, body, sha256(body))


def _account(account: Account, asset_id: str) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "currency": account.currency,
        "nav": account.nav,
        "cash": account.cash,
        "held": account.held(asset_id),
        "holdings": len(account.holdings),
        "market_value": sum((h.market_value for h in account.holdings.values()), Decimal(0)),
        "benchmark": asdict(account.benchmark) if account.benchmark else None,
        "fx": dict(account.fx),
        "exposures": {metric.key: asdict(exposure) for metric, exposure in account.exposures.items()},
    }


def _line(line: Line) -> dict[str, Any]:
    return asdict(line) | {"headroom": line.headroom}


def _effect(effect: Effect) -> dict[str, Any]:
    return asdict(effect) | {"metric": effect.metric, "improvement": effect.improvement}


def reserved(statement: Statement) -> dict[str, Decimal]:
    """Base-currency money each account has set aside under a statement, by account id (zero for a sell)."""
    body = json.loads(statement.body)
    if body["block"]["side"] != "BUY":
        return {}
    return {line["account_id"]: Decimal(line["money"]) for line in body["lines"] if line["face"]}
