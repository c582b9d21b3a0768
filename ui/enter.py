"""Enter in a text field, told to the page: Streamlit says nothing of it where the text was taken in as it was typed."""

from __future__ import annotations

import streamlit as st

_JS = """
const heard = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const isField = (element) => element?.matches?.(`input[aria-label="${CSS.escape(data.field)}"]`)
  const listen = (event) => {
    const { key, ctrlKey, metaKey, altKey, isComposing, target } = event
    if (key === "Enter" && !ctrlKey && !metaKey && !altKey && !isComposing && isField(target))
      setTriggerValue("entered", target.value)
  }
  document.removeEventListener("keydown", heard.get(parentElement))
  if (!heard.has(parentElement) && data.focus && document.activeElement === document.body)
    document.querySelector(`input[aria-label="${CSS.escape(data.field)}"]`)?.focus({ preventScroll: true })
  heard.set(parentElement, listen)
  document.addEventListener("keydown", listen)
  return () => document.removeEventListener("keydown", heard.get(parentElement))
}
"""
_mount = st.components.v2.component("evenlot_enter", js=_JS)


def entered(field: str, key: str, *, focus: bool) -> str | None:
    """What stood in the field with this label when Enter was pressed in it; None in any other run. With `focus`, the
    field has the keyboard when the page is opened."""
    told = _mount(key=key, data={"field": field, "focus": focus}, on_entered_change=lambda: None, height=1)
    return None if told.entered is None else str(told.entered)
