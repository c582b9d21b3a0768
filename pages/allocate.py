"""Allocate: enter a block, choose a method, look at what it does to every account, confirm."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import streamlit as st

from allocation.engines import ENGINES
from allocation.errors import EvenlotError, InvalidBlock, InvalidParameter, MetricUnavailable
from allocation.model import Bond, Side
from orders.desk import Preview, Request
from orders.model import Permission
from ui import formats, forms, frame, method, proposal_tables, session
from ui import preview as ui_preview

MEND = "Mend what is marked above."

user = session.require_user(Permission.PREVIEW)
trip, desk = session.trip(), session.desk()

if confirmed := st.session_state.pop("allocate.confirmed", None):
    if trip.group is not None and trip.asset_id is not None:
        method.afresh(trip.group, trip.asset_id)
    trip.keep(None)
    st.session_state["allocate.face"] = ""
    st.switch_page("pages/orders.py", query_params={"order": confirmed})


def ask_fresh() -> None:
    st.session_state["allocate.fresh"] = True


def put(key: str, value: object) -> None:
    """Take over a proposed value."""
    st.session_state[key] = f"{value:,}" if isinstance(value, int) else value


def empty() -> None:
    """What to do first."""
    frame.strip()
    st.title("Allocate")
    missing = "a portfolio group" if trip.group is None else "a bond"
    st.info(f"Choose {missing} first.")
    if st.button("Groups" if trip.group is None else "Securities", type="primary"):
        st.switch_page("pages/groups.py" if trip.group is None else "pages/securities.py")
    st.stop()


def block_inputs(bond: Bond) -> tuple[Side, str, date | None, str]:
    """Side, face as typed, settlement, limit as typed. Another bond starts afresh: a price is of one bond only."""
    if trip.asset_id != st.session_state.get("allocate.for"):
        st.session_state["allocate.settlement"] = desk.settlement(bond)
        st.session_state["allocate.face"] = st.session_state["allocate.limit"] = ""
        st.session_state["allocate.for"] = trip.asset_id
    row = st.container(horizontal=True, gap="medium")
    side = row.segmented_control(
        "Side", list(Side), format_func=lambda s: s.value.title(), default=Side.BUY, required=True,
        key="allocate.side", persist_state="session",
    )  # fmt: skip
    face = row.text_input(
        "Face", key="allocate.face", placeholder="25,000,000 or 25mm", persist_state="session",
        help=f"{bond.label} trades in {formats.pieces(bond)}.", width=240,
    )  # fmt: skip
    day = row.date_input(
        "Settlement", key="allocate.settlement", format="YYYY-MM-DD", persist_state="session", value=None,
        help=f"T+1 is {formats.day(desk.settlement(bond))}", width=220,
    )  # fmt: skip
    limit = row.text_input(
        "Price, per 100 (optional)", key="allocate.limit", placeholder=f"mark {formats.price(bond.price)}",
        help="A limit: a buy pays at most this, a sell brings at least this. Left empty, a market order at the mark.",
        persist_state="session", width=240,
    )  # fmt: skip
    return side or Side.BUY, face, day if isinstance(day, date) else None, limit


def offer(error: EvenlotError) -> None:
    """The error's sentence, with a button for each way to mend it."""
    frame.show(error)
    key = "allocate.settlement" if not isinstance(error, InvalidBlock) else f"allocate.{error.field}"
    row = st.container(horizontal=True)
    for label, value in frame.proposals(error):
        row.button(label, on_click=put, args=(key, value), key=f"put.{label}")


def make_preview(request: Request) -> Preview | str:
    """The preview, or what to do about what is in its way. Accounts without the metric are left out only where the user
    ticks it."""
    fresh = st.session_state.pop("allocate.fresh", False)
    try:
        with frame.waits():
            return desk.preview(user, request, fresh=fresh)
    except MetricUnavailable as error:
        left_out = f"allocate.exclude.{trip.group}"
        if not st.session_state.get(left_out, False):
            offer(error)
        if not st.checkbox(
            f"Leave {formats.count(len(error.reasons), 'account')} out of the dispersion; "
            "each still receives its share",
            key=left_out,
            persist_state="session",
        ):
            return MEND
        choices = replace(request.choices, excluded=frozenset(error.reasons))
        return make_preview(replace(request, choices=choices))
    except InvalidParameter as error:
        if error.parameter == "locked" or error.parameter in request.choices.parameters:
            st.error(str(error), icon=":material/edit:")
            return MEND
        st.info(str(error), icon=":material/edit:")  # still to be filled in, which is no fault
        return "Fill in what is asked for above."
    except EvenlotError as error:
        offer(error)
        return MEND


