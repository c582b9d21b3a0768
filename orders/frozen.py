"""A statement read back: the proposal it froze, from its text alone, and what stands beside that in the text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from allocation.certificate import Certificate
from allocation.limits import Limit, LimitTable, Rule
from allocation.model import Account, Benchmark, Exposure, Holding, Metric
from allocation.partial_fill import FillPolicy
from allocation.proposal import Effect, Line, Proposal, Unallocated
from orders.canonical import digest
from orders.choices import read_choices
from orders.errors import Rejected
from orders.model import Book, Statement
from orders.statement import fill_policy, frozen_block, reasons

_HOLDINGS = TypeAdapter(dict[str, Holding])
_BENCHMARK = TypeAdapter(Benchmark | None)
_EXPOSURE = TypeAdapter(Exposure)
_MONEY = TypeAdapter(Decimal | None)
_RATES = TypeAdapter(dict[str, Decimal])
_LINES = TypeAdapter(tuple[Line, ...])
_LEFT = TypeAdapter(tuple[Unallocated, ...])
_EFFECT = TypeAdapter(Effect)
_TEXTS = TypeAdapter(tuple[str, ...])
_PROOF = TypeAdapter(Certificate | None)
_BOOK = TypeAdapter(Book)
_MOMENT = TypeAdapter(datetime)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A statement as it was on the day. Frozen again it is the same text, bit for bit."""

    statement: Statement
    proposal: Proposal  # its limits are those of its accounts
    group: str
    book: Book
    read_at: datetime  # of the oldest input
    comment: str
    override: str  # why cash was not respected
    accepted: Mapping[str, str]  # why each warning did not matter
    fills: FillPolicy
    format: int
    versions: Mapping[str, str]  # of the engines and of what they stand on
    limits_sha256: str  # of the whole table, other groups' rows included

    @property
    def reasons(self) -> Mapping[str, str]:
        """Why whoever confirmed it went on, by what stood against it."""
        return reasons(self.statement)

    @property
    def intact(self) -> bool:
        """Whether the text is the one that was hashed."""
        return digest(self.statement.body) == self.statement.sha256


def read(statement: Statement) -> Frozen:
    """The statement with its proposal. `Rejected` for one of a format that has not all of it."""
    body = json.loads(statement.body)
    try:
        return Frozen(
            statement=statement,
            proposal=_proposal(statement, body),
            group=body["group"],
            book=_BOOK.validate_python(body["book"]),
            read_at=_MOMENT.validate_python(body["read_at"]),
            comment=body["confirmed"]["comment"],
            override=body["confirmed"]["override"],
            accepted=body["accepted"],
            fills=fill_policy(statement),
            format=body["format"],
            versions=body["versions"],
            limits_sha256=body["limits_sha256"],
        )
    except (KeyError, ValidationError) as error:
        lacks = f"{error.args[0]!r} is not in it" if isinstance(error, KeyError) else "a figure of it cannot be read"
        raise Rejected(
            f"The statement {statement.id} was frozen in format {body['format']}, and {lacks}: read its text instead.",
            code="statement_format",
        ) from error


def _proposal(statement: Statement, body: Mapping[str, Any]) -> Proposal:
    block, basis = frozen_block(statement)
    effect = body["effect"]
    return Proposal(
        block=block,
        choices=read_choices(body["choices"]),
        limits=limits_of(body),
        accounts=tuple(account(kept, kept["holdings"]["without_accrued"]) for kept in body["accounts"]),
        lines=_LINES.validate_python(body["lines"]),
        unallocated=_LEFT.validate_python(body["unallocated"]),
        effect=_EFFECT.validate_python(effect | {"metric": Metric.of(effect["metric"])}),
        basis=basis,
        warnings=_TEXTS.validate_python(body["warnings"]),
        notes=_TEXTS.validate_python(body["notes"]),
        tried=_TEXTS.validate_python(body["tried"]),
        certificate=_PROOF.validate_python(body["certificate"]),
        failed=body["failed"],
    )


def limits_of(body: Mapping[str, Any]) -> LimitTable:
    """The rows that a statement's accounts were under."""
    rows = (Limit(row["account_id"], Rule.of(row["rule"]), row["of"], row["value"]) for row in body["limits"]["rows"])
    return LimitTable(body["limits"]["version"], tuple(rows))


def account(kept: Mapping[str, Any], without_accrued: int) -> Account:
    """An account as a statement has it, whose holdings have no accrued interest known for `without_accrued`."""
    return Account(
        id=kept["id"],
        name=kept["name"],
        currency=kept["currency"],
        nav=_MONEY.validate_python(kept["nav"]),
        cash=_MONEY.validate_python(kept["cash"]),
        holdings=_holdings(kept["holdings"], without_accrued),
        benchmark=_BENCHMARK.validate_python(kept["benchmark"]),
        exposures={Metric.of(key): _EXPOSURE.validate_python(value) for key, value in kept["exposures"].items()},
        fx=_RATES.validate_python(kept["fx"]),
    )


def _holdings(kept: Mapping[str, Any], without_accrued: int) -> dict[str, Holding]:
    """Those the statement has whole, and in place of the others as many that add up to the same and say as little of
    issuer, sector and accrued interest: all that caps, weights and the basis ask of them."""
    whole = _HOLDINGS.validate_python(kept["counted"])
    others = kept["all"] - len(whole)
    without_issuer = kept["without_issuer"] - sum(not holding.issuer_id for holding in whole.values())
    without_sector = kept["without_sector"] - sum(not holding.sector for holding in whole.values())
    undated = without_accrued - sum(holding.accrued_value is None for holding in whole.values())
    value = Decimal(kept["market_value"]) - sum((h.market_value for h in whole.values()), Decimal(0))
    accrued = Decimal(kept["accrued_value"]) - sum((h.accrued_value or Decimal(0) for h in whole.values()), Decimal(0))
    for i in range(others):
        name = f"another {i + 1}"
        known = accrued if i == others - 1 else Decimal(0)  # the last: those that do not know it come first
        whole[name] = Holding(
            name,
            face=Decimal(0),
            market_value=Decimal(0) if i else value,
            accrued_value=None if i < undated else known,
            issuer_id="" if i < without_issuer else "another issuer",
            sector="" if i < without_sector else "another sector",
        )
    return whole
