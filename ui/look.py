"""What every page wears: the name in the browser's tab, the logo, and the few styles the theme has no setting for."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

ART = Path(__file__).parent / "art"
SIDEBAR = 220  # pixels: room for its longest line, and no more, as tables need the rest


def tab() -> None:
    """Title and icon of the browser's tab; the first thing a run draws."""
    st.set_page_config(
        page_title="Evenlot", page_icon=str(ART / "mark.svg"), layout="wide", initial_sidebar_state=SIDEBAR
    )


def wear() -> None:
    """The logo and the styles."""
    st.logo(str(ART / "logo.svg"), size="large", icon_image=str(ART / "mark.svg"))
    st.html(ART / "style.css")
