"""Whether what a limit names is anything anybody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from allocation.limits import Limit, Rule
from allocation.model import Bond, Holding
from orders.errors import NotFound
from orders.limits import Names
from tests.allocation.desk import account, bond

FNMA = bond(issuer_id="FNM", issuer="Fannie Mae", ticker="FNMA", cusip="3135G0Z35", sector="Agency")
HELD = Holding("X1", Decimal(1), Decimal(1), None, issuer_id="ACM", sector="Autos")
NAMES = Names.of([replace(account("A"), holdings={"X1": HELD})])


def find(text: str) -> Sequence[Bond]:
    """A search that forgives."""
    if text == "3135G0Z36":
        raise NotFound("not an identifier", ("3135G0Z35",))
    return [FNMA] if text.casefold() in ("fannie mae", "fanny mae", "fnma", "mae", "3135g0z35") else []


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (Rule.ISSUER, ""),
        (Rule.ISSUER, "acm"),
        (Rule.ISSUER, "FANNIE MAE"),
        (Rule.RESTRICTED, "FNMA"),
        (Rule.RESTRICTED, "3135G0Z35"),
        (Rule.RESTRICTED, "X1"),
        (Rule.SECURITY, "x1"),
        (Rule.SECURITY, "3135G0Z35"),
        (Rule.SECTOR, "autos"),
    ],
)
def test_what_is_held_or_found_is_known_whatever_the_case(rule: Rule, name: str) -> None:
    assert NAMES.unknown(Limit("*", rule, name, "" if rule is Rule.RESTRICTED else "5%"), find) is None


@pytest.mark.parametrize(
    ("rule", "name", "close"),
    [
        (Rule.ISSUER, "Fanny Mae", ("Fannie Mae", "FNMA")),
        (Rule.RESTRICTED, "Mae", ("Fannie Mae",)),  # nothing like it in letters: what the search takes it for
        (Rule.RESTRICTED, "Funny Mae", ("Fannie Mae", "FNMA")),  # found by one of its words
        (Rule.RESTRICTED, "3135G0Z36", ("3135G0Z35",)),
        (Rule.SECTOR, "Auto", ("Autos",)),
        (Rule.SECURITY, "Fannie Mae", ()),  # an issuer is no security
        (Rule.ISSUER, "Nobody", ()),
    ],
)
def test_what_nobody_knows_comes_with_what_may_be_meant(rule: Rule, name: str, close: tuple[str, ...]) -> None:
    assert NAMES.unknown(Limit("*", rule, name, "" if rule is Rule.RESTRICTED else "5%"), find) == close


def test_a_name_is_searched_for_once() -> None:
    asked: list[str] = []
    names = Names.of([])
    for _ in range(3):
        names.unknown(Limit("*", Rule.ISSUER, "Nobody", "5%"), lambda text: asked.append(text) or [])  # type: ignore[func-returns-value]
    assert asked == ["Nobody"]
