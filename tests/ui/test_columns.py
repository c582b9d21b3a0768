from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from allocation.engines import ENGINES
from allocation.engines.custom import Ask, Instruction, Instructions
from allocation.engines.options import Option, PerAccount
from allocation.errors import InvalidParameter
from allocation.model import Metric, Side
from tests.allocation.desk import account, bond
from ui.columns import TABLES, About
from ui.method import WIDGETS
from ui.sheet import Reading

ABOUT = About("BIG6", bond(), 0, Side.BUY, Metric.OAS, "custom", (account("A"), account("B")))
EMPTY = Reading({}, {})


@pytest.mark.parametrize(
    "option", [option for engine in ENGINES.values() for option in engine.options], ids=lambda option: option.name
)
def test_every_option_of_every_engine_can_be_drawn(option: Option) -> None:
    assert type(option) in {*TABLES, *WIDGETS}


def test_levels_are_kept_by_metric_and_faces_by_block() -> None:
    levels = TABLES[PerAccount](PerAccount("targets", "Target", "level"), ABOUT)
    faces = TABLES[PerAccount](PerAccount("order_sizes", "Order size", "face"), ABOUT)
    assert [column.key for column in levels.columns] == ["targets.oas"]
    assert [column.key for column in faces.columns] == ["order_sizes.B.0.BUY"]
    assert levels.same_for_all == "Same target for all"
    assert not faces.same_for_all
    assert levels.columns[0].read("87", account("A")) == 87.0
    assert faces.columns[0].read("5mm", account("A")) == 5_000_000


def test_an_ask_with_its_bounds_is_an_instruction_and_one_without_has_the_usual_ones() -> None:
    table = TABLES[Instructions](Instructions(), ABOUT)
    asks = Reading({"A": (Ask.FACE, Decimal(5)), "B": (Ask.PERCENT, Decimal(25))}, {})
    joined = table.join([asks, Reading({"A": 2}, {}), Reading({"A": 9}, {}), Reading({"A": 3}, {})])
    assert joined.values == {
        "A": Instruction(Ask.FACE, Decimal(5), 2, 9, 3),
        "B": Instruction(Ask.PERCENT, Decimal(25), 0, None, 1),
    }
    assert not joined.faults


def test_a_bound_without_an_ask_says_so_and_beside_a_bad_ask_says_nothing_more() -> None:
    table = TABLES[Instructions](Instructions(), ABOUT)
    joined = table.join([Reading({}, {"B": "B, Ask: bad"}), Reading({"A": 2, "B": 2}, {}), EMPTY, EMPTY])
    assert list(joined.faults) == ["A"]
    assert "A, Ask: type how much it is to get" in joined.faults["A"]
    assert joined.values == {}


def test_money_is_asked_for_in_the_accounts_own_currency() -> None:
    ask = TABLES[Instructions](Instructions(), ABOUT).columns[0]
    assert ask.read("EUR 2mm", account("A", currency="EUR")) == (Ask.MONEY, Decimal(2_000_000))


@pytest.mark.parametrize(("side", "typed", "refused"), [
    (Side.BUY, "25", True), (Side.BUY, "25%", False), (Side.BUY, "900", False), (Side.SELL, "25", True),
    (Side.SELL, "30", False),
])  # fmt: skip
def test_a_small_bare_ask_is_taken_for_a_share_unless_it_sells_a_holding(side: Side, typed: str, refused: bool) -> None:
    ask = TABLES[Instructions](Instructions(), replace(ABOUT, side=side)).columns[0]
    if not refused:
        assert ask.read(typed, account("A", held="30"))
        return
    with pytest.raises(InvalidParameter, match=r"below the smallest line of 1,000\. Did you mean 25%\?"):
        ask.read(typed, account("A", held="30"))


def test_what_is_typed_for_a_sell_is_kept_apart_from_a_buy() -> None:
    keys = [
        {column.key for column in TABLES[Instructions](Instructions(), replace(ABOUT, side=side)).columns}
        for side in Side
    ]
    assert not keys[0] & keys[1]
