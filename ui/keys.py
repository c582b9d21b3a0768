"""What the keyboard does: shortcuts of the main actions, and the list of them that everybody can open."""

from __future__ import annotations

import streamlit as st

NEXT = "Mod+Enter"  # the one next action, at the right of the bar
SEND = "Mod+Shift+Enter"  # in the dialog that confirms: not the keys that opened it, which may be pressed twice
BACK = "Alt+Shift+B"
REFRESH = "Alt+Shift+U"
DECIDE = "Alt+Shift+D"

# (keys, what they do)
LISTED = (
    ("Ctrl Enter (⌘ Enter)", "the next step: find a bond, allocate, confirm…; check a batch, save limits"),
    ("Ctrl Shift Enter", "in the dialog that confirms: send, where nothing is missing"),
    ("Alt Shift B", "back to the step before"),
    ("Alt Shift U", "ask for the figures anew; compare again"),
    ("Alt Shift D", "decide: open the first decision on an order, as Approve… or Modify…"),
    ("Tab, Shift Tab", "to the next field or button, and back"),
    ("Enter", "take in what was typed; press the button that has the focus"),
    ("← →", "move among choices that stand side by side; Space chooses"),
    ("Arrows in a table", "from cell to cell; Enter opens one to type in, Space ticks a row"),
    ("Ctrl F in a table", "search it"),
    ("Esc", "close a dialog or a menu; leave a cell as it was"),
)


def card() -> None:
    """All of them in one place."""
    with st.popover("Keyboard", icon=":material/keyboard:", type="tertiary", key="keys"):
        st.markdown("\n".join(["| keys | |", "|---|---|", *(f"| **{keys}** | {does} |" for keys, does in LISTED)]))
