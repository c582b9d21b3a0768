"""Changing an order: its new terms as people type them, what would become of each account, and why."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from allocation.errors import EvenlotError
from allocation.model import Choices
from orders.compliance import is_compliance
from orders.desk import Preview, Request
from orders.model import Order, User
from ui import accepting, asking, formats, forms, frame, proposal_tables, session, tables
from ui.asking import Opened
from ui.preview import limit_and_mark

MARKET, LIMIT = "market", "limit"
BY_HAND = "Set to"
_HELD = "While it checks, Aladdin still holds the order as it is: what its compliance says may count both."


def draw(user: User, order: Order, at: Opened, done: str) -> None:
    """The new terms, the preview of them, and the click that stores them."""
    as_it_is = session.desk().modifying.request(user, order.id)
    try:
        request = _typed(order, as_it_is, at)
        with frame.waits():
            preview = _checked(user, session.desk().preview(user, request), at)
    except EvenlotError as error:
        frame.show(error)
        asking.refused()
        return
    _before_and_after(order, preview)
    longest = session.desk().policy.longest_comment
    for note in preview.proposal.notes:
        st.info(note)
    changed = _changed(order, preview)
    if changed:
        accepting.nothing_against(preview.warnings)
        st.caption(_HELD)
    warnings = list(dict.fromkeys(preview.warnings))
    accepting.draw(at.command_id, warnings, longest)
    st.text_input(
        "Reason (required)", key=at.key("reason"), max_chars=longest,
        placeholder="Kept with the order and its new statement, under your name", persist_state="session",
        live=True,
    )  # fmt: skip
    asking.refused()
    missing = accepting.missing(at.command_id, warnings, at.typed("reason")) if changed else "nothing is changed yet"
    st.button(
        f"Modify{f' ({missing})' if missing else ''}", type="primary", icon=":material/edit:", width="stretch",
        key="deciding.do.MODIFY", on_click=_modify, args=(at, preview, done), disabled=not changed,
    )  # fmt: skip


def _checked(user: User, preview: Preview, at: Opened) -> Preview:
    """The preview with what Aladdin's compliance says of it: asked once for each terms that are typed, as the dialog is
    drawn again whenever anything is touched."""
    terms = _terms_of(preview)
    kept: tuple[object, tuple[str, ...]] | None = st.session_state.get(at.key("checked"))
    if kept is None or kept[0] != terms:
        checked = session.desk().checked(user, preview)
        said = tuple(warning for warning in checked.warnings if is_compliance(warning))
        kept = st.session_state[at.key("checked")] = (terms, said)
    return replace(preview, warnings=(*preview.warnings, *kept[1]))


def _terms_of(preview: Preview) -> tuple[object, ...]:
    lines = {line.account_id: line.face for line in preview.proposal.lines if line.face}
    return preview.proposal.block.face, preview.proposal.block.limit, lines


def _changed(order: Order, preview: Preview) -> bool:
    lines = {line.account_id: line.face for line in order.lines if line.face}
    return _terms_of(preview) != (order.ordered, order.limit, lines)


def _typed(order: Order, as_it_is: Request, at: Opened) -> Request:
    """The terms as typed, which begin as they are. `InvalidBlock` for one that cannot be read."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    face = row.text_input(
        "Face", value=f"{as_it_is.face:,}", key=at.key("face"), width=200,
        help=f"{order.filled:,.0f} is filled, and stays." if order.filled else None,
    )  # fmt: skip
    kind = row.segmented_control(
        "At", [MARKET, LIMIT], default=MARKET if order.limit is None else LIMIT, required=True, key=at.key("kind")
    )
    price = ""
    if kind == LIMIT:
        shown = "" if order.limit is None else formats.price(order.limit)
        price = row.text_input("Limit, per 100", value=shown, key=at.key("limit"), placeholder="98.5", width=180)
    locked = _by_hand(order, as_it_is.choices, at)
    limit = forms.limit(price) if kind == LIMIT else None
    choices = replace(as_it_is.choices, locked=locked)
    return replace(as_it_is, face=forms.face(face), limit=limit, choices=choices)


def _by_hand(order: Order, choices: Choices, at: Opened) -> dict[str, int]:
    """The faces set by hand, by account; the rest is split anew by the order's own engine."""
    names = sorted({line.account_id for line in order.lines} | set(choices.locked))
    lines = {line.account_id: line for line in order.lines}
    table = pd.DataFrame(
        {
            "Now": [lines[name].face if name in lines else 0 for name in names],
            "Booked": [float(lines[name].booked) if name in lines else 0.0 for name in names],
            BY_HAND: [f"{choices.locked[name]:,}" if name in choices.locked else "" for name in names],
        },
        index=pd.Index(names, name="Account"),
    )
    with st.expander("Single lines by hand", expanded=bool(choices.locked)):
        edited = st.data_editor(
            table, key=at.key("lines"), disabled=["_index", "Now", "Booked"], height=min(250, 38 + 35 * len(names)),
            column_config={
                "Now": tables.amount("Now"),
                "Booked": tables.amount("Booked"),
                BY_HAND: st.column_config.TextColumn(BY_HAND, help="a face, like 5mm; 0 takes the account out"),
            },
            alt="lines of the order, to be set by hand",
        )  # fmt: skip
        st.caption("A line that is set stays so. The others are split anew by the order's own engine.")
    typed = {str(name): str(text).strip() for name, text in edited[BY_HAND].items() if text}
    return {name: forms.face(text, least=0) for name, text in typed.items() if text}


def _before_and_after(order: Order, preview: Preview) -> None:
    proposal = preview.proposal
    moved = f"{order.face:,} → {proposal.placed:,}" if order.face != proposal.placed else f"{order.face:,}, as it is"
    left = proposal.block.face - proposal.placed
    st.markdown(f"**Face {moved}**" + (f", {left:,} of {proposal.block.face:,} not placed" if left else ""))
    table, columns = proposal_tables.changed(order, proposal)
    st.dataframe(
        table, column_config=columns, hide_index=True, placeholder=formats.MISSING, alt="each account before and after",
        height=min(330, 38 + proposal_tables.WRAPPED * len(table)), row_height=proposal_tables.WRAPPED,
    )  # fmt: skip
    for row in proposal.unallocated:
        st.caption(f"Not placed: {row.face:,}, {formats.plain(row.reason)}")
    if told := limit_and_mark(proposal.block):
        st.caption(told)


def _modify(at: Opened, preview: Preview, done: str) -> None:
    reason = st.session_state.get(at.key("reason")) or ""
    accepted = accepting.given(at.command_id, preview.warnings)
    st.session_state.pop(at.key("checked"), None)  # where it is refused, what is drawn next is asked anew
    use_case = session.desk().modifying.modify
    asking.ask(at, partial(use_case, preview=preview, reason=reason, command_id=at.command_id, accepted=accepted), done)
