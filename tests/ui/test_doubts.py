"""Limits that can be saved and look mistyped."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from allocation.limits import Limit, Rule
from allocation.model import Bond
from orders.limits import Names
from tests.allocation.desk import bond
from ui.doubts import doubts
from ui.limits import Change, typed_limit


def find(_: str) -> Sequence[Bond]:
    return [bond(issuer="Acme")]


def asked(row: Limit, before: Limit | None = None) -> tuple[str, ...]:
    moved = Change(None if before is None else typed_limit(before), typed_limit(row))
    return doubts([row], [moved], Names.of([]), find)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            Limit("*", Rule.RESTRICTED, "Akme"),
            "*, Restricted list, Akme: nothing held or found is called Akme, so this limits nothing yet. "
            "Did you mean Acme?",
        ),
        (
            Limit("A", Rule.ISSUER, "", "500%"),
            "A, Issuer concentration, 500%: 500% is more than the whole NAV. Is it meant?",
        ),
        (Limit("A", Rule.CASH_RESERVE, "", "2"), "A, Cash reserve, 2: this is money of 2. Did you mean 2% of NAV?"),
    ],
)
def test_what_looks_mistyped_is_asked_about(row: Limit, sentence: str) -> None:
    assert asked(row) == (sentence,)


@pytest.mark.parametrize(
    "row",
    [
        Limit("*", Rule.RESTRICTED, "acme"),
        Limit("A", Rule.ISSUER, "", "100%"),
        Limit("A", Rule.CASH_RESERVE, "", "250000"),
        Limit("A", Rule.CASH_RESERVE, "", "0"),
        Limit("A", Rule.MATURITY, "", "10"),
    ],
)
def test_what_looks_right_is_not(row: Limit) -> None:
    assert asked(row) == ()


def test_rows_that_stay_as_they_were_are_not_asked_about() -> None:
    row = Limit("*", Rule.RESTRICTED, "Akme")
    assert doubts([row], [], Names.of([]), find) == ()
    assert doubts([row], [Change(typed_limit(row), None)], Names.of([]), find) == ()
