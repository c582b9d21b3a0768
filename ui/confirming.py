"""The confirmation: exactly what will be sent, then the confirming itself, which closing or reloading does not stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import streamlit as st

from allocation.engines import ENGINES
from allocation.errors import EvenlotError
from allocation.partial_fill import FillPolicy
from orders.desk import Preview
from orders.errors import NotPermitted, OutsideError
from orders.history import Wanted
from orders.lifecycle import FINAL
from orders.model import Order, User
from ui import accepting, filling, formats, frame, keys, left_off, proposal_words, releasing, sending, session, states

RECENT = timedelta(minutes=5)  # an own order as young as this may be one that somebody took for cancelled

_ASKED = "allocate.asked"  # the confirmation that was clicked, until its outcome is known
_REFUSED = "allocate.refused"
_UNSAID = "allocate.unsaid"
_CONFIRMED = "allocate.confirmed"
_MOVED = "allocate.moved"  # the preview with another settlement, and what it is of


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What was clicked. A repeated click, or another try, has the same command."""

    preview: Preview
    sentence: str
    command_id: str
    comment: str
    override: str
    accepted: Mapping[str, str]
    release_at: datetime | None
    fills: FillPolicy


def confirmed() -> str | None:
    """Carry out what was clicked; the id of an order that was confirmed since this was last asked."""
    if asked := st.session_state.get(_ASKED):
        _being_confirmed(asked)
    order: str | None = st.session_state.pop(_CONFIRMED, None)
    if order is not None:
        forget()
    return order


def open_dialog(user: User, preview: Preview) -> None:
    """Show what will be sent, to be confirmed, with what Aladdin's compliance says of it: asked here, once."""
    st.session_state.pop(_REFUSED, None)
    st.session_state.pop(_UNSAID, None)
    try:
        with frame.waits():
            checked = session.desk().checked(user, preview)
    except EvenlotError as error:
        frame.show(error)
    else:
        _dialog(user, checked)


def forget() -> None:
    """The next block has a comment and a reason of its own."""
    st.session_state["allocate.comment"] = st.session_state["allocate.override"] = ""


def recent(user: User) -> tuple[Order, ...]:
    """What this user confirmed a moment ago, perhaps in a session that is gone; newest first."""
    since = datetime.now(UTC) - RECENT
    return session.desk().past.orders(user, Wanted(username=user.username, since=since)).rows


def told(order: Order) -> str:
    """An order of a moment ago in a sentence."""
    age = formats.ago(order.created_at, datetime.now(UTC))
    block = f"{order.side.value.lower()} {order.face:,} {order.label} for {order.group}"
    return f"{age[:1].upper()}{age[1:]} you confirmed {order.id}: {block} ({states.said(order)})."


def _ask(preview: Preview, sentence: str, command_id: str) -> None:
    """The click. The user is asked for anew: roles, and the sign-in itself, may have ended since the dialog was
    drawn. A second click that comes after the order was made asks for nothing."""
    gate = session.office().gate
    if gate.current_user() is None or command_id != session.trip().command_id:
        return
    gate.touch()
    try:
        release_at = _released(preview, command_id)
        st.session_state[_UNSAID] = _unsaid(preview, command_id)
    except NotPermitted as error:
        st.session_state[_UNSAID] = str(error)
    if not st.session_state[_UNSAID]:
        comment, override = st.session_state["allocate.comment"].strip(), _override()
        accepted, fills = _accepted(preview, command_id), filling.chosen(command_id)
        _again(Confirmation(preview, sentence, command_id, comment, override, accepted, release_at, fills))


def _override() -> str:
    return str(st.session_state.get("allocate.override", "")).strip()


def _released(preview: Preview, scope: str) -> datetime | None:
    return releasing.chosen(scope, preview.request.settlement, preview.proposal.block.bond.currency)


def _usable(preview: Preview, scope: str) -> bool:
    """Whether it can be released as chosen; what is wrong with it is said beside the inputs."""
    try:
        _released(preview, scope)
    except NotPermitted:
        return False
    return True


def _settling(user: User, preview: Preview, scope: str) -> Preview:
    """The preview, or where its settlement is too early for the release that was chosen, one that settles after it:
    made once, for it is drawn anew with whatever is typed."""
    request, currency = preview.request, preview.proposal.block.bond.currency
    settlement = releasing.settlement(scope, request.settlement, currency)
    if settlement == request.settlement:
        return preview
    wanted = (scope, settlement)
    if st.session_state.get(_MOVED, ("", None))[0] != wanted:
        desk = session.desk()
        moved = desk.checked(user, desk.preview(user, replace(request, settlement=settlement)))
        st.session_state[_MOVED] = (wanted, moved)
    found: Preview = st.session_state[_MOVED][1]
    return found


def _own_field(preview: Preview, warning: str) -> bool:
    """Whether a warning is accepted by the reason why cash is not respected, which has a field of its own."""
    return not preview.proposal.choices.respect_cash and warning.startswith("Cash was not respected")


def _asked_about(preview: Preview) -> list[str]:
    """The warnings to be accepted one by one."""
    return [warning for warning in dict.fromkeys(preview.warnings) if not _own_field(preview, warning)]


def _accepted(preview: Preview, scope: str) -> dict[str, str]:
    own = {warning: _override() for warning in preview.warnings if _own_field(preview, warning)}
    return accepting.given(scope, _asked_about(preview)) | own


def _unsaid(preview: Preview, scope: str) -> str:
    """What is missing before anything can be sent, in words."""
    said = accepting.missing(scope, _asked_about(preview))
    if not preview.proposal.choices.respect_cash and not _override():
        said = f"{said}, and why cash is not respected" if said else "say why cash is not respected"
    return said


