"""The frozen allocation: canonical JSON of every input and result, and its SHA-256. Approval is of that hash, a replay
starts from it."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from allocation.model import Account, Proposal
from allocation.propose import Choices
from orders.canonical import canonical, digest
from orders.model import Book, Statement

FORMAT = 2  # of the body; a change in its shape is a new number
_LIBRARIES = ("numpy", "scipy", "pandas")


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
            "book": book,
            "group": group,
            "confirmed": {"at": confirmed_at, "by": confirmed_by, "comment": comment},
            "read_at": read_at,
            "block": {
                "bond": block.bond,
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
                "parameters": proposal.parameters,
                "metric": choices.metric,
                "excluded": choices.excluded,
                "minimum_coverage": choices.minimum_coverage,
                "respect_cash": choices.respect_cash,
            },
            "basis": proposal.basis,
            "accounts": [_account(account, block.bond.asset_id) for account in proposal.accounts],
            "lines": proposal.lines,
            "unallocated": proposal.unallocated,
            "effect": proposal.effect,
            "warnings": proposal.warnings,
            "tried": proposal.tried,
            "certificate": proposal.certificate,
            "versions": {name: version(name) for name in _LIBRARIES},
        }
    )
    return Statement(statement_id, order_id, 1, confirmed_at, confirmed_by, body, digest(body))


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
        "benchmark": account.benchmark,
        "fx": account.fx,
        "exposures": account.exposures,
    }


def reserved(statement: Statement) -> dict[str, Decimal]:
    """Base-currency money each account has set aside under a statement, by account id (zero for a sell)."""
    body = json.loads(statement.body)
    if body["block"]["side"] != "BUY":
        return {}
    return {line["account_id"]: Decimal(line["money"]) for line in body["lines"] if line["face"]}
