"""Compare: every engine on the same block, under the same caps and choices, side by side; one of them goes on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import streamlit as st

from allocation.compare import Comparison
from allocation.engines import ENGINES
from allocation.errors import EvenlotError, MetricUnavailable
from allocation.model import Account, Bond
from allocation.partial_fill import FillPolicy
from orders.comparing import Compared, Entry
from orders.desk import Request
from orders.model import Permission
from ui import charts, comparison_charts, comparison_tables, entries, formats, frame, method, session
from ui.bar import bar

VIEWS = ("Every account", "Who gets how much", "Order size", "Partial fill")
MOST_ADDED = 3  # variants: more panels than these do not fit beside each other
TALL = 520  # pixels a chart or table may take before it scrolls

user = session.require_user(Permission.PREVIEW)
trip, desk = session.trip(), session.desk()


def empty(said: str, step: str, page: str) -> None:
    """What to do first."""
    frame.strip()
    st.title("Compare")
    st.info(said, icon=":material/compare:")
    if st.button(step, type="primary", key="compare.first"):
        st.switch_page(page)
    st.stop()


def ask_fresh() -> None:
    st.session_state["compare.fresh"] = True


def without(request: Request, error: MetricUnavailable) -> Request:
    """The request without the accounts that the metric is missing for, where the user leaves them out."""
    metric = request.choices.metric
    key = method.left_out(request.group, metric, error.reasons)
    if not st.session_state.get(key, False):
        frame.show(error)
    said = f"Leave {formats.count(len(error.reasons), 'account')} out of {metric.label}"
    if not st.checkbox(said, key=key, persist_state="session"):
        back_only()
    return replace(request, choices=replace(request.choices, excluded=frozenset(error.reasons)))


def back_only() -> None:
    """The bar of a page with nothing to compare, and its end."""
    left, _ = bar("Mend the block on Allocate.")
    if left.button("Allocate", icon=":material/arrow_back:"):
        st.switch_page("pages/allocate.py")
    st.stop()


def read(request: Request, field: entries.Field) -> Compared:
    """The comparison. What is in its way is said, and the page ends there."""
    fresh = bool(st.session_state.pop("compare.fresh", False))
    try:
        with frame.waits(), st.spinner("Asking every engine…"):
            return desk.comparing.engines(user, request, field.entries, fresh=fresh)
    except MetricUnavailable as error:
        return read(without(request, error), field)
    except EvenlotError as error:
        frame.show(error)
        back_only()
        raise AssertionError("the page has ended") from error


def engines_offered(request: Request) -> list[str]:
    """The variants that the user adds to the engines."""
    with st.popover("Add variants", icon=":material/add:", key="compare.more"):
        return st.multiselect(
            "Beside the engines as they are set on Allocate", list(entries.variants(request)), key="compare.added",
            persist_state="session", max_selections=MOST_ADDED, placeholder="choose up to three",
        )  # fmt: skip


def picked_row(compared: Compared) -> Comparison:
    """The engine looked at more closely, and to be used: at first the one that Allocate has."""
    found = {row.label: row for row in compared.answered}
    kept = st.session_state.get("compare.picked")
    if kept not in found:
        of_allocate = [label for label, row in found.items() if row.choices.engine == compared.request.choices.engine]
        st.session_state["compare.picked"] = (of_allocate or list(found))[0]
    label = st.pills(
        "Look closer at", list(found), key="compare.picked", required=True, persist_state="session",
        help="This engine is in front in the charts, is the one that is partly filled, and goes on with “Use”.",
    )  # fmt: skip
    return found[label or next(iter(found))]


def unanswered(compared: Compared, field: entries.Field) -> None:
    """The engines that take no part, each with why."""
    silent = [(row.label, row.failed) for row in compared.rows if row.figures is None]
    silent += [(ENGINES[name].label, fault) for name, fault in field.faults.items()]
    if not silent:
        return
    with st.expander(f"Without an answer: {', '.join(label for label, _ in silent)}", icon=":material/block:"):
        st.markdown("\n".join(f"- **{label}**: {why}" for label, why in silent))
        st.caption("What an engine needs is filled in on Allocate, under its name; it is kept there and compared here.")


def use(row: Comparison, bond: Bond, accounts: tuple[Account, ...], request: Request, face: int | None = None) -> None:
    """Put the engine, and the size where one is given, into the wizard."""
    session.office().gate.touch()
    method.use(entries.about(request, bond, accounts, row.choices.engine), row.choices.parameters)
    if face is not None:
        st.session_state["allocate.face"] = f"{face:,}"
    at = f" with {face:,}" if face is not None else ""
    st.session_state["compare.used"] = f"{row.label}{at} is in the wizard."


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
        "**Each account, before → after** · orange diamonds stopped at a cap · the band is one standard deviation "
        "about the mean afterwards"
    )
    proposals = [(each.label, each.proposal) for each in compared.answered if each.proposal is not None]
    figure = comparison_charts.dumbbells(proposals, row.label)
    with st.container(height=min(TALL, figure.layout.height + 20), border=False):
        st.plotly_chart(figure, config=charts.CONFIG, key="compare.dumbbells", alt="each account before and after")


def who_gets(compared: Compared) -> None:
    """Faces per account and engine."""
    table, columns = comparison_tables.heat(compared.rows)
    st.markdown("**Face of each account, per engine** · darker is more")
    st.dataframe(
        table, column_config=columns, hide_index=True, placeholder=formats.MISSING, key="compare.heat",
        height=min(TALL, 38 + 35 * len(compared.answered[0].proposal.lines)) if compared.answered[0].proposal else TALL,
        alt="who gets how much per engine",
    )  # fmt: skip


@st.fragment
def over_sizes(
    compared: Compared, row: Comparison, asked: tuple[Entry, ...], bond: Bond, accounts: tuple[Account, ...]
) -> None:
    """What each engine would come to were the order smaller or larger."""
    metric, own = compared.request.choices.metric, compared.block.face
    with st.spinner("Asking every engine for every size…"):
        curves = desk.comparing.sizes(user, compared.request, asked)
    faces = [point.face for point in next(curve.points for curve in curves if curve.points)]
    key = f"compare.size.{faces[0]}.{faces[-1]}.{own}"
    size = st.select_slider(
        "Size of the order", faces, value=own, format_func=formats.face, key=key,
        help="The dotted line is the order as it is typed.",
    )  # fmt: skip
    assert row.proposal is not None
    before = row.proposal.effect.dispersion_before
    st.plotly_chart(
        comparison_charts.sizes(curves, metric, row.label, size, own), config=charts.CONFIG, key="compare.sizes",
        alt="dispersion and face placed against the size of the order",
    )  # fmt: skip
    table, columns = comparison_tables.at_size(curves, size, before, metric)
    st.markdown(f"**An order of {size:,}** · before it, the dispersion is {formats.dispersion(before, metric)}")
    st.dataframe(table, column_config=columns, hide_index=True, key="compare.at_size", alt="each engine at this size")
    if st.button(
        f"Use {size:,} with {row.label}", icon=":material/arrow_forward:", disabled=size == own, key="compare.resize",
        on_click=use, args=(row, bond, accounts, compared.request, size),
    ):  # fmt: skip
        st.switch_page("pages/allocate.py")


@st.fragment
def partly(group: str, row: Comparison) -> None:
    """What each account would have of the picked engine's lines, were only a part filled."""
    proposal = row.proposal
    assert proposal is not None
    if not proposal.placed:
        st.info(f"{row.label} places nothing, so nothing of it can be filled.")
        return
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        percent = st.slider(
            "Filled", 0, 100, 50, format="%d%%", key="compare.filled", persist_state="session", width=360,
        )  # fmt: skip
        policy = st.segmented_control(
            "Shared out", list(FillPolicy), format_func=lambda each: each.label, default=FillPolicy.PRO_RATA,
            required=True, key="compare.policy", persist_state="session",
        ) or FillPolicy.PRO_RATA  # fmt: skip
    st.caption(policy.sentence)
    made = desk.comparing.partly(user, group, proposal, Fraction(percent, 100), policy)
    effect = made.effect
    after = formats.effect(effect.dispersion_before, effect.dispersion_after, effect.metric, effect.improvement)
    st.markdown(f"**{made.filled:,} of {proposal.placed:,} filled, {row.label}** · dispersion {after}")
    if made.remainder:
        st.warning(f"{made.remainder:,} of it would go to nobody under this policy.", icon=":material/inventory_2:")
    if made.below_minimum:
        st.warning(f"Below the minimum piece: {', '.join(made.below_minimum)}.", icon=":material/splitscreen:")
    if made.stubs:
        st.warning(f"Would keep less than a minimum piece: {', '.join(made.stubs)}.", icon=":material/splitscreen:")
    left, right = st.columns([1, 1.35])
    figure = comparison_charts.part_filled(made)
    with left.container(height=min(TALL, figure.layout.height + 20), border=False):
        st.plotly_chart(figure, config=charts.CONFIG, key="compare.part", alt="each line and what is filled of it")
    table, columns = comparison_tables.part_filled(made, {account.id: account.name for account in proposal.accounts})
    right.dataframe(
        table, column_config=columns, hide_index=True, placeholder=formats.MISSING, key="compare.parts",
        height=min(TALL, 38 + 35 * len(table)), alt="what each account would get",
    )  # fmt: skip


