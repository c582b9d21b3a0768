"""Warnings, each of which is accepted by itself, with a reason."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from allocation.proposal import Proposal
from orders.canonical import digest
from orders.compliance import is_compliance
from ui import formats


def nothing_against(warnings: Sequence[str]) -> None:
    """Say so where Aladdin's compliance was asked and found nothing."""
    if not any(map(is_compliance, warnings)):
        st.success("Aladdin's compliance was asked, and has nothing against it.", icon=":material/verified_user:")


def both_sides(proposal: Proposal, warnings: Sequence[str]) -> None:
    """What compliance says of it: our own limits, which every line was made within, and Aladdin's."""
    version, asked = proposal.limits.version, proposal.choices.respect_cash
    said = sum(not is_compliance(warning) for warning in warnings)
    ours = f"Our limits, version {version}: every line is within its {'caps' if asked else 'caps, cash apart'}"
    warned = f"; **{formats.count(said, 'warning')}**, below" if said else ""
    found = sum(map(is_compliance, warnings))
    theirs = f"**{formats.count(found, 'finding')}**, below" if found else "was asked, and has nothing against it"
    st.markdown(f":material/rule: {ours}{warned}.  \n:material/verified_user: Aladdin's compliance {theirs}.")


def draw(scope: str, warnings: Sequence[str], longest: int) -> None:
    """Each warning, with the field for why it does not matter. What is typed is kept for the same warning of the same
    `scope`, which is a command yet to be given."""
    for number, warning in enumerate(warnings, 1):
        which = f" {number} of {len(warnings)}" if len(warnings) > 1 else ""
        left, right = st.columns([1.15, 1], vertical_alignment="bottom")
        left.warning(warning)
        right.text_input(
            f"Warning{which}: why you go on (required)", key=_key(scope, warning), max_chars=longest,
            placeholder="Kept in the statement, under your name", persist_state="session", live=True,
        )  # fmt: skip


def given(scope: str, warnings: Sequence[str]) -> dict[str, str]:
    """The reasons typed so far, by warning."""
    typed = {warning: (st.session_state.get(_key(scope, warning)) or "").strip() for warning in warnings}
    return {warning: reason for warning, reason in typed.items() if reason}


def missing(scope: str, warnings: Sequence[str], *reasons: str) -> str:
    """What is still to be said, in words; empty when nothing is. `reasons` are those asked for besides."""
    count = len(warnings) - len(given(scope, warnings)) + reasons.count("")
    return f"{formats.count(count, 'reason')} missing" if count else ""


def _key(scope: str, warning: str) -> str:
    return f"accept.{scope}.{digest(warning)[:16]}"
