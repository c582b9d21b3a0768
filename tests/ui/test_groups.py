from __future__ import annotations

from datetime import date

import pytest

from orders.model import Book, GroupTree
from ui import groups

NORDIC = GroupTree("NORDIC", (), ("FINCH", "NORSK"))
EUROPE = GroupTree("EUROPE", (NORDIC,), ("PARIS",))
WORLD = GroupTree("WORLD", (EUROPE,), ("TEXAS",))
FLAT = GroupTree("FLAT", (), ("TEXAS",))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (
            "aladdin",
            "From the settings (ALADDIN_GROUPS) and what you added. Aladdin has no call that lists all groups.",
        ),
        ("csv", "From the book, and what you added."),
        ("demo", "From the book, and what you added."),
    ],
)
def test_where_the_list_comes_from_is_a_sentence(kind: str, sentence: str) -> None:
    assert groups.origin(Book(f"{kind}:x", kind, "x", date(2026, 11, 20), ())) == sentence


def test_a_tree_is_shown_once_from_its_top_whatever_else_of_it_is_listed() -> None:
    listed = {tree.ticker: tree for tree in (NORDIC, EUROPE, WORLD, FLAT)}
    assert groups.nested(listed) == {"WORLD": WORLD}
    del listed["WORLD"]
    assert groups.nested(listed) == {"EUROPE": EUROPE}
    assert groups.nested({"FLAT": FLAT, "NORDIC": NORDIC}) == {}
