"""Groups: pick the portfolio group that orders go to, and see how far its accounts are spread, beside others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime

import streamlit as st

from allocation.errors import EvenlotError
from allocation.metrics import spread
from allocation.model import Metric
from orders.errors import OutsideError
from orders.model import Group, GroupTree, Permission, User
from orders.ports import Dated
from ui import formats, frame, group_view, groups, keys, links, session, tables
from ui.strip import Seen

MARK = "  :blue[:material/check_circle:]"

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
        groups.add(group)
    if group in desk.groups(user):
        trip.group = group
        trip.keep(None)


def ask_fresh() -> None:
    st.session_state["groups.fresh"] = True


def card(name: str, book: Dated[Group], metric: Metric, last: datetime | None) -> None:
    """A group at a glance, with the button that chooses it and the switch that shows it beside the chosen one."""
    accounts = book.value.accounts
    now = spread(accounts, metric)
    chosen = name == trip.group
    st.markdown(f"**{formats.plain(name)}** · {formats.count(len(accounts), 'account')}{MARK if chosen else ''}")
    over = f" over {len(now.values)} of {len(accounts)}" if now.missing else ""
    st.metric(
        f"Dispersion now{over}",
        formats.dispersion(now.stdev, metric),
        help=f"population standard deviation of {metric.label}, equal weights",
    )
    nav, cash = tables.totals(accounts)
    age = formats.ago(book.as_of, datetime.now(UTC))
    allocated = f"last allocated {formats.moment(last)}" if last else "not allocated to yet"
    st.caption(
        f"NAV {formats.short_moneys(nav)} · cash {formats.short_moneys(cash)}  \nread {age} · {allocated}",
    )
    row = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small")
    row.button(
        "Chosen" if chosen else "Choose",
        key=f"choose.{name}",
        icon=":material/check:" if chosen else None,
        disabled=chosen,
        on_click=choose,
        args=(name,),
    )
    group_view.show_switch(row, name, chosen)


top = st.container()
row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom")
row.title("Groups", width="content")
row.caption(groups.origin(session.office().book), width="stretch")
with row:
    groups.search(user)
switch = st.container(horizontal=True, vertical_alignment="center", gap="medium")
groups.refusal()
with frame.explained():
    group_view.take_up(links.take_up(user))
    listed = session.groups_of(user)
    names = (*listed, *links.visited(listed))
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
            st.markdown(f"**{formats.plain(name)}** · cannot be read")
            groups.take_off_button(name)
    st.stop()
with switch:
    metric = group_view.metric_switch(user, next(iter(books.values())).value.accounts)
last = desk.last_allocations(user)
grid = st.grid(min(max(len(names), 3), 4))
for name in names:
    with grid.container(border=True, height="stretch", key=f"card.{name}"):
        if name in books:
            card(name, books[name], metric, last.get(name))
            if name in faults:  # the groups inside it
                frame.show(faults[name])
        else:
            st.markdown(f"**{formats.plain(name)}** · cannot be read")
            frame.show(faults[name])
        if name in listed:
            groups.take_off_button(name)
        else:
            st.button(
                f"Add {formats.plain(name)} to my list", icon=":material/playlist_add:", type="tertiary",
                key=f"put_on.{name}", on_click=groups.add, args=(name,),
            )  # fmt: skip
groups.draw_trees(user, groups.nested(trees), trip.group, choose)

if chosen is None:
    st.info(f"{formats.plain(trip.group)} cannot be read now; choose another group, or refresh.")
    st.stop()
shown = (trip.group, *group_view.beside(trip.group, books))
links.write(trip.group, shown=shown[1:], metric=metric.key)
group_view.draw([Seen.of(name, books[name].value.accounts, metric) for name in shown], desk.today())
with st.bottom:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    row.caption(f"{formats.plain(trip.group)} is chosen." + (" Orders go to it alone." if len(shown) > 1 else ""))
    if row.button(
        "Find a bond", type="primary", icon=":material/arrow_forward:", icon_position="right", shortcut=keys.NEXT
    ):
        st.switch_page("pages/securities.py")