def send(preview: Preview, command_id: str) -> None:
    """The confirmation itself; its outcome is read by the dialog and the page that run next. The user is asked for
    anew: roles, and the sign-in itself, may have ended since the dialog was drawn."""
    gate = session.office().gate
    user_now = gate.current_user()
    if user_now is None:
        return
    gate.touch()
    override = st.session_state.get("allocate.override", "").strip()
    st.session_state["allocate.unsaid"] = not preview.proposal.choices.respect_cash and not override
    if st.session_state["allocate.unsaid"]:
        return
    comment = st.session_state["allocate.comment"].strip()
    try:
        order = desk.confirm(user_now, preview, comment, command_id, override=override)
    except EvenlotError as error:
        st.session_state["allocate.refused"] = error
        st.session_state["allocate.fresh"] = True  # behind the dialog, the preview as it would be now
    else:
        st.session_state["allocate.confirmed"] = order.id


@st.dialog("Confirm the allocation", width="large")
def confirm(preview: Preview, sentence: str) -> None:
    """Exactly what will be sent."""
    if "allocate.confirmed" in st.session_state or session.office().gate.current_user() is None:
        st.rerun()
    proposal = preview.proposal
    st.markdown(f"**{sentence}**")
    st.markdown(
        f"{proposal.placed:,} will be sent to Aladdin as one order with "
        f"{formats.count(sum(line.face > 0 for line in proposal.lines), 'detail')}, "
        f"{ENGINES[proposal.engine].label.lower()}. "
        "The allocation is frozen and stored first."
    )
    if refused := st.session_state.get("allocate.refused"):
        frame.show(refused)
        if st.button("Look at the figures again", type="primary", width="stretch"):
            st.rerun()
        return
    for warning in preview.warnings:
        st.warning(warning)
    if proposal.unallocated:
        st.warning(f"{proposal.block.face - proposal.placed:,} of {proposal.block.face:,} will not be placed.")
    table, columns = proposal_tables.lines(proposal)
    funded = table[table["Face"] > 0][["Account", "Name", "Face", "Money", "Cash after"]]
    st.dataframe(
        funded, column_config=columns, hide_index=True, placeholder=formats.MISSING, alt="what will be sent",
        height=min(240, 38 + 35 * len(funded)),
    )  # fmt: skip
    override_reason(preview)
    st.text_area("Comment", key="allocate.comment", max_chars=desk.policy.longest_comment, placeholder="Why this trade")
    st.button(
        "Confirm and send",
        type="primary",
        key="allocate.send",
        on_click=send,
        args=(preview, trip.command_id),
        width="stretch",
    )


def override_reason(preview: Preview) -> None:
    """Where cash was not respected: why. Without it nothing is sent."""
    if preview.proposal.choices.respect_cash:
        return
    st.text_area(
        "Why cash is not respected (required)", key="allocate.override", max_chars=desk.policy.longest_comment,
        placeholder="Kept in the statement, under your name",
    )  # fmt: skip
    if st.session_state.get("allocate.unsaid"):
        st.error("Nothing was sent: say why cash is not respected.", icon=":material/error:")


if trip.group is None or trip.asset_id is None:
    empty()
assert trip.group is not None
assert trip.asset_id is not None
with frame.explained():
    bond = desk.bond(user, trip.asset_id).value
top = st.container()
title = st.empty()
with frame.explained():
    side, typed_face, settlement, typed_limit = block_inputs(bond)
    accounts = desk.group(user, trip.group, desk.settlement(bond)).value.accounts
chosen = method.inputs(trip.group, bond, side, accounts)
for fault in chosen.faults:
    st.error(fault, icon=":material/edit:")
problem, preview = "", None
sentence = f"{side.value.title()} {bond.label} for {trip.group}"
if not typed_face.strip():
    problem = "Type a face to see the allocation."
elif settlement is None:
    problem = "Choose a settlement date."
else:
    try:
        face, limit = forms.face(typed_face), forms.price(typed_limit)
        at = f" at {formats.price(limit)}" if limit is not None else ""
        sentence = f"{side.value.title()} {face:,} {bond.label} for {trip.group}{at}, settle {formats.day(settlement)}"
        request = Request(trip.group, trip.asset_id, side, face, settlement, limit, chosen.choices)
        made = MEND if chosen.faults else make_preview(request)
        preview, problem = (None, made) if isinstance(made, str) else (made, ui_preview.obstacle(made))
    except InvalidBlock as error:
        offer(error)
        problem = MEND
title.title(sentence)
with top:
    frame.strip(preview.read_at if preview else None, ask_fresh)
if preview is not None:
    if trip.preview is None or trip.preview.request != preview.request:
        trip.keep(preview)
    trip.preview = preview
    ui_preview.funds(preview)
    ui_preview.figures(preview)
    ui_preview.details(preview)
elif not typed_face.strip():
    st.info(problem)

with st.bottom:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    if row.button("Securities", icon=":material/arrow_back:"):
        st.switch_page("pages/securities.py")
    may = session.only_if(user, Permission.CONFIRM)
    row.caption(problem if may else f"{problem} Confirming is for portfolio managers.".strip())
    ready = preview is not None and not problem and may
    if row.button("Confirm…", type="primary", icon=":material/check:", disabled=not ready) and preview is not None:
        st.session_state.pop("allocate.refused", None)
        st.session_state.pop("allocate.unsaid", None)
        confirm(preview, sentence)
