from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from orders.batch import results_csv
from orders.batch_file import read_csv
from orders.checks import Policy
from tests.allocation.desk import bond
from tests.orders.desk import PM, Outfit, dated, outfit
from tests.orders.test_batch import checked, sent


@pytest.fixture
def at(tmp_path: Path) -> Outfit:
    made = outfit(tmp_path)
    made.market.bonds["C"] = dated(replace(bond(200_000), asset_id="C", description="C bond", cusip="912810TM0"))
    return made


@pytest.mark.parametrize(("first", "then"), [("afternoon", ""), ("", "afternoon"), ("morning", "afternoon")])
def test_a_block_of_another_batch_of_today_is_not_made_again_without_a_reason(
    at: Outfit, first: str, then: str
) -> None:
    (made,) = sent(at, "BIG6,B,buy,2mm,,,,,", name=first)
    named = f"batch {at.ledger.order(made.order_id).batch}"
    batch = checked(at, "BIG6,B,buy,2mm,,,,,", name=then)
    (doubt,) = at.desk.batches.foresee(PM, batch.blocks[0]).doubts
    assert doubt == (
        f"The same block was made in {named} already, as {made.order_id} by pm at 15:00 UTC on 20 Nov 2026. This would "
        "be another order."
    )
    (refused,) = sent(at, "BIG6,B,buy,2mm,,,,,", name=then)
    assert refused.sentence.startswith(doubt)
    (again,) = sent(at, "BIG6,B,buy,2mm,,,,hello,the client wants it twice", name=then)
    body = at.ledger.statement(again.order_id).body
    assert (doubt in body, "the client wants it twice" in body) == (True, True)


def test_a_block_that_was_confirmed_alone_is_not_made_in_a_batch_without_a_reason(at: Outfit) -> None:
    (batched,) = checked(at, "BIG6,B,buy,2mm,,,,,").blocks
    at.desk.confirm(PM, at.desk.preview(PM, batched.request), "", "c1")
    (doubt,) = at.desk.batches.foresee(PM, batched).doubts
    assert doubt.startswith("The same block was made by itself already, as EL-")
    (other,) = checked(at, "BIG6,B,buy,3mm,,,,,").blocks
    assert at.desk.batches.foresee(PM, other).doubts == ()


def test_a_block_that_came_up_in_another_batch_since_the_preview_refuses_the_line(at: Outfit) -> None:
    batch = checked(at, "BIG6,B,buy,2mm,,,,,known", name="afternoon")
    seen = [at.desk.batches.foresee(PM, block) for block in batch.blocks]
    sent(at, "BIG6,B,buy,2mm,,,,,")
    (refused,) = at.desk.batches.send(PM, batch, seen=seen)
    assert "This was not known when the batch was checked" in refused.sentence


def test_what_was_withdrawn_before_it_was_sent_or_made_yesterday_needs_no_reason(at: Outfit) -> None:
    (made,) = sent(at, "BIG6,B,buy,2mm,2026-11-25,,,,", name="morning")
    again = checked(at, "BIG6,B,buy,2mm,2026-11-25,,,,", name="afternoon").blocks[0]
    assert at.desk.batches.foresee(PM, again).doubts
    at.clock.at += timedelta(days=1)
    assert at.desk.batches.foresee(PM, again).doubts == ()
    at.clock.at -= timedelta(days=1)
    at.desk.orders.withdraw(PM, made.order_id, "not wanted", "w1")
    assert at.desk.batches.foresee(PM, again).doubts == ()


def test_the_results_carry_the_name_of_the_batch_which_a_file_without_one_does_not(at: Outfit) -> None:
    results = sent(at, "BIG6,B,buy,2mm,,,,,", "BIG6,C,sell,5000500,,,,,", name="=afternoon")
    mended = read_csv(results_csv(results, "=afternoon").encode())
    assert mended.name == "=afternoon"
    batch = at.desk.batches.check(PM, mended)
    assert (batch.id, batch.name) == ("=afternoon", "=afternoon")
    assert at.desk.batches.foresee(PM, batch.blocks[0]).order_id == results[0].order_id
    assert at.desk.batches.check(PM, mended, "evening").id == "evening"
    assert read_csv(results_csv(results).encode()).name == ""


def test_a_file_of_lines_of_several_batches_is_to_be_taken_apart(at: Outfit) -> None:
    sheet = read_csv(b"batch,group,security,side,face\nnoon,BIG6,B,buy,2mm\n,BIG6,B,buy,3mm\nnight,BIG6,B,buy,4mm\n")
    (fault,) = at.desk.batches.check(PM, sheet).faults
    assert str(fault) == "The lines are of several batches, noon and night: bring those of each by themselves."


def test_who_a_block_waits_for_is_foreseen(tmp_path: Path) -> None:
    at = outfit(tmp_path, Policy(approval_from=3_000_000))
    small, large = checked(at, "BIG6,B,buy,2mm,,,,,", "BIG6,B,buy,4mm,,,,,").blocks
    assert at.desk.batches.foresee(PM, small).second_person == ""
    assert at.desk.batches.foresee(PM, large).second_person.startswith("An order of 3,000,000 or more")
