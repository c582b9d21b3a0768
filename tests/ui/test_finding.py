from __future__ import annotations

import pytest

from orders.searching import BondFound
from ui import finding
from ui.finding import _bold as bold


@pytest.mark.parametrize(
    ("text", "typed", "shown"),
    [
        ("T 4.25 11/15/34", "t 4.2", "**T** **4.2**5 11/15/34"),
        ("United States Treasury", "t", "United States Treasury"),
        ("United States Treasury", "tre", "United States **Tre**asury"),
        ("91282CLW9", "9128", "**9128**2CLW9"),
        ("T 14.2 01/01/30", "4.2", "T 14.2 01/01/30"),
        ("AT&T *Inc* $5", "at&t", "**AT&T** \\*Inc\\* \\$5"),
        ("A (b", "(b", "A **(b**"),
    ],
)
def test_what_was_typed_is_bold_where_a_word_begins_with_it(text: str, typed: str, shown: str) -> None:
    assert bold(text, typed.split()) == shown


def test_a_list_shows_one_kind_of_identifier_that_all_its_bonds_have() -> None:
    both, isin, bare = BondFound("A", "A", "", "C", "I"), BondFound("B", "B", "", "", "I"), BondFound("D", "D")
    assert finding.shared_kind([both]) == "cusip"
    assert finding.shared_kind([both, isin]) == "isin"
    assert finding.shared_kind([both, isin, bare]) == "asset_id"
