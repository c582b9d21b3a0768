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


# Streamlit's own R runs the page anew, and a dialog closes by it. It listens on the document, so a key stopped at the
# body has been everywhere else. Escape comes to the body where a redraw took the field that had the focus, and then
# nothing of the dialog hears it.
_GUARD = """
const isField = (e) => e.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(e.tagName)

export default function () {
  const guard = (event) => {
    const { key, ctrlKey, metaKey, altKey, target } = event
    if (ctrlKey || metaKey || altKey) return
    if (key.toLowerCase() === "r" && !isField(target)) event.stopPropagation()
    if (key === "Escape" && target === document.body)
      document.querySelector('[data-testid="stDialog"] button[aria-label="Close"]')?.click()
  }
  document.body.addEventListener("keydown", guard)
  return () => document.body.removeEventListener("keydown", guard)
}
"""
# A grid of Streamlit's believes it is used while the pointer is above it alone: moved anywhere else, that makes it
# deaf to the arrows, and Tab selects no cell. So the grid that has the keyboard is told that the pointer is above it,
# once that rests elsewhere, and the first cell is selected where coming in by keyboard could not do so.
_GRIDS = """
const REST = 80 // milliseconds: the grid has taken in by then what it was told before

export default function () {
  let last = null, rests = 0
  const within = (e) => e?.closest?.('[data-testid="stDataFrame"]')
  const used = () => {
    const at = document.activeElement
    return within(at) ?? (at?.closest?.("#portal") && last?.isConnected ? last : null) // or a cell of it is open
  }
  const enter = (grid) => {
    const at = document.activeElement
    if (within(at) !== grid || grid.querySelector('td[aria-selected="true"]')) return
    at.blur()
    at.focus({ preventScroll: true })
  }
  const wake = () => {
    const grid = used(), canvas = grid?.querySelector("canvas")
    if (!canvas || grid.matches(":hover")) return
    const { left, top, height } = canvas.getBoundingClientRect()
    const inside = { clientX: left + 2, clientY: top + Math.min(height - 2, 40), bubbles: true }
    canvas.dispatchEvent(new PointerEvent("pointermove", inside))
    setTimeout(() => enter(grid), REST)
  }
  const later = () => { clearTimeout(rests); rests = setTimeout(wake, REST) }
  const moved = (event) => { if (event.isTrusted && used()) later() }
  const focused = (event) => {
    const grid = within(event.target)
    if (grid && grid !== last) later()
    last = grid ?? (event.target.closest?.("#portal") ? last : null)
  }
  document.addEventListener("pointermove", moved, true)
  document.addEventListener("focusin", focused, true)
  return () => {
    clearTimeout(rests)
    document.removeEventListener("pointermove", moved, true)
    document.removeEventListener("focusin", focused, true)
  }
}
"""
# Once for each dialog: what is drawn anew keeps the focus where whoever types has moved it by then.
_BEGIN = """
const begun = new WeakSet()

export default function ({ data, parentElement }) {
  const dialog = (parentElement.getRootNode().host ?? parentElement).closest('[data-testid="stDialog"]')
  if (!dialog || begun.has(dialog)) return
  begun.add(dialog)
  const isField = (e) => ["INPUT", "TEXTAREA"].includes(e?.tagName) && e.getAttribute("aria-label")
  if (dialog.contains(document.activeElement) && isField(document.activeElement)) return
  const fields = [...dialog.querySelectorAll("input, textarea")].filter(isField)
  const named = (e) => e.getAttribute("aria-label") === data.field
  const missing = (e) => e.getAttribute("aria-label").endsWith("(required)") && !e.value.trim()
  const first = fields.find(named) ?? fields.find(missing)
  if (first) first.focus()
  else fields.find((e) => e.tagName === "TEXTAREA")?.focus({ preventScroll: true })
}
"""
_guard = st.components.v2.component("evenlot_keys", js=_GUARD)
_grids = st.components.v2.component("evenlot_grids", js=_GRIDS)
_begin = st.components.v2.component("evenlot_begin", js=_BEGIN)


def begin(key: str, field: str = "") -> None:
    """Last in a dialog: typing begins at the field of this label, or at the first reason that is missing. Where none
    is, at the comment, not at the button that sends: the Enter that opened the dialog may be pressed twice."""
    _begin(key=key, data={"field": field}, height=1)


def card() -> None:
    """All of them in one place; with it, what keeps Streamlit's own keys from doing harm, and grids from going deaf."""
    with st.popover("Keyboard", icon=":material/keyboard:", type="tertiary", key="keys"):
        st.markdown("\n".join(["| keys | |", "|---|---|", *(f"| **{keys}** | {does} |" for keys, does in LISTED)]))
    _guard(key="keys.guard", height=1)
    _grids(key="keys.grids", height=1)
