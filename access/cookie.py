"""The cookie of the sign-in, which a component in the page writes and drops."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

_WORK = "access.cookie_work"
_SPENT = "access.cookie_spent"  # st.context.cookies stays as it was when the browser connected


@dataclass(frozen=True, slots=True)
class _Work:
    """A cookie the browser is still to write, or to drop."""

    key: str  # of the component, whose value becomes True once it has written
    value: str
    lasts_until: datetime
    drops: bool = False


class Cookie:
    """One name, for every browser; each call speaks for the browser session whose script is running."""

    def __init__(self, name: str) -> None:
        self._name = name

    def text(self) -> str | None:
        """What the browser came with, unless that is spent."""
        return None if _SPENT in st.session_state else st.context.cookies.get(self._name)

    def spend(self) -> None:
        """What the browser came with counts for nothing in this session from now on."""
        st.session_state[_SPENT] = True

    def keep(self, token_id: str, value: str, lasts_until: datetime) -> None:
        """Let the browser keep this, and forget it then."""
        st.session_state[_WORK] = _Work(f"access.keep.{token_id}", value, lasts_until)

    def drop(self, token_id: str) -> None:
        """Let the browser forget it."""
        epoch = datetime.fromtimestamp(0, UTC)
        st.session_state[_WORK] = _Work(f"access.drop.{token_id}", "-", epoch, drops=True)

    def mount(self) -> None:
        """Let the browser write or drop it, if it has to. Call it in every full run, always at the same place: it holds
        that place, so that its coming and going moves no form under the hands of somebody typing. While a cookie is
        being dropped the run ends here; the next one, right after, shows the sign-in form."""
        place = st.empty()
        work: _Work | None = st.session_state.get(_WORK)
        if work is None:
            return
        if st.session_state.get(work.key):
            del st.session_state[_WORK]
            return
        with place.container():
            _write(self._name, work)
            if work.drops:
                # the component's answer runs the script anew, and would take what is being typed with it
                st.caption("Signing out …")
                st.stop()


def _write(name: str, work: _Work) -> None:
    from extra_streamlit_components import CookieManager  # type: ignore[import-untyped]  # not before a script runs

    CookieManager(key=f"{work.key}.read").set(
        name,
        work.value,
        key=work.key,
        expires_at=work.lasts_until,  # always: the component cannot write a cookie that goes with the browser
        max_age=0 if work.drops else None,
        secure=(st.context.url or "").startswith("https:"),
    )
