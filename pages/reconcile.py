"""Reconcile: our ledger held against Aladdin's orders, by group, each difference with what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import streamlit as st

from allocation.errors import EvenlotError
from orders.differing import Comparison, Difference, Finding
from orders.model import Permission, User
from ui import adopting, formats, frame, keys, session, which_group

user = session.require_user(Permission.VIEW)
desk = session.desk()

SPANS = {"the day before": 1, "a week ago": 7, "30 days ago": 30}  # days before the business date
EVERY = "All groups"
_GRAVE = (Finding.MISSING, Finding.MISTAKEN)


def compared(user: User, groups: Sequence[str], span: str) -> list[Comparison]:
    """The comparisons at hand, or new ones where there are none of this group and span: each is made once, and again
    when asked for, as it asks Aladdin. A group that cannot be compared says why, and takes no other with it."""
    known: dict[tuple[str, str], Comparison] = st.session_state.setdefault(adopting.COMPARED, {})
    for one in groups:
        if (one, span) in known:
            continue
        try:
            with st.spinner(f"Comparing {one}…"), frame.waits():
                known[one, span] = desk.reconciling.compare(user, one, start(span))
        except EvenlotError as error:
            if len(groups) > 1:
                st.markdown(f"**{one}** was not compared:")
            frame.show(error)
    return [known[one, span] for one in groups if (one, span) in known]


def start(span: str) -> datetime:
    """From when on changes are looked at."""
    return datetime.combine(desk.today() - timedelta(days=SPANS[span]), time(), UTC)


def again() -> None:
    session.office().gate.touch()
    st.session_state.pop(adopting.COMPARED, None)


def verdict(found: Sequence[Comparison], span: str) -> None:
    """How the two stand, and when that was. That nothing was there to compare is no agreement."""
    about = formats.plain(" and ".join(one.group for one in found)) if len(found) < 4 else f"{len(found)} groups"
    same, count = sum(one.same for one in found), sum(len(one.differences) for one in found)
    behind = sum(len(one.behind) for one in found)
    alike = f"{formats.count(same, 'order')} of {about} {'is' if same == 1 else 'are'} the same on both sides."
    if count:
        st.warning(f"{formats.count(count, 'difference')}. {alike}", icon=":material/compare_arrows:")
    elif same or behind:
        st.success(f"Nothing differs. {alike}", icon=":material/task_alt:")
    else:
        st.info(
            f"Nothing to compare: neither side has an order of {about} that is live or was changed since.",
            icon=":material/search_off:",
        )
    if behind:
        st.info(
            f"{formats.count(behind, 'live order')} went on at Aladdin since the worker looked: it reads their newest "
            "fills at its next look.",
            icon=":material/update:",
        )
    at = min(one.at for one in found)
    st.caption(
        f"Looked {formats.moment(at)}, at live orders and those changed since {formats.day(start(span).date())}."
        + (" What differs is listed until it is looked at again." if count else "")
    )


def card(user: User, group: str, number: int, one: Difference) -> None:
    """One difference: both sides, what can be done, and the way to do it."""
    with st.container(border=True, key=f"reconcile.card.{number}"):
        row = st.container(horizontal=True)
        row.badge(group, color="gray")
        row.badge(one.finding.value, color="red" if one.finding in _GRAVE else "orange")
        st.markdown(formats.plain(one.sentence))
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
    frame.nothing("No group is on your list yet. Add one on the Groups page.", ("Add a group", "groups"))
    st.stop()
row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
with row:
    group = which_group.draw("reconcile", [EVERY, *groups])
span = row.segmented_control(
    "Changed since", list(SPANS), default=next(iter(SPANS)), required=True, key="reconcile.span"
)
row.button("Look again", icon=":material/refresh:", on_click=again, key="reconcile.again", shortcut=keys.REFRESH)
adopting.dialog()
found = compared(user, groups if group == EVERY else [group], span)
if found:
    verdict(found, span)
listed = [(one.group, difference) for one in found for difference in one.differences]
for number, (of, difference) in enumerate(listed):
    card(user, of, number, difference)
