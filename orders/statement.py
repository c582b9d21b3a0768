"""The frozen allocation: canonical JSON of every input and result, and its SHA-256. Approval is of that hash, a replay
starts from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib import metadata
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from allocation.limits import LimitTable
from allocation.model import Account, BlockOrder, Bond, Holding
from allocation.partial_fill import FillPolicy
from allocation.proposal import Proposal, Unallocated
from orders.canonical import canonical, digest
from orders.limits import of_accounts
from orders.model import Book, Order, OrderLine, Statement
from orders.proof import conditions

FORMAT = 6  # of the body; a change in its shape is a new number
ENGINES = 3  # of the engines' results; a change that could split a block otherwise is a new number
_LIBRARIES = ("numpy", "scipy")
_BLOCK = TypeAdapter(BlockOrder)
_LEFT = TypeAdapter(tuple[Unallocated, ...])


def freeze(
    proposal: Proposal,
    *,
    statement_id: str,
    order_id: str,
    group: str,
    book: Book,
    read_at: datetime,
    confirmed_at: datetime,
    confirmed_by: str,
    comment: str,
    override: str = "",
    accepted: Mapping[str, str] | None = None,
    version: int = 1,
    fills: FillPolicy = FillPolicy.PRO_RATA,
    limits_sha256: str = "",
) -> Statement:
    """The statement of a proposal. `read_at` is when its inputs were read, `override` why cash was not respected,
    `accepted` why each warning does not matter, `fills` how a part of it is shared out; each modification of the order
    is the next `version`. `limits_sha256` is of the whole table where the proposal has but its accounts' rows."""
    confirmation = {
        "format": FORMAT,
        "statement": statement_id,
        "order": order_id,
        "version": version,
        "book": book,
        "group": group,
        "confirmed": {"at": confirmed_at, "by": confirmed_by, "comment": comment, "override": override},
        "accepted": accepted or {},
        "read_at": read_at,
        "partial_fills": fills.key,
        "limits_sha256": limits_sha256 or digest(canonical(proposal.limits)),
        "allocation_sha256": allocation_digest(group, proposal),
        "versions": {"engines": str(ENGINES)} | {name: metadata.version(name) for name in _LIBRARIES},
    }
    body = canonical(confirmation | _allocation(proposal))
    return Statement(statement_id, order_id, version, confirmed_at, confirmed_by, body, digest(body))


def _allocation(proposal: Proposal) -> dict[str, Any]:
    """What was put in, and what the engine made of it."""
    block = proposal.block
    return {
        "block": _block(block),
        "choices": proposal.choices,
        "limits": _limits(proposal),
        "basis": proposal.basis,
        "accounts": [_account(account, block.bond) for account in proposal.accounts],
        "lines": proposal.lines,
        "unallocated": proposal.unallocated,
        "effect": proposal.effect,
        "warnings": proposal.warnings,
        "notes": proposal.notes,
        "tried": proposal.tried,
        "certificate": proposal.certificate,
        "certificate_given": conditions(proposal),
        "failed": proposal.failed,
    }


def allocation_digest(group: str, proposal: Proposal) -> str:
    """The hash of what is decided: which bond, side, face, settlement, limit and choices, and what each account gets.
    It is known before a confirmation, whose own hash is not, as time and command are in that."""
    block = proposal.block
    decided = {
        "group": group,
        "asset_id": block.bond.asset_id,
        "side": block.side,
        "face": block.face,
        "settlement": block.settlement,
        "limit": block.limit,
        "choices": proposal.choices,
        "lines": [(line.account_id, line.face) for line in proposal.lines],
    }
    return digest(canonical(decided))


def _block(block: BlockOrder) -> dict[str, Any]:
    return {
        "bond": block.bond,
        "side": block.side,
        "face": block.face,
        "settlement": block.settlement,
        "limit": block.limit,
        "mark": block.mark,
        "trade_price": block.trade_price,
        "market_buffer": block.market_buffer,
    }


def _limits(proposal: Proposal) -> LimitTable:
    """The rows these accounts are under. Whoever sees the group reads them here; the whole table has rows of other
    groups' accounts, so that of it only the digest is kept."""
    return of_accounts(proposal.limits, [account.id for account in proposal.accounts])


def _account(account: Account, bond: Bond) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "currency": account.currency,
        "nav": account.nav,
        "cash": account.cash,
        "held": account.held(bond.asset_id),
        "holdings": _holdings(account, bond),
        "benchmark": account.benchmark,
        "fx": account.fx,
        "exposures": account.exposures,
    }


