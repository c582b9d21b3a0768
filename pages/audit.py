"""Audit: the chain of what was written with its proof, and who saw and did what."""

from __future__ import annotations

import streamlit as st

from orders.auditing import PAGE, Proof
from orders.history import Sought
from orders.model import Permission, User
from ui import auditing, formats, frame, keys, paging, session, tables

user = session.require_user(Permission.AUDIT)
desk = session.desk()


def proof(user: User) -> None:
    """Verify the whole ledger, on demand: it reads all of it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        asked = st.button("Verify the ledger", icon=":material/verified:", type="primary", shortcut=keys.NEXT)
        st.caption(
            "Recomputes every hash from the first entry on, and compares every row the log vouches for. Whoever can "
            "rewrite every row could rebuild the chains: compare the newest hash with one kept outside the ledger."
        )
    if asked:
        with st.spinner("Every hash is recomputed and every row compared …", show_time=True), frame.explained():
            st.session_state["audit.proof"] = desk.now(), desk.auditing.verify(user)
    if "audit.proof" not in st.session_state:
        return
    at, proof = st.session_state["audit.proof"]
    if proof == Proof():
        st.success(f"The ledger is whole, as of {formats.moment(at)}.", icon=":material/verified:")
        return
    found = formats.count(len(proof.faults) + proof.others, "fault")
    st.error(
        f"The ledger is not what was written to it: {found}, as of {formats.moment(at)}. Keep it as it is, and tell "
        "whoever runs it.",
        icon=":material/gpp_bad:",
    )
    st.markdown("\n".join(f"- {fault}" for fault in proof.faults[:100]))
    if proof.others:
        st.caption(
            f"{formats.count(proof.others, 'fault')} not named: of groups that are not yours, or of no group that can "
            "be told."
        )


def written(user: User) -> None:
    """The entries of the log, and one whole."""
    sought = auditing.filters(user)
    with frame.explained():
        page = paging.read("audit.written", sought, lambda cursor: desk.auditing.entries(user, sought, PAGE, cursor))
    if not page.rows:
        st.info("No entry matches these filters." if sought != Sought() else "Nothing has been written yet.")
        return
    table, columns = auditing.entries(page.rows)
    picked = st.dataframe(
        table, column_config=columns, hide_index=True, on_select="rerun", selection_mode="single-row",
        height=tables.height(table, 460), key="audit.entries", alt="entries of the audit log, newest first",
    )  # fmt: skip
    paging.turn("audit.written", page, PAGE, what="entries")
    auditing.save(lambda: auditing.entry_rows(page.rows), "audit")
    rows = picked["selection"]["rows"]
    if rows and rows[0] < len(page.rows):
        auditing.whole(page.rows[rows[0]])
    else:
        st.caption("Tick an entry to see it whole.")


def done(user: User) -> None:
    """What changes no order: who looked, tried, signed in."""
    who = st.text_input("By", placeholder="anybody", key="audit.by", width=200).strip().lower()
    with frame.explained():
        page = paging.read("audit.done", who, lambda cursor: desk.past.activity(user, who or None, PAGE, cursor))
    if not page.rows:
        st.info(f"Nothing is noted of {who}." if who else "Nothing is noted yet.")
        return
    table, columns = auditing.deeds(page.rows)
    st.dataframe(
        table, column_config=columns, hide_index=True, height=tables.height(table, 520), key="audit.deeds",
        alt="what users saw and did, newest first",
    )  # fmt: skip
    paging.turn("audit.done", page, PAGE, what="entries")
    auditing.save(lambda: auditing.deed_rows(page.rows), "activity")


frame.strip()
st.title("Audit")
proof(user)
written_tab, done_tab = st.tabs(["Written to the ledger", "Seen and done"], on_change="rerun", key="audit.tab")
with written_tab:
    if written_tab.open:
        written(user)
with done_tab:
    if done_tab.open:
        done(user)
