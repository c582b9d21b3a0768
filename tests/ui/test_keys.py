from __future__ import annotations

import ast
from pathlib import Path

import pytest
from streamlit.elements.lib.shortcut_utils import normalize_shortcut
from streamlit.testing.v1 import AppTest

from ui import keys

ROOT = Path(__file__).parents[2]


def test_every_shortcut_is_one_that_the_browser_lets_through_and_is_listed() -> None:
    listed = " ".join(name for name, _ in keys.LISTED).lower()
    for shortcut in (keys.NEXT, keys.SEND, keys.BACK, keys.REFRESH):
        assert normalize_shortcut(shortcut)
        assert shortcut.lower().replace("mod", "ctrl").replace("+", " ") in listed


def test_the_list_is_one_click_away() -> None:
    page = AppTest.from_function(_page, args=(keys,)).run()
    assert not page.exception
    assert "| **Alt Shift B** | back to the step before |" in page.markdown[0].value


def _page(keys):  # type: ignore[no-untyped-def]  # AppTest runs this function's source alone
    keys.card()


@pytest.mark.parametrize("file", sorted([*ROOT.glob("pages/*.py"), *ROOT.glob("ui/*.py")]), ids=lambda file: file.name)
def test_every_metric_says_what_it_means(file: Path) -> None:
    for call in ast.walk(ast.parse(file.read_text())):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "metric":
            drawn = not (isinstance(call.func.value, ast.Name) and call.func.value.id == "formats")
            assert not drawn or any(word.arg == "help" for word in call.keywords), f"{file.name}:{call.lineno}"
