"""What a restore would lose is counted, named and refused; what it would not lose stands in nobody's way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orders.errors import Rejected, VersionConflict
from storage import open_engine
from storage.backup import back_up
from storage.restoring import restore
from tests.storage.on_disk import ledger_in, url_in
from tests.storage.samples import SetClock, block


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A backup with an order that is not sent yet."""
    with ledger_in(tmp_path / "home") as ledger:
        ledger.confirm("a", *block("A"))
    engine = open_engine(url_in(tmp_path / "home"))
    back_up(engine, tmp_path / "kept.db")
    engine.dispose()
    return tmp_path / "kept.db"


def test_the_marks_of_a_restore_are_no_loss_so_it_may_be_made_again(tmp_path: Path, kept: Path) -> None:
    there = tmp_path / "home" / "ledger.db"
    for seconds in range(3):
        clock = SetClock()
        clock.forward(seconds)
        assert restore(kept, there, clock, "ops").looked_up == ("or-A",)
    with ledger_in(tmp_path / "home") as ledger:
        assert ledger.verify() == ()
        assert len(ledger.audit("upkeep")) == 1  # of this copy: the others are kept beside it


def test_a_ledger_that_is_damaged_says_so_beside_what_would_be_lost(tmp_path: Path, kept: Path) -> None:
    there = tmp_path / "home" / "ledger.db"
    with ledger_in(tmp_path / "home") as ledger:
        ledger.confirm("b", *block("B"))
        ledger.confirm("c", *block("C"))
    _spoil_an_index(there)
    with pytest.raises(VersionConflict) as refused:
        restore(kept, there, SetClock(), "ops")
    assert str(refused.value) == (
        f"The ledger {there} is damaged, and has 2 entries (orders or-B, or-C) that the backup {kept} has not, so "
        "nothing was restored. Restore a newer backup, or accept their loss with --even-if-newer: what is there will "
        "be kept beside it."
    )


def _spoil_an_index(file: Path) -> None:
    """The rows can all be read; the file's own check fails."""
    with closing(sqlite3.connect(file)) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name = 'activity'"
        ).fetchone()[0]
    with file.open("r+b") as opened:
        opened.seek((page - 1) * 4096)
        opened.write(b"\xa5" * 4096)


def test_a_file_that_is_no_backup_is_not_said_to_be_the_ledger(tmp_path: Path, kept: Path) -> None:
    other = tmp_path / "README.md"
    other.write_text("# No ledger\n" * 500)
    with pytest.raises(Rejected) as refused:
        restore(other, tmp_path / "home" / "ledger.db", SetClock(), "ops")
    assert str(refused.value) == (
        f"{other} is no backup of a ledger, or is damaged (SQLite: file is not a database). Nothing was changed: "
        "restore another backup."
    )
