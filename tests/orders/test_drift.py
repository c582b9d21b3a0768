"""How far a price may move between a preview and its confirmation."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from orders.batch import Outcome
from orders.batch_file import read_csv
from orders.checks import Policy
from orders.errors import PreviewChanged
from tests.allocation.desk import account, bond
from tests.orders.changes import at_aladdin, seen
from tests.orders.desk import PM, Outfit, dated, outfit
from tests.orders.test_desk import preview, request


@pytest.fixture
def at(tmp_path: Path) -> Outfit:
    return outfit(tmp_path)


def test_a_price_that_moved_a_little_interrupts_nobody_as_long_as_the_lines_stay(at: Outfit) -> None:
    made = preview(at)
    at.market.bonds["B"] = dated(bond(price="98.75"))
    order = at.desk.confirm(PM, made, "", "c1")
    assert '"trade_price":"98.75"' in at.ledger.statement(order.id).body


@pytest.mark.parametrize(("limit", "way"), [("103", "above"), ("94", "below")])
def test_a_limit_far_from_a_mark_that_moved_a_little_is_agreed_to_once(at: Outfit, limit: str, way: str) -> None:
    made = at.desk.preview(PM, request(limit=Decimal(limit)))
    assert f"The limit of {limit}.00 is {way} the mark by more than the 3% that are usual" in made.warnings[0]
    at.market.bonds["B"] = dated(bond(price="98.51"))
    order = at.desk.confirm(PM, made, "", "c1", accepted={made.warnings[0]: "as agreed with the dealer"})
    assert json.loads(at.ledger.statement(order.id).body)["accepted"] == {made.warnings[0]: "as agreed with the dealer"}


def test_a_modification_with_a_limit_far_from_a_mark_that_moved_a_little_goes_on(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    made = seen(watch, limit=Decimal(103))
    watch.at.market.bonds["B"] = dated(bond(price="98.51"))
    agreed = dict.fromkeys(made.warnings, "as agreed with the dealer")
    assert watch.at.desk.modifying.modify(PM, made, "up", "m1", agreed).limit == Decimal(103)


def test_the_reason_of_a_batchs_line_holds_while_the_mark_ticks(at: Outfit) -> None:
    sheet = read_csv(b"group,security,side,face,limit,reason\nBIG6,B,buy,2mm,103,as agreed\n")
    batch = at.desk.batches.check(PM, sheet)
    known = [at.desk.batches.foresee(PM, block) for block in batch.blocks]
    assert len(known[0].doubts) == 1
    at.market.bonds["B"] = dated(bond(price="98.51"))
    assert [result.outcome for result in at.desk.batches.send(PM, batch, seen=known)] == [Outcome.MADE]


def test_how_far_a_price_may_move_unseen_is_a_matter_of_the_policy(tmp_path: Path) -> None:
    at = outfit(tmp_path, Policy(price_drift=Decimal(0)))
    made = preview(at)
    at.market.bonds["B"] = dated(bond(price="98.5000001"))
    with pytest.raises(PreviewChanged):
        at.desk.confirm(PM, made, "", "c1")


def test_a_line_that_follows_a_small_move_of_the_price_is_looked_at_again(at: Outfit) -> None:
    at.market.accounts = (account("A", cash="985000"), account("B"))
    made = preview(at)
    at.market.bonds["B"] = dated(bond(price="98.6"))
    with pytest.raises(PreviewChanged) as moved:
        at.desk.confirm(PM, made, "", "c1")
    assert [change.split(":")[0] for change in moved.value.changes if "accrued" not in change][-2:] == ["A", "B"]
