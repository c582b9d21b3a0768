"""The views of a comparison: every account per engine, who gets how much, the sizes of the order, a partial fill."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import streamlit as st

from allocation.compare import Comparison
from allocation.errors import EvenlotError
from allocation.model import Account, Bond
from allocation.partial_fill import FillPolicy, PartialFill
from allocation.proposal import Proposal
from allocation.size_curve import Curve
from orders.comparing import Compared, Entry
from orders.desk import Request
from orders.model import Permission
from ui import charts, comparison_charts, comparison_tables, entries, formats, forms, frame, method, session

TALL = 520  # pixels a chart or table may take before it scrolls


def every_account(compared: Compared, row: Comparison) -> None:
    """Dispersion of each engine against the bound, and every account before and after."""
    metric = compared.request.choices.metric
    st.markdown(
        "**Dispersion before, and after each engine** · orange lines: proved, no split of the face that the engine "
        "places leaves less"
    )
    st.plotly_chart(
        comparison_charts.bars(compared.rows, metric, row.label), config=charts.CONFIG, key="compare.bars",
        alt="dispersion before, and after each engine",
    )  # fmt: skip
    st.markdown(
        f"**{metric.label} of each account, before → after, {metric.unit}** · orange diamonds stopped at a cap · the "
        "band is one standard deviation about the mean afterwards"
    )
    proposals = [(each.label, each.proposal) for each in compared.answered if each.proposal is not None]
    figure = comparison_charts.dumbbells(proposals, row.label)
    with st.container(height=min(TALL, figure.layout.height + 20), border=False):
        st.plotly_chart(figure, config=charts.CONFIG, key="compare.dumbbells", alt="each account before and after")


def who_gets(compared: Compared) -> None:
    """Faces per account and engine."""
    table, columns = comparison_tables.heat(compared.rows)
    locked = sorted(compared.request.choices.locked)
    fixed = f" · locked: {formats.plain(', '.join(locked))}" if locked else ""
    st.markdown(f"**Face of each account, per engine** · the stronger the colour, the more{fixed}")
    st.dataframe(
        table, column_config=columns, hide_index=True, placeholder=formats.MISSING, key="compare.heat",
        height=_height(len(table.index)), alt="who gets how much per engine",
    )  # fmt: skip


def _height(rows: int) -> int:
    return min(TALL, 38 + 35 * rows)


@st.fragment
def over_sizes(
    compared: Compared, row: Comparison, asked: tuple[Entry, ...], bond: Bond, accounts: tuple[Account, ...]
) -> None:
    """What each engine would come to were the order smaller or larger."""
    user, own = session.require_user(Permission.PREVIEW), compared.block.face
    try:
        with frame.waits(), st.spinner("Asking every engine for every size…"):
            curves = session.desk().comparing.sizes(user, compared.request, asked)
    except EvenlotError as error:
        frame.show(error)
        return
    faces = next((curve.faces for curve in curves if curve.points), (own,))
    size, told = _size(compared, faces, asked, curves)
    metric = compared.request.choices.metric
    st.plotly_chart(
        comparison_charts.sizes(curves, metric, row.label, size, own), config=charts.CONFIG, key="compare.sizes",
        alt="dispersion and face placed against the size of the order",
    )  # fmt: skip
    _at_size(compared, told, size)
    if st.button(
        f"Use {size:,} with {row.label}", icon=":material/arrow_forward:", disabled=size == own, key="compare.resize",
        on_click=use, args=(row, bond, accounts, compared.request, size),
    ):  # fmt: skip
        st.switch_page("pages/allocate.py")


def _size(
    compared: Compared, faces: Sequence[int], asked: tuple[Entry, ...], curves: tuple[Curve, ...]
) -> tuple[int, tuple[Curve, ...]]:
    """The size that is looked at, by the slider or typed beside it, and what each engine comes to there."""
    own, state = compared.block.face, st.session_state
    slider, box = f"compare.size.{own}.{faces[0]}.{faces[-1]}", f"compare.typed.{own}"
    locked = sum(compared.request.choices.locked.values())
    begins = f" Sizes begin at the {locked:,} that is locked." if faces[0] >= locked > 0 else ""

    def emptied() -> None:
        state[box] = ""

    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        slid = st.select_slider(
            "Size of the order", faces, value=own, format_func=formats.face, key=slider, on_change=emptied,
            help=f"The dotted line is the order as it is typed.{begins}",
        )  # fmt: skip
        with st.container(width=158):
            typed = st.text_input("or type it", key=box, placeholder="30mm", help="counts before the slider")
    if begins:
        st.caption(f":material/lock:{begins}")
    if not typed.strip():
        return slid, curves
    try:
        face = forms.face(typed)
        if curves[0].at(face) is not None:
            return face, curves
        told = session.desk().comparing.at_size(session.require_user(Permission.PREVIEW), compared.request, asked, face)
    except EvenlotError as error:
        frame.show(error)
        return slid, curves
    return next((curve.faces[0] for curve in told if curve.points), own), told


def _at_size(compared: Compared, curves: Sequence[Curve], size: int) -> None:
    """Every engine at the size of the slider."""
    (_, _, first), *_ = comparison_tables.answers(compared.rows)
    metric, before = first.effect.metric, first.effect.dispersion_before
    table, columns = comparison_tables.at_size(curves, size, before, metric)
    st.markdown(f"**An order of {size:,}** · before it, the dispersion is {formats.dispersion(before, metric)}")
    st.dataframe(table, column_config=columns, hide_index=True, key="compare.at_size", alt="each engine at this size")


@st.fragment
def partly(group: str, label: str, proposal: Proposal) -> None:
    """What each account would have of an engine's lines, were only a part filled."""
    user = session.require_user(Permission.PREVIEW)
    if not proposal.placed:
        st.info(f"{label} places nothing, so nothing of it can be filled.")
        return
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        percent = st.slider(
            "Filled", 0, 100, 50, format="%d%%", key="compare.filled", persist_state="session", width=320,
            help="how much of what the engine places is executed",
        )  # fmt: skip
        policy = st.segmented_control(
            "Shared out", list(FillPolicy), format_func=lambda each: each.label, default=FillPolicy.PRO_RATA,
            required=True, key="compare.policy", persist_state="session",
        ) or FillPolicy.PRO_RATA  # fmt: skip
    st.caption(policy.sentence)
    made = session.desk().comparing.partly(user, group, proposal, Fraction(percent, 100), policy)
    effect = made.effect
    after = formats.effect(effect.dispersion_before, effect.dispersion_after, effect.metric, effect.improvement)
    st.markdown(f"**{made.filled:,} of {proposal.placed:,} filled, {label}** · dispersion {after}")
    _remarks(made)
    _parts(made)


