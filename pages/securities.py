"""Securities: find a bond as you type, see its terms, its figures and who holds it, and go on to allocate it."""

from __future__ import annotations

import streamlit as st

from allocation.errors import EvenlotError
from orders.model import Permission
from ui import bond_card, finding, formats, frame, group_view, keys, links, session

user = session.require_user(Permission.VIEW)
trip, desk = session.trip(), session.desk()

top = st.container()
st.title("Securities")
with frame.explained():
    links.take_up(user)
read_at = None
try:
    with frame.waits():
        at_hand = desk.searchable(user)
    read_at = at_hand.as_of
    for note in at_hand.notes:
        st.warning(note)
except EvenlotError as error:  # what was read before can be searched all the same
    frame.show(error)
finding.draw(user)
links.write(trip.group, trip.asset_id)
read = None
if trip.asset_id is not None:
    try:
        with frame.waits():
            read = desk.bond(user, trip.asset_id)
        read_at = read.as_of
        shown = (trip.group, *group_view.beside(trip.group, desk.groups(user))) if trip.group else ()
        bond_card.draw(user, read, shown)
    except EvenlotError as error:
        frame.show(error)
with top:
    frame.strip(read_at)
with st.bottom:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    if row.button("Groups", icon=":material/arrow_back:", shortcut=keys.BACK):
        st.switch_page("pages/groups.py")
    offered = session.only_if(user, Permission.PREVIEW)  # who may not use the page is not sent there
    if read is not None and offered:
        allocate = row.button(
            f"Allocate {formats.plain(read.value.label)}", type="primary", icon=":material/arrow_forward:",
            icon_position="right", shortcut=keys.NEXT,
        )  # fmt: skip
        if allocate:
            st.switch_page("pages/allocate.py")
