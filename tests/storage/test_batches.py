"""How far a batch is: what was noted last, each user's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orders.model import BatchRun
from storage import SqlLedger
from tests.storage.samples import NOON

RUN = BatchRun("maria", "noon", "noon", 150, 0, NOON)


def test_what_was_noted_last_of_a_batch_is_how_far_it_is(ledger: SqlLedger) -> None:
    further = replace(RUN, tried=4, noted_at=NOON + timedelta(minutes=1))
    ledger.note_batch(RUN)
    ledger.note_batch(further)
    assert ledger.batch("maria", "noon") == further
    assert ledger.batch("maria", "night") is None
    assert ledger.verify() == ()


def test_two_users_may_have_batches_of_one_name(ledger: SqlLedger) -> None:
    ledger.note_batch(RUN)
    ledger.note_batch(replace(RUN, username="paul", blocks=3))
    found = ledger.batch("maria", "noon")
    assert found is not None
    assert found.blocks == 150
