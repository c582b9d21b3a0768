"""Reconcile: our ledger held against Aladdin's orders of a group, each difference with what can be done about it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import streamlit as st

from orders.differing import Comparison, Difference, Finding
from orders.model import Permission, User
from ui import adopting, formats, frame, session

user = session.require_user(Permission.VIEW)
trip, desk = session.trip(), session.desk()

SPANS = {"yesterday": 1, "a week ago": 7, "30 days ago": 30}  # days before the business date
_GRAVE = (Finding.MISSING, Finding.MISTAKEN)


def compared(user: User, group: str, span: str) -> Comparison:
    """The comparison at hand, or a new one where there is none of this group and span: it is made once, and again when
    asked for, as each asks Aladdin."""
    known: tuple[str, Comparison] | None = st.session_state.get(adopting.COMPARED)
    if known is not None and known[0] == span and known[1].group == group:
        return known[1]
    with st.spinner("Comparing…"):
        found = desk.reconciling.compare(user, group, start(span))
    st.session_state[adopting.COMPARED] = (span, found)
    return found


def start(span: str) -> datetime:
    """From when on changes are looked at."""
    return datetime.combine(desk.today() - timedelta(days=SPANS[span]), time(), UTC)


def again() -> None:
    session.office().gate.touch()
    st.session_state.pop(adopting.COMPARED, None)


def verdict(found: Comparison, span: str) -> None:
    """How the two stand, and when that was."""
    same = formats.count(found.same, "order")
    count = len(found.differences)
    at = f"Looked {formats.moment(found.at)}, at live orders and those changed since {formats.day(start(span).date())}"
    if not count:
        st.success(
            f"Nothing differs. {same} of {found.group} {'is' if found.same == 1 else 'are'} the same on both sides."
            if found.same
            else f"Nothing differs: neither side has an order of {found.group} to compare.",
            icon=":material/task_alt:",
        )
        st.caption(f"{at}.")
        return
    alike = f"{same} {'is' if found.same == 1 else 'are'} the same on both sides."
    st.warning(f"{formats.count(count, 'difference')}. {alike}", icon=":material/compare_arrows:")
    st.caption(f"{at}. What differs is listed until it is looked at again.")


def card(user: User, group: str, number: int, one: Difference) -> None:
    """One difference: both sides, what can be done, and the way to do it."""
    with st.container(border=True, key=f"reconcile.card.{number}"):
        st.badge(one.finding.value, color="red" if one.finding in _GRAVE else "orange")
        st.markdown(one.sentence)
        st.caption(one.advice)
        here = bool(one.order_id)
        if not here and not one.adoptable:
            return
        with st.container(horizontal=True):
            if one.adoptable and adopting.may(user):
                st.button(
                    "Take over…", icon=":material/move_to_inbox:", key=f"reconcile.adopt.{number}",
                    on_click=adopting.open_, args=(group, one),
                )  # fmt: skip
            if here and st.button("Open the order", type="tertiary", key=f"reconcile.open.{number}"):
                st.switch_page("pages/orders.py", query_params={"order": one.order_id})
        if one.adoptable and not adopting.may(user):
            st.caption("A portfolio manager or an approver can take it over.")


frame.strip()
st.title("Reconcile")
st.caption("What this ledger has of a group's orders, held against what Aladdin has. Looking changes nothing.")
with frame.explained():
    groups = session.groups_of(user)
if not groups:
    st.info("No group is on your list yet. Add one on the Groups page.")
    st.stop()
row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
group = row.selectbox(
    "Group", groups, index=groups.index(trip.group) if trip.group in groups else 0, key="reconcile.group", width=220
)
span = row.segmented_control("Changed since", list(SPANS), default="yesterday", required=True, key="reconcile.span")
row.button("Look again", icon=":material/refresh:", on_click=again, key="reconcile.again")
adopting.dialog()
with frame.explained():
    found = compared(user, group, span)
verdict(found, span)
for number, one in enumerate(found.differences):
    card(user, group, number, one)
