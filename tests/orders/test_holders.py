from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from allocation.model import Account
from orders.holders import Held, holders_of, most_held
from tests.allocation.desk import account


def short(of: Account) -> Account:
    """The account short of what it holds."""
    turned = {a: replace(h, face=-h.face, market_value=-h.market_value) for a, h in of.holdings.items()}
    return replace(of, holdings=turned)


def test_each_holder_has_its_share_of_what_the_group_holds() -> None:
    first, second = holders_of("B", (account("X", held="100000"), account("Y", held="300000"), account("Z")))
    assert (first.account_id, first.of_group, second.of_group) == ("Y", 0.75, 0.25)
    assert first.share is not None


def test_of_a_bond_that_some_are_short_of_there_are_no_shares() -> None:
    held = holders_of("B", (account("X", held="100000"), short(account("Y", held="300000"))))
    assert [holder.of_group for holder in held] == [None, None]


def test_what_most_accounts_hold_comes_first_then_what_there_is_most_of() -> None:
    one = account("X", held="100000").holdings["B"]
    few = replace(account("X"), holdings={"B": one, "C": one})
    more = replace(account("Y"), holdings={"C": one, "D": replace(one, face=Decimal(9), market_value=Decimal(9))})
    found = most_held((few, more, short(account("Z", held="100000"))), 2)
    assert [(held.asset_id, held.accounts) for held in found] == [("C", 2), ("B", 1)]
    nav = sum(a.nav or Decimal(0) for a in (few, more, more))
    assert found[0].share == float(2 * one.market_value / nav)


def test_where_currencies_differ_a_bond_has_no_share_of_the_groups_nav() -> None:
    (held,) = most_held((account("X", held="100000"), account("Y", held="1", currency="EUR")), 5)
    assert held == Held("B", 2, Decimal(100_001), None)


def test_nobody_holds_nothing() -> None:
    assert most_held((), 5) == ()
    assert holders_of("B", ()) == ()