def _holdings(account: Account, bond: Bond) -> dict[str, Any]:
    """What of the holdings the caps and the basis follow from: those that count together with the bond, and of all of
    them the sums and how many lack what it takes to tell."""
    every = account.holdings.values()
    return {
        "counted": {asset: holding for asset, holding in account.holdings.items() if _counts(holding, bond)},
        "all": len(account.holdings),
        "market_value": sum((holding.market_value for holding in every), Decimal(0)),
        "accrued_value": sum((holding.accrued_value or Decimal(0) for holding in every), Decimal(0)),
        "without_accrued": sum(holding.accrued_value is None for holding in every),
        "without_issuer": sum(not holding.issuer_id for holding in every),
        "without_sector": sum(not holding.sector for holding in every),
    }


def _counts(holding: Holding, bond: Bond) -> bool:
    """Whether a holding is of the bond, of its issuer or of its sector, as the caps tell them: whatever the case."""
    same = ((holding.issuer_id, bond.issuer_id), (holding.sector, bond.sector))
    return holding.asset_id == bond.asset_id or any(its and its.casefold() == wanted.casefold() for its, wanted in same)


def reserved(statement: Statement) -> dict[str, Decimal]:
    """Base-currency money each account has set aside under a statement, by account id (zero for a sell)."""
    body = json.loads(statement.body)
    if body["block"]["side"] != "BUY":
        return {}
    return {line["account_id"]: Decimal(line["money"]) for line in body["lines"] if line["face"]}


def placed(statement: Statement) -> dict[str, int]:
    """The face a statement gives to each account that gets any, by account id."""
    return {line["account_id"]: line["face"] for line in json.loads(statement.body)["lines"] if line["face"]}


def frozen_block(statement: Statement) -> tuple[BlockOrder, str]:
    """The block a statement froze, and the basis ("dirty" or "clean") it was valued on."""
    body = json.loads(statement.body)
    block = {name: value for name, value in body["block"].items() if name not in ("mark", "trade_price")}
    return _BLOCK.validate_python(block), body["basis"]


@lru_cache(maxsize=2)
def content(statement: Statement) -> Mapping[str, Any]:
    """The body of a statement that is looked at again and again, as a page of its order does: of a large group it is
    megabytes. For reading only, as others have it too."""
    found: dict[str, Any] = json.loads(statement.body)
    return MappingProxyType(found)


def not_placed(statement: Statement) -> tuple[Unallocated, ...]:
    """What of the order was not placed, with the reasons the statement froze."""
    return _LEFT.validate_python(content(statement)["unallocated"])


def reasons(statement: Statement) -> dict[str, str]:
    """Why whoever confirmed a statement went on, by what stood against it; with cash not respected among them."""
    body = content(statement)
    override = body["confirmed"].get("override", "")
    return body.get("accepted", {}) or ({"Cash was not respected": override} if override else {})


def engine_of(statement: Statement) -> str:
    """The engine whose allocation a statement froze."""
    return str(json.loads(statement.body)["choices"]["engine"])


def fill_policy(statement: Statement) -> FillPolicy:
    """How a part of the order is shared out; pro rata where a statement was frozen before there was a choice."""
    return FillPolicy.of(content(statement).get("partial_fills", FillPolicy.PRO_RATA.key))


def faithful(order: Order, statement: Statement) -> bool:
    """Whether an order is what its newest statement froze: the hash is that of the text, terms, engine and lines are
    the same, and no account is named twice."""
    if digest(statement.body) != statement.sha256 or statement.sha256 != order.statement_sha256:
        return False
    body = json.loads(statement.body)
    promised = [(line["account_id"], line["face"]) for line in body["lines"]]
    block = body["block"]
    terms = (block["bond"]["asset_id"], block["side"], block["settlement"], block["face"], body["choices"]["engine"])
    limit = None if block["limit"] is None else Decimal(block["limit"])
    return (
        len(dict(promised)) == len(promised)
        and _given(promised) == _given((line.account_id, line.face) for line in order.lines)
        and terms == (order.asset_id, order.side.value, order.settlement.isoformat(), order.ordered, order.engine)
        and limit == order.limit
    )


def _given(lines: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted((account, face) for account, face in lines if face)


def restored_terms(
    before: Statement, version: int, at: datetime, why: str, by: str = "worker"
) -> tuple[Statement, dict[str, Any]]:
    """An earlier statement as the next version, because the one after it did not come to be; and the terms it has, as a
    `Change` takes them."""
    body = json.loads(before.body)
    name = f"{before.order_id}.{version}"
    said = {"at": at, "by": by, "comment": f"As version {before.version}: {why}", "override": ""}
    text = canonical(body | {"statement": name, "version": version, "confirmed": said})
    block, faces = body["block"], placed(before)
    terms = {
        "ordered": block["face"],
        "face": sum(faces.values()),
        "limit": None if block["limit"] is None else Decimal(block["limit"]),
        "settlement": date.fromisoformat(block["settlement"]),
        "lines": tuple(OrderLine(account, face) for account, face in faces.items()),
        "cleared": frozenset() if block["limit"] is not None else frozenset({"limit"}),
        "engine": body["choices"]["engine"],
    }
    return Statement(name, before.order_id, version, at, by, text, digest(text)), terms