if trip.group is None or trip.asset_id is None:
    missing = "a portfolio group" if trip.group is None else "a bond"
    where = ("Groups", "pages/groups.py") if trip.group is None else ("Securities", "pages/securities.py")
    empty(f"Engines are compared on a block. Choose {missing} first.", *where)
request = trip.request
if request is None or (request.group, request.asset_id) != (trip.group, trip.asset_id):
    empty("Engines are compared on a block. Type its side and face on Allocate.", "Allocate", "pages/allocate.py")
assert request is not None
top = st.container()
with frame.explained():
    bond = desk.bond(user, request.asset_id).value
    accounts = tuple(desk.group(user, request.group, request.settlement).value.accounts)
at = f" at {formats.price(request.limit)}" if request.limit is not None else ""
st.title(f"Compare: {request.side.value} {request.face:,} {bond.label} for {request.group}{at}")
said = st.container()
added = engines_offered(request)
field = entries.field(request, bond, accounts, added)
compared = read(request, field)
with top:
    frame.strip(compared.read_at, ask_fresh)
if not compared.answered:
    with said:
        st.warning("No engine has an answer for this block.", icon=":material/block:")
    unanswered(compared, field)
    back_only()
with said:
    st.markdown(comparison_tables.verdict(compared.rows))
    if out := compared.request.choices.excluded:
        st.warning(f"Left out of the dispersion: {', '.join(sorted(out))}.")
    for warning in compared.warnings:
        st.warning(warning)
table, columns = comparison_tables.compared(compared.rows)
st.dataframe(
    table, column_config=columns, hide_index=True, placeholder=formats.MISSING, key="compare.table",
    alt="a row for each engine",
)  # fmt: skip
unanswered(compared, field)
row = picked_row(compared)
view = st.segmented_control(
    "Show", VIEWS, default=VIEWS[0], required=True, key="compare.view", persist_state="session",
    label_visibility="collapsed",
)  # fmt: skip
if view == "Who gets how much":
    who_gets(compared)
elif view == "Order size":
    over_sizes(compared, row, field.entries, bond, accounts)
elif view == "Partial fill":
    partly(request.group, row)
else:
    every_account(compared, row)

back, forward = bar("Nothing is decided here: “Use” puts the engine and its options into the wizard.")
if back.button("Allocate", icon=":material/arrow_back:"):
    st.switch_page("pages/allocate.py")
if forward.button(
    f"Use {row.label}", type="primary", icon=":material/check:", key="compare.use", on_click=use,
    args=(row, bond, accounts, compared.request),
):  # fmt: skip
    st.switch_page("pages/allocate.py")
