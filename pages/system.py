"""System: how everything behind the desk is, with figures, and where an error message's reference leads."""

from __future__ import annotations

import streamlit as st

from orders.model import Permission
from ui import frame, session, standing
from watch.standing import Standing, worst

TICK = "5s"

user = session.require_user(Permission.VIEW)
frame.strip()
st.title("System")


@st.fragment(run_every=TICK)
def as_it_stands() -> None:
    found = session.office().dependencies()
    whole = worst(found)
    ill = [one.name for one in found if one.standing is not Standing.HEALTHY]
    if whole is Standing.HEALTHY:
        st.success("Everything the desk depends on is healthy.", icon=standing.ICONS[whole])
    else:
        say = st.error if whole is Standing.DOWN else st.warning
        say(f"{' and '.join(ill)}: {whole.value}. What still works is said below.", icon=standing.ICONS[whole])
    for one in found:
        standing.card(one)


def find_reference() -> None:
    """The log lines a reference leads to, for those who may read what others did."""
    st.subheader("Find a reference")
    reference = st.text_input(
        "Reference", placeholder="of an error message, a command or an order", key="system.reference",
        icon=":material/search:",
        help="An error message ends with it. Give it whole. The lines are of this process, the newest few thousand.",
    ).strip()  # fmt: skip
    if not reference:
        return
    with frame.explained():
        lines = session.office().log_lines(user, reference)
    if not lines:
        st.info(
            f"No line of this process names {reference}. It may be older, of another replica or of the worker: look "
            "for it where their logs are kept."
        )
        return
    st.code("\n".join(lines), language="json", wrap_lines=True)


as_it_stands()
if session.only_if(user, Permission.AUDIT):
    find_reference()
