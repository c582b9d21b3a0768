"""Groups: pick a portfolio group and see its accounts and how far they are spread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime

import streamlit as st

from allocation.errors import EvenlotError
from allocation.metrics import offered_first, spread
from allocation.model import Metric
from orders.errors import OutsideError
from orders.model import Group, GroupTree, Permission, User
from orders.ports import Dated
from ui import charts, formats, frame, groups, keys, session, tables

user = session.require_user(Permission.VIEW)
trip, desk = session.trip(), session.desk()


def read_all(
    user: User, names: tuple[str, ...], fresh: bool
) -> tuple[dict[str, Dated[Group]], dict[str, Dated[GroupTree]], dict[str, EvenlotError]]:
    """Every group with the groups inside it, all at once, for the reads are independent; and why one could not be
    read."""
    books: dict[str, Dated[Group]] = {}
    trees: dict[str, Dated[GroupTree]] = {}
    faults: dict[str, EvenlotError] = {}
    with ThreadPoolExecutor(max_workers=4) as pool:
        # in this run's context: what a read waits for is said on this page
        reads = {name: pool.submit(copy_context().run, desk.group, user, name, fresh=fresh) for name in names}
        insides = {name: pool.submit(copy_context().run, desk.tree, user, name, fresh=fresh) for name in names}
        for name in names:
            try:
                books[name] = reads[name].result()
                trees[name] = insides[name].result()
            except EvenlotError as error:
                faults[name] = error
    return books, trees, faults


def choose(group: str) -> None:
    """Choose a listed group, or one inside it, which is then listed too."""
    if group not in desk.groups(user):
        groups.add(user, group)
    if group in desk.groups(user):
        trip.group = group
        trip.keep(None)


def ask_fresh() -> None:
    st.session_state["groups.fresh"] = True


def card(name: str, book: Dated[Group], metric: Metric, last: datetime | None) -> None:
    """A group at a glance, with the button that chooses it."""
    accounts = book.value.accounts
    now = spread(accounts, metric)
    st.markdown(f"**{name}** · {formats.count(len(accounts), 'account')}")
    over = f" over {len(now.values)} of {len(accounts)}" if now.missing else ""
    st.metric(
        f"Dispersion now{over}",
        formats.dispersion(now.stdev, metric),
        help=f"population standard deviation of {metric.label}, equal weights",
    )
    nav, cash = tables.totals(accounts)
    age = formats.ago(book.as_of, datetime.now(UTC))
    st.caption(f"NAV {formats.short_moneys(nav)} · cash {formats.short_moneys(cash)} · read {age}")
    st.caption(f"last allocated {formats.moment(last)}" if last else "not allocated to yet")
    st.button(
        "Chosen" if name == trip.group else "Choose",
        key=f"choose.{name}",
        icon=":material/check:" if name == trip.group else None,
        disabled=name == trip.group,
        on_click=choose,
        args=(name,),
        width="stretch",
    )


top = st.container()
row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom")
row.title("Groups", width="content")
with row:
    groups.search(user)
st.caption(groups.origin(session.office().book))
groups.refusal()
with frame.explained():
    names = session.groups_of(user)
    if not names:
        st.info("No group is on your list yet. Add one above.")
        st.stop()
    fresh = st.session_state.pop("groups.fresh", False)
    books, trees, faults = read_all(user, names, fresh)
    missed = next((error for error in faults.values() if isinstance(error, OutsideError)), None) if fresh else None
    if missed is not None:  # what was read before may still be at hand
        frame.show(missed)
        books, trees, faults = read_all(user, names, fresh=False)
if trip.group not in names:
    trip.group = next(iter(books), names[0])
chosen = books.get(trip.group)
with top:
    frame.strip(chosen.as_of if chosen is not None else None, ask_fresh)
if not books:
    if missed is None:
        frame.show(next(iter(faults.values())))
    grid = st.grid(min(max(len(names), 3), 4))
    for name in names:
        with grid.container(border=True, height="stretch"):
            st.markdown(f"**{name}** · cannot be read")
            groups.take_off_button(user, name)
    st.stop()
metric = st.segmented_control(
    "Metric",
    list(Metric),
    format_func=lambda m: m.label,
    default=offered_first(next(iter(books.values())).value.accounts),
    required=True,
    key="metric",
    persist_state="session",
)
assert metric is not None

last = desk.last_allocations(user)
grid = st.grid(min(max(len(names), 3), 4))
for name in names:
    with grid.container(border=True, height="stretch", key=f"card.{name}"):
        if name in books:
            card(name, books[name], metric, last.get(name))
            if name in faults:  # the groups inside it
                frame.show(faults[name])
        else:
            st.markdown(f"**{name}** · cannot be read")
            frame.show(faults[name])
        groups.take_off_button(user, name)
groups.draw_trees(user, groups.nested(trees), trip.group, choose)

if chosen is None:
    st.info(f"{trip.group} cannot be read now; choose another group, or refresh.")
    st.stop()
accounts = chosen.value.accounts
now = spread(accounts, metric)
st.subheader(f"{trip.group}: {metric.label} of {formats.count(len(accounts), 'account')}")
if now.missing:
    st.warning(
        f"Dispersion over {len(now.values)} of {len(accounts)} accounts; the others are listed last with the reason."
    )
picked = st.plotly_chart(
    charts.strip(accounts, now),
    key="groups.strip",
    on_select="rerun",
    selection_mode=("points", "box"),
    config=charts.config(trip.group, metric.label),
    alt=f"{metric.label} of each account of {trip.group}, sized by NAV",
)
ids = {point["customdata"][0] for point in picked["selection"]["points"] if point.get("customdata")}
shown = [a for a in accounts if not ids or a.id in ids]
if ids:
    st.caption(f"{len(shown)} of {len(accounts)} accounts, as selected in the chart. Double-click the chart for all.")
table, columns = tables.accounts(shown, now)
st.dataframe(
    table,
    column_config=columns,
    hide_index=True,
    placeholder=formats.MISSING,
    height=tables.height(table, 620),
    alt=f"accounts of {trip.group}",
    key="groups.accounts",
)
with st.bottom:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    row.caption(f"{trip.group} is chosen.")
    if row.button(
        "Find a bond", type="primary", icon=":material/arrow_forward:", icon_position="right", shortcut=keys.NEXT
    ):
        st.switch_page("pages/securities.py")