def _remarks(made: PartialFill) -> None:
    """What this fill would leave odd."""
    if made.remainder:
        st.warning(f"{made.remainder:,} of it would go to nobody under this policy.", icon=":material/inventory_2:")
    if made.below_minimum:
        st.warning(f"Below the minimum piece: {', '.join(made.below_minimum)}.", icon=":material/splitscreen:")
    if made.stubs:
        st.warning(f"Would keep less than a minimum piece: {', '.join(made.stubs)}.", icon=":material/splitscreen:")


def _parts(made: PartialFill) -> None:
    """Each line and what is filled of it: beside each other, or below where the window is narrow."""
    figure, (table, columns) = comparison_charts.part_filled(made), comparison_tables.part_filled(made)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=420, height=min(TALL, figure.layout.height + 20), border=False):
            st.plotly_chart(figure, config=charts.CONFIG, key="compare.part", alt="each line and what is filled of it")
        st.dataframe(
            table, column_config=columns, hide_index=True, placeholder=formats.MISSING, key="compare.parts",
            width=660 if "Note" in table else 480, height=_height(len(table)), alt="what each account would get",
        )  # fmt: skip


def use(row: Comparison, bond: Bond, accounts: tuple[Account, ...], request: Request, face: int | None = None) -> None:
    """Take the engine, and the size where one is given, over to Allocate."""
    session.office().gate.touch()
    method.use(entries.about(request, bond, accounts, row.choices.engine), row.choices.parameters)
    if face is not None:
        st.session_state["allocate.face"] = f"{face:,}"
    at = f" with {face:,}" if face is not None else ""
    st.session_state["compare.used"] = f"{row.label}{at} is taken over."
