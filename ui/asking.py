"""What a person decides about an order: one dialog at a time, one command for each, carried out once however often it
is clicked. Closing the dialog, or reloading the page, does not stop what was asked for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from allocation.errors import EvenlotError
from orders.lifecycle import Event
from orders.model import Order, User
from ui import frame, keys, session

Width = Literal["small", "medium", "large"]

_OPENED, _ASKED, _REFUSED, _TOLD, _NEWS = (f"deciding.{n}" for n in ("opened", "asked", "refused", "told", "news"))


@dataclass(frozen=True, slots=True)
class Opened:
    """The dialog that is open: what is to be decided about which order, and the command that will carry it out."""

    event: Event
    order_id: str
    command_id: str

    def key(self, name: str) -> str:
        """A widget's key in this dialog."""
        return f"deciding.{self.command_id}.{name}"

    def typed(self, name: str) -> str:
        """What is typed into a field of it so far."""
        return (st.session_state.get(self.key(name)) or "").strip()


def open_(event: Event, order_id: str) -> None:
    """Open a dialog with the next full run. What was typed into another one is left behind."""
    session.office().gate.touch()
    st.session_state.pop(_REFUSED, None)
    st.session_state[_OPENED] = Opened(event, order_id, uuid.uuid4().hex)
    st.session_state[_NEWS] = True


def news() -> bool:
    """Whether a dialog was opened since the last full run: the part of a page that learns of it has to ask for one."""
    return bool(st.session_state.pop(_NEWS, False))


def opened() -> Opened | None:
    """The dialog that is open."""
    found: Opened | None = st.session_state.get(_OPENED)
    return found


def close() -> None:
    """Nothing was decided."""
    for name in (_OPENED, _ASKED, _REFUSED):
        st.session_state.pop(name, None)


def asked(at: Opened) -> bool:
    """Whether a decision was clicked, and is not carried out yet."""
    return at == opened() and _ASKED in st.session_state


def ask(at: Opened, call: Callable[[User], Order], done: str) -> None:
    """The click: `call` is to be carried out, and `done` said after it. A click that comes after the dialog was done
    with asks for nothing."""
    if at != opened():
        return
    session.office().gate.touch()
    st.session_state.pop(_REFUSED, None)
    st.session_state[_ASKED] = (call, done)


def carry_out() -> None:
    """Do what was asked for, as the user is now: a role, or the sign-in itself, may have ended since. The outcome is
    noted before the click is forgotten: a run that is cut short in between does it again, under the same command."""
    call, done = st.session_state[_ASKED]
    user = session.office().gate.current_user()
    if user is not None:
        try:
            order = call(user)
        except EvenlotError as error:
            st.session_state[_REFUSED] = error
        else:
            st.session_state[_TOLD] = f"{order.id}: {done}"
            st.session_state.pop(_OPENED, None)
    st.session_state.pop(_ASKED, None)


def dialog(at: Opened, title: str, width: Width, draw: Callable[[User, Opened], None]) -> None:
    """Show the dialog that is open; `draw` draws what is to be decided, as the user is now."""
    underway = asked(at)
    st.dialog(title, width=width, dismissible=not underway, on_dismiss=close)(_body)(at, underway, draw)


def _body(at: Opened, underway: bool, draw: Callable[[User, Opened], None]) -> None:
    user = session.office().gate.current_user()
    if user is None or at != opened() or asked(at) is not underway:
        st.rerun()
    if underway:
        place = st.empty()
        place.info("Being done. Closing or reloading the page does not stop it.", icon=":material/hourglass_top:")
        with frame.waits():
            carry_out()
        place.empty()
        st.rerun()
    assert user is not None
    try:
        draw(user, at)
    except EvenlotError as error:
        frame.show(error)
    keys.begin(at.key("begin"), "Face" if at.event is Event.MODIFY else "")


def refused() -> None:
    """Why the last try came to nothing, in the dialog."""
    if error := st.session_state.get(_REFUSED):
        frame.show(error)


def told() -> None:
    """Say once what was done."""
    if said := st.session_state.pop(_TOLD, ""):
        st.toast(said, icon=":material/task_alt:", duration="long")
