"""How a part of an order is shared out: chosen with its confirmation, and told wherever its statement is."""

from __future__ import annotations

import streamlit as st

from allocation.partial_fill import PROMISED, FillPolicy


def draw(scope: str) -> None:
    """The choice. It is kept for the same `scope`, which is a command yet to be given."""
    st.selectbox(
        "Partial fills", PROMISED, format_func=lambda policy: policy.label, key=_key(scope), persist_state="session",
        help="Frozen in the statement before anything is sent. Another split than this has to be explained.",
    )  # fmt: skip
    st.caption(chosen(scope).sentence)


def chosen(scope: str) -> FillPolicy:
    """The policy as chosen; pro rata until then."""
    policy: FillPolicy = st.session_state.get(_key(scope)) or FillPolicy.PRO_RATA
    return policy


def said(policy: FillPolicy) -> str:
    """The policy in a line."""
    return f"Partial fills: **{policy.label.lower()}**. {policy.sentence}"


def _key(scope: str) -> str:
    return f"filling.{scope}"
