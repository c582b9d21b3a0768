"""History: what was decided, each statement as it was on the day, and what all of them add up to."""

from __future__ import annotations

import streamlit as st

from orders.model import Permission, User
from ui import decision, frame, history, session

user = session.require_user(Permission.VIEW)
desk = session.desk()


def back() -> None:
    """To the list, with the filters that the address carries."""
    st.query_params.pop("statement", None)


def one(user: User, statement_id: str) -> None:
    """The statement that the address names."""
    st.button("All statements", icon=":material/arrow_back:", type="tertiary", on_click=back)
    with frame.explained():
        chosen = desk.past.stated(user, statement_id)
        order, statements = desk.past.order(user, chosen.order_id), desk.past.statements_of(user, chosen.order_id)
    decision.draw(user, order, statements, chosen)


def everything(user: User) -> None:
    """Which ones, then a page of them or what they add up to."""
    with frame.explained():
        wanted = history.filters(user)
    listed, added = st.tabs(["Statements", "Added up"], on_change="rerun", key="history.tab")
    with listed:
        if listed.open:
            history.statements(user, wanted)
    with added:
        if added.open:
            history.added_up(user, wanted)


frame.strip()
st.title("History")
if named := st.query_params.get("statement"):
    one(user, named)
else:
    everything(user)
