"""Allocate: enter a block, choose a method, look at what it does to every account, confirm."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import streamlit as st

from allocation.engines import ENGINES
from allocation.errors import EvenlotError, InvalidBlock, InvalidParameter, LockRefused, MetricUnavailable, RefusedLock
from allocation.model import Bond, Metric, Side
from orders.desk import Preview, Request
from orders.errors import OutsideError
from orders.model import Permission
from ui import confirming, drafts, formats, forms, frame, keys, left_off, lines, links, method, proposal_words, session
from ui import preview as ui_preview
from ui.bar import bar

MEND = "Mend what is marked above."
UNCOUNTED = "Say above who counts, or choose another metric."
UNREAD = "Nothing can be allocated before Aladdin answers: try again."

user = session.require_user(Permission.PREVIEW)
trip, desk = session.trip(), session.desk()

if confirmed := confirming.confirmed():
    if trip.group is not None and trip.asset_id is not None:
        left_off.confirmed(trip.group, trip.asset_id)
        drafts.confirmed(user, trip.group, trip.asset_id)
    trip.keep(None)
    trip.request = None
    st.switch_page("pages/orders.py", query_params={"order": confirmed})


links.take_up(user)
with frame.explained():
    left_off.resume(user)
drafts.take_up(user)
links.write(trip.group, trip.asset_id)
if used := st.session_state.pop("compare.used", ""):
    st.toast(used, icon=":material/check:")


def ask_fresh() -> None:
    st.session_state["allocate.fresh"] = True


def put(key: str, value: object) -> None:
    """Take over a proposed value."""
    st.session_state[key] = f"{value:,}" if isinstance(value, int) else value


def just_confirmed() -> None:
    """What was confirmed a moment ago: a page that was reloaded meanwhile shows nothing else of it."""
    for order in confirming.recent(user):
        st.info(f"{formats.plain(confirming.told(order))} Orders has it.", icon=":material/receipt_long:")


def empty() -> None:
    """What to do first."""
    frame.strip()
    st.title("Allocate")
    drafts.menu(user)
    missing = "a portfolio group" if trip.group is None else "a bond"
    st.info(f"Choose {missing} first.")
    just_confirmed()
    if st.button("Groups" if trip.group is None else "Securities", type="primary"):
        st.switch_page("pages/groups.py" if trip.group is None else "pages/securities.py")
    st.stop()


def block_inputs(bond: Bond) -> tuple[Side, str, date | None, str]:
    """Side, face as typed, settlement, limit as typed."""
    side = st.segmented_control(
        "Side", list(Side), format_func=lambda s: s.value.title(), default=Side.BUY, required=True,
        key="allocate.side", persist_state="session",
    )  # fmt: skip
    with st.container(width=158, gap="xxsmall"):
        face = st.text_input(
            "Face", key="allocate.face", placeholder="25,000,000 or 25mm", persist_state="session",
            help=f"{formats.plain(bond.label)} trades in {formats.pieces(bond)}. **k** is thousand, **m** and **mm** "
            "both are million, **bn** is billion: 250k, 1.5m, 25mm.",
        )  # fmt: skip
    day = st.date_input(
        "Settlement", key="allocate.settlement", format="YYYY-MM-DD", persist_state="session", value=None,
        help=f"T+1 is {formats.day(desk.settlement(bond))}", width=164,
    )  # fmt: skip
    limit = st.text_input(
        "Limit, per 100", key="allocate.limit", placeholder=f"mark {formats.price(bond.price)}",
        help="Optional. A buy pays at most this, a sell brings at least this. Left empty, a market order at the mark.",
        persist_state="session", width=142,
    )  # fmt: skip
    return side or Side.BUY, face, day if isinstance(day, date) else None, limit


def offer(error: EvenlotError) -> None:
    """The error's sentence, with a button for each way to mend it."""
    frame.show(error)
    key = "allocate.settlement" if not isinstance(error, InvalidBlock) else f"allocate.{error.field}"
    row = st.container(horizontal=True)
    for label, value in frame.proposals(error):
        row.button(label, on_click=put, args=(key, value), key=f"put.{label}")


def read_preview(request: Request) -> Preview:
    """The preview, from figures read anew where that was asked for, and from what is kept where they cannot be had:
    a confirmation reads everything anew in any case."""
    if not st.session_state.pop("allocate.fresh", False):
        return desk.preview(user, request)
    try:
        return desk.preview(user, request, fresh=True)
    except OutsideError as error:
        kept = desk.preview(user, request)
        frame.show(error)
        return kept


