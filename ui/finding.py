"""The search for a bond: what is found as one types, what was looked at lately, and what the group holds most of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import streamlit as st

from allocation.errors import EvenlotError
from orders.errors import NotFound
from orders.model import User
from orders.searching import MOST_SUGGESTED, BondFound, carries
from ui import formats, frame, left_off, session
from ui.enter import entered

FIELD = "Find a bond"
TEXT = "securities.text"
_PUT = "securities.put"  # the text to stand in the field from the next run on
_FOR = "securities.for"  # the bond that was taken, and the text that stands for it
_CLICKED = "securities.clicked"  # a bond was taken by a click on it
_ENTERED = "securities.entered"  # Enter, pressed in a run that had to begin anew
_LISTED = "securities.listed"  # the text that the list on the screen is of
_ASKED = "securities.asked"  # identifiers that Aladdin does not know, with what it said
_RECENT, _MOST = "recent bonds", 8
_KINDS = ("cusip", "isin")  # of identifiers, the first that will do
_WIDTHS = (2.0, 2.3, 1.5, 3.0)


@st.fragment
def draw(user: User) -> None:
    """The field, and below it what it finds; once a bond is taken its name stands there, and nothing else is shown."""
    if st.session_state.pop(_CLICKED, False):
        st.rerun()  # the card is drawn by the page
    _name_what_was_chosen_elsewhere(user)
    text = st.text_input(
        FIELD, key=TEXT, placeholder="CUSIP, ISIN, SEDOL, ticker or words: T 4.25 2034, treasury, 91282CLW9",
        icon=":material/search:", type="search", live="200ms", persist_state="session",
    )  # fmt: skip
    trip = session.trip()
    enter = entered(FIELD, "securities.enter", focus=trip.asset_id is None)
    if trip.asset_id is not None:
        if text == st.session_state[_FOR][1]:
            return
        left_off.put_away(user)  # another one is looked for: Allocate must not go on with the one before
        st.session_state[_ENTERED] = enter
        st.rerun()
    enter = st.session_state.pop(_ENTERED, None) or enter
    if not text.strip():
        _lists(user)
        return
    _found(user, text.strip(), enter)


def take(user: User, bond: BondFound) -> None:
    """Choose a bond; its name stands in the field from now on."""
    trip = session.trip()
    trip.asset_id = bond.asset_id
    trip.keep(None)
    st.session_state[_PUT], st.session_state[_FOR] = bond.label, (bond.asset_id, bond.label)
    memory = session.office().memory
    kept = [row for row in _recent(user) if row["asset_id"] != bond.asset_id]
    now = {"asset_id": bond.asset_id, "label": bond.label, "issuer": bond.issuer}
    memory.put(user.username, _RECENT, [now, *kept][:_MOST])


def _name_what_was_chosen_elsewhere(user: User) -> None:
    """Put the name of a bond that came by a link, a draft or the guided demo into the field; and what a click put."""
    asset_id = session.trip().asset_id
    if asset_id is not None and st.session_state.get(_FOR, ("",))[0] != asset_id:
        take(user, session.desk().at_hand(user, [asset_id]).get(asset_id, BondFound(asset_id, asset_id)))
    if _PUT in st.session_state:
        st.session_state[TEXT] = st.session_state.pop(_PUT)


def _found(user: User, text: str, enter: str | None) -> None:
    """The bonds at hand that the text may mean. Aladdin is asked where it is a whole identifier that none carries, and
    where somebody presses Enter and none is found."""
    desk = session.desk()
    text = text if enter is None else enter.strip()
    suggested, listed = desk.suggest(user, text), st.session_state.pop(_LISTED, None)
    seen = enter is not None and (len(suggested.bonds) == 1 or text == listed)  # nobody means what they never saw
    if suggested.bonds and (suggested.exact or (seen and not suggested.elsewhere)):
        take(user, suggested.bonds[0])
        st.rerun()
    if suggested.elsewhere or (enter is not None and not suggested.bonds):
        _ask(user, text)
        if not suggested.bonds:
            return
    if not suggested.bonds:
        st.info(
            f"Nothing found for “{formats.plain(text)}” among the bonds your groups hold and those looked up before. A "
            "whole CUSIP or ISIN reaches every bond; so does Enter after any other identifier."
        )
        return
    more = " More are found: type on." if len(suggested.bonds) == MOST_SUGGESTED else ""
    st.caption(f"Enter takes the first. Beside each: price, spread duration and OAS.{more}")
    st.session_state[_LISTED] = text
    _rows(user, suggested.bonds, "hit", text.split())


def _ask(user: User, text: str) -> None:
    """Aladdin, once: the bond that carries this identifier is taken; others that it finds are there to click."""
    asked: dict[str, NotFound] = st.session_state.setdefault(_ASKED, {})
    try:
        if text in asked:
            raise asked[text]
        with frame.waits():
            found = session.desk().find(user, text).value
    except NotFound as error:
        asked[text] = error
        frame.show(error)
        row = st.container(horizontal=True)
        for label, value in frame.proposals(error):
            row.button(label, key=f"close.{label}", on_click=_put, args=(str(value),))
        return
    except EvenlotError as error:
        frame.show(error)
        return
    named = [bond for bond in found if carries(bond, text)]
    for bond in named[:1]:
        take(user, BondFound(bond.asset_id, bond.label, bond.issuer))
        st.rerun()
    if found:
        st.caption(f"No bond carries “{formats.plain(text)}” itself. Aladdin found:")
        rows = [BondFound(b.asset_id, b.label, b.issuer, b.cusip, b.isin, b.price) for b in found]
        _rows(user, rows[:MOST_SUGGESTED], "asked", text.split())
        return
    st.info(f"Nothing found for “{formats.plain(text)}”, neither among the bonds at hand nor as an identifier.")


def _put(text: str) -> None:
    st.session_state[_PUT] = text


def _lists(user: User) -> None:
    """What one is likely to look for, before anything is typed."""
    desk, group = session.desk(), session.trip().group
    recent = _recent(user)
    if recent:
        known = desk.at_hand(user, [row["asset_id"] for row in recent])
        st.markdown("**Looked at lately**")
        _rows(user, [known.get(row["asset_id"], BondFound(**row)) for row in recent], "recent")
    if group is None:
        st.info("Type an identifier, a ticker or words. Choose a group to see what it holds most of.")
        return
    try:
        with frame.waits():
            held = desk.most_held(user, group, _MOST)
    except EvenlotError as error:
        frame.show(error)
        return
    if not held:
        st.info(f"Type an identifier, a ticker or words. The accounts of {formats.plain(group)} hold no bond yet.")
        return
    known = desk.at_hand(user, [one.asset_id for one in held])
    st.markdown(f"**Most held in {formats.plain(group)}**")
    told = {
        one.asset_id: f"{formats.count(one.accounts, 'account')} · {formats.short_money(one.face)}"
        + (f" · {formats.percent(one.share, 2)} of NAV" if one.share is not None else "")
        for one in held
    }
    _rows(user, [known.get(a, BondFound(a, a)) for a in told], "held", said=told)


def _rows(
    user: User, bonds: Sequence[BondFound], kind: str, words: Sequence[str] = (), said: dict[str, str] | None = None
) -> None:
    """A line for each bond, with the click that takes it; what was typed is bold in it."""
    shown = shared_kind(bonds)
    with st.container(gap="xxsmall", key=f"securities.{kind}"):
        for bond in bonds:
            name, issuer, number, figures = st.columns(_WIDTHS, vertical_alignment="center", gap="small")
            name.button(
                f":blue[{_bold(bond.label, words)}]", key=f"take.{kind}.{bond.asset_id}", type="tertiary",
                on_click=_click, args=(user, bond), width="content",
            )  # fmt: skip
            issuer.caption(_bold(bond.issuer, words) or formats.MISSING)
            number.caption(_bold(_identifier(bond, words, shown), words))
            figures.caption((said or {}).get(bond.asset_id) or _figures(bond))


def shared_kind(bonds: Sequence[BondFound]) -> str:
    """Which identifier a list shows: one that all of its bonds have, so that they can be compared."""
    return next((kind for kind in _KINDS if all(getattr(bond, kind) for bond in bonds)), "asset_id")


def _click(user: User, bond: BondFound) -> None:
    take(user, bond)
    st.session_state[_CLICKED] = True


def _figures(bond: BondFound) -> str:
    figures = [
        "" if bond.price is None else formats.price(bond.price, 4),
        "" if bond.spread_duration is None else f"{formats.figure(bond.spread_duration, 2)} years",
        "" if bond.oas is None else f"{formats.figure(bond.oas, 0)} bp",
    ]
    return " · ".join(filter(None, figures)) or formats.MISSING


def _identifier(bond: BondFound, words: Sequence[str], kind: str) -> str:
    """Of the kind that every bond of the list has, or the identifier that what is typed is the beginning of."""
    for word in words:
        for identifier in (bond.cusip, bond.isin, bond.asset_id):
            if len(word) > 2 and identifier.casefold().startswith(word.casefold()):
                return identifier
    return str(getattr(bond, kind))


def _bold(text: str, words: Sequence[str]) -> str:
    """The text as Markdown, with what was typed in bold: where a word begins with it, or is it if it is one letter."""
    spans = [re.escape(word) + (r"\b" if len(word) == 1 else "") for word in sorted(words, key=len, reverse=True)]
    if not spans:
        return formats.plain(text)
    pieces = re.split(rf"(?<![A-Za-z0-9.])((?i:{'|'.join(spans)}))", text)
    plain = [formats.plain(piece) for piece in pieces]
    return "".join(f"**{piece}**" if n % 2 else piece for n, piece in enumerate(plain) if piece)


def _recent(user: User) -> list[dict[str, Any]]:
    kept = session.office().memory.get(user.username, _RECENT)
    return kept if isinstance(kept, list) else []
