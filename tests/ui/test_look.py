from __future__ import annotations

import re

from ui.look import ART


def test_the_logo_and_the_mark_are_drawn_with_shapes_alone() -> None:
    for name in ("logo.svg", "mark.svg"):
        drawn = (ART / name).read_text()
        assert "<text" not in drawn  # a machine without the font would show another name
        assert "href" not in drawn  # nothing is fetched
    assert "prefers-color-scheme:dark" in (ART / "logo.svg").read_text()


def test_styles_name_elements_by_what_streamlit_promises_to_keep() -> None:
    selectors = re.sub(r"/\*.*?\*/|\{.*?\}", "", (ART / "style.css").read_text(), flags=re.DOTALL)
    assert "emotion" not in selectors
    assert all("data-testid" in each or ".st-key-" in each for each in selectors.split(",") if each.strip())


def test_tables_offer_no_export_that_writes_formulas() -> None:
    style = (ART / "style.css").read_text()
    assert re.search(r'aria-label\^="Download as CSV"\] \{\s*display: none;', style)
