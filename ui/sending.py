"""Exactly what a confirmation sends: who gets what, who gets nothing, and the hash of it."""

from __future__ import annotations

import streamlit as st

from orders.desk import Preview
from orders.statement import allocation_digest
from ui import formats, proposal_tables, tables


def lines(preview: Preview) -> None:
    """A row for each account that gets anything; the others are named."""
    table, columns = proposal_tables.lines(preview.proposal)
    shown = [name for name in ("Account", "Name", "Face", "Left", "Currency", "Money", "Cash after") if name in table]
    funded = table[table["Face"] > 0][shown]
    st.dataframe(
        funded, column_config=columns, hide_index=True, placeholder=formats.MISSING, alt="what will be sent",
        height=tables.height(funded, 432),
    )  # fmt: skip
    if told := proposal_tables.nothing((line.account_id, line.face, line.reason) for line in preview.proposal.lines):
        st.markdown(told)


def allocation(preview: Preview) -> None:
    """The hash of what is decided here, which the statement will carry."""
    seen = allocation_digest(preview.request.group, preview.proposal)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f":material/fingerprint: Allocation `{seen[:16]}…`",
            help=f"`{seen}`  \nSHA-256 of bond, side, face, settlement, limit, choices and every line. The statement "
            "carries it as `allocation_sha256`; its own hash, which approval is of, is made when it is confirmed, as "
            "time and order are in it.",
            width="content",
        )
