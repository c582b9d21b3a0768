"""Compare: every engine on the same block, under the same caps and choices, side by side; one of them goes on."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from allocation.compare import Comparison
from allocation.engines import ENGINES
from allocation.errors import EvenlotError, MetricUnavailable
from orders.comparing import Compared
from orders.desk import Request
from orders.errors import OutsideError
from orders.model import Permission
from ui import comparison, comparison_tables, entries, formats, frame, left_off, links, method, session, tables
from ui.bar import bar

VIEWS = ("Every account", "Who gets how much", "Order size", "Partial fill")
MOST_ADDED = 3  # variants: more panels than these do not fit beside each other

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
    """The request without the accounts that the metric is missing for, where the user leaves them out, as on the
    allocate page."""
    metric = request.choices.metric
    key = method.left_out(request.group, bond, metric, error.reasons)
    if not st.session_state.get(key, False):
        frame.show(error)
        said, way = method.leaving_out(metric, error)
        st.caption(way)
        st.button(said, type="primary", key="compare.leave_out", on_click=leave_out, args=(key,))
        back_only("Leave these accounts out, or choose another metric on Allocate.")
    return replace(request, choices=replace(request.choices, excluded=frozenset(error.reasons)))


def leave_out(key: str) -> None:
    session.office().gate.touch()
    st.session_state[key] = True  # of the allocate page's own choice, where it can be taken back


def back_only(missing: str = "Mend the block on Allocate.") -> None:
    """The frame of a page with nothing to compare, and its end."""
    with top:
        frame.strip()
    left, _ = bar(missing)
    if left.button("Allocate", icon=":material/arrow_back:"):
        st.switch_page("pages/allocate.py")
    st.stop()


def read(request: Request, field: entries.Field) -> Compared:
    """The comparison. What is in its way is said, and the page ends there, unless only newer figures cannot be had."""
    fresh = bool(st.session_state.pop("compare.fresh", False))
    try:
        with frame.waits(), st.spinner("Asking every engine…"):
            return desk.comparing.engines(user, request, field.entries, fresh=fresh)
    except MetricUnavailable as error:
        return read(without(request, error), field)
    except EvenlotError as error:
        frame.show(error)
        if fresh and isinstance(error, OutsideError):
            return read(request, field)
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


links.take_up(user)
with frame.explained():
    left_off.resume(user)
    if trip.group is not None and trip.asset_id is not None:
        left_off.begin(user, trip.group, desk.bond(user, trip.asset_id).value)
links.write(trip.group, trip.asset_id)
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
st.title(
    f"Compare: {request.side.value.lower()} {request.face:,} {formats.plain(f'{bond.label} for {request.group}')}{at}"
)
said = st.container()
controls = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
looked_at = controls.container(width="content")
with controls:
    added = engines_offered(request)
    measures = st.toggle(
        "Every measure", key="compare.measures", persist_state="session", help="Every measure of dispersion instead."
    )
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
    if locked := comparison_tables.locks(compared.request.choices.locked):
        st.markdown(f":material/lock: {locked} Every engine splits what is left.")
    st.markdown(comparison_tables.verdict(compared.rows))
    if out := compared.request.choices.excluded:
        counted = f"{len(accounts) - len(out)} of {len(accounts)} accounts"
        st.warning(f"Dispersion over {counted}. Left out, as said on Allocate: {', '.join(sorted(out))}.")
    for warning in compared.warnings:
        st.warning(warning)
with looked_at:
    row = picked_row(compared)
views = VIEWS if comparison_tables.counted(compared.rows) else ("Who gets how much", "Partial fill")
if st.session_state.get("compare.view", views[0]) not in views:
    del st.session_state["compare.view"]
shown, columns = (comparison_tables.measured if measures and len(views) > 2 else comparison_tables.compared)(
    compared.rows
)
st.dataframe(
    shown, column_config=columns, hide_index=True, placeholder=formats.MISSING, key="compare.table",
    alt="a row for each engine",
)  # fmt: skip
tables.further(
    *(("interquartile range", "largest distance from the mean") if measures else ("smallest line", "cash left"))
)
unanswered(compared, field)
view = st.segmented_control(
    "Show", views, default=views[0], required=True, key="compare.view", persist_state="session",
    label_visibility="collapsed",
)  # fmt: skip
if view == "Who gets how much":
    comparison.who_gets(compared)
elif view == "Order size":
    comparison.over_sizes(compared, row, field.entries, bond, accounts)
elif view == "Partial fill" and row.proposal is not None:
    comparison.partly(request.group, row.label, row.proposal)
else:
    comparison.every_account(compared, row)

back, forward = bar("Nothing is decided here: “Use” takes the engine and its options to Allocate.")
if back.button("Allocate", icon=":material/arrow_back:"):
    st.switch_page("pages/allocate.py")
if forward.button(
    f"Use {row.label}", type="primary", icon=":material/check:", key="compare.use", on_click=comparison.use,
    args=(row, bond, accounts, compared.request),
):  # fmt: skip
    st.switch_page("pages/allocate.py")
