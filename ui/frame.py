"""The frame around every screen: the strip that says which world this is and how old, and how errors are shown."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import streamlit as st
import structlog

from allocation.errors import EvenlotError, MetricUnavailable, OffLattice
from orders.errors import InvalidSettlement, NotFound, NotPermitted, OutsideError, PreviewChanged, VersionConflict
from ui import formats
from ui.session import office, trip

log = structlog.get_logger()


def strip(read_at: datetime | None = None, refresh: Callable[[], None] | None = None) -> None:
    """One thin line above the page: group, book, age of the data with a refresh, and the health of what is behind."""
    book, group = office().book, trip().group
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="strip")
    with row:
        st.badge(group or "no group chosen", icon=":material/folder_shared:", color="blue" if group else "gray")
        st.badge(f"{formats.book(book)} · {formats.day(book.as_of)}", icon=":material/menu_book:", color="gray")
        if read_at is not None:
            st.badge(f"read {formats.since(read_at, datetime.now(UTC))}", icon=":material/schedule:", color="gray")
        for pulse in office().pulses():
            icon = ":material/check_circle:" if pulse.well else ":material/error:"
            words = pulse.name if pulse.well else f"{pulse.name}: {pulse.sentence}"
            st.badge(words, icon=icon, color="green" if pulse.well else "red", help=pulse.sentence)
        if refresh is not None:
            st.button("Refresh", icon=":material/refresh:", type="tertiary", on_click=refresh, key="strip.refresh")


@contextmanager
def explained() -> Iterator[None]:
    """Show an error of ours as its sentence, with what to do, and stop this part of the page. Others pass on to the
    error page, which carries a reference."""
    try:
        yield
    except EvenlotError as error:
        show(error)
        st.stop()


def show(error: EvenlotError) -> None:
    """One sentence for the user; a reference into the logs where something outside failed."""
    if isinstance(error, NotPermitted):
        st.warning(str(error), icon=":material/lock:")
    elif isinstance(error, OutsideError):
        reference = error.reference or uuid.uuid4().hex[:12]
        log.warning("outside failure shown", reference=reference, error=str(error), kind=type(error).__name__)
        st.error(f"{error} Reference {reference}.", icon=":material/cloud_off:")
    else:
        st.error(str(error), icon=":material/error:")
    if isinstance(error, PreviewChanged | VersionConflict):
        for change in error.changes:
            st.caption(str(change))
    if isinstance(error, MetricUnavailable):
        for account, reason in error.reasons.items():
            st.caption(f"{account}: {reason}")


def proposals(error: EvenlotError) -> tuple[tuple[str, object], ...]:
    """What the user can click to mend the input: (label, value) pairs."""
    if isinstance(error, OffLattice):
        return tuple((f"Use {face:,}", face) for face in (error.below, error.above) if face)
    if isinstance(error, NotFound):
        return tuple((close, close) for close in error.close)
    if isinstance(error, InvalidSettlement) and error.proposed is not None:
        return ((f"Use {formats.day(error.proposed)}", error.proposed),)
    return ()
