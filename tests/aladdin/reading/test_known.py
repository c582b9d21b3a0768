"""What the search runs over: the bonds of the groups asked for, and those looked up before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from aladdin import wire
from aladdin.reading.known import KnownBonds
from aladdin.reading.reads import Read
from orders.errors import NotFound
from tests.aladdin.conftest import Desk
from tests.aladdin.reading.test_bonds import terms
from tests.aladdin.reading.test_translate import FRIDAY, row

MORNING = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class NothingKept:
    """A cache that earlier runs left empty."""

    def groups_at_hand(self) -> tuple[str, ...]:
        return ()

    def securities_at_hand(self) -> dict[str, wire.Security]:
        return {}


@pytest.fixture
def known() -> KnownBonds:
    nothing: Any = NothingKept()
    return KnownBonds(nothing)


def held(known: KnownBonds, group: str, *rows: wire.Position, later: int = 0) -> None:
    known.note(group, Read(rows, MORNING + timedelta(seconds=later), FRIDAY))


def bond(asset_id: str, issuer: str, ticker: str = "", **more: Any) -> wire.Position:
    return row(assetId=asset_id, issuerLongName=issuer, secTicker=ticker, **more)


def test_a_bond_held_by_another_group_is_neither_found_nor_suggested(known: KnownBonds) -> None:
    held(known, "A", bond("037833100", "Apple"))
    held(known, "B", bond("037833BY5", "Apple"))
    assert known.ranked("apple", ["A"], 9) == ("037833100",)
    assert known.carrying("037833BY5", ["A"]) == ()
    assert known.near("037833BY6", (), ["A"]) == ()
    assert known.near("037833BY6", (), ["B"]) == ("037833BY5",)
    assert known.ranked("apple", ["A", "B"], 9) == ("037833100", "037833BY5")
    assert known.ranked("apple", ["C"], 9) == ()


def test_a_newer_sheet_replaces_what_the_group_held_and_how_it_was_called(known: KnownBonds) -> None:
    held(known, "A", bond("1", "Facebook"), bond("2", "Apple"))
    assert known.ranked("facebook", ["A"], 9) == ("1",)
    held(known, "A", bond("1", "Meta Platforms"), bond("3", "Nvidia"), later=60)
    assert known.ranked("facebook", ["A"], 9) == ()
    assert known.ranked("apple", ["A"], 9) == ()
    assert known.ranked("meta", ["A"], 9) == ("1",)
    assert known.ranked("nvidia", ["A"], 9) == ("3",)
    held(known, "A", bond("4", "Older"), later=30)
    assert known.ranked("older", ["A"], 9) == ()


def test_a_bond_looked_up_is_found_by_row_and_terms_together_after_those_held(known: KnownBonds) -> None:
    held(known, "A", bond("B1", "Row Issuer"), bond("B2", "Apple", "AAPL"))
    assert known.ranked("apple", ["A"], 9) == ("B2",)
    known.note_terms({"B1": terms(assetId="B1"), "B3": terms(assetId="B3", maturity=date(2020, 1, 1))})
    assert known.ranked("row apple", ["A"], 9) == ("B1",)
    assert known.ranked("aapl", ["A"], 9) == ("B1", "B2", "B3")
    assert known.carrying("us0378331005", ["A"]) == ("B1", "B3")


def test_cash_is_no_bond(known: KnownBonds) -> None:
    held(known, "A", row(assetId="CASH_USD", secGroup="CASH", secDesc1="USD cash"))
    assert known.ranked("cash", ["A"], 9) == ()


def test_aladdins_own_number_that_passes_for_a_cusip_is_found_in_the_master(desk: Desk) -> None:
    """Asked for as a CUSIP the master does not know it."""
    answer = desk.world._master

    def only_by_its_own_number(asked: Any) -> Any:
        known_as = asked.query["assetIdType"] == "ALADDIN_SEC_ID"
        return answer(asked) if known_as else type(answer(asked))({"assetByAssetId": {}, "errors": {}})

    desk.world.override["security-master"] = only_by_its_own_number
    assert [found.ticker for found in desk.client.find("92343VGN8", ["G/1"]).value] == ["VZ"]


def test_a_cusip_without_its_check_digit_finds_a_bond_we_know_and_else_suggests_it_whole(desk: Desk) -> None:
    assert [found.asset_id for found in desk.client.find("38141GYB", ["TOP"]).value] == ["38141GYB4"]
    with pytest.raises(NotFound, match=r"92343VGN is not a whole CUSIP: .* Did you mean 92343VGN8\?") as raised:
        desk.client.find("92343VGN", ["TOP"])
    assert raised.value.close == ("92343VGN8",)