def make_preview(request: Request) -> Preview | str:
    """The preview, or what to do about what is in its way. Accounts without the metric are left out only where the user
    ticks it, for this metric and these accounts."""
    try:
        with frame.waits():
            return read_preview(request)
    except MetricUnavailable as error:
        metric = request.choices.metric
        left_out = method.left_out(request.group, bond, metric, error.reasons)
        if not st.session_state.get(left_out, False):
            offer(error)
        label, way = method.leaving_out(metric, error)
        if not st.checkbox(label, key=left_out, persist_state="session"):
            st.caption(way)
            return UNCOUNTED
        choices = replace(request.choices, excluded=frozenset(error.reasons))
        return make_preview(replace(request, choices=choices))
    except LockRefused:
        raise
    except InvalidParameter as error:
        if error.parameter in request.choices.parameters:
            st.error(formats.plain(str(error)), icon=":material/edit:")
            return MEND
        st.info(formats.plain(str(error)), icon=":material/edit:")  # still to be filled in, which is no fault
        return "Fill in what is asked for above."
    except EvenlotError as error:
        offer(error)
        return UNREAD if isinstance(error, OutsideError) else MEND


def around_locks(request: Request, refused: list[RefusedLock]) -> Preview | str:
    """The preview around the locks that can be; those that cannot are added to `refused`."""
    try:
        return make_preview(request)
    except LockRefused as error:
        refused += error.locks
        kept = {account: face for account, face in request.choices.locked.items() if account not in error.accounts}
        return around_locks(replace(request, choices=replace(request.choices, locked=kept)), refused)


if trip.group is None or trip.asset_id is None:
    empty()
assert trip.group is not None
assert trip.asset_id is not None
with frame.explained():
    bond = desk.bond(user, trip.asset_id).value
top = st.container()
title, shelf = st.empty(), st.container(horizontal=True, vertical_alignment="center")
row = st.container(horizontal=True, gap="small")
with frame.explained():
    left_off.begin(user, trip.group, bond)
    with row:
        side, typed_face, settlement, typed_limit = block_inputs(bond)
    accounts = desk.group(user, trip.group, desk.settlement(bond)).value.accounts
chosen = method.inputs(trip.group, bond, side, accounts, row)
for fault in chosen.faults:
    st.error(formats.plain(fault), icon=":material/edit:")
refused = [RefusedLock(account, said) for account, said in chosen.unread.items()]
problem, preview, request = "", None, None
sentence = f"{side.value.title()} {bond.label} for {trip.group}"
if not typed_face.strip():
    problem = "Type a face to see the allocation."
elif settlement is None:
    problem = "Choose a settlement date."
else:
    try:
        face, limit = forms.face(typed_face), forms.price(typed_limit)
        request = Request(trip.group, trip.asset_id, side, face, settlement, limit, chosen.choices)
        sentence = proposal_words.sentence(request, bond.label, trip.group)
        made = MEND if chosen.faults else around_locks(request, refused)
        preview, problem = (None, made) if isinstance(made, str) else (made, ui_preview.obstacle(made))
        problem = "Mend the locked lines, or free them." if refused and preview is not None else problem
    except InvalidBlock as error:
        offer(error)
        problem = MEND
title.title(formats.plain(sentence))
made_of = preview.request if preview is not None else request  # with the accounts that are left out
readable = not (chosen.faults or refused)
trip.request = made_of if readable else None
left_off.keep(user, trip.group, bond, trip.request)
for said in left_off.outdated(trip.group, trip.asset_id):
    st.warning(said, icon=":material/history:")
with shelf:
    told = (ui_preview.funds(preview) if preview else "", left_off.told(trip.group))
    st.caption(" · ".join(filter(None, told)))
    if left_off.something(trip.group):
        st.button(
            "Start afresh", icon=":material/restart_alt:", type="tertiary", key="allocate.afresh",
            on_click=left_off.afresh, args=(user, bond, trip.group, accounts),
            help="empties this page: what is typed for this bond and group is forgotten",
        )  # fmt: skip
    drafts.shelf(user, request if readable else None)
    if st.button(
        "Compare engines", icon=":material/compare:", type="tertiary", disabled=trip.request is None,
        key="allocate.compare", help="every engine on this block, side by side",
    ):  # fmt: skip
        st.switch_page("pages/compare.py")
with top:
    frame.strip(preview.read_at if preview else None, ask_fresh)
if preview is not None:
    warned = st.container()  # always there, so that what is typed into below keeps its place
    if refused:
        warned.warning(lines.without(preview.proposal, refused), icon=":material/lock_open:")
    else:
        if trip.preview is None or trip.preview.request != preview.request:
            trip.keep(preview)
        trip.preview = preview
    ui_preview.figures(preview.proposal, preview.warnings)
    locks = method.lock(method.about(trip.group, bond, side, accounts, Metric.ASD, "")).key
    ui_preview.details(preview, trip.group, locks, refused)
else:
    if not typed_face.strip():
        st.info(problem)
        just_confirmed()
    st.caption(ENGINES[chosen.choices.engine].sentence)

may = session.only_if(user, Permission.CONFIRM)
back, forward = bar(problem if may else f"{problem} Confirming is for portfolio managers.".strip())
if back.button("Securities", icon=":material/arrow_back:", shortcut=keys.BACK):
    st.switch_page("pages/securities.py")
ready = preview is not None and not problem and may
forth = forward.button("Confirm…", type="primary", icon=":material/check:", disabled=not ready, shortcut=keys.NEXT)
if forth and preview is not None:
    confirming.open_dialog(user, preview)