def _again(asked: Confirmation) -> None:
    st.session_state.pop(_REFUSED, None)
    st.session_state[_ASKED] = asked


def _confirm(asked: Confirmation) -> None:
    """The block is forgotten first: a page that is reloaded meanwhile must not offer it again. The outcome is noted
    before the click is forgotten: a run that is cut short in between does it again, under the same command."""
    user = session.office().gate.current_user()
    if user is not None:
        request = asked.preview.request
        kept = left_off.hand_over(user, request.group, request.asset_id)
        try:
            order = session.desk().confirm(
                user, asked.preview, asked.comment, asked.command_id, override=asked.override,
                accepted=asked.accepted, release_at=asked.release_at, fills=asked.fills,
            )  # fmt: skip
        except EvenlotError as error:
            left_off.take_back(user, kept)
            st.session_state[_REFUSED] = error
        else:
            st.session_state[_CONFIRMED] = order.id
    del st.session_state[_ASKED]


@st.dialog("Confirm the allocation", width="large", dismissible=False)
def _being_confirmed(asked: Confirmation) -> None:
    """Confirm what was clicked. It cannot be dismissed, for that would not stop it."""
    st.markdown(f"**{asked.sentence}**")
    place = st.empty()
    if _ASKED in st.session_state:
        place.info(
            "Being confirmed, with every figure read anew. Closing or reloading the page does not stop it.",
            icon=":material/hourglass_top:",
        )
        with frame.waits():
            _confirm(asked)
        place.empty()
    if (refused := st.session_state.get(_REFUSED)) is None:
        st.rerun()
    frame.show(refused)
    row = st.container(horizontal=True)
    if isinstance(refused, OutsideError):
        row.button("Try again", type="primary", key="allocate.again", on_click=_again, args=(asked,))
    if row.button("Look at the figures again", key="allocate.look"):
        st.rerun()


@st.dialog("Confirm the allocation", width="large")
def _dialog(user: User, preview: Preview) -> None:
    """Exactly what will be sent."""
    if _ASKED in st.session_state or session.office().gate.current_user() is None:
        st.rerun()
    trip, typed = session.trip(), preview.request.settlement
    with frame.explained():
        preview = _settling(user, preview, trip.command_id)
    proposal, request = preview.proposal, preview.request
    sentence = proposal_words.sentence(proposal.block, proposal.block.bond.label, request.group)
    st.markdown(f"**{sentence}**")
    st.markdown(
        f"{proposal.placed:,} will be sent to Aladdin as one order with "
        f"{formats.count(sum(line.face > 0 for line in proposal.lines), 'line')}, "
        f"{ENGINES[proposal.engine].label.lower()}. "
        "The allocation is frozen and stored first."
    )
    for order in recent(user):
        if (order.group, order.asset_id, order.side) == (request.group, request.asset_id, request.side):
            show = st.info if order.state in FINAL and not order.filled else st.warning
            show(f"{told(order)} This would be another order.", icon=":material/content_copy:")
    if left_out := proposal.effect.excluded:
        st.warning(f"Left out of {proposal.effect.metric.label}: {', '.join(left_out)}.")
    if proposal.unallocated:
        st.warning(f"{proposal.block.face - proposal.placed:,} of {proposal.block.face:,} will not be placed.")
    sending.lines(preview)
    sending.allocation(preview)
    warnings, scope, longest = _asked_about(preview), trip.command_id, session.desk().policy.longest_comment
    accepting.both_sides(proposal, warnings)
    for note in proposal.notes:
        st.info(note)
    accepting.draw(scope, warnings, longest)
    _override_reason(preview)
    st.text_area(
        "Comment", key="allocate.comment", max_chars=longest, placeholder="Why this trade", persist_state="session",
        height=80,
    )  # fmt: skip
    filling.draw(scope)
    releasing.draw(scope, request.settlement, proposal.block.bond.currency)
    if request.settlement != typed:
        st.caption(f"Settles {formats.day(request.settlement)}, the usual day for that release.")
    if second := session.desk().second_person(user, preview):
        st.info(second, icon=":material/group:")
    _send(preview, sentence, scope, second)
    keys.begin("allocate.begin")


def _send(preview: Preview, sentence: str, scope: str, second: str) -> None:
    """The click that sends; by keys too, other ones than opened the dialog, where nothing is missing."""
    unsaid, usable = _unsaid(preview, scope), _usable(preview, scope)
    if unsaid and st.session_state.get(_UNSAID):
        st.error(f"Nothing was sent: {unsaid}.", icon=":material/error:")
    st.button(
        f"{_verb(second, scope)}{f' ({unsaid})' if unsaid else '' if usable else ' (choose another time)'}",
        type="primary", key="allocate.send", width="stretch", on_click=_ask, args=(preview, sentence, scope),
        disabled=not usable, shortcut=None if unsaid or not usable else keys.SEND,
    )  # fmt: skip


def _verb(second: str, scope: str) -> str:
    if second:
        return "Confirm and ask for approval"
    return "Confirm and schedule" if releasing.later(scope) else "Confirm and send"


def _override_reason(preview: Preview) -> None:
    """Where cash was not respected: why. Without it nothing is sent."""
    if preview.proposal.choices.respect_cash:
        return
    st.text_area(
        "Why cash is not respected (required)", key="allocate.override",
        max_chars=session.desk().policy.longest_comment, placeholder="Kept in the statement, under your name",
        persist_state="session",
    )  # fmt: skip
