"""The bar pinned to the bottom of a page: back on the left, the next action on the right, what is missing between."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def bar(missing: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Draw the bar with its sentence; where the buttons on the left and on the right go. They stand side by side
    however long the sentence is: it wraps in its own column."""
    with st.bottom:
        left, middle, right = st.columns(3, vertical_alignment="center")
    middle.caption(missing, text_alignment="center")
    return left, right.container(horizontal_alignment="right")
