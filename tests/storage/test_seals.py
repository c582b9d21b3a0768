"""What was noted outside the store tells a rewritten past from the one that was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from orders.errors import SettingsError
from storage import SqlLedger
from storage.seals import Seal, broken, lacks, newest, read_seals
from storage.unit import read
from tests.storage.samples import block


@pytest.fixture
def logged(ledger: SqlLedger, tmp_path: Path) -> Path:
    """The app's log of four confirmations in two groups, with lines about other things in it."""
    with capture_logs() as logs:
        for number in range(4):
            ledger.confirm(f"c{number}", *block(str(number), group=f"G{number % 2}"))
    path = tmp_path / "app.log"
    lines = [json.dumps(entry) for entry in logs]
    path.write_text("\n".join(["Serving at http://localhost", '{"event": "house opened"}', *lines, '{"cut sho']))
    return path


def _faults(engine: Engine, path: Path) -> list[str]:
    return read(engine, lambda conn: list(broken(conn, read_seals(path))))


def _sql(engine: Engine, *statements: str) -> None:
    with engine.begin() as conn:
        for statement in statements:
            conn.execute(text(statement))


def test_an_untouched_ledger_has_all_that_its_log_noted(engine: Engine, logged: Path) -> None:
    assert len(read_seals(logged)) == 8
    assert _faults(engine, logged) == []


def test_a_tail_cut_off_with_its_heads_moved_back_is_missed(engine: Engine, ledger: SqlLedger, logged: Path) -> None:
    _sql(
        engine,
        "DELETE FROM audit_log WHERE (stream = 'group:G1' AND seq = 2) OR (stream = 'registry' AND seq = 5)",
        "UPDATE streams SET seq = 1, sha256 = (SELECT sha256 FROM audit_log WHERE stream = 'group:G1' AND seq = 1) "
        "WHERE stream = 'group:G1'",
        "UPDATE streams SET seq = 4, sha256 = (SELECT sha256 FROM audit_log WHERE stream = 'registry' AND seq = 4) "
        "WHERE stream = 'registry'",
    )
    gone = "was noted outside the ledger and is gone: the tail was cut off, or an older backup restored."
    assert _faults(engine, logged) == [f"Entry 2 of group:G1 {gone}", f"Entry 5 of registry {gone}"]


def test_a_rewritten_entry_is_not_the_one_that_was_noted(engine: Engine, logged: Path) -> None:
    _sql(engine, f"UPDATE audit_log SET sha256 = '{'0' * 64}' WHERE stream = 'group:G0'")
    assert _faults(engine, logged) == [
        "2 entries of group:G0 (1 to 2) were noted outside the ledger, with another hash: the ledger was rewritten "
        "from there on."
    ]


def test_a_line_of_the_newest_entry_can_be_kept_and_read_again(
    engine: Engine, ledger: SqlLedger, tmp_path: Path
) -> None:
    ledger.confirm("c", *block())
    noted = read(engine, newest)
    assert noted is not None
    path = tmp_path / "noted.txt"
    path.write_text(f"The ledger is whole.\n{noted}\n")
    assert read_seals(path) == (noted,)
    assert not read(engine, lambda conn: lacks(conn, noted.sha256))
    assert read(engine, lambda conn: lacks(conn, "f" * 64))


def test_a_stream_may_have_spaces_in_its_name(tmp_path: Path) -> None:
    seal = Seal("group:BIG 6", 12, "a" * 64)
    (tmp_path / "noted").write_text(str(seal))
    assert read_seals(tmp_path / "noted") == (seal,)


@pytest.mark.parametrize("name", ["missing.txt", "prose.txt"])
def test_a_file_without_hashes_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "prose.txt").write_text("registry twelve\n[1]\n{}\n")
    with pytest.raises(SettingsError, match=name):
        read_seals(tmp_path / name)
