"""Groups inside groups, and groups found by a text, over real HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from orders.errors import Malformed, NotFound
from orders.model import GroupTree, PortfolioFound
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Asked, Reply

TUESDAY = date(2026, 11, 24)
SUB = GroupTree("SUB", (), ("ACC1", "ACC2"))


def nested(desk: Desk, groups: dict[str, list[str]]) -> None:
    """Let the groups hold these groups and accounts; members are listed all the way down."""
    names = sorted({*groups, *(child for children in groups.values() for child in children)})
    number = {name: str(100 + n) for n, name in enumerate(names)}

    def node(name: str) -> dict[str, Any]:
        children = [number.get(child, child) for child in groups.get(name, [])]
        return {"portfolioId": int(number[name]), "portfolioTicker": name, "childPortfolioIds": children}

    def members(asked: Asked) -> Reply:
        found: list[str] = []
        ahead = list(groups[asked.path.split("/")[-2]])
        while ahead:
            name = ahead.pop(0)
            if name in number and name not in found:
                found.append(name)
                ahead += groups.get(name, [])
        return Reply({"nodes": [node(name) for name in found]})

    desk.world.override["/members"] = members
    desk.world.override["/node"] = lambda asked: Reply(node(asked.path.split("/")[-2]))


@pytest.mark.parametrize("flat", [True, False])
def test_a_tree_has_the_groups_inside_a_group_with_their_accounts(desk: Desk, flat: bool) -> None:
    desk.world.flat = flat
    read = desk.client.tree("TOP")
    assert read.value == GroupTree("TOP", (SUB,), ("ACC3",))
    assert (read.as_of, read.source) == (desk.clock.now(), "small")


def test_a_group_without_groups_is_a_tree_of_its_accounts(desk: Desk) -> None:
    assert desk.client.tree("SUB").value == SUB


def test_a_tree_is_kept_and_fresh_reads_past_that(desk: Desk) -> None:
    desk.client.tree("TOP")
    asked = len(desk.server.calls())
    desk.client.tree("TOP")
    assert len(desk.server.calls()) == asked
    desk.client.tree("TOP", fresh=True)
    assert len(desk.server.calls()) == 2 * asked


def test_an_account_in_two_groups_is_in_both_branches_and_counted_once(desk: Desk) -> None:
    nested(desk, {"TOP": ["LEFT", "RIGHT", "ACC1"], "LEFT": ["ACC1", "ACC2"], "RIGHT": ["ACC2", "ACC3", "LEFT"]})
    left = GroupTree("LEFT", (), ("ACC1", "ACC2"))
    right = GroupTree("RIGHT", (left,), ("ACC2", "ACC3"))
    assert desk.client.tree("TOP").value == GroupTree("TOP", (left, right), ("ACC1",))


def test_a_group_that_contains_itself_is_an_error_that_shows_the_circle(desk: Desk) -> None:
    nested(desk, {"TOP": ["LEFT", "ACC1"], "LEFT": ["RIGHT"], "RIGHT": ["LEFT"]})
    for read in (lambda: desk.client.tree("TOP"), lambda: desk.client.group("TOP", TUESDAY)):
        with pytest.raises(Malformed, match=r"inside TOP contains itself: (LEFT > RIGHT > LEFT|RIGHT > LEFT > RIGHT)"):
            read()


def test_a_group_that_its_subgroup_contains_is_an_error_and_not_an_endless_loop(desk: Desk) -> None:
    nested(desk, {"TOP": ["LEFT", "ACC1"], "LEFT": ["TOP"]})
    with pytest.raises(Malformed, match="contains itself"):
        desk.client.tree("TOP")


def test_a_member_that_is_nowhere_listed_is_an_error_that_names_it(desk: Desk) -> None:
    nested(desk, {"TOP": ["LEFT"], "LEFT": ["ACC1", "9999"]})
    number = {"override": desk.world.override["/members"]}

    def without_it(asked: Asked) -> Reply:
        reply = number["override"](asked)
        assert reply is not None
        return Reply({"nodes": [n for n in reply.body["nodes"] if n["portfolioTicker"] != "9999"]})

    desk.world.override["/members"] = without_it
    for read in (lambda: desk.client.tree("TOP"), lambda: desk.client.group("TOP", TUESDAY)):
        with pytest.raises(Malformed, match=r"group LEFT holds portfolio 10\d, but does not list it .* members of TOP"):
            read()


def test_an_unknown_group_has_no_tree(desk: Desk) -> None:
    with pytest.raises(NotFound, match="the members of group NOPE"):
        desk.client.tree("NOPE")


def found(desk: Desk, *rows: dict[str, Any]) -> None:
    """Let a search find these portfolios."""
    desk.world.override["portfolios:search"] = lambda _asked: Reply({"searchPortfolios": list(rows)})


def hit(ticker: str, name: str = "", **more: Any) -> dict[str, Any]:
    return {"id": "1", "portfolioTicker": ticker, "portfolioName": name} | more


def test_a_search_gives_the_groups_best_first_and_leaves_accounts_out(desk: Desk) -> None:
    found(
        desk,
        hit("ACC1", "Core account", isPortfolioGroup=False),
        hit("TOP", "All the core funds", isPortfolioGroup=True),
        hit("SUB", "Core", isPortfolioGroup=True),
        hit("G/1", "Encore", isPortfolioGroup=True),
    )
    read = desk.client.find_groups(" Core ")
    assert read.value == (
        PortfolioFound("SUB", "Core"),
        PortfolioFound("TOP", "All the core funds"),
        PortfolioFound("G/1", "Encore"),
    )
    assert read.as_of == desk.clock.now()
    (asked,) = desk.server.calls("portfolios:search")
    assert dict(asked.query) == {"searchString": "Core", "searchType": "SEARCH_TYPE_PORTFOLIO", "maxRows": "1000"}
    assert desk.client.find_groups("Core", limit=1).value == (PortfolioFound("SUB", "Core"),)


def test_a_group_without_members_and_one_that_has_ended_are_left_out(desk: Desk) -> None:
    found(
        desk,
        hit("EMPTY", isPortfolioGroup=True),
        hit("SUB", isPortfolioGroup=True, terminationDate="2026-11-20"),
        hit("TOP", isPortfolioGroup=True, terminationDate="2026-11-21"),
    )
    desk.world.override["EMPTY/members"] = lambda _asked: Reply({"nodes": []})
    assert [group.ticker for group in desk.client.find_groups("x").value] == ["TOP"]


def test_where_aladdin_does_not_say_a_group_is_what_has_members(desk: Desk) -> None:
    found(desk, hit("ACC1"), hit("TOP"), hit("SUB", isPortfolioGroup=True))
    assert [group.ticker for group in desk.client.find_groups("x").value] == ["SUB", "TOP"]


def test_a_search_looks_into_five_groups_and_once_an_hour(desk: Desk) -> None:
    found(desk, *(hit(f"GROUP{n}", isPortfolioGroup=True) for n in range(9)))
    desk.world.override["/members"] = lambda _asked: Reply({"nodes": [{"portfolioId": 1, "portfolioTicker": "A"}]})
    assert len(desk.client.find_groups("group").value) == 9
    assert len(desk.server.calls("/members")) == 5
    desk.clock.pass_seconds(301)
    desk.client.find_groups("group")
    assert len(desk.server.calls("portfolios:search")) == 2
    assert len(desk.server.calls("/members")) == 5


def test_nothing_typed_finds_nothing_and_asks_nobody(desk: Desk) -> None:
    assert desk.client.find_groups("  ").value == ()
    assert desk.server.calls() == []
