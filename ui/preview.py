"""A proposal on the screen: its figures, what is proved of it, the charts, the tables, and what was not placed."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from allocation.model import BlockOrder, Side
from allocation.proposal import Effect, Proposal
from orders.desk import Preview
from orders.proof import conditions
from ui import charts, formats, proposal_tables, tables


def obstacle(preview: Preview) -> str:
    """Why this preview cannot be confirmed by anybody; empty when it can."""
    proposal = preview.proposal
    if proposal.failed:
        return "The engine has no answer, so there is nothing to confirm."
    if not proposal.choices.round_to_denomination:
        return "Faces in single units cannot be confirmed: switch rounding back on under Rules."
    return "" if proposal.placed else "Nothing is allocated, so there is nothing to confirm."


_LOUD = ("Cash was not respected", "Faces were not rounded")  # warnings that have a box of their own


def figures(preview: Preview) -> None:
    """The figures of a proposal, and what must be known before anything else is read."""
    proposal, effect = preview.proposal, preview.proposal.effect
    _loudly(proposal)
    with st.grid(min_column_width=118):
        st.metric("Filled", formats.percent(proposal.fill), help=f"{proposal.placed:,} of {proposal.block.face:,}")
        left = formats.face(proposal.block.face - proposal.placed)
        st.metric("Not placed", left, help="face ordered that no account gets; its reasons stand below")
        before = formats.dispersion(effect.dispersion_before, effect.metric)
        st.metric("Dispersion before", before, help=f"standard deviation of {effect.metric.label} over the accounts")
        _after(effect)
        st.metric(
            f"Within {proposal_tables.tolerance(effect)}",
            proposal_tables.within(effect),
            help="accounts that end this near to their target, or to the mean where they have none",
        )
        touched = sum(line.face > 0 for line in proposal.lines)
        st.metric("Accounts touched", f"{touched} of {len(proposal.lines)}", help="accounts that trade any face at all")
    _proof(proposal)
    if effect.excluded:
        counted = len(proposal.lines) - len(effect.excluded)
        st.warning(
            f"Dispersion over {counted} of {len(proposal.lines)} accounts. Left out: "
            + "; ".join(f"{account} ({reason})" for account, reason in effect.excluded.items()),
        )
    for warning in preview.warnings:
        if not warning.startswith(_LOUD):
            st.warning(warning)
    if told := limit_and_mark(proposal.block):
        st.caption(told)
    for note in proposal.notes:
        st.info(note)


def limit_and_mark(block: BlockOrder) -> str:
    """How far the limit is from the mark, in words; empty where one of them is not there."""
    limit, mark = block.limit, block.bond.price
    if limit is None or not mark:
        return ""
    return f"Limit {formats.price(limit)}, {(limit - mark) / mark:+.1%} from the mark of {formats.price(mark)}."


def _after(effect: Effect) -> None:
    """The dispersion after, with how much nearer together the accounts come, or how much further apart, which its
    colour tells too."""
    after, said = formats.dispersion(effect.dispersion_after, effect.metric), formats.width(effect.improvement)
    moved = next((word for word in ("wider", "narrower") if said.endswith(word)), "")
    colours: dict[str, Literal["orange", "green", "off"]] = {"wider": "orange", "narrower": "green", "": "off"}
    st.metric(
        "Dispersion after", after, said, delta_color=colours[moved], delta_arrow="off",
        help="the change is (before - after) / before",
    )  # fmt: skip


def _loudly(proposal: Proposal) -> None:
    """A proposal that failed, or that was made with a rule switched off."""
    if proposal.failed:
        st.error(f"No allocation. {proposal.failed}", icon=":material/error:")
    if not proposal.choices.round_to_denomination:
        st.error("**What-if, not rounded.** Faces are in single units: look, but it cannot be confirmed.")
    if not proposal.choices.respect_cash:
        short = proposal_tables.overdrawn(proposal)
        who = f"Overdrawn: {', '.join(short)}." if short else "Nobody would be overdrawn."
        st.warning(f"**What-if, cash not respected.** {who} Confirming needs a reason, which the statement keeps.")


def _proof(proposal: Proposal) -> None:
    """What is proved of the proposal and under which conditions, what the caps cost, and what was tried."""
    found, metric = proposal.certificate, proposal.effect.metric
    if found is not None:
        what = proposal_tables.minimised(proposal)
        given = "".join(f"{condition}, " for condition in conditions(proposal))
        claim = f"{given}no allocation of this face leaves less {what} than {formats.dispersion(found.bound, metric)}"
        if found.status == "optimal":
            st.success(f"Proved: {claim}.", icon=":material/verified:")
        else:
            best, gap = (formats.dispersion(value, metric) for value in (found.dispersion, found.gap))
            st.info(f"The best found leaves {best}; {claim}. The gap of {gap} is not closed.")
        if worth := proposal_tables.shadow_sentences(proposal):
            st.caption("At the margin, were faces not in whole lots: " + " ".join(worth))
    if proposal.failed or len(proposal.tried) > 1 or found is not None:
        with st.expander("What was tried", expanded=bool(proposal.failed), type="compact"):
            st.markdown("\n".join(f"{number}. {step}" for number, step in enumerate(proposal.tried, 1)))


def funds(preview: Preview) -> None:
    """Money needed and cash there is, at once."""
    proposal = preview.proposal
    needed, available = tables.money_and_cash(proposal)
    if proposal.block.side is Side.BUY:
        st.caption(f"Needs {formats.short_moneys(needed)} of {formats.short_moneys(available)} cash in the group.")
    else:
        st.caption(f"Brings {formats.short_moneys(needed)}; the group has {formats.short_moneys(available)} of cash.")


def details(preview: Preview) -> None:
    """Tables and charts of a proposal: who gets what comes first."""
    proposal = preview.proposal
    _lines(proposal)
    _left(proposal)
    left, right = st.columns([1, 1.6])
    with left:
        _dispersion(proposal)
    with right:
        targets = " · grey ticks are targets" if proposal.effect.targets else ""
        st.markdown(f"**Each account, before → after** · orange diamonds stopped at a cap{targets}")
        with st.container(height=min(480, 110 + 20 * len(proposal.lines)), border=False):
            st.plotly_chart(
                charts.dumbbell(proposal.effect, proposal.lines),
                config=charts.config(preview.request.group, proposal.block.bond.label, "accounts"),
                key="allocate.dumbbell",
                alt=f"{proposal.effect.metric.label} of each account before and after",
            )
    _caps(proposal)


@st.fragment
def _lines(proposal: Proposal) -> None:
    """The table of lines, and the picked one's reason in full. A pick runs this part alone: nothing is allocated
    anew."""
    table, columns = proposal_tables.lines(proposal)
    picked = st.dataframe(
        table,
        column_config=columns,
        hide_index=True,
        placeholder=formats.MISSING,
        height=tables.height(table, 640),
        on_select="rerun",
        selection_mode="single-row-required",
        key="allocate.lines",
        alt="the allocation, a row per account",
    )
    rows = picked["selection"]["rows"]
    st.text(proposal_tables.sentence(proposal, rows[0] if rows and rows[0] < len(table) else 0))


def _dispersion(proposal: Proposal) -> None:
    """Dispersion before and after."""
    effect = proposal.effect
    over = f", {len(effect.before)} of {len(proposal.lines)} accounts" if effect.excluded else ""
    st.markdown(f"**Dispersion of {effect.metric.label}{over}**")
    named = charts.config(proposal.block.bond.label, effect.metric.label, "dispersion")
    st.plotly_chart(charts.dispersion_bars(effect), config=named, key="allocate.bars", alt="dispersion")


def _left(proposal: Proposal) -> None:
    """What was not placed, over the whole width: its reasons are sentences."""
    if not proposal.unallocated:
        st.success("Every unit is placed.", icon=":material/done_all:")
        return
    st.markdown("**Not placed, and why**")
    table, columns = proposal_tables.not_placed(proposal)
    st.dataframe(
        table,
        column_config=columns,
        hide_index=True,
        placeholder=formats.MISSING,
        row_height=proposal_tables.WRAPPED,
        alt="not placed",
        key="allocate.left",
    )


def _caps(proposal: Proposal) -> None:
    """What each cap would bind today."""
    table, columns = proposal_tables.caps_today(proposal)
    with st.expander("What each cap would bind today", icon=":material/shield:", key="allocate.caps"):
        if table.empty:
            st.info("No rule limits any account in this bond.")
            return
        st.dataframe(
            table, column_config=columns, hide_index=True, row_height=proposal_tables.WRAPPED, key="allocate.rules",
            alt="a row for each rule that limits",
        )  # fmt: skip
