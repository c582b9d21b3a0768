"""Groups on users' lists: found, added, taken off, and what hangs on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.errors import InvalidLimit
from allocation.limits import Limit, Rule
from allocation.model import Bond, Side
from orders.desk import Request
from orders.errors import NotFound, NotPermitted, Unavailable
from orders.groups import MOST_FOUND, GroupFound, accounts_within, levels
from orders.model import Group, GroupTree, PortfolioFound, User
from orders.ports import Dated
from tests.allocation.desk import account
from tests.orders.desk import ANALYST, COMPLIANCE, PM, FakeMarket, Outfit, outfit

EVERYWHERE = replace(PM, username="eve", groups=frozenset("*"))


@pytest.fixture
def at(tmp_path: Path) -> Outfit:
    return outfit(tmp_path)


def request(group: str) -> Request:
    return Request(group, "B", Side.BUY, 2_000_000, date(2026, 11, 23))


def test_a_list_is_the_settings_groups_then_those_the_user_added(at: Outfit) -> None:
    at.desk.add_group(EVERYWHERE, "GLOBAL")
    at.desk.add_group(EVERYWHERE, "EMEA")
    assert at.desk.groups(EVERYWHERE) == ("BIG6", "OPNIC", "GLOBAL", "EMEA")
    assert at.desk.groups(ANALYST) == ("BIG6", "OPNIC"), "another user's list is their own"
    at.desk.remove_group(EVERYWHERE, "GLOBAL")
    at.desk.remove_group(EVERYWHERE, "GLOBAL")
    assert at.desk.groups(EVERYWHERE) == ("BIG6", "OPNIC", "EMEA")


def test_a_group_of_the_settings_is_neither_added_nor_taken_off(at: Outfit) -> None:
    at.desk.add_group(EVERYWHERE, "OPNIC")
    assert at.ledger.groups_added() == ()
    with pytest.raises(NotPermitted, match="OPNIC is on everybody's list by the settings"):
        at.desk.remove_group(EVERYWHERE, "OPNIC")


def test_a_group_that_is_not_in_the_users_entry_is_neither_added_nor_looked_into(at: Outfit) -> None:
    for forbidden in (lambda: at.desk.add_group(PM, "EMEA"), lambda: at.desk.tree(PM, "GLOBAL")):
        with pytest.raises(NotPermitted, match="not entitled to the group"):
            forbidden()
    assert at.ledger.groups_added() == ()


def test_an_entry_that_shrinks_takes_added_groups_off_the_list(at: Outfit) -> None:
    at.desk.add_group(EVERYWHERE, "EMEA")
    assert at.desk.groups(replace(EVERYWHERE, groups=frozenset({"BIG6"}))) == ("BIG6",)


@pytest.mark.parametrize("ticker", ["SINGLE", "NOWHERE"])
def test_an_account_and_an_unknown_ticker_are_no_groups(at: Outfit, ticker: str) -> None:
    with pytest.raises(NotFound, match=f"no accounts in {ticker}|no portfolio group {ticker}"):
        at.desk.add_group(EVERYWHERE, ticker)
    assert at.ledger.groups_added() == ()


def test_a_search_counts_each_account_once_and_says_what_is_listed_already(at: Outfit) -> None:
    assert at.desk.find_groups(EVERYWHERE, "l").value == (
        GroupFound("GLOBAL", "GLOBAL mandates", 4, listed=False),  # A, B twice, C, D
    )  # not SINGLE, which is an account
    (found,) = at.desk.find_groups(EVERYWHERE, "big").value
    assert found.listed


def test_a_search_shows_nothing_that_is_not_in_the_users_entry(at: Outfit) -> None:
    user = replace(PM, groups=frozenset({"BIG6", "EMEA"}))
    assert [group.ticker for group in at.desk.find_groups(user, "a").value] == ["EMEA"]


def test_a_group_of_the_entry_is_found_although_aladdin_lists_others_first(
    at: Outfit, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: Dated[tuple[PortfolioFound, ...]] = Dated((), at.clock.now(), "fake")
    monkeypatch.setattr(FakeMarket, "find_groups", lambda *_, **__: nothing)
    user = replace(PM, groups=frozenset({"EMEA", "GONE-EM"}))
    assert [group.ticker for group in at.desk.find_groups(user, " em ").value] == ["EMEA"]
    assert at.desk.find_groups(user, " ").value == ()


def test_a_search_counts_the_accounts_of_a_few_groups_only(at: Outfit) -> None:
    at.market.trees |= {f"X{n}": GroupTree(f"X{n}", (), ("A",)) for n in range(20)}
    assert len(at.desk.find_groups(EVERYWHERE, "X").value) == MOST_FOUND


def test_an_outage_in_a_search_is_not_a_group_without_accounts(at: Outfit, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: FakeMarket, ticker: str, *, fresh: bool = False) -> Dated[GroupTree]:
        raise Unavailable("Aladdin gave no answer.")

    monkeypatch.setattr(FakeMarket, "tree", fail)
    with pytest.raises(Unavailable):
        at.desk.find_groups(EVERYWHERE, "EMEA")


def test_a_group_outside_the_settings_is_previewed_confirmed_and_followed(at: Outfit) -> None:
    at.desk.add_group(EVERYWHERE, "EMEA")
    order = at.desk.confirm(EVERYWHERE, at.desk.preview(EVERYWHERE, request("EMEA")), "", "c1")
    at.desk.remove_group(EVERYWHERE, "EMEA")
    assert at.desk.orders(EVERYWHERE) == (order,)
    assert at.desk.order(EVERYWHERE, order.id) == order
    assert at.desk.orders(replace(PM, groups=frozenset({"EMEA"}))) == (order,)
    assert at.desk.orders(PM) == ()
    assert "EMEA" in at.desk.last_allocations(EVERYWHERE)
    assert at.ledger.verify() == ()


def test_who_does_not_see_a_group_somebody_added_may_not_set_the_limits_of_all(at: Outfit) -> None:
    connie = replace(COMPLIANCE, groups=frozenset({"BIG6", "OPNIC"}))
    assert at.desk.may_set_limits(connie)
    at.desk.add_group(EVERYWHERE, "EMEA")
    assert not at.desk.may_set_limits(connie)
    assert at.desk.may_set_limits(COMPLIANCE)
    at.ledger.set_limits("l", [Limit("Z", Rule.FROZEN)], 0, "con", at.clock.now(), "why")
    assert at.desk.limits(connie).rows == ()


def by_group(at: Outfit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The market reads the accounts that the trees name."""

    def group(self: FakeMarket, ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        ids = sorted(accounts_within(self.tree(ticker).value))
        return Dated(Group(ticker, tuple(map(account, ids))), self.clock.now(), "fake")

    monkeypatch.setattr(FakeMarket, "group", group)


def put(at: Outfit, row: Limit, after: int) -> None:
    at.desk.set_limits(COMPLIANCE, [row], after, "why", f"l{after}")


def test_accounts_of_groups_that_anybody_added_can_be_limited(at: Outfit, monkeypatch: pytest.MonkeyPatch) -> None:
    by_group(at, monkeypatch)
    with pytest.raises(InvalidLimit, match="No portfolio group has an account D"):
        put(at, Limit("D", Rule.FROZEN), 0)
    at.desk.add_group(EVERYWHERE, "GLOBAL")
    put(at, Limit("D", Rule.FROZEN), 0)
    assert at.desk.accounts(COMPLIANCE) == ("A", "B", "C", "D")
    assert at.desk.accounts(PM) == ("A", "B")


def test_a_limit_stays_settable_when_its_group_is_on_no_list_any_more(
    at: Outfit, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_group(at, monkeypatch)
    at.desk.add_group(EVERYWHERE, "GLOBAL")
    put(at, Limit("D", Rule.FROZEN), 0)
    at.desk.remove_group(EVERYWHERE, "GLOBAL")
    put(at, Limit("D", Rule.FROZEN), 1)
    assert at.desk.accounts(COMPLIANCE) == ("A", "B", "D")


def test_an_added_group_that_aladdin_no_longer_has_does_not_block_the_limits(at: Outfit) -> None:
    at.desk.add_group(EVERYWHERE, "EMEA")
    del at.market.trees["EMEA"]
    assert at.desk.accounts(COMPLIANCE) == ("A", "B")
    del at.market.trees["BIG6"]
    with pytest.raises(NotFound):
        at.desk.accounts(COMPLIANCE)


def test_a_search_for_bonds_runs_over_added_groups_and_not_over_one_that_is_gone(
    at: Outfit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    nothing: Dated[tuple[Bond, ...]] = Dated((), at.clock.now(), "fake")

    def find(self: FakeMarket, text: str, groups: tuple[str, ...]) -> Dated[tuple[Bond, ...]]:
        asked.append(groups)
        return nothing

    monkeypatch.setattr(FakeMarket, "find", find)
    at.desk.add_group(EVERYWHERE, "EMEA")
    at.desk.add_group(EVERYWHERE, "GLOBAL")
    at.desk.find(EVERYWHERE, "treasury")
    del at.market.trees["EMEA"]
    at.desk.find(EVERYWHERE, "treasury")
    assert asked == [("BIG6", "OPNIC", "EMEA", "GLOBAL"), ("BIG6", "OPNIC", "GLOBAL")]


def trees() -> st.SearchStrategy[GroupTree]:
    accounts = st.lists(st.sampled_from("ABCDEF"), max_size=4).map(tuple)
    leaves = st.builds(GroupTree, st.text("XYZ", min_size=1, max_size=3), st.just(()), accounts)
    return st.recursive(
        leaves,
        lambda inner: st.builds(
            GroupTree, st.text("XYZ", min_size=1, max_size=3), st.lists(inner, max_size=3).map(tuple), accounts
        ),
        max_leaves=12,
    )


@given(trees())
def test_a_level_is_one_deeper_than_the_one_that_has_it_and_no_account_is_lost(tree: GroupTree) -> None:
    walked = list(levels(tree))
    assert walked[0] == (0, tree)
    assert accounts_within(tree) == {account for _, level in walked for account in level.accounts}
    for depth, level in walked:
        assert all((depth + 1, inner) in walked for inner in level.groups)
        assert accounts_within(level) <= accounts_within(tree)


def test_nobody_but_those_who_may_view_has_a_list(at: Outfit) -> None:
    nobody = User("x", "X", frozenset(), frozenset("*"))
    for use in (
        lambda: at.desk.groups(nobody),
        lambda: at.desk.find_groups(nobody, "EMEA"),
        lambda: at.desk.add_group(nobody, "EMEA"),
        lambda: at.desk.remove_group(nobody, "EMEA"),
        lambda: at.desk.tree(nobody, "EMEA"),
    ):
        with pytest.raises(NotPermitted, match="you may not view"):
            use()
