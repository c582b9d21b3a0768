"""Allocate: enter a block, choose a method, look at what it does to every account, confirm."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import streamlit as st

from allocation.engines import ENGINES
from allocation.engines.pro_rata import ProRata
from allocation.errors import EvenlotError, InvalidBlock, MetricUnavailable
from allocation.model import Bond, Metric, Side
from allocation.propose import Choices
from orders.desk import Preview, Request
from orders.model import Permission
from ui import formats, forms, frame, session, tables
from ui import preview as ui_preview

user = session.require_user(Permission.PREVIEW)
trip, desk = session.trip(), session.desk()

if confirmed := st.session_state.pop("allocate.confirmed", None):
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
    side_col, face_col, settle_col, limit_col = st.columns([0.9, 1.3, 1.4, 1.4], vertical_alignment="top")
    side = side_col.segmented_control(
        "Side", list(Side), format_func=lambda s: s.value.title(), default=Side.BUY, required=True,
        key="allocate.side", persist_state="session",
    )  # fmt: skip
    face = face_col.text_input(
        "Face", key="allocate.face", placeholder="25,000,000 or 25mm", persist_state="session",
        help=f"{bond.label} trades in {formats.pieces(bond)}.",
    )  # fmt: skip
    day = settle_col.date_input(
        "Settlement", key="allocate.settlement", format="YYYY-MM-DD", persist_state="session", value=None,
        help=f"T+1 is {formats.day(desk.settlement(bond))}",
    )  # fmt: skip
    limit = limit_col.text_input(
        "Price, per 100 (optional)", key="allocate.limit", placeholder=f"mark {formats.price(bond.price)}",
        help="A limit: a buy pays at most this, a sell brings at least this. Left empty, a market order at the mark.",
        persist_state="session",
    )  # fmt: skip
    return side or Side.BUY, face, day if isinstance(day, date) else None, limit


def method_inputs(side: Side) -> Choices:
    """Engine, its parameters, and the metric it is judged by."""
    engine_col, options_col, metric_col = st.columns([2, 1.2, 1.9], vertical_alignment="top")
    name = engine_col.segmented_control(
        "Method", list(ENGINES), format_func=lambda key: ENGINES[key].label, default="pro_rata", required=True,
        key="allocate.engine", persist_state="session",
    ) or "pro_rata"  # fmt: skip
    engine = ENGINES[name]
    usual = engine.default_for(side) if isinstance(engine, ProRata) else {}
    parameters = {}
    for option in engine.options:
        values = list(option.choices)
        parameters[option.name] = options_col.selectbox(
            option.label, values, format_func=option.choices.__getitem__,
            index=values.index(usual.get(option.name, option.default)), key=f"allocate.{name}.{option.name}.{side}",
            persist_state="session",
        )  # fmt: skip
    metric = metric_col.segmented_control(
        "Judged by", list(Metric), format_func=lambda m: m.short, default=Metric.ASD, required=True, key="metric",
        persist_state="session",
    )  # fmt: skip
    st.caption(engine.sentence)
    return Choices(engine=name, parameters=parameters, metric=metric or Metric.ASD)


def offer(error: EvenlotError) -> None:
    """The error's sentence, with a button for each way to mend it."""
    frame.show(error)
    key = "allocate.settlement" if not isinstance(error, InvalidBlock) else f"allocate.{error.field}"
    row = st.container(horizontal=True)
    for label, value in frame.proposals(error):
        row.button(label, on_click=put, args=(key, value), key=f"put.{label}")


def make_preview(request: Request) -> Preview | None:
    """The preview, or what is in its way. Accounts without the metric are left out only where the user ticks it."""
    fresh = st.session_state.pop("allocate.fresh", False)
    try:
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
            return None
        choices = replace(request.choices, excluded=frozenset(error.reasons))
        return make_preview(replace(request, choices=choices))
    except EvenlotError as error:
        offer(error)
        return None


def send(preview: Preview, command_id: str) -> None:
    """The confirmation itself; its outcome is read by the dialog and the page that run next. The user is asked for
    anew: roles, and the sign-in itself, may have ended since the dialog was drawn."""
    gate = session.office().gate
    user_now = gate.current_user()
    if user_now is None:
        return
    gate.touch()
    try:
        order = desk.confirm(user_now, preview, st.session_state["allocate.comment"].strip(), command_id)
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
    table, columns = tables.lines(proposal)
    funded = table[table["Face"] > 0][["Account", "Name", "Face", "Money", "Cash after"]]
    st.dataframe(
        funded, column_config=columns, hide_index=True, placeholder=formats.MISSING, height=240, alt="what will be sent"
    )
    st.text_area("Comment", key="allocate.comment", max_chars=desk.policy.longest_comment, placeholder="Why this trade")
    st.button(
        "Confirm and send",
        type="primary",
        key="allocate.send",
        on_click=send,
        args=(preview, trip.command_id),
        width="stretch",
    )


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
choices = method_inputs(side)
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
        request = Request(trip.group, trip.asset_id, side, face, settlement, limit, choices)
        preview = make_preview(request)
        problem = "" if preview else "Mend what is marked above."
    except InvalidBlock as error:
        offer(error)
        problem = "Mend what is marked above."
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
    ready = preview is not None and preview.proposal.placed > 0 and may
    if row.button("Confirm…", type="primary", icon=":material/check:", disabled=not ready) and preview is not None:
        st.session_state.pop("allocate.refused", None)
        confirm(preview, sentence)
