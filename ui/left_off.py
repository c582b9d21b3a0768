"""The wizard as its user left it: what is typed for a group and a bond and not confirmed yet outlasts a reload, a
restart and a session that expired. Texts are kept as they were typed, readable or not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import streamlit as st
import structlog

from allocation.model import Account, Bond, Metric, Side
from orders import drafts
from orders.desk import Request
from orders.errors import NotFound
from orders.model import User
from ui import formats, method, session, sheet

_FIELDS: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {  # key -> to JSON, and back
    "allocate.side": (lambda side: side.value, Side),
    "allocate.face": (str, str),
    "allocate.settlement": (date.isoformat, date.fromisoformat),
    "allocate.limit": (str, str),
    "allocate.engine": (str, str),
    "metric": (lambda metric: metric.key, Metric.of),
}
log = structlog.get_logger()

SETTLES = 5.0  # seconds in which a page that was just opened may run again before the browser has drawn it
_PUT = "left_off.put"
_WRITTEN, _FOUND = "left_off.written", "left_off.found"


def resume(user: User) -> None:
    """A session without a bond goes on with the one its user had in hand for the group; one without a block, with the
    block that was typed for them last."""
    trip, memory = session.trip(), session.office().memory
    if trip.group is None:
        return
    if trip.asset_id is None and isinstance(last := memory.get(user.username, _bond(trip.group)), str):
        try:
            session.desk().bond(user, last)
        except NotFound:
            memory.put(user.username, _bond(trip.group), None)
            return
        trip.asset_id = last
    if trip.asset_id is not None and trip.request is None:
        kept = memory.get(user.username, _block(trip.group, trip.asset_id))
        request = drafts.request(kept["request"]) if kept and kept.get("request") else None
        if request is not None and take_up(user, trip.group, trip.asset_id):
            trip.request = request


def take_up(user: User, group: str, asset_id: str) -> bool:
    """Put what was left into the inputs, before they are drawn; whether anything was."""
    kept, put = session.office().memory.get(user.username, _block(group, asset_id)), st.session_state
    put.pop(_FOUND, None)
    if kept is None:
        return False
    try:
        body, request, at = kept["left"], kept["request"], kept["at"]
        fields = {key: _back(key, value) for key, value in body["fields"].items()}
        cells = {(str(account), str(column)): str(text) for account, column, text in body["cells"]}
        method.number(group, asset_id, int(body["block"]))
        put.update(fields | body["chosen"])
    except (KeyError, ValueError, TypeError) as error:  # it was written by another version
        log.warning("a block as typed cannot be taken up", fault=type(error).__name__)
        return False
    put[_PUT] = (time.monotonic(), (*fields, *body["chosen"]))
    sheet.put(group, cells)
    put["allocate.for"] = (group, asset_id)
    put[_WRITTEN] = (group, asset_id, _text(body, request))
    put[_FOUND] = at
    return True


def put_again() -> None:
    """Tell the browser anew what the inputs hold: the run that first did may have been overtaken by the next, before
    the page was drawn, and a field would stand there empty."""
    at, keys = st.session_state.get(_PUT, (None, ()))
    if at is None or time.monotonic() - at > SETTLES:
        return
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def _back(key: str, value: Any) -> Any:
    return None if value is None else _FIELDS[key][1](value)


def keep(user: User, group: str, asset_id: str, request: Request | None) -> None:
    """Keep what is in the inputs, where it is not what is kept already; `request` is the block, if it can be read."""
    left, block = _left(group, asset_id), None if request is None else drafts.written(request)
    said = (group, asset_id, _text(left, block))
    if st.session_state.get(_WRITTEN) == said:
        return
    memory, known = session.office().memory, st.session_state.get(_WRITTEN)
    if known is None or known[:2] != said[:2]:
        memory.put(user.username, _bond(group), asset_id)
    else:
        st.session_state.pop(_FOUND, None)  # it is not as it was left any more
    at = session.desk().now().isoformat()
    memory.put(user.username, _block(group, asset_id), {"at": at, "left": left, "request": block})
    st.session_state[_WRITTEN] = said


def confirmed(user: User, group: str, asset_id: str) -> None:
    """The block has become an order: the next one begins with a bond."""
    session.office().memory.put(user.username, _bond(group), None)
    _forget(user, group, asset_id)


def _forget(user: User, group: str, asset_id: str) -> None:
    session.office().memory.put(user.username, _block(group, asset_id), None)
    for name in (_FOUND, _WRITTEN):
        st.session_state.pop(name, None)


def afresh(user: User, bond: Bond, group: str, accounts: Sequence[Account]) -> None:
    """The click that empties the wizard."""
    session.office().gate.touch()
    put = st.session_state
    put["allocate.face"] = put["allocate.limit"] = ""
    put["allocate.side"], put["allocate.settlement"] = Side.BUY, session.desk().settlement(bond)
    method.as_at_first(group, bond, accounts)
    sheet.put(group, dict.fromkeys(sheet.everything(group), ""))
    _forget(user, group, bond.asset_id)


def told(group: str) -> str:
    """As you left it 12 min ago; empty once something was changed, or where nothing was typed."""
    at = st.session_state.get(_FOUND) if something(group) else None
    return f"As you left it {formats.ago(datetime.fromisoformat(at), session.desk().now())}" if at else ""


def something(group: str) -> bool:
    """Whether anything is typed."""
    texts = (st.session_state.get("allocate.face"), st.session_state.get("allocate.limit"))
    return any(text and text.strip() for text in texts) or bool(sheet.everything(group))


def _left(group: str, asset_id: str) -> dict[str, Any]:
    """What is in the inputs, as JSON can hold it: fields, choices, and the cells of this block."""
    state, count = st.session_state, method.number(group, asset_id)
    values = {key: state.get(key) for key in _FIELDS}
    ours, metrics = f"{asset_id}.{count}.", {metric.key for metric in Metric}
    return {
        "block": count,
        "fields": {key: None if value is None else _FIELDS[key][0](value) for key, value in values.items()},
        "chosen": {
            key: state[key]
            for key in sorted(map(str, state))
            if key.startswith(method.prefixes(group)) and isinstance(state[key], str | int | float | None)
        },
        "cells": [
            [account, column, text]
            for (account, column), text in sorted(sheet.everything(group).items())
            if (of := column.partition(".")[2]) in metrics or of.startswith(ours)
        ],
    }


def _text(left: Mapping[str, Any], request: str | None) -> str:
    return json.dumps([left, request], sort_keys=True)


def _bond(group: str) -> str:
    return f"bond of {group}"


def _block(group: str, asset_id: str) -> str:
    return f"block of {group} {asset_id}"
