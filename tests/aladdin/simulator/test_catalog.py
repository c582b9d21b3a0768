"""Groups within groups: shown as a tree, and nobody's accounts change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from aladdin.simulator.catalog import Catalog
from books.model import Book, Portfolio

ACCOUNTS = tuple("ABCDEFG")
members = st.lists(st.sampled_from(ACCOUNTS), min_size=1, unique=True).map(tuple)
books = st.dictionaries(st.sampled_from(["G1", "G2", "G3", "G4", "G5", "A"]), members, min_size=1)


def catalog(groups: dict[str, tuple[str, ...]], nested: bool) -> Catalog:
    portfolios = {account: Portfolio(account, account, "USD", Decimal(1), Decimal(0)) for account in ACCOUNTS}
    book = Book("csv:x", "csv", "x", date(2025, 9, 12), "USD", {}, portfolios, (), {}, groups)
    return Catalog(book, nested)


@given(books)
def test_however_groups_are_nested_everybody_stays_where_they_were(groups: dict[str, tuple[str, ...]]) -> None:
    flat, nested = catalog(groups, nested=False), catalog(groups, nested=True)
    for account in ACCOUNTS:
        held = {group for group, accounts in groups.items() if account in accounts}
        assert set(flat.ancestors(account)) == set(nested.ancestors(account)) == held
    for group, accounts in groups.items():
        assert nested.accounts(group) == flat.accounts(group) == accounts
        assert flat.members(group) == list(accounts)
        reached = nested.members(group)
        assert len(reached) == len(set(reached))
        assert {member for member in reached if member in ACCOUNTS} == set(accounts)
        for child in nested.children(group):
            assert group in nested.parents(child)
            if child not in ACCOUNTS:
                assert set(groups[child]) < set(accounts)
        for member in reached:
            assert group in nested.ancestors(member)


def test_a_group_is_in_the_smallest_groups_that_hold_it() -> None:
    groups = {"ALL": tuple("ABCD"), "AB": tuple("AB"), "ABC": tuple("ABC"), "BD": tuple("BD"), "TWIN": tuple("AB")}
    tree = catalog(groups, nested=True)
    assert tree.children("ALL") == ("ABC", "BD")
    assert tree.children("ABC") == ("AB", "TWIN", "C")
    assert tree.children("AB") == ("A", "B")
    assert tree.parents("B") == ["AB", "BD", "TWIN"]
    assert tree.ancestors("A") == ["AB", "TWIN", "ABC", "ALL"]
