"""Blocks as typed, kept for whoever typed them until they are confirmed or thrown away."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import TypeAdapter

from orders.block import Request
from orders.canonical import canonical
from orders.choices import read_choices
from orders.model import Draft as Row

log = structlog.get_logger()

_REQUEST = TypeAdapter(Request)


@dataclass(frozen=True, slots=True)
class Draft:
    """A block as typed."""

    id: str
    saved_at: datetime
    request: Request


def written(request: Request) -> str:
    """A request as the ledger keeps it."""
    return canonical(request)


def read(row: Row) -> Draft | None:
    """A draft the ledger kept; None for one that this version cannot read any more."""
    found = request(row.body)
    return None if found is None else Draft(row.id, row.saved_at, found)


def request(text: str) -> Request | None:
    """What `written` wrote; None for what this version cannot read any more, which the log says."""
    try:
        kept = json.loads(text)
        return _REQUEST.validate_python({**kept, "choices": read_choices(kept["choices"])})
    except (ValueError, KeyError) as error:
        log.warning("a block as typed cannot be read", fault=type(error).__name__)
        return None
