"""System: how everything behind the desk is, with figures, and where an error message's reference leads."""

from __future__ import annotations

import streamlit as st

from orders.history import Sought
from orders.model import Permission
from ui import auditing, frame, session, standing, tables
from watch import references
from watch.standing import Standing, worst

TICK = "5s"

user = session.require_user(Permission.VIEW)
frame.strip()
st.title("System")


@st.fragment(run_every=TICK)
def as_it_stands() -> None:
    found = session.office().dependencies()
    whole = worst(found)
    if whole is Standing.HEALTHY:
        st.success("Everything the desk depends on is healthy.", icon=standing.ICONS[whole])
    else:
        say = st.error if whole is Standing.DOWN else st.warning
        ill = {bad: [one.name for one in found if one.standing is bad] for bad in (Standing.DOWN, Standing.DEGRADED)}
        told = "; ".join(f"{' and '.join(names)}: {bad.value}" for bad, names in ill.items() if names)
        say(f"{told}. What still works is said below.", icon=standing.ICONS[whole])
    for one in found:
        standing.card(one)


def find_reference() -> None:
    """What was written under a reference and the log lines it leads to, for those who may read what others did."""
    st.subheader("Find a reference")
    reference = st.text_input(
        "Reference", placeholder="of an error message, an audit entry or a request to Aladdin; or an order",
        key="system.reference", icon=":material/search:",
        help="An error message ends with it, and a request to Aladdin begins with it. Give it whole. The lines are of "
        "this process, the newest few thousand.",
    ).strip()  # fmt: skip
    if not reference:
        return
    written_under(reference)
    with frame.explained():
        lines = session.office().log_lines(user, reference)
    if not lines:
        st.info(
            f"No line of this process names {reference}. It may be older, of another replica or of the worker: look "
            "for it where their logs are kept."
        )
        return
    st.code("\n".join(lines), language="json", wrap_lines=True)


def written_under(reference: str) -> None:
    """The entries of the audit log, by whichever process they were written."""
    known = references.of(reference)
    sought = Sought(reference=known) if known else Sought(subject=reference)
    with frame.explained():
        page = session.desk().auditing.entries(user, sought)
    if not page.rows:
        st.info(f"Nothing was written to the ledger under {reference}.")
        return
    table, columns = auditing.entries(page.rows)
    st.dataframe(
        table, column_config=columns, hide_index=True, height=tables.height(table, 260), key="system.entries",
        alt="entries of the audit log under this reference, newest first",
    )  # fmt: skip


as_it_stands()
if session.only_if(user, Permission.AUDIT):
    find_reference()
