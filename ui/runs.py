"""Each run of a session's script is one thing that somebody does, and has a reference of its own."""

from __future__ import annotations

from functools import wraps
from typing import Any, NoReturn

import streamlit as st
import structlog
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

from watch import references

_USER = "runs.user"
_BY_ITSELF = "runs.by_itself"


def have_references() -> None:
    """From now on. Streamlit has no hook for it, and `app.py` is too late for one: callbacks run before it, and a
    fragment or a dialog without it. Each of them begins by making the context of its run anew, on its own thread."""
    reset = ScriptRunContext.reset
    if hasattr(reset, "__wrapped__"):
        return

    @wraps(reset)
    def begins(self: ScriptRunContext, *args: Any, **options: Any) -> None:
        references.begin(**_who(self))
        reset(self, *args, **options)

    ScriptRunContext.reset = begins  # type: ignore[method-assign]


def belong_to(username: str) -> None:
    """Say on each log line of this run, and of those that begin in its fragments, whose it is."""
    st.session_state[_USER] = username
    structlog.contextvars.bind_contextvars(user=username)


def again_by_itself() -> NoReturn:
    """Run the whole script anew for what changed by itself: a tick is no use of the app by anybody."""
    st.session_state[_BY_ITSELF] = True
    st.rerun()


def by_itself() -> bool:
    """Whether this run is such a one. Asked once in each."""
    return bool(st.session_state.pop(_BY_ITSELF, False))


def _who(context: ScriptRunContext) -> dict[str, str]:
    """Who was signed in when the session's last whole run began."""
    state = context.session_state
    return {"user": str(state[_USER])} if _USER in state else {}
