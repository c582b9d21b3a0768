"""A proposal on the screen: its figures, what is proved of it, the charts, the tables, and what was not placed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from allocation.engines import ENGINES
from allocation.errors import RefusedLock
from allocation.model import BlockOrder, Side
from allocation.proposal import Effect, Proposal
from orders.desk import Preview
from orders.proof import conditions
from ui import charts, formats, lines, proposal_tables, proposal_words, saving, session, tables


def obstacle(preview: Preview) -> str:
    """Why this preview cannot be confirmed by anybody; empty when it can."""
    proposal = preview.proposal
    if proposal.failed:
        return "The engine has no answer, so there is nothing to confirm."
    if not proposal.choices.round_to_denomination:
        return "Faces in single units cannot be confirmed: switch rounding back on under Rules."
    return "" if proposal.placed else "Nothing is allocated, so there is nothing to confirm."


_READ_WHOLE = 60  # accounts: more are in a table that draws what is in sight alone, in rows of six lines
_TALL = 124  # pixels: such a row
_LOUD = ("Cash was not respected", "Faces were not rounded")  # warnings that have a box of their own


def figures(proposal: Proposal, warnings: Sequence[str]) -> None:
    """The six figures of a proposal, and what must be known before anything else is read."""
    effect = proposal.effect
    _loudly(proposal)
    with st.container(horizontal=True, gap="small", key="figures"):
        st.metric("Placed", formats.percent(proposal.fill), width=78, help=f"{proposal.placed:,} of the order")
        left = formats.face(proposal.block.face - proposal.placed)
        st.metric("Not placed", left, width=116, help="face ordered that no account gets; its reasons stand below")
        _dispersion(effect)
        _bound(proposal)
        touched = sum(line.face > 0 for line in proposal.lines)
        st.metric(
            "Accounts touched", f"{touched} of {len(proposal.lines)}", width=128, help="accounts that trade any face"
        )
    if effect.excluded and not effect.after:
        st.warning(formats.plain(f"No dispersion is shown: {uncounted(effect)}."))
    elif effect.excluded:
        counted = len(proposal.lines) - len(effect.excluded)
        st.warning(
            f"Dispersion over {counted} of {len(proposal.lines)} accounts. Left out: "
            + formats.plain("; ".join(f"{account} ({reason})" for account, reason in effect.excluded.items()))
            + ".",
        )
    if quiet := [formats.plain(warning) for warning in warnings if not warning.startswith(_LOUD)]:
        st.warning(quiet[0] if len(quiet) == 1 else "\n".join(f"- {warning}" for warning in quiet))


def uncounted(effect: Effect) -> str:
    """Why nobody counts in the metric: the reason once, where all have the same."""
    reasons = dict.fromkeys(effect.excluded.values())
    if len(reasons) == 1:
        return next(iter(reasons))
    return "; ".join(f"{account} ({reason})" for account, reason in effect.excluded.items())


def limit_and_mark(block: BlockOrder) -> str:
    """How far the limit is from the mark, in words; empty where one of them is not there."""
    limit, mark = block.limit, block.bond.price
    if limit is None or not mark:
        return ""
    return f"Limit {formats.price(limit)}, {(limit - mark) / mark:+.1%} from the mark of {formats.price(mark)}."


def _dispersion(effect: Effect) -> None:
    """The dispersion before and after, and how much nearer together the accounts come, or how much further apart, which
    its colour tells too."""
    decimals, after = effect.metric.decimals + 1, formats.dispersion(effect.dispersion_after, effect.metric)
    moves = f"{effect.dispersion_before:,.{decimals}f} → {after}" if effect.after else formats.MISSING
    st.metric(
        "Dispersion before → after", moves, width=214,
        help=f"standard deviation of {effect.metric.label} over the accounts",
    )  # fmt: skip
    said = formats.width(effect.improvement)
    figure, _, word = said.rpartition(" ") if effect.improvement is not None else (formats.MISSING, "", said)
    colours: dict[str, Literal["orange", "green"]] = {"wider": "orange", "narrower": "green"}
    st.metric(
        "Change", figure or said, word if figure else None, delta_color=colours.get(word, "off"), delta_arrow="off",
        width=116,
        help="of the dispersion: the part of it that is taken away, or added",
    )  # fmt: skip


def _bound(proposal: Proposal) -> None:
    """What no allocation of this face can be better than, by engines that prove it."""
    found, metric = proposal.certificate, proposal.effect.metric
    if found is None:
        st.metric(
            "Proven bound", formats.MISSING, width=136, help="this method follows its rule; Minimum dispersion proves"
        )
        return
    best = found.status == "optimal"
    st.metric(
        "Proven bound", formats.dispersion(found.bound, metric),
        "optimal" if best else f"gap {formats.dispersion(found.gap, metric)}",
        delta_color="green" if best else "orange", delta_arrow="off", width=136,
        help=f"no allocation of this face leaves less {proposal_words.minimised(proposal)}",
    )  # fmt: skip


def _loudly(proposal: Proposal) -> None:
    """A proposal that failed, or that was made with a rule switched off."""
    if proposal.failed:
        st.error(f"No allocation. {proposal.failed}", icon=":material/error:")
    if not proposal.choices.round_to_denomination:
        st.error("**What-if, not rounded.** Faces are in single units: look, but it cannot be confirmed.")
    if not proposal.choices.respect_cash:
        short = proposal_words.overdrawn(proposal)
        who = f"Overdrawn: {', '.join(short)}." if short else "Nobody would be overdrawn."
        st.warning(f"**What-if, cash not respected.** {who} Confirming needs a reason, which the statement keeps.")


def _proof(proposal: Proposal) -> None:
    """What is proved of the proposal and under which conditions, what the caps cost, and what was tried."""
    found, metric = proposal.certificate, proposal.effect.metric
    if found is not None:
        what = proposal_words.minimised(proposal)
        given = "".join(f"{condition}, " for condition in conditions(proposal))
        claim = f"{given}no allocation of this face leaves less {what} than {formats.dispersion(found.bound, metric)}"
        best, gap = (formats.dispersion(value, metric) for value in (found.dispersion, found.gap))
        worth = " ".join(proposal_words.shadow_sentences(proposal))
        st.caption(
            (
                f":material/verified: Proved: {claim}."
                if found.status == "optimal"
                else f":material/info: The best found leaves {best}; {claim}. The gap of {gap} is not closed."
            )
            + (f" At the margin, were faces not in whole lots: {worth}" if worth else "")
        )
    if proposal.failed or len(proposal.tried) > 1 or found is not None:
        with st.expander("What was tried", expanded=bool(proposal.failed), type="compact"):
            st.markdown("\n".join(f"{number}. {step}" for number, step in enumerate(proposal.tried, 1)))


def funds(preview: Preview) -> str:
    """Money needed and cash there is, at once, and how far the limit is from the mark."""
    proposal = preview.proposal
    needed, available = map(formats.short_moneys, tables.money_and_cash(proposal))
    bought = f"Needs {needed} of {available} cash in the group."
    told = bought if proposal.block.side is Side.BUY else f"Brings {needed}; the group has {available} of cash."
    return f"{told} {limit_and_mark(proposal.block)}".strip()


def details(preview: Preview, group: str, locks: str, refused: Sequence[RefusedLock]) -> None:
    """Tables and charts of a proposal: who gets what comes first."""
    lines.draw(group, locks, preview.proposal, refused)
    explained(preview.proposal, preview.request.group, "today")


def explained(proposal: Proposal, group: str, when: str) -> None:
    """All of a proposal but the table of its lines: what is not placed and why, what is proved, each account before and
    after, why it gets what it gets, and what each cap would bind `when`."""
    if proposal_words.as_its_rule_says(proposal):
        st.caption(f"{ENGINES[proposal.engine].label}: {ENGINES[proposal.engine].sentence}")
    for note in proposal.notes:
        st.info(formats.plain(note))
    _left(proposal)
    _proof(proposal)
    with st.container(horizontal=True, gap="medium"):  # below each other where the window is narrow
        if proposal.effect.after:
            with st.container(width=376):
                _accounts(proposal, group)
        with st.container(width=664):
            _whys(proposal)
    _caps(proposal, group, when)


def _accounts(proposal: Proposal, group: str) -> None:
    """Every account before and after."""
    effect = proposal.effect
    targets = " · grey ticks are targets" if effect.targets else " · the band is the tolerance about the mean"
    st.markdown(f"**Each account, before → after** · orange diamonds stopped at a cap{targets}")
    with st.container(height=min(480, 110 + 20 * len(proposal.lines)), border=False):
        st.plotly_chart(
            charts.dumbbell(effect, proposal.lines),
            config=charts.config(group, proposal.block.bond.label, "accounts"),
            key="allocate.dumbbell",
            alt=f"{effect.metric.label} of each account before and after",
        )
    st.caption(
        f"{proposal_words.within(effect)} accounts end within {proposal_words.tolerance(effect)} of "
        f"{'their target' if effect.targets else 'the mean'}."
    )


def _whys(proposal: Proposal) -> None:
    """Why each account gets what it gets, in full."""
    st.markdown("**Why**, account by account")
    if len(proposal.lines) <= _READ_WHOLE:
        with st.container(height=480 if len(proposal.lines) > 6 else "content", border=False):
            st.markdown(proposal_words.whys(proposal))
        return
    table, columns = proposal_tables.whys(proposal)
    st.dataframe(
        table, column_config=columns, hide_index=True, row_height=_TALL, key="allocate.whys",
        height=tables.height(table, 520, _TALL), alt="why each account gets what it gets",
    )  # fmt: skip


def _left(proposal: Proposal) -> None:
    """What was not placed, over the whole width: its reasons are sentences."""
    if not proposal.unallocated:
        st.caption(":material/done_all: Every unit is placed.")
        return
    st.markdown(f"**Not placed, and why** · {proposal_words.not_placed_sum(proposal)}")
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


def _caps(proposal: Proposal, group: str, when: str) -> None:
    """What each cap would bind."""
    table, columns = proposal_tables.caps_today(proposal)
    with st.expander(f"What each cap would bind {when}", icon=":material/shield:", key="allocate.caps"):
        if table.empty:
            st.info("No rule limits any account in this bond.")
            return
        st.dataframe(
            table, column_config=columns, hide_index=True, row_height=proposal_tables.WRAPPED, key="allocate.rules",
            alt="a row for each rule that limits",
        )  # fmt: skip
        name = f"caps-{group}-{proposal.block.bond.asset_id}-{session.desk().today()}"
        saving.offer("Caps", lambda: saving.shown(table, columns), name, "allocate.save.caps")
