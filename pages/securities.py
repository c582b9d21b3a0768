"""Securities: find a bond, see its terms, its figures and who holds it."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

import streamlit as st

from allocation.errors import EvenlotError
from allocation.model import Bond
from orders.errors import NotFound
from orders.model import Permission
from ui import formats, frame, keys, session, tables

user = session.require_user(Permission.VIEW)
trip, desk = session.trip(), session.desk()

top = st.container()
st.title("Securities")
text = st.text_input(
    "Find a bond",
    key="securities.text",
    placeholder="CUSIP, ISIN, SEDOL, ticker or words: T 4.25 2034, treasury, 91282CLW9",
    icon=":material/search:",
    type="search",
    persist_state="session",
)


def stop() -> NoReturn:
    """Without a bond found, none is chosen: Allocate must not go on with the one of the search before."""
    trip.asset_id = None
    st.stop()


def search_for(text: str) -> None:
    st.session_state["securities.text"] = text


def strip(read_at: datetime | None = None) -> None:
    with top:
        frame.strip(read_at)


def aged(what: str, bond: Bond, dated: bool) -> str:
    """Where a figure's date is said, amber or red when it is old. A price has no date but that of its reading."""
    known, said = (bond.price_date, "price read on") if what == "price" else (bond.measures_date, "analytics of")
    age = desk.age(known, bond.currency)
    if not dated or age is None:
        return f"no {what}"
    day = formats.day(known)
    if age > desk.policy.blocked_after:
        return f":red[{said} {day}: too old to trade on]"
    return f":orange[{said} {day}]" if age > desk.policy.amber_after else f"{said} {day}"


def card(bond: Bond) -> None:
    """Terms, figures and holders of one bond."""
    with st.container(border=True, key="bond.card"):
        st.subheader(bond.label)
        marks = " · ".join(filter(None, [bond.issuer, bond.sector, bond.rating, "144A" if bond.is_144a else ""]))
        st.caption(f"{bond.description} · {marks}")
        figures = st.container(horizontal=True, gap="medium")  # below each other where there is no room: none is cut
        measures = bond.measures
        for label, value, meaning in (
            ("Price", formats.price(bond.price), "the mark, per 100 face, without accrued interest"),
            (
                "Accrued",
                formats.price(bond.accrued, 4),
                "interest since the last coupon, per 100 face: a buyer pays it",
            ),
            ("Spread duration", formats.figure(measures.spread_duration, 2), "years: % lost where spreads widen by 1%"),
            ("Duration", formats.figure(measures.duration, 2), "years: % lost where yields rise by 1%"),
            ("OAS, bp", formats.figure(measures.oas, 0), "option-adjusted spread over government bonds, basis points"),
        ):
            figures.metric(label, value, help=meaning, width="content")
        any_measure = any(m is not None for m in (bond.measures.spread_duration, bond.measures.oas))
        st.caption(f"{aged('price', bond, bond.price is not None)} · {aged('analytics', bond, any_measure)}")
        for note in desk.bond(user, bond.asset_id).notes:
            st.caption(note)
        left, right = st.columns(2)
        left.markdown(
            f"CUSIP `{bond.cusip or '–'}`  \nISIN `{bond.isin or '–'}`  \n"
            f"Coupon {formats.MISSING if bond.coupon is None else f'{bond.coupon.normalize():f} %'}"
            f"{f', {bond.coupon_frequency} a year' if bond.coupon_frequency else ''}"
        )
        right.markdown(
            f"Maturity {formats.day(bond.maturity)}  \nTrades in {formats.pieces(bond)}  \nFactor {bond.factor:f}"
        )
        if trip.group:
            held = desk.holders(user, bond.asset_id, trip.group)
            if held:
                st.markdown(f"**Held by {formats.count(len(held), 'account')} of {trip.group}**")
                table, columns = tables.holders(held)
                st.dataframe(
                    table,
                    column_config=columns,
                    hide_index=True,
                    placeholder=formats.MISSING,
                    alt=f"holders of {bond.label}",
                )
            else:
                st.caption(f"No account of {trip.group} holds it.")


if not text.strip():
    strip()
    st.info(
        "Type an identifier, a ticker or words. Words search the bonds your groups hold and those looked up before."
    )
    stop()
try:
    with frame.waits():
        read = desk.find(user, text)
except NotFound as error:
    strip()
    frame.show(error)
    row = st.container(horizontal=True)
    for label, value in frame.proposals(error):
        row.button(label, key=f"close.{label}", on_click=search_for, args=(str(value),))
    stop()
except EvenlotError as error:
    strip()
    frame.show(error)
    stop()
found = read.value
strip(read.as_of)
for note in read.notes:
    st.warning(note)
if not found:
    st.info(f"Nothing found for “{text}” among the bonds your groups hold. A CUSIP, ISIN or SEDOL reaches every bond.")
    stop()
st.caption(f"{len(found)} found" + (", the best 50 shown" if len(found) >= 50 else ""))
table, columns = tables.bonds(found)
picked = st.dataframe(
    table,
    column_config=columns,
    hide_index=True,
    placeholder=formats.MISSING,
    on_select="rerun",
    selection_mode="single-row-required" if len(found) == 1 else "single-row",
    height=tables.height(table, 320),
    key=f"securities.rows.{text}",
    alt="bonds found",
)
rows = picked["selection"]["rows"]
if rows and rows[0] < len(found):
    trip.asset_id = found[rows[0]].asset_id
elif len(found) == 1:
    trip.asset_id = found[0].asset_id
elif trip.asset_id not in [bond.asset_id for bond in found]:
    trip.asset_id = None  # the best of several is shown; only a pick or the button below chooses it
bond = next((bond for bond in found if bond.asset_id == trip.asset_id), found[0])
with frame.explained():
    card(bond)
with st.bottom:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    if row.button("Groups", icon=":material/arrow_back:", shortcut=keys.BACK):
        st.switch_page("pages/groups.py")
    offered = session.only_if(user, Permission.PREVIEW)  # whoever may not use the page is not sent there
    if offered and row.button(
        f"Allocate {bond.label}",
        type="primary",
        icon=":material/arrow_forward:",
        icon_position="right",
        shortcut=keys.NEXT,
    ):
        trip.asset_id = bond.asset_id
        trip.keep(None)
        st.switch_page("pages/allocate.py")
