"""The wizard as its user left it: what is typed for a group and a bond and not confirmed yet outlasts a reload, a
restart and a session that expired. Each session takes up a block once, where it has not begun it itself; from then on
what it holds is its own. Texts are kept as they were typed, readable or not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import streamlit as st

from allocation.model import Account, Bond, Side
from orders import drafts
from orders.desk import Request
from orders.errors import NotFound
from orders.history import Wanted
from orders.model import User
from ui import formats, left, left_method, method, session, sheet
from ui.left import Left

SETTLES = 5.0  # seconds in which a page that was just opened may run again before the browser has drawn it
_PUT = "left_off.put"
_FOR = "allocate.for"  # the group and the bond that the inputs are of
# the blocks of this session, None for one with nothing typed; when the one in the inputs was left, until it changes
_BEGUN, _FOUND = "left_off.begun", "left_off.found"
_HAD = "left_off.had"  # this session has had a bond
_SETTLES = "left_off.settles"  # the settlement on the screen when it was kept last, and what there is to say of it

Pair = tuple[str, str]  # group and asset id


def resume(user: User) -> None:
    """A session that has had no bond goes on with the one its user had in hand for the group."""
    trip, memory = session.trip(), session.office().memory
    if trip.asset_id is not None:
        st.session_state[_HAD] = True
    if trip.group is None or st.session_state.get(_HAD):
        return
    if isinstance(last := memory.get(user.username, _bond(trip.group)), str):
        try:
            session.desk().bond(user, last)
        except NotFound:
            memory.put(user.username, _bond(trip.group), None)
            return
        trip.asset_id, st.session_state[_HAD] = last, True


def put_away(user: User) -> None:
    """The bond in hand is not wanted any more: neither here nor when somebody comes back."""
    trip = session.trip()
    if trip.group is not None:
        session.office().memory.put(user.username, _bond(trip.group), None)
    trip.asset_id, st.session_state[_HAD] = None, True


def begin(user: User, group: str, bond: Bond) -> None:
    """Before the inputs are drawn. Another block is as this session has it; one that it has not begun is as it was
    left, unless that has become an order since; else it begins anew, for a price or a reason is of one block only."""
    left_method.take_up(user, group)
    state, pair = st.session_state, (group, bond.asset_id)
    if state.get(_FOR) == pair:
        _put_again()
        _next_day(bond, _begun().get(pair))
        return
    _note_what_came_with_the_click()
    known = pair in _begun()
    block = _begun()[pair] if known else left.read(session.office().memory.get(user.username, _block(*pair)))
    if block is not None and _ordered_since(user, pair, block):
        forget(user, *pair)
        method.afresh(*pair)
        block, known = None, True
    if block is not None and not known:
        left.put_own(group, bond.asset_id, block)
    _put(pair, bond, block)
    state[_FOR] = pair


def _put(pair: Pair, bond: Bond, block: Left | None) -> None:
    """Fill the fields of a block; without one they are as at first."""
    state, usual = st.session_state, session.desk().settlement(bond)
    day, said = left.settles(block, usual, session.desk().today())
    for name in ("face", "limit", "comment", "override"):
        state[f"allocate.{name}"] = ""
    state["allocate.side"], state["allocate.settlement"] = Side.BUY, day
    state[_SETTLES], state[_FOUND], state[_PUT] = (day, said), None, (None, ())
    trip = session.trip()
    trip.request = None
    trip.keep(None)
    if block is not None:
        fields = block.fields()
        state.update(fields)
        keys = (*fields, "allocate.settlement", *left.rules(*pair), *left_method.keys(pair[0]))
        state[_FOUND], state[_PUT] = block.at, (time.monotonic(), keys)
        if block.request and block.beside == left_method.digest(pair[0]):
            request = drafts.request(block.request)
            trip.request = None if request is None else replace(request, settlement=day)
        if said:
            block = replace(block, settlement=None, day=session.desk().today())
    _begun()[pair] = block


def _note_what_came_with_the_click() -> None:
    """A click that leaves the page may bring what was typed last, and no run of the page had it."""
    pair, state = st.session_state.get(_FOR), st.session_state
    if pair is not None and (block := _begun().get(pair)) is not None:
        now = {"side": state.get("allocate.side"), "face": state["allocate.face"], "limit": state["allocate.limit"]}
        if now != {name: getattr(block, name) for name in now}:
            _begun()[pair] = replace(block, **now, request=None)


def _next_day(bond: Bond, block: Left | None) -> None:
    """The book's date may move on under an open page: the usual settlement moves with it."""
    state, today = st.session_state, session.desk().today()
    if block is None or block.day >= today or state.get("allocate.settlement") != state.get(_SETTLES, (None,))[0]:
        return
    day, said = left.settles(block, session.desk().settlement(bond), today)
    state["allocate.settlement"], state[_SETTLES] = day, (day, said)


