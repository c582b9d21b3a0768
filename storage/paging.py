"""Pages of orders by key: each is found in an index, however many orders there are and however far back it lies."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from operator import gt, lt
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    Table,
    and_,
    false,
    or_,
    select,
    union,
    union_all,
)

from orders.errors import Rejected
from orders.history import Wanted
from storage.dialects import at_most
from storage.schema import order_lines, orders, statement_lines

T = TypeVar("T")

LARGEST_PAGE = 500
_MOST_BRANCHES = 100  # SQLite takes 500 selects in one
_LINES = (statement_lines, order_lines)  # where an account's orders are found: those that were stated, and booked


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the last row's moment and its id. Its text is the cursor screens hand back."""

    at: datetime
    id: str

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode()

    @classmethod
    def of(cls, cursor: str) -> Place | None:
        """The place a cursor stands for, None for an empty one; `Rejected` for a text that is none."""
        if not cursor:
            return None
        try:
            at, _, id_ = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
            place = cls(datetime.fromisoformat(at), id_)
        except (binascii.Error, ValueError) as error:
            raise Rejected(
                "This page's address cannot be read; start again from the first page.", code="cursor"
            ) from error
        if place.at.utcoffset() is None or not id_:
            raise Rejected("This page's address cannot be read; start again from the first page.", code="cursor")
        return place


def limited(size: int) -> int:
    """The size asked for; ValueError unless it is from 1 to `LARGEST_PAGE`."""
    if not 1 <= size <= LARGEST_PAGE:
        raise ValueError(f"A page has from 1 to {LARGEST_PAGE} rows, not {size}.")
    return size


def page_of_keys(wanted: Wanted, after: Place | None, size: int) -> CompoundSelect[Any] | Select[Any]:
    """The keys (`moment`, `id`) of the orders on a page, in the order of time that is wanted."""
    asked = [_first(branch, after, size, wanted.oldest_first) for branch in _branches(wanted)]
    if len(asked) == 1:
        return asked[0]
    together = union_all if wanted.account_id is None else union  # an account is found in both its tables
    every = together(*(select(one.subquery()) for one in asked))
    moment, id_ = every.selected_columns.moment, every.selected_columns.id
    return every.order_by(*_in_time(moment, id_, wanted.oldest_first)).limit(at_most(size))


@dataclass(frozen=True, slots=True)
class _Branch:
    """One run through one index, in the order of time."""

    source: FromClause
    at: ColumnElement[datetime]
    id: ColumnElement[str]
    conditions: tuple[ColumnElement[bool], ...]


def _branches(wanted: Wanted) -> Iterable[_Branch]:
    """What is equal in an index is asked for by it, the rest of each row it finds: several groups or states are several
    runs, as a run through several values would have to be sorted."""
    at, id_ = orders.c.created_at, orders.c.id
    period = _period(wanted, at)
    if wanted.account_id is not None:
        return [_of_account(wanted, wanted.account_id, lines) for lines in _LINES]
    if wanted.batch is not None:
        found = (orders.c.batch == wanted.batch, *period, *_rest(wanted, asset=True, user=True))
        return [_Branch(orders, at, id_, found)]
    if wanted.assets is not None and len(wanted.assets) <= _MOST_BRANCHES:
        rest = (*period, *_rest(wanted, user=True))
        each = [(orders.c.asset_id == asset, *rest) for asset in sorted(wanted.assets)] or [(false(),)]
        return [_Branch(orders, at, id_, found) for found in each]
    if wanted.username is not None:
        rest = (*period, *_rest(wanted, asset=True))
        return [_Branch(orders, at, id_, (orders.c.created_by == wanted.username, *rest))]
    by = [
        [column == value for value in sorted(values)]
        for column, values in ((orders.c.group_ticker, wanted.groups), (orders.c.state, state_names(wanted)))
        if values is not None
    ]
    runs = list(product(*by))
    if not runs:
        return [_Branch(orders, at, id_, (false(),))]
    if len(runs) > _MOST_BRANCHES:
        return [_Branch(orders, at, id_, (*period, *_rest(wanted, asset=True)))]
    rest = _rest(Wanted(assets=wanted.assets, engine=wanted.engine), asset=True)
    return [_Branch(orders, at, id_, (*run, *period, *rest)) for run in runs]


