"""Drafts: each user's own, the last save wins, and no audit log knows of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from orders.errors import Rejected
from orders.model import Draft
from storage import SqlLedger
from storage.backup import back_up
from storage.restoring import restore
from storage.schema import drafts
from tests.storage.on_disk import ledger_in
from tests.storage.samples import BOOK, NOON, SetClock, block

LATER = NOON + timedelta(minutes=1)


def test_the_last_save_of_a_draft_is_the_draft(ledger: SqlLedger) -> None:
    ledger.save_draft("maria", "d1", '{"face":1}', NOON)
    ledger.save_draft("maria", "d2", '{"face":2}', NOON + timedelta(seconds=1))
    ledger.save_draft("maria", "d1", '{"face":3}', LATER)
    assert ledger.drafts("maria") == (
        Draft("d1", "maria", LATER, '{"face":3}'),
        Draft("d2", "maria", NOON + timedelta(seconds=1), '{"face":2}'),
    )


def test_a_draft_is_its_users_alone_even_under_the_same_id(ledger: SqlLedger) -> None:
    ledger.save_draft("maria", "d", "{}", NOON)
    ledger.save_draft("paul", "d", "[]", NOON)
    ledger.remove_draft("paul", "d")
    ledger.remove_draft("paul", "d")
    assert ledger.drafts("paul") == ()
    assert [draft.body for draft in ledger.drafts("maria")] == ["{}"]


def test_no_entry_is_written_and_verification_passes_them_over(engine: Engine, ledger: SqlLedger) -> None:
    before = ledger.audit("registry")
    ledger.save_draft("maria", "d", "{}", NOON)
    assert ledger.audit("registry") == before
    assert ledger.verify() == ()
    assert SqlLedger(engine, BOOK, SetClock()).drafts("maria") == ledger.drafts("maria")


def test_eight_windows_that_save_at_once_leave_one_draft(ledger: SqlLedger) -> None:
    with ThreadPoolExecutor(8) as pool:
        saved = [pool.submit(ledger.save_draft, "maria", "d", f"{number}", NOON) for number in range(8)]
    assert [one.exception() for one in saved] == [None] * 8
    assert len(ledger.drafts("maria")) == 1


@pytest.mark.parametrize("store", ["snowflake"], indirect=True)
def test_where_no_keys_are_kept_a_doubled_draft_is_the_newest_until_it_is_removed(
    engine: Engine, ledger: SqlLedger
) -> None:
    with engine.begin() as conn:
        for body, at in (("old", NOON), ("new", LATER)):
            conn.execute(insert(drafts).values(id="d", username="maria", saved_at=at, body=body))
    assert [draft.body for draft in ledger.drafts("maria")] == ["new"]
    ledger.save_draft("maria", "d", "newest", LATER)
    assert [draft.body for draft in ledger.drafts("maria")] == ["newest"]
    ledger.remove_draft("maria", "d")
    assert ledger.drafts("maria") == ()


@pytest.mark.parametrize("store", ["snowflake"], indirect=True)
def test_a_draft_longer_than_the_store_keeps_is_refused_in_words(ledger: SqlLedger) -> None:
    with pytest.raises(Rejected, match=r"The body of a row of drafts would have 17\.0 MB"):
        ledger.save_draft("maria", "d", "x" * 17_000_000, NOON)


def test_drafts_come_back_with_a_backup(tmp_path: Path) -> None:
    with ledger_in(tmp_path / "home") as ledger:
        ledger.confirm("c", *block())
        ledger.save_draft("maria", "d", "{}", NOON)
        back_up(ledger._engine, tmp_path / "kept.db")
        kept = ledger.drafts("maria")
    restore(tmp_path / "kept.db", tmp_path / "other" / "ledger.db", SetClock(), "ops")
    with ledger_in(tmp_path / "other") as ledger:
        assert ledger.drafts("maria") == kept