def _put_again() -> None:
    """Tell the browser anew what the inputs hold: the run that first did may have been overtaken by the next, before
    the page was drawn, and a field would stand there empty."""
    at, keys = st.session_state.get(_PUT, (None, ()))
    if at is None or time.monotonic() - at > SETTLES:
        return
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def _ordered_since(user: User, pair: Pair, block: Left) -> bool:
    """Whether the block has become an order of this user's since, in whichever session."""
    groups, assets = (frozenset([name]) for name in pair)
    wanted = Wanted(groups=groups, assets=assets, username=user.username, since=block.at)
    return any(order.side is block.side for order in session.desk().past.orders(user, wanted).rows)


def keep(user: User, group: str, bond: Bond, request: Request | None) -> None:
    """Keep what is in the inputs, where it is not what is kept already; `request` is the block, if it can be read."""
    left_method.keep(user, group)
    state, memory, pair = st.session_state, session.office().memory, (group, bond.asset_id)
    before, day = _begun().get(pair), state.get("allocate.settlement")
    if state.get(_SETTLES, (None,))[0] != day:
        state[_SETTLES] = (day, "")
    now = left.found(group, bond, request, before)
    if before is not None and now.same_as(before):
        now = replace(now, at=before.at)
    else:
        state[_FOUND] = None  # it is not as it was left any more
    _begun()[pair] = now
    if before is not None and (now.at, now.request, now.beside) == (before.at, before.request, before.beside):
        return
    memory.put(user.username, _bond(group), bond.asset_id)
    if before is not None or something(group):  # a page that was only opened says nothing of the block
        memory.put(user.username, _block(*pair), now.written())


def hand_over(user: User, group: str, asset_id: str) -> dict[str, Any]:
    """Forget a block that is about to be confirmed, before anything else is done with it: whoever comes back
    meanwhile is not to find it. What was forgotten, for `take_back`."""
    memory, names = session.office().memory, (_bond(group), _block(group, asset_id))
    kept = {name: memory.get(user.username, name) for name in names}
    if kept[names[0]] != asset_id:  # another bond is in hand
        del kept[names[0]]
    for name in kept:
        memory.put(user.username, name, None)
    return kept


def take_back(user: User, kept: dict[str, Any]) -> None:
    """The confirmation came to nothing: it is a block again, where nobody began another one meanwhile."""
    memory = session.office().memory
    for name, value in kept.items():
        if memory.get(user.username, name) is None:
            memory.put(user.username, name, value)


def confirmed(group: str, asset_id: str) -> None:
    """The block in the inputs has become an order: what is typed next is another."""
    method.afresh(group, asset_id)
    _begun()[group, asset_id] = None
    st.session_state.pop(_FOR, None)


def forget(user: User, group: str, asset_id: str) -> None:
    """Nothing is typed for this block."""
    session.office().memory.put(user.username, _block(group, asset_id), None)
    _begun()[group, asset_id] = None
    st.session_state[_FOUND] = None


def afresh(user: User, bond: Bond, group: str, accounts: Sequence[Account]) -> None:
    """The click that empties the wizard."""
    session.office().gate.touch()
    method.as_at_first(group, bond, accounts)
    sheet.put(group, dict.fromkeys(sheet.everything(group), ""))
    st.session_state.update(left.rules(group, bond.asset_id))
    forget(user, group, bond.asset_id)
    _put((group, bond.asset_id), bond, None)


def told(group: str) -> str:
    """As you left it 12 min ago; empty once something was changed, or where nothing was typed."""
    at: datetime | None = st.session_state.get(_FOUND) if something(group) else None
    return f"As you left it {formats.ago(at, session.desk().now())}" if at else ""


def outdated(group: str, asset_id: str) -> tuple[str, ...]:
    """What of the block is older than the book's date, in sentences."""
    block, today = _begun().get((group, asset_id)), session.desk().today()
    said = [st.session_state.get(_SETTLES, (None, ""))[1]]
    if block is not None and block.limit.strip() and block.priced < today:
        said.append(
            f"The limit of {block.limit.strip()} was typed on {formats.day(block.priced)}, and the book's date is "
            f"{formats.day(today)}: see whether it still holds."
        )
    return tuple(filter(None, said))


def something(group: str) -> bool:
    """Whether anything is typed."""
    texts = (st.session_state.get("allocate.face"), st.session_state.get("allocate.limit"))
    return any(text and text.strip() for text in texts) or bool(sheet.everything(group))


def _begun() -> dict[Pair, Left | None]:
    blocks: dict[Pair, Left | None] = st.session_state.setdefault(_BEGUN, {})
    return blocks


def _bond(group: str) -> str:
    return f"bond of {group}"


def _block(group: str, asset_id: str) -> str:
    return f"block of {group} {asset_id}"
