"""The head of a decision, which is drawn anew by itself while its dialog is open."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NoReturn

import pytest
import streamlit as st

from orders.lifecycle import Event
from ui import deciding, session
from ui.asking import Opened


class Anew(Exception):
    """The page is run again, which asks who is there."""


def test_an_order_is_not_told_any_further_to_somebody_whose_sign_in_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def again() -> NoReturn:
        raise Anew

    monkeypatch.setattr(session, "office", lambda: SimpleNamespace(gate=SimpleNamespace(current_user=lambda: None)))
    monkeypatch.setattr(st, "rerun", again)
    with pytest.raises(Anew):
        deciding._head(Opened(Event.CANCEL, "EL-1", "c1"), possible=True)
