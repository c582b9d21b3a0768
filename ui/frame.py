"""The frame around every screen: the strip that says which world this is and how old, and how errors are shown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime

import streamlit as st
import structlog
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from allocation.errors import EvenlotError, MetricUnavailable, MissingMeasure, OffLattice
from orders.errors import InvalidSettlement, NotFound, NotPermitted, OutsideError, PreviewChanged, VersionConflict
from orders.waiting import Waiting, announce_waits
from ui import formats, keys
from ui.session import office, trip
from watch import references

log = structlog.get_logger()


def strip(read_at: datetime | None = None, refresh: Callable[[], None] | None = None) -> None:
    """One thin line above the page: group, book, age of the data with a refresh, and the health of what is behind."""
    book, group, pulses = office().book, trip().group, office().pulses()
    ill = [pulse for pulse in pulses if not pulse.well]
    silent = next((pulse for pulse in ill if pulse.feeds), None) if read_at is not None else None
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="strip")
    with row:
        st.badge(
            formats.plain(group) if group else "no group chosen",
            icon=":material/folder_shared:",
            color="blue" if group else "gray",
        )
        st.badge(
            f"{formats.book(book)} · {book.as_of:%a %d %b}", icon=":material/menu_book:", color="gray",
            help=f"the book, and its business date, {formats.day(book.as_of)}",
        )  # fmt: skip
        if read_at is not None:
            st.badge(
                f"read {formats.ago(read_at, datetime.now(UTC))}", icon=":material/schedule:", color="gray",
                help=f"figures of {formats.moment(read_at)}",
            )  # fmt: skip
        for pulse in pulses:
            icon = ":material/check_circle:" if pulse.well else ":material/error:"
            words = pulse.name if pulse.well else f"{pulse.name}: {'out of order' if pulse.feeds else 'trouble'}"
            st.badge(words, icon=icon, color="green" if pulse.well else "red", help=pulse.sentence)
        if refresh is not None:
            st.button(
                "Refresh", icon=":material/refresh:", type="tertiary", on_click=refresh, key="strip.refresh",
                shortcut=keys.REFRESH, help="ask for the figures anew: Alt Shift U",
            )  # fmt: skip
    if read_at is not None and silent is not None:
        age = formats.ago(read_at, datetime.now(UTC))
        st.warning(
            f"{silent.name} is out of order: what is shown was read on {formats.moment(read_at)} ({age}), and nothing "
            f"newer can be had until it answers again.",
            icon=":material/history:",
        )
    for pulse in ill:  # a badge is one line, and its end, which says what still works, would be cut off
        if not pulse.feeds:
            st.caption(f":red[{pulse.name}: {pulse.sentence}]")


def nothing(said: str, way: tuple[str, str], offered: bool = True) -> None:
    """There is nothing to show yet: why, and a button that goes where that changes, for those who may."""
    st.info(said, icon=":material/lightbulb:")
    label, page = way
    if offered and st.button(label, icon=":material/arrow_forward:", icon_position="right", key=f"nothing.{page}"):
        st.switch_page(f"pages/{page}.py")


@contextmanager
def explained() -> Iterator[None]:
    """Show an error of ours as its sentence, with what to do, and stop this part of the page. Others pass on to the
    error page, which carries a reference. While what is asked for within must wait, say so here."""
    try:
        with waits():
            yield
    except EvenlotError as error:
        show(error)
        st.stop()


@contextmanager
def waits() -> Iterator[None]:
    """Say at this place of the page what is waited for within, as long as it is."""
    place = st.empty()
    try:
        with announce_waits(_writing_to(place)):
            yield
    finally:
        place.empty()


def _writing_to(place: DeltaGenerator) -> Callable[[Waiting], None]:
    """Writes what is waited for into a place of this script run, from whichever thread waits."""
    run, here = get_script_run_ctx(), copy_context()

    def write(waiting: Waiting) -> None:
        if waiting:
            place.info(str(waiting), icon=":material/hourglass_top:")
        else:
            place.empty()

    def say(waiting: Waiting) -> None:
        # Streamlit drops what a thread without its context writes, and a context put on a thread of somebody's pool
        # would stay there and write into this session later: so a thread of its own, which ends with the sentence
        teller = threading.Thread(target=here.run, args=(write, waiting), name="waits")
        add_script_run_ctx(teller, run)
        teller.start()
        teller.join()

    return say


def show(error: EvenlotError) -> None:
    """One sentence for the user, which may repeat what somebody else wrote; a reference into the logs where something
    outside failed."""
    said = formats.plain(str(error))
    if isinstance(error, NotPermitted):
        st.warning(said, icon=":material/lock:")
    elif isinstance(error, OutsideError):
        reference = references.told()
        # the request that failed may have been another's, whose answer this one waited for as well
        log.warning(
            "outside failure shown",
            reference=reference,
            request_id=error.reference,
            error=str(error),
            kind=type(error).__name__,
        )
        st.error(f"{said} Reference {reference}.", icon=":material/cloud_off:")
    else:
        st.error(said, icon=":material/error:")
    if isinstance(error, PreviewChanged | VersionConflict):
        for change in error.changes:
            st.caption(formats.plain(str(change)))
    if isinstance(error, MetricUnavailable) and not isinstance(error, MissingMeasure):
        for account, reason in error.reasons.items():
            st.caption(formats.plain(f"{account}: {reason}"))


def proposals(error: EvenlotError) -> tuple[tuple[str, object], ...]:
    """What the user can click to mend the input: (label, value) pairs."""
    if isinstance(error, OffLattice):
        return tuple((f"Use {face:,}", face) for face in (error.below, error.above) if face)
    if isinstance(error, NotFound):
        return tuple((close, close) for close in error.close)
    if isinstance(error, InvalidSettlement) and error.proposed is not None:
        return ((f"Use {formats.day(error.proposed)}", error.proposed),)
    return ()
