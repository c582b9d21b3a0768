"""Drafts on the allocate page: kept, listed, taken up as they were typed, thrown away."""

from __future__ import annotations

import uuid

import streamlit as st
import structlog

from allocation.errors import EvenlotError
from orders.desk import Request
from orders.drafts import Draft
from orders.model import User
from ui import confirming, formats, frame, method, session

log = structlog.get_logger()

# the draft the inputs came from, with its group and bond; the one to be taken up; what to say; what went wrong
_OF, _WANTED, _TOLD, _REFUSED = (f"drafts.{name}" for name in ("of", "wanted", "told", "refused"))


def save(request: Request) -> None:
    """Keep the block as typed: in the place of the draft it came from, where that is of the same group and bond."""
    gate = session.office().gate
    user = gate.current_user()
    if user is None:
        return
    gate.touch()
    draft_id = _current(request.group, request.asset_id) or uuid.uuid4().hex
    try:
        session.desk().save_draft(user, request, draft_id)
    except EvenlotError as error:
        st.session_state[_REFUSED] = error
    else:
        st.session_state[_OF] = (draft_id, request.group, request.asset_id)
        st.session_state[_TOLD] = "The draft is saved. It is under Drafts, for you alone."


def confirmed(user: User, group: str, asset_id: str) -> None:
    """The block was confirmed: the draft it came from has served."""
    draft_id = _current(group, asset_id)
    st.session_state.pop(_OF, None)
    if draft_id:
        try:
            session.desk().remove_draft(user, draft_id)
        except EvenlotError as error:  # the order stands all the same, and the draft can be thrown away by hand
            log.warning("draft of a confirmed order is left behind", draft=draft_id, error=str(error))


def take_up(user: User) -> None:
    """Put the draft that was asked for into the inputs, before those are drawn; and say what there is to say."""
    if said := st.session_state.pop(_TOLD, ""):
        st.toast(said, icon=":material/draft:")
    if error := st.session_state.pop(_REFUSED, None):
        frame.show(error)
    if (wanted := st.session_state.pop(_WANTED, None)) is None:
        return
    with frame.explained():
        found = [draft for draft in session.desk().drafts(user) if draft.id == wanted]
        for draft in found:
            _type(user, draft)
    if not found:
        st.warning("This draft is not there any more.", icon=":material/draft:")


def shelf(user: User, request: Request | None) -> None:
    """The click that saves the block as typed, once it can be read, and the drafts there are."""
    with st.container(horizontal=True, width="content"):
        st.button(
            "Save draft", icon=":material/draft:", type="tertiary", disabled=request is None, on_click=save,
            args=(request,), key="drafts.save",
        )  # fmt: skip
        menu(user)


def menu(user: User) -> None:
    """The user's drafts, where there are any."""
    try:
        kept = session.desk().drafts(user)
    except EvenlotError as error:
        frame.show(error)
        return
    if not kept:
        return
    with st.popover(f"Drafts ({len(kept)})", icon=":material/draft:", key="drafts.menu"):
        for draft in kept:
            row = st.container(horizontal=True, vertical_alignment="center", key=f"drafts.row.{draft.id}")
            row.markdown(_told(user, draft))
            row.button("Take up", key=f"drafts.take.{draft.id}", on_click=_want, args=(draft.id,))
            row.button(
                "Throw away", key=f"drafts.drop.{draft.id}", type="tertiary", icon=":material/delete:", on_click=_drop,
                args=(draft.id,),
            )  # fmt: skip


def _current(group: str, asset_id: str) -> str:
    """The draft the inputs came from, while they are of its group and bond."""
    draft_id, *of = st.session_state.get(_OF, ("",))
    return str(draft_id) if of == [group, asset_id] else ""


def _want(draft_id: str) -> None:
    session.office().gate.touch()
    st.session_state[_WANTED] = draft_id


def _drop(draft_id: str) -> None:
    gate = session.office().gate
    user = gate.current_user()
    if user is None:
        return
    gate.touch()
    try:
        session.desk().remove_draft(user, draft_id)
    except EvenlotError as error:
        st.session_state[_REFUSED] = error
        return
    st.session_state[_TOLD] = "The draft is thrown away."
    if st.session_state.get(_OF, ("",))[0] == draft_id:
        del st.session_state[_OF]


def _type(user: User, draft: Draft) -> None:
    request = draft.request
    gone = put(user, request)
    st.session_state[_OF] = (draft.id, request.group, request.asset_id)
    if gone:
        st.warning(
            formats.plain(f"Not in {request.group} any more: {', '.join(gone)}. What was typed for them is left out."),
            icon=":material/group_off:",
        )


def put(user: User, request: Request) -> tuple[str, ...]:
    """Put a block into the inputs, as if it had been typed, before they are drawn. The accounts it names that are not
    in the group any more."""
    desk, trip = session.desk(), session.trip()
    bond = desk.bond(user, request.asset_id).value
    accounts = desk.group(user, request.group, desk.settlement(bond)).value.accounts
    trip.group, trip.asset_id = request.group, request.asset_id
    trip.keep(None)
    confirming.forget()
    limit = "" if request.limit is None else formats.price(request.limit)
    typed = {
        "for": (request.group, request.asset_id),
        "side": request.side,
        "face": f"{request.face:,}",
        "limit": limit,
    }
    st.session_state.update({f"allocate.{name}": value for name, value in typed.items()})
    st.session_state["allocate.settlement"] = request.settlement
    return method.restore(request.group, bond, request.side, accounts, request.choices)


def _told(user: User, draft: Draft) -> str:
    request, desk = draft.request, session.desk()
    try:
        label = desk.bond(user, request.asset_id).value.label
    except EvenlotError:
        label = request.asset_id
    age = formats.ago(draft.saved_at, desk.now())
    what = formats.plain(f"{label} for {request.group}")
    return f"**{request.side.value.title()} {request.face:,} {what}** · saved {age}"
