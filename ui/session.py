"""What a screen asks for: the desk, the signed-in user, and what this browser session has chosen so far."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import streamlit as st

from orders import refusals
from orders.desk import Desk, Preview, Request
from orders.errors import NotPermitted
from orders.model import Book, Permission, Role, User
from ui.account import choose
from ui.people import People
from ui.sign_in import Gate, sign_in_form
from watch.standing import Dependency


@dataclass(frozen=True, slots=True)
class Pulse:
    """How one of the systems behind the desk is: `sentence` says what is wrong and what still works. The one that
    `feeds` is where the figures on the screens come from."""

    name: str
    well: bool
    sentence: str
    feeds: bool = False


class Memory(Protocol):
    """What users left on their desks, as JSON by username and name. It may be lost without harm."""

    def get(self, username: str, name: str) -> Any: ...
    def put(self, username: str, name: str, value: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Office:
    """What the front door opened: everything a screen may use."""

    desk: Desk
    gate: Gate
    book: Book
    pulses: Callable[[], tuple[Pulse, ...]]
    memory: Memory
    dependencies: Callable[[], tuple[Dependency, ...]] = tuple  # with their figures, for the System page
    log_lines: Callable[[User, str], tuple[str, ...]] = lambda user, reference: ()  # of this process, that name it
    trouble: Callable[[str], None] | None = None  # sets a plan of faults; there is one on the demo book alone
    people: People | None = None  # where users are administered here


@dataclass
class Trip:
    """What this session has chosen on its way to an order."""

    group: str | None = None
    asset_id: str | None = None
    request: Request | None = None  # the block as last typed on the allocate page, where all of it could be read
    preview: Preview | None = None
    command_id: str = ""  # of the confirmation to come: the same for a repeated click

    def keep(self, preview: Preview | None) -> None:
        """Hold a new preview; it is confirmed under a command of its own."""
        self.preview = preview
        self.command_id = uuid.uuid4().hex


_opened: list[Office] = []


def open_office(office: Office) -> None:
    """Called once by the front door, for the whole process."""
    _opened[:] = [office]


def office() -> Office:
    """Everything a screen may use. A page that runs without the front door stops here."""
    if not _opened:
        st.error("Open Evenlot at its front page.")
        st.stop()
    return _opened[0]


def desk() -> Desk:
    return office().desk


def person(username: str) -> str:
    """What a user is called, where the page tells people of people: records keep the username. Whoever is none of the
    users by now, as the worker, goes by what was recorded."""
    return _people().get(username, username)


def username(typed: str) -> str:
    """Whom somebody means who types a username, or the name that the page shows."""
    wanted = typed.strip().casefold()
    people = _people()
    named = [who for who, name in people.items() if wanted and wanted in name.casefold()]
    return named[0] if wanted not in people and len(named) == 1 else wanted


def _people() -> Mapping[str, str]:
    return _opened[0].gate.people() if _opened else {}


def trip() -> Trip:
    """This session's choices so far."""
    if "trip" not in st.session_state:
        st.session_state["trip"] = Trip()
    found: Trip = st.session_state["trip"]
    return found


def require_user(permission: Permission) -> User:
    """The signed-in user. Everyone else sees the sign-in form, or who can do this, and the script stops there."""
    gate = office().gate
    user = gate.current_user()
    if user is None:
        sign_in_form(gate, office().book, guided=office().trouble is not None)
        st.stop()
    if gate.must_choose():
        choose(gate, user)
        st.stop()
    if not user.may(permission):
        refusals.tell(user, f"may not {permission.value}: a page was refused")
        st.title("Not permitted")
        roles = " or ".join(sorted(role.label for role in user.roles))
        able = " or ".join(role.label for role in Role if permission in role.permissions)
        article = "An" if able[0] in "aeiou" else "A"
        st.warning(f"Signed in as {roles}, you cannot use this page. {article} {able} can.")
        st.stop()
    _remember(user)
    return user


def _remember(user: User) -> None:
    """A session that begins has the group that its user chose last, while they see it."""
    memory, begins = office().memory, "trip" not in st.session_state
    if begins and isinstance(last := memory.get(user.username, "group"), str) and user.sees(last):
        trip().group = last
    elif (group := trip().group) is not None and group != st.session_state.get("remembered"):
        memory.put(user.username, "group", group)
    st.session_state["remembered"] = trip().group


def opened_by_link() -> None:
    """The group chosen just now came by a link: it is not what the user chose, so the next session does not begin
    with it."""
    st.session_state["remembered"] = trip().group


def only_if(user: User, permission: Permission) -> bool:
    """Whether to offer an action at all; the use case checks again."""
    return user.may(permission)


def groups_of(user: User) -> tuple[str, ...]:
    """The groups on the user's list, perhaps none yet; `NotPermitted` for a user who is entitled to none."""
    if not user.groups:
        raise NotPermitted("Your user sees no portfolio group yet. Whoever administers the users can add some.")
    return desk().groups(user)
