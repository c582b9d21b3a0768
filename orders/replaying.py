"""Replay: the inputs a statement froze, through the engines of today, held against the results it froze."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import InvalidOperation
from importlib import metadata
from typing import Any

from pydantic import ValidationError

from allocation.errors import AllocationError
from allocation.proposal import Proposal
from allocation.propose import propose
from orders.canonical import canonical, digest
from orders.choices import read_choices
from orders.elsewhere import ENGINE as ELSEWHERE
from orders.frozen import account, limits_of
from orders.model import Statement
from orders.statement import ENGINES, frozen_block

MOST_TOLD = 50  # differences
_RESULTS = ("basis", "lines", "unallocated", "effect", "certificate", "failed")
_FACES = ("lines", "unallocated")
# a text that is no statement of ours, or has something else where a figure stood
_UNREADABLE = (ValidationError, InvalidOperation, ValueError, TypeError, AttributeError, LookupError)


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
    # on a clean basis every account stays where it was put: with its accrued interest it would be measured anew
    accounts = [account(kept, 0 if basis == "dirty" else kept["holdings"]["all"]) for kept in body["accounts"]]
    return propose(block, accounts, read_choices(body["choices"]), limits_of(body))


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
