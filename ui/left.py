"""A block as it is left: what is its own of all that is typed into the wizard, and its way to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import streamlit as st
import structlog
from pydantic import TypeAdapter

from allocation.engines import ENGINES
from allocation.model import Bond, Metric, Side
from orders import drafts
from orders.desk import Request
from ui import formats, left_method, method, session, sheet

log = structlog.get_logger()

_RULES: Mapping[str, str | bool] = {"least": "", "cash": True, "rounding": True}  # as they usually are


@dataclass(frozen=True, slots=True)
class Left:
    """What was typed. `settlement` is None where it was the usual one, which is another each day; `rules` are those
    that are not as usual; `beside` stands for what was chosen for the group, which `request` was read with."""

    at: datetime  # of the last change
    day: date  # the book's date then
    priced: date  # the book's date when the limit was typed
    side: Side
    face: str
    limit: str
    settlement: date | None
    engine: str
    metric: str
    number: int  # how many blocks of the bond were confirmed before
    rules: dict[str, str | bool]
    cells: tuple[tuple[str, str, str], ...]  # account, column, text
    request: str | None
    beside: str

    def fields(self) -> dict[str, Any]:
        """The inputs that each block has, by key."""
        return {
            "allocate.side": self.side,
            "allocate.face": self.face,
            "allocate.limit": self.limit,
            "allocate.engine": self.engine,
            "metric": Metric.of(self.metric),
        }

    def same_as(self, other: Left) -> bool:
        """Whether the same is typed, whenever that was."""
        return replace(self, at=other.at, day=other.day, request=other.request, beside=other.beside) == other

    def written(self) -> Any:
        return _LEFT.dump_python(self, mode="json")


_LEFT = TypeAdapter(Left)


def read(kept: Any) -> Left | None:
    """What `written` wrote; None for what this version cannot read any more, which the log says."""
    if kept is None:
        return None
    try:
        block = _LEFT.validate_python(kept)
        ENGINES[block.engine]
        Metric.of(block.metric)
    except (ValueError, KeyError) as error:
        log.warning("a block as typed cannot be taken up", fault=type(error).__name__)
        return None
    return block


def found(group: str, bond: Bond, request: Request | None, before: Left | None) -> Left:
    """What is in the inputs now; `before` is what was there."""
    state, desk, limit = st.session_state, session.desk(), st.session_state.get("allocate.limit") or ""
    settlement, today = state.get("allocate.settlement"), desk.today()
    ours = f"{bond.asset_id}.{method.number(group, bond.asset_id)}."
    now = {name: state.get(key) for name, key in _keys(group, bond.asset_id).items()}
    return Left(
        at=desk.now(),
        day=today,
        priced=before.priced if before is not None and before.limit == limit else today,
        side=state.get("allocate.side") or Side.BUY,
        face=state.get("allocate.face") or "",
        limit=limit,
        settlement=None if settlement == desk.settlement(bond) else settlement,
        engine=state.get("allocate.engine") or "pro_rata",
        metric=(state.get("metric") or Metric.ASD).key,
        number=method.number(group, bond.asset_id),
        rules={name: value for name, value in now.items() if value not in (None, _RULES[name])},
        cells=tuple(
            (account, column, text)
            for (account, column), text in sheet.everything(group).items()  # as they were typed: locks count in order
            if column.partition(".")[2].startswith(ours)
        ),
        request=None if request is None else drafts.written(request),
        beside=left_method.digest(group),
    )


def put_own(group: str, asset_id: str, block: Left) -> None:
    """Put the block's cells and rules into the inputs, and nothing else into any that is of this bond."""
    method.number(group, asset_id, block.number)
    ours = f"{asset_id}.{block.number}."
    there = [cell for cell in sheet.everything(group) if cell[1].partition(".")[2].startswith(ours)]
    sheet.put(group, dict.fromkeys(there, "") | {(account, column): text for account, column, text in block.cells})
    for name, key in _keys(group, asset_id).items():
        st.session_state[key] = block.rules.get(name, _RULES[name])


def rules(group: str, asset_id: str) -> dict[str, str | bool]:
    """The rules of a block as they usually are, by key."""
    return {key: _RULES[name] for name, key in _keys(group, asset_id).items()}


def settles(block: Left | None, usual: date, today: date) -> tuple[date, str]:
    """The settlement of a block that was left: the usual one today unless another was typed, and what there is to say
    where that has been overtaken."""
    if block is None or block.settlement is None:
        return usual, ""
    if block.day < today and block.settlement < usual:
        return usual, (
            f"Settlement was left on {formats.day(block.settlement)}, which is early by now: "
            f"the usual {formats.day(usual)} stands in its place."
        )
    return block.settlement, ""


def _keys(group: str, asset_id: str) -> dict[str, str]:
    number = method.number(group, asset_id)
    return {name: f"allocate.{group}.{name}.{asset_id}.{number}" for name in _RULES}
