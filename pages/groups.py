"""Groups: pick a portfolio group and see its accounts and how far they are spread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import streamlit as st

from allocation.errors import EvenlotError
from allocation.metrics import offered_first, spread
from allocation.model import Metric
from orders.model import Group, Permission, User
from orders.ports import Dated
from ui import charts, formats, frame, session, tables

user = session.require_user(Permission.VIEW)
trip, desk = session.trip(), session.desk()


def read_all(
    user: User, groups: tuple[str, ...], fresh: bool
) -> tuple[dict[str, Dated[Group]], dict[str, EvenlotError]]:
    """Every group at once, for the reads are independent; and why a group could not be read."""
    books: dict[str, Dated[Group]] = {}
    faults: dict[str, EvenlotError] = {}
    with ThreadPoolExecutor(max_workers=4) as pool:
        reads = {group: pool.submit(desk.group, user, group, fresh=fresh) for group in groups}
        for group, read in reads.items():
            try:
                books[group] = read.result()
            except EvenlotError as error:
                faults[group] = error
    return books, faults


def choose(group: str) -> None:
    trip.group = group
    trip.keep(None)


def ask_fresh() -> None:
    st.session_state["groups.fresh"] = True


with frame.explained():
    names = session.groups_of(user)
    books, faults = read_all(user, names, st.session_state.pop("groups.fresh", False))
if trip.group not in names:
    trip.group = next(iter(books), names[0])
chosen = books.get(trip.group)

frame.strip(chosen.as_of if chosen is not None else None, ask_fresh)
st.title("Groups")
if not books:
    frame.show(next(iter(faults.values())))
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
grid = st.grid(min(len(names), 4))
for name in names:
    if name in faults:
        with grid.container(border=True, key=f"card.{name}"):
            st.markdown(f"**{name}** · cannot be read")
            frame.show(faults[name])
        continue
    accounts = books[name].value.accounts
    now = spread(accounts, metric)
    with grid.container(border=True, key=f"card.{name}"):
        st.markdown(f"**{name}** · {formats.count(len(accounts), 'account')}")
        over = f" over {len(now.values)} of {len(accounts)}" if now.missing else ""
        st.metric(
            f"Dispersion now{over}",
            formats.dispersion(now.stdev, metric),
            help=f"population standard deviation of {metric.label}, equal weights",
        )
        nav, cash = tables.totals(accounts)
        st.caption(f"NAV {formats.short_money(nav)} · cash {formats.short_money(cash)}")
        when = f"last allocated {formats.moment(last[name])}" if name in last else "not allocated to yet"
        st.caption(when)
        st.button(
            "Chosen" if name == trip.group else "Choose",
            key=f"choose.{name}",
            icon=":material/check:" if name == trip.group else None,
            disabled=name == trip.group,
            on_click=choose,
            args=(name,),
            width="stretch",
        )

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
    config=charts.CONFIG,
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
    height=min(620, 38 + 35 * len(table)),
    alt=f"accounts of {trip.group}",
    key="groups.accounts",
)
with st.bottom:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    row.caption(f"{trip.group} is chosen.")
    if row.button("Find a bond", type="primary", icon=":material/arrow_forward:", icon_position="right"):
        st.switch_page("pages/securities.py")
