"""What is chosen for a group whatever the bond: levels to reach, options of engines, tolerances, accounts left out. It
is kept once for each group, and taken up once by each session, never over what is typed there."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import streamlit as st
import structlog

from allocation.model import Metric
from orders.model import User
from ui import method, session, sheet

log = structlog.get_logger()

_WRITTEN = "left_method.written"  # as it is kept, by group


def take_up(user: User, group: str) -> None:
    """Put what was chosen into the inputs that this session has nothing in, once, before they are drawn."""
    written: dict[str, str] = st.session_state.setdefault(_WRITTEN, {})
    if group in written:
        return
    kept = session.office().memory.get(user.username, _name(group))
    if kept is not None:
        try:
            chosen = {str(key): value for key, value in kept["chosen"].items() if _ours(key, group)}
            cells = {(str(account), str(column)): str(text) for account, column, text in kept["cells"]}
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # it was written by another version
            log.warning("choices for a group cannot be taken up", fault=type(error).__name__)
        else:
            st.session_state.update({k: value for k, value in chosen.items() if k not in st.session_state})
            sheet.offer(group, cells)
    written[group] = json.dumps(kept, sort_keys=True)


def keep(user: User, group: str) -> None:
    """Keep what is chosen, where it is not what is kept already."""
    now = _now(group)
    text, written = json.dumps(now, sort_keys=True), st.session_state.setdefault(_WRITTEN, {})
    if written.get(group) != text:
        session.office().memory.put(user.username, _name(group), now)
        written[group] = text


def digest(group: str) -> str:
    """Stands for all that is chosen for the group now."""
    return hashlib.sha256(json.dumps(_now(group), sort_keys=True).encode()).hexdigest()


def keys(group: str) -> tuple[str, ...]:
    """The inputs that hold it, tables apart."""
    return tuple(key for key in sorted(map(str, st.session_state)) if _ours(key, group))


def _ours(key: str, group: str) -> bool:
    return key.startswith(method.prefixes(group))


def _now(group: str) -> dict[str, Any]:
    state, metrics = st.session_state, {metric.key for metric in Metric}
    return {
        "chosen": {key: state[key] for key in keys(group) if isinstance(state[key], str | int | float | None)},
        "cells": [
            [account, column, text]
            for (account, column), text in sorted(sheet.everything(group).items())
            if column.partition(".")[2] in metrics
        ],
    }


def _name(group: str) -> str:
    return f"method of {group}"
