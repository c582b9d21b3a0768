"""When an order is to be sent: at once, or on a day at a time by the clock of its bond's market."""

from __future__ import annotations

from datetime import date, datetime, time

import streamlit as st

from orders import schedule
from orders.calendar import default_settlement, next_business_day
from orders.errors import NotPermitted
from orders.model import Order
from ui import formats, session

NOW, LATER = "at once", "at a time"
MORNING = time(9, 0)


def draw(scope: str, settlement: date, currency: str) -> None:
    """The inputs, and below them what they come to. What is typed is kept for the same `scope`, which is a command yet
    to be given."""
    zone = schedule.zone(currency)
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    when = row.segmented_control(
        "Send", [NOW, LATER], default=NOW, required=True, key=_key(scope, "when"), persist_state="session"
    )
    if when != LATER:
        return
    row.date_input(
        f"On, in {formats.place(zone)}", key=_key(scope, "day"), format="YYYY-MM-DD", width=170,
        value=_usual_day(currency), persist_state="session",
    )  # fmt: skip
    row.time_input(
        f"At, in {formats.place(zone)}", value=MORNING, key=_key(scope, "time"), step=300, width=170,
        persist_state="session",
    )  # fmt: skip
    try:
        at = chosen(scope, settlement, currency)
    except NotPermitted as error:
        st.error(formats.plain(str(error)), icon=":material/schedule:")
    else:
        assert at is not None
        st.caption(f"To be released {formats.release(at, currency)}. Until then it can be withdrawn.")


def chosen(scope: str, settlement: date, currency: str) -> datetime | None:
    """When to send it, in UTC; None is at once. `NotPermitted` for a time that cannot be used, or none."""
    if not later(scope):
        return None
    day, at = st.session_state.get(_key(scope, "day")), st.session_state.get(_key(scope, "time"))
    if not isinstance(day, date) or not isinstance(at, time):
        raise NotPermitted("Choose the day and the time of the release, or send it at once.")
    moment = schedule.release_time(day, at, schedule.zone(currency))
    desk = session.desk()
    traded = schedule.traded_on(moment, currency, desk.book, desk.today())
    schedule.refuse_unusable(moment, desk.now(), settlement, traded, currency)
    return moment


def settlement(scope: str, typed: date, currency: str) -> date:
    """When it settles: as typed, unless it would be traded then or later; then on the usual day after the release."""
    if not later(scope):
        return typed
    day = st.session_state.get(_key(scope, "day"), _usual_day(currency))  # before it is drawn, what it begins with
    if not isinstance(day, date) or typed > day:
        return typed
    return default_settlement(day, currency)


def _usual_day(currency: str) -> date:
    return next_business_day(session.desk().now().astimezone(schedule.zone(currency)).date(), currency)


def later(scope: str) -> bool:
    """Whether it is to be sent later."""
    return bool(st.session_state.get(_key(scope, "when")) == LATER)


def told(order: Order) -> str:
    """When an order is to be released; empty for one that is sent at once."""
    return "" if order.release_at is None else formats.release(order.release_at, order.currency)


def told_short(order: Order) -> str:
    """The same where space is short."""
    return "" if order.release_at is None else formats.short_release(order.release_at, order.currency)


def _key(scope: str, name: str) -> str:
    return f"release.{scope}.{name}"
