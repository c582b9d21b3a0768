"""The rules around every engine: tolerance, minimum allocation and the what-if switches."""

from __future__ import annotations

from typing import Any

import streamlit as st

from allocation.errors import InvalidBlock
from ui import forms
from ui.columns import AS_TYPED, About


def draw(about: About) -> tuple[dict[str, Any], list[str]]:
    """Tolerance, minimum allocation and the what-if switches, with a badge for each that is not as usual. As keywords
    of `Choices`, with what cannot be read."""
    metric = about.metric
    with st.popover("Rules", icon=":material/tune:", key=about.key("rules")):
        tolerance = st.number_input(
            f"Tolerance, {metric.unit}", min_value=0.0, value=metric.tolerance, step=metric.tolerance,
            format=AS_TYPED, key=about.key("tolerance", metric.key), persist_state="session",
            help=f"How near to its target, or to the mean, an account counts as there. Usually {metric.tolerance:g}.",
        )  # fmt: skip
        least = st.text_input(
            "Minimum allocation, face", key=about.key("least", about.block), placeholder="none, or 100k",
            persist_state="session", help="No account gets a smaller line than this; a sell may still end a holding.",
        )  # fmt: skip
        cash = st.toggle(
            "Respect cash", value=True, key=about.key("cash", about.block), persist_state="session",
            help="Off is a what-if: accounts may be overdrawn, and confirming needs a reason.",
        )  # fmt: skip
        rounding = st.toggle(
            "Round to denomination", value=True, key=about.key("rounding", about.block), persist_state="session",
            help="Off is a what-if in single units of face, which cannot be confirmed.",
        )  # fmt: skip
    chosen: dict[str, Any] = {"respect_cash": cash, "round_to_denomination": rounding}
    faults = []
    if tolerance is not None and tolerance != metric.tolerance:
        chosen["tolerance"] = tolerance
        st.badge(f"tolerance {tolerance:g} {metric.unit}", color="blue")
    if least and least.strip():
        try:
            chosen["min_allocation"] = forms.face(least, least=0)
            st.badge(f"no line below {chosen['min_allocation']:,}", color="blue")
        except InvalidBlock as error:
            faults.append(f"Minimum allocation: {error}")
    if not cash:
        st.badge("cash not respected", icon=":material/warning:", color="orange")
    if not rounding:
        st.badge("not rounded", icon=":material/block:", color="red")
    return chosen, faults
