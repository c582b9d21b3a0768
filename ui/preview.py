"""A proposal on the screen: its six figures, the charts, the table of accounts, and what was not placed."""

from __future__ import annotations

import streamlit as st

from allocation.model import Side
from orders.desk import Preview
from ui import charts, formats, tables


def figures(preview: Preview) -> None:
    """The six figures of a proposal."""
    proposal, effect = preview.proposal, preview.proposal.effect
    grid = st.columns(6)
    grid[0].metric("Filled", formats.percent(proposal.fill), help=f"{proposal.placed:,} of {proposal.block.face:,}")
    grid[1].metric("Not placed", formats.face(proposal.block.face - proposal.placed))
    before, after = (formats.dispersion(v, effect.metric) for v in (effect.dispersion_before, effect.dispersion_after))
    grid[2].metric("Dispersion before", before)
    grid[3].metric("Dispersion after", after)
    grid[4].metric("Improvement", formats.signed_percent(effect.improvement), help="(before - after) / before")
    touched = sum(line.face > 0 for line in proposal.lines)
    grid[5].metric("Accounts touched", f"{touched} of {len(proposal.lines)}")
    if (proof := proposal.certificate) is not None:
        bound = formats.dispersion(proof.bound, effect.metric)
        if proof.status == "optimal":
            st.success(
                f"Proved: no allocation of this face leaves less dispersion than {bound}.", icon=":material/verified:"
            )
        else:
            st.info(f"The best found; no allocation of this face leaves less dispersion than {bound}.")
    if effect.excluded:
        counted = len(proposal.lines) - len(effect.excluded)
        st.warning(
            f"Dispersion over {counted} of {len(proposal.lines)} accounts. Left out: "
            + "; ".join(f"{account} ({reason})" for account, reason in effect.excluded.items()),
        )
    for warning in preview.warnings:
        st.warning(warning)


def funds(preview: Preview) -> None:
    """Money needed and cash there is, at once."""
    proposal = preview.proposal
    needed, available = tables.money_and_cash(proposal)
    if proposal.block.side is Side.BUY:
        st.caption(f"Needs {formats.short_money(needed)} of {formats.short_money(available)} cash in the group.")
    else:
        st.caption(f"Brings {formats.short_money(needed)}; the group has {formats.short_money(available)} of cash.")


def details(preview: Preview) -> None:
    """Charts and tables of a proposal."""
    proposal = preview.proposal
    over = f", {len(proposal.effect.before)} of {len(proposal.lines)} accounts" if proposal.effect.excluded else ""
    left, right = st.columns([1, 1.6])
    with left:
        st.markdown(f"**Dispersion of {proposal.effect.metric.label}{over}**")
        st.plotly_chart(
            charts.dispersion_bars(proposal.effect), config=charts.CONFIG, key="allocate.bars", alt="dispersion"
        )
        if proposal.unallocated:
            st.markdown("**Not placed, and why**")
            table, columns = tables.not_placed(proposal)
            st.dataframe(
                table,
                column_config=columns,
                hide_index=True,
                placeholder=formats.MISSING,
                alt="not placed",
                key="allocate.left",
            )
        else:
            st.success("Every unit is placed.", icon=":material/done_all:")
    with right:
        st.markdown("**Each account, before → after** · orange diamonds stopped at a cap")
        with st.container(height=min(480, 110 + 20 * len(proposal.lines)), border=False):
            st.plotly_chart(
                charts.dumbbell(proposal.effect, proposal.lines),
                config=charts.CONFIG,
                key="allocate.dumbbell",
                alt=f"{proposal.effect.metric.label} of each account before and after",
            )
    table, columns = tables.lines(proposal)
    st.dataframe(
        table,
        column_config=columns,
        hide_index=True,
        placeholder=formats.MISSING,
        height=min(640, 38 + 35 * len(table)),
        key="allocate.lines",
        alt="the allocation, a row per account",
    )