def _of_account(wanted: Wanted, account_id: str, lines: Table) -> _Branch:
    mine = (lines.c.account_id == account_id, *_period(wanted, lines.c.ordered_at))
    rest = _rest(wanted, batch=True, asset=True, user=True)
    source = lines.join(orders, orders.c.id == lines.c.order_id) if rest else lines
    return _Branch(source, lines.c.ordered_at, lines.c.order_id, (*mine, *rest))


def state_names(wanted: Wanted) -> list[str] | None:
    """The states as plain text: not every driver takes an enum for it."""
    return None if wanted.states is None else sorted(state.value for state in wanted.states)


def _period(wanted: Wanted, at: ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    bounds = ((wanted.since, at.__ge__), (wanted.until, at.__lt__))
    return tuple(compare(bound) for bound, compare in bounds if bound is not None)


def _rest(
    wanted: Wanted, *, batch: bool = False, asset: bool = False, user: bool = False
) -> tuple[ColumnElement[bool], ...]:
    """Conditions no index is to be chosen for: an empty text added hides a column from SQLite's planner, which would
    else take an index that is not in the order of time, and sort."""
    found: list[ColumnElement[bool]] = []
    if wanted.groups is not None:
        found.append(orders.c.group_ticker.concat("").in_(sorted(wanted.groups)))
    if wanted.states is not None:
        found.append(orders.c.state.concat("").in_(state_names(wanted) or ()))
    if wanted.engine is not None:
        found.append(orders.c.engine.concat("") == wanted.engine)
    if batch and wanted.batch is not None:
        found.append(orders.c.batch.concat("") == wanted.batch)
    if asset and wanted.assets is not None:
        found.append(orders.c.asset_id.concat("").in_(sorted(wanted.assets)))
    if user and wanted.username is not None:
        found.append(orders.c.created_by.concat("") == wanted.username)
    return tuple(found)


def _first(branch: _Branch, after: Place | None, size: int, oldest_first: bool) -> Select[Any]:
    query = (
        select(branch.at.label("moment"), branch.id.label("id")).select_from(branch.source).where(*branch.conditions)
    )
    if branch.source is not orders:
        query = query.distinct()  # an account has a line in each version of a statement
    return paged(query, branch.at, branch.id, after, size, oldest_first=oldest_first)


def among(values: Collection[T] | None) -> frozenset[T] | None:
    """Values as `Wanted` has them; None is any."""
    return None if values is None else frozenset(values)


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What makes an order a wanted one, for queries that read all of them."""
    found: list[ColumnElement[bool]] = []
    if wanted.groups is not None:
        found.append(orders.c.group_ticker.in_(sorted(wanted.groups)))
    if (states := state_names(wanted)) is not None:
        found.append(orders.c.state.in_(states))
    if wanted.assets is not None:
        found.append(orders.c.asset_id.in_(sorted(wanted.assets)))
    if wanted.account_id is not None:
        mine = (select(lines.c.order_id).where(lines.c.account_id == wanted.account_id) for lines in _LINES)
        found.append(orders.c.id.in_(union_all(*mine)))
    bounds = (
        (wanted.batch, orders.c.batch.__eq__),
        (wanted.engine, orders.c.engine.__eq__),
        (wanted.username, orders.c.created_by.__eq__),
        (wanted.since, orders.c.created_at.__ge__),
        (wanted.until, orders.c.created_at.__lt__),
    )
    return found + [compare(bound) for bound, compare in bounds if bound is not None]


def paged(
    query: Select[Any],
    at: ColumnElement[datetime],
    id_: ColumnElement[str],
    after: Place | None,
    size: int,
    *,
    oldest_first: bool = False,
) -> Select[Any]:
    """The rows of a query that follow a place, newest first or oldest first."""
    if after is not None:
        beyond = gt if oldest_first else lt
        # the first half is what an index is entered by
        entered = at >= after.at if oldest_first else at <= after.at
        query = query.where(entered, or_(beyond(at, after.at), and_(at == after.at, beyond(id_, after.id))))
    return query.order_by(*_in_time(at, id_, oldest_first)).limit(at_most(size))


def _in_time(at: ColumnElement[datetime], id_: ColumnElement[str], oldest_first: bool) -> tuple[Any, Any]:
    return (at, id_) if oldest_first else (at.desc(), id_.desc())


def cut(keys: Sequence[Any], size: int) -> tuple[Sequence[Any], str]:
    """The keys of the page out of one more than it holds, and the cursor to the next."""
    if len(keys) <= size:
        return keys, ""
    last = keys[size - 1]
    return keys[:size], str(Place(last.moment, last.id))
