"""One bond: its terms and figures, how old they are, in which pieces it trades, and who holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from allocation.errors import EvenlotError
from allocation.model import Bond
from orders.holders import Holder
from orders.model import User
from orders.ports import Dated
from ui import formats, frame, session, tables
from ui.tables import Columns, amount, number


def draw(user: User, read: Dated[Bond], groups: Sequence[str]) -> None:
    """The card, with the holders in these groups."""
    bond = read.value
    with st.container(border=True, key="bond.card"):
        head = st.container(horizontal=True, vertical_alignment="center", gap="small")
        head.subheader(bond.label, width="content")
        if bond.rating:
            head.badge(f"rated {bond.rating}", color="blue")
        for mark in filter(None, (bond.sector, bond.country, "144A" if bond.is_144a else "")):
            head.badge(mark, color="gray")
        st.caption(" · ".join(dict.fromkeys(filter(None, (bond.issuer, bond.description)))))
        _figures(bond)
        for note in read.notes:
            st.caption(note)
        _terms(bond)
        _held(user, bond, groups)


def _figures(bond: Bond) -> None:
    row = st.container(horizontal=True, gap="medium")  # below each other where there is no room: none is cut
    measures = bond.measures
    for label, value, meaning in (
        ("Price", formats.price(bond.price), "the mark, per 100 face, without accrued interest"),
        ("Accrued", formats.price(bond.accrued, 4), "interest since the last coupon, per 100 face: a buyer pays it"),
        ("Spread duration", formats.figure(measures.spread_duration, 2), "years: % lost where spreads widen by 1%"),
        ("Duration", formats.figure(measures.duration, 2), "years: % lost where yields rise by 1%"),
        ("OAS, bp", formats.figure(measures.oas, 0), "option-adjusted spread over government bonds, basis points"),
    ):
        row.metric(label, value, help=meaning, width="content")
    any_measure = any(m is not None for m in (measures.spread_duration, measures.oas))
    st.caption(f"{_aged('price', bond, bond.price is not None)} · {_aged('analytics', bond, any_measure)}")


def _aged(what: str, bond: Bond, dated: bool) -> str:
    """Where a figure's date is said, amber or red when it is old. A price has no date but that of its reading."""
    desk = session.desk()
    known, said = (bond.price_date, "price read on") if what == "price" else (bond.measures_date, "analytics of")
    age = desk.age(known, bond.currency)
    if not dated or age is None:
        return f"no {what}"
    told = f"{said} {formats.day(known)}" + (f", {formats.count(age, 'business day')} old" if age > 0 else "")
    if age > desk.policy.blocked_after:
        return f":red[{told}: too old to trade on]"
    return f":orange[{told}]" if age > desk.policy.amber_after else told


def _terms(bond: Bond) -> None:
    names, terms, trade = st.columns(3)
    given = {"CUSIP": bond.cusip, "ISIN": bond.isin, "SEDOL": bond.sedol}
    if bond.asset_id not in given.values():
        given["Asset id"] = bond.asset_id
    names.markdown("  \n".join(f"{name} {f'`{value}`' if value else formats.MISSING}" for name, value in given.items()))
    times = f", {bond.coupon_frequency} a year" if bond.coupon_frequency else ""
    coupon = formats.MISSING if bond.coupon is None else f"{bond.coupon.normalize():f} %{times}"
    terms.markdown(
        f"Coupon {coupon}  \nMaturity {formats.day(bond.maturity)}  \nRated {bond.rating or formats.MISSING}"
    )
    trade.markdown(
        f"Trades in {formats.pieces(bond)}  \nCurrency {bond.currency}, usual settlement "
        f"{formats.day(session.desk().settlement(bond))}  \nFactor {bond.factor:f}"
    )


def _held(user: User, bond: Bond, groups: Sequence[str]) -> None:
    """Who holds it, in each of the groups."""
    if not groups:
        st.caption("Choose a group to see who in it holds the bond.")
    held: dict[str, Sequence[Holder]] = {}
    for group in groups:
        try:
            held[group] = session.desk().holders(user, bond.asset_id, group)
        except EvenlotError as error:
            frame.show(error)
    for group, rows in held.items():
        if rows:
            in_all = formats.face(sum(row.face for row in rows))
            st.markdown(f"**Held by {formats.count(len(rows), 'account')} of {group}**: {in_all} in all")
        else:
            st.caption(f"No account of {group} holds it.")
    if any(held.values()):
        table, columns = holders(held)
        st.dataframe(
            table,
            column_config=columns,
            hide_index=True,
            placeholder=formats.MISSING,
            height=tables.height(table, 420),
            alt=f"holders of {bond.label}",
        )


def holders(held: Mapping[str, Sequence[Holder]]) -> tuple[pd.DataFrame, Columns]:
    """Who holds a bond, group by group, the largest first; which group is said where there are several."""
    table = pd.DataFrame(
        [
            {
                **({"Group": group} if len(held) > 1 else {}),
                "Account": h.account_id,
                "Name": h.name,
                "Face": float(h.face),
                "% of NAV": None if h.share is None else h.share * 100,
                "% of group": None if h.of_group is None else h.of_group * 100,
            }
            for group, rows in held.items()
            for h in rows
        ]
    )
    columns = {
        "Face": amount("Face"),
        "% of NAV": number("% of NAV", 2, "its market value, of the account's NAV"),
        "% of group": number("% of group's", 1, "its face, of all that the group holds of the bond", 104),
    }
    return table, columns
