"""Limits that look mistyped on the page: asked about, and saved all the same."""

from __future__ import annotations

import pytest

from orders.errors import Unavailable
from tests.allocation.desk import account
from tests.pages.front import Front, press, words
from tests.pages.test_limits import added, edit, said_of_rows, say, visit


def test_a_name_nobody_knows_is_asked_about_and_can_be_saved(front: Front) -> None:
    front.market.accounts = (account("A", held="1000"),)
    page = edit(visit(front), added_rows=[added("*", "restricted", "", "A bund"), added("*", "restricted", "", "B")])
    assert "Can be saved, but look whether 1 limit is meant:" in words(page)
    assert "nothing held or found is called A bund, so this limits nothing yet." in said_of_rows(page)
    press(say(page, "new"), "Save version 1")
    assert front.ledger.limits().version == 1


def test_names_that_cannot_be_looked_up_are_said_and_keep_nothing_from_being_saved(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit(front)

    def out_of_order(*_: object) -> None:
        raise Unavailable("Aladdin does not answer.")

    monkeypatch.setattr(front.desk, "find", out_of_order)
    edit(page, added_rows=[added("A", "issuer", "5%", "Acme")])
    assert "What the rows name could not be looked up. They can be saved all the same." in words(page)
    press(say(page, "new"), "Save version 1")
    assert front.ledger.limits().version == 1


def test_faces_are_read_as_everywhere_else_and_large_shares_are_asked_about(front: Front) -> None:
    page = edit(visit(front), added_rows=[added("*", "min_allocation", "100,000"), added("*", "cash_reserve", "500%")])
    assert not page.error
    assert "*, Cash reserve, 500%: 500% is more than the whole NAV. Is it meant?" in said_of_rows(page)
    press(say(page, "new"), "Save version 1")
    assert [row.value for row in front.ledger.limits().rows] == ["100000", "500%"]
