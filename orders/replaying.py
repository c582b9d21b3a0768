"""Replay: the inputs a statement froze, through the engines of today, held against the results it froze."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from importlib import metadata
from typing import Any

from pydantic import TypeAdapter, ValidationError

from allocation.errors import AllocationError
from allocation.limits import Limit, LimitTable, Rule
from allocation.model import Account, Benchmark, Exposure, Holding, Metric
from allocation.proposal import Proposal
from allocation.propose import propose
from orders.canonical import canonical, digest
from orders.choices import read_choices
from orders.elsewhere import ENGINE as ELSEWHERE
from orders.model import Statement
from orders.statement import ENGINES, frozen_block

MOST_TOLD = 50  # differences
_RESULTS = ("basis", "lines", "unallocated", "effect", "certificate", "failed")
_FACES = ("lines", "unallocated")
_HOLDINGS = TypeAdapter(dict[str, Holding])
_BENCHMARK = TypeAdapter(Benchmark | None)
_EXPOSURE = TypeAdapter(Exposure)
_MONEY = TypeAdapter(Decimal | None)
# a text that is no statement of ours, or has something else where a figure stood
_UNREADABLE = (ValidationError, InvalidOperation, ValueError, TypeError, AttributeError, LookupError)
_RATES = TypeAdapter(dict[str, Decimal])


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of it. `same` tells of faces: each account's, and what was not placed. `differences` names whatever
    else is other than frozen, figure by figure; `versions` what ran then and now where that is not the same.
    `impossible` says why nothing could be run."""

    same: bool
    differences: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    impossible: str = ""
    proposal: Proposal | None = field(default=None, repr=False)


def replay(statement: Statement) -> Replay:
    """Run a statement's block again, from nothing but its text. Pure, and never raises for what a statement says."""
    if digest(statement.body) != statement.sha256:
        return Replay(False, impossible="Its text is not the one that was hashed: it was edited since.")
    versions: tuple[str, ...] = ()
    try:
        body = json.loads(statement.body)
        if body["choices"]["engine"] == ELSEWHERE:
            return Replay(
                False, impossible="It was allocated elsewhere and taken over, so no engine of ours can repeat it."
            )
        versions = tuple(_versions(body["versions"]))
        return _held_against(body, _again(statement, body), versions)
    except KeyError as error:
        return Replay(False, versions=versions, impossible=f"{_frozen_in(statement)}: {error} is not in it.")
    except AllocationError as error:
        return Replay(False, versions=versions, impossible=f"The engines of today refuse it: {error}")
    except _UNREADABLE:
        return Replay(False, versions=versions, impossible=f"{_frozen_in(statement)}: a figure of it cannot be read.")


def _held_against(body: Mapping[str, Any], proposal: Proposal, versions: tuple[str, ...]) -> Replay:
    now = json.loads(canonical({name: getattr(proposal, name) for name in _RESULTS}))
    then = {name: body[name] for name in _RESULTS}
    told = list(_differences(then, now))
    more = (f"and {len(told) - MOST_TOLD:,} more",) if len(told) > MOST_TOLD else ()
    return Replay(_faces(then) == _faces(now), (*told[:MOST_TOLD], *more), versions, proposal=proposal)


def _frozen_in(statement: Statement) -> str:
    try:
        return f"It was frozen in format {json.loads(statement.body)['format']}"
    except (ValueError, LookupError, TypeError):
        return "It was frozen in a format without a number"


def _again(statement: Statement, body: dict[str, Any]) -> Proposal:
    block, basis = frozen_block(statement)
    accounts = [_account(kept, basis) for kept in body["accounts"]]
    rows = tuple(
        Limit(row["account_id"], Rule.of(row["rule"]), row["of"], row["value"]) for row in body["limits"]["rows"]
    )
    return propose(block, accounts, read_choices(body["choices"]), LimitTable(body["limits"]["version"], rows))


def _account(kept: Mapping[str, Any], basis: str) -> Account:
    return Account(
        id=kept["id"],
        name=kept["name"],
        currency=kept["currency"],
        nav=_MONEY.validate_python(kept["nav"]),
        cash=_MONEY.validate_python(kept["cash"]),
        holdings=_holdings(kept["holdings"], basis),
        benchmark=_BENCHMARK.validate_python(kept["benchmark"]),
        exposures={Metric.of(key): _EXPOSURE.validate_python(value) for key, value in kept["exposures"].items()},
        fx=_RATES.validate_python(kept["fx"]),
    )


def _holdings(kept: Mapping[str, Any], basis: str) -> dict[str, Holding]:
    """Those the statement has whole, and in place of the others as many that add up to the same and say as little of
    issuer and sector: all that caps, weights and the basis ask of them."""
    whole = _HOLDINGS.validate_python(kept["counted"])
    others = kept["all"] - len(whole)
    unsaid = {
        "issuer_id": kept["without_issuer"] - sum(not holding.issuer_id for holding in whole.values()),
        "sector": kept["without_sector"] - sum(not holding.sector for holding in whole.values()),
    }
    value = Decimal(kept["market_value"]) - sum((h.market_value for h in whole.values()), Decimal(0))
    accrued = Decimal(kept["accrued_value"]) - sum((h.accrued_value or Decimal(0) for h in whole.values()), Decimal(0))
    known = basis == "dirty"
    for i in range(others):
        name, first = f"another {i + 1}", i == 0
        whole[name] = Holding(
            name,
            face=Decimal(0),
            market_value=value if first else Decimal(0),
            accrued_value=(accrued if first else Decimal(0)) if known else None,
            issuer_id="" if i < unsaid["issuer_id"] else "another issuer",
            sector="" if i < unsaid["sector"] else "another sector",
        )
    return whole


def _versions(then: Mapping[str, str]) -> Iterator[str]:
    for name, version in then.items():
        now = str(ENGINES) if name == "engines" else _installed(name)
        if now != version:
            yield f"{name} {version} then, {now} now"


def _installed(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def _faces(results: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    given, left = (results[name] for name in _FACES)
    return [(line["account_id"], line["face"]) for line in given], [(row["account_id"], row["face"]) for row in left]


def _differences(then: Any, now: Any, where: tuple[str, ...] = ()) -> Iterator[str]:
    """Each figure or word that is not as it was, with the way to it."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in sorted({*then, *now}):
            yield from _differences(then.get(name), now.get(name), (*where, name))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for place, (was, is_) in enumerate(zip(then, now, strict=True)):
            named = was.get("account_id") if isinstance(was, dict) else None
            yield from _differences(was, is_, (*where, named or str(place + 1)))
    elif then != now:
        yield f"{' › '.join(where)}: {_said(then)} then, {_said(now)} now"


def _said(value: Any) -> str:
    if isinstance(value, list | dict):
        return f"{len(value)} entries"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "nothing" if value in (None, "") else str(value)
