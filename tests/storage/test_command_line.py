"""`python -m storage` says what it did in sentences, and by its exit status."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from orders.model import OrderState
from storage import SqlLedger
from storage.__main__ import main
from storage.backup import opened
from tests.house import forget_settings
from tests.storage.emulated import EmulatedSnowflake, open_store
from tests.storage.on_disk import ROOT, change_by_hand, ledger_in
from tests.storage.samples import BOOK, SetClock, block


@dataclass(frozen=True)
class Answer:
    status: int
    said: str
    complained: str


Command = Callable[..., Answer]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with a ledger of two orders."""
    with ledger_in(tmp_path / "home") as ledger:
        ledger.confirm("a", *block("A"))
        ledger.confirm("b", *block("B", group="PLUS"))
    return tmp_path / "home"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], home: Path) -> Iterator[Command]:
    def command(*words: object, data: Path | None = home) -> Answer:
        capsys.readouterr()
        where = ["--data", str(data)] if data else []
        status = main([*where, *map(str, words)])
        captured = capsys.readouterr()
        return Answer(status, captured.out, captured.err)

    yield command
    structlog.reset_defaults()


def test_a_whole_ledger_proves_and_its_newest_hash_can_be_kept_and_compared(run: Command, tmp_path: Path) -> None:
    first = run("verify")
    assert first.status == 0
    assert first.said.startswith("The ledger is whole. Its newest entry, to be kept outside it:\nregistry 3 ")
    noted = tmp_path / "noted.txt"
    noted.write_text(first.said)
    assert run("verify", "--against", noted).said.startswith(f"The ledger is whole and has all 1 hashes of {noted}.")
    assert run("verify", "--newest", first.said.split()[-1]).status == 0


def test_faults_are_named_and_counted_with_status_1(run: Command, home: Path) -> None:
    change_by_hand(home / "ledger.db", "UPDATE audit_log SET actor = 'x' WHERE stream = 'group:PLUS'")
    answer = run("verify")
    assert answer.status == 1
    assert "Entry 1 of group:PLUS was edited: its hash is not that of its content.\n" in answer.said
    assert "The ledger is not what was written to it: " in answer.said
    assert answer.said.endswith("restore a backup whose newest hash you hold (see docs/storage.md).\n")


def test_a_rebuilt_ledger_lacks_the_hash_that_was_kept(run: Command, home: Path, tmp_path: Path) -> None:
    noted = run("verify").said
    (tmp_path / "noted.txt").write_text(noted)
    (home / "ledger.db").unlink()
    with ledger_in(home) as ledger:  # every chain is whole, and none is the one that was
        ledger.confirm("a", *block("A2"))
        ledger.confirm("b", *block("B", group="PLUS"))
    assert run("verify").status == 0
    by_hash = run("verify", "--newest", noted.split()[-1])
    assert by_hash.status == 1
    assert "is not in the log: it was cut or rewritten since that was noted." in by_hash.said
    by_file = run("verify", "--against", tmp_path / "noted.txt")
    assert by_file.status == 1
    assert "Entry 3 of registry was noted outside the ledger, with another hash" in by_file.said


def test_a_hash_of_the_wrong_length_is_a_matter_of_usage(run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("verify", "--newest", "abc")
    assert "a hash has 64 digits" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["verify"], ["export", "--to", "csv"], ["backup"]])
def test_a_folder_without_a_ledger_is_named_and_stays_empty(run: Command, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    answer = run(*command, data=tmp_path / "empty")
    assert answer.status == 2
    assert answer.complained.startswith(f"There is no ledger {tmp_path / 'empty' / 'ledger.db'}. Name the app's data")
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_ledger_of_an_older_version_is_migrated_first(run: Command, home: Path) -> None:
    change_by_hand(home / "ledger.db", "UPDATE alembic_version SET version_num = '0001'")
    for command in (["verify"], ["export", "--to", "csv"]):
        answer = run(*command)
        assert answer.status == 2
        assert "tables are of revision 0001" in answer.complained
        assert "Run `python -m storage migrate` first" in answer.complained


def test_migrate_makes_a_ledger_that_verify_takes(run: Command, tmp_path: Path) -> None:
    assert run("migrate", data=tmp_path / "new").status == 0
    assert run("verify", data=tmp_path / "new").said.endswith("none yet\n")


def test_an_export_lists_its_files(run: Command, home: Path, tmp_path: Path) -> None:
    answer = run("export", "--to", "parquet", "--out", tmp_path / "out", "--table", "orders", "--table", "stamp")
    assert answer.status == 0
    assert (
        answer.said == f"{tmp_path / 'out' / 'orders.parquet'}: 2 rows\n{tmp_path / 'out' / 'stamp.parquet'}: 1 row\n"
    )
    assert run("export", "--to", "parquet", "--out", tmp_path / "out").complained.startswith(
        f"{tmp_path / 'out'} is there"
    )
    assert run("export", "--to", "csv").status == 0
    assert [len(list(folder.iterdir())) > 10 for folder in (home / "exports").iterdir()] == [True]


def test_the_data_folder_may_be_named_after_the_command_too(run: Command, home: Path, tmp_path: Path) -> None:
    assert run("verify", "--data", home, data=None).status == 0
    assert run("verify", "--data", home, data=tmp_path).status == 0


def test_a_kind_of_file_that_is_not_there_is_answered_with_those_that_are(
    run: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("export", "--to", "xls")
    assert "(choose from 'csv', 'parquet')" in capsys.readouterr().err


def test_a_damaged_ledger_is_named_by_an_export_which_leaves_nothing_behind(run: Command, home: Path) -> None:
    (home / "ledger.db").write_bytes(b"\xa5" * 9000)
    refused = run("export", "--to", "csv")
    assert refused.status == 2
    assert f"The ledger file {home / 'ledger.db'} is damaged, or never was a ledger. Stop the app" in refused.complained
    assert [file.name for file in home.iterdir()] == ["ledger.db"]


def test_a_table_that_is_not_there_is_a_matter_of_usage(run: Command) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("export", "--to", "csv", "--table", "oders")


def test_a_backup_is_restored_with_all_that_has_to_be_known(run: Command, home: Path, tmp_path: Path) -> None:
    made = run("backup", "--to", tmp_path / "kept.db")
    assert made.status == 0
    assert made.said.startswith(f"{tmp_path / 'kept.db'}: ")
    assert made.said.splitlines()[-1] == run("verify").said.splitlines()[-1]
    with ledger_in(home) as ledger:
        ledger.confirm("c", *block("C"))
    refused = run("restore", tmp_path / "kept.db")
    assert refused.status == 2
    assert "accept their loss with --even-if-newer" in refused.complained
    done = run("restore", tmp_path / "kept.db", "--even-if-newer")
    assert done.status == 0
    assert f"{home / 'ledger.db'} is restored from {tmp_path / 'kept.db'}." in done.said
    assert f"What was there is kept as {home / 'ledger.db.replaced-'}" in done.said
    assert "To be looked up at Aladdin before any of them is posted, which the worker does: or-A, or-B." in done.said
    assert "Only in the ledger that was there: or-C. Aladdin may have them" in done.said
    assert done.said.splitlines()[1] == run("verify").said.splitlines()[-1]


def test_a_ledger_that_cannot_be_read_is_said_to_have_been_replaced_unseen(
    run: Command, home: Path, tmp_path: Path
) -> None:
    run("backup", "--to", tmp_path / "kept.db")
    (home / "ledger.db").write_bytes(b"\xa5" * 9000)
    assert "damaged" in run("verify").complained
    done = run("restore", tmp_path / "kept.db")
    assert done.status == 0
    assert "The ledger that was there could not be read." in done.said


def test_a_ledger_put_back_by_hand_has_its_waiting_orders_looked_up(run: Command, home: Path) -> None:
    with ledger_in(home) as ledger:
        waiting = [order.id for order in ledger.orders(states=[OrderState.CONFIRMED])]
    done = run("restore", "--put-back")
    assert (done.status, waiting[0] in done.said) == (0, True)
    assert waiting[0] in run("restore", "--put-back").said, "it may have been posted between the two"
    newest = done.said.splitlines()[-1].split()[-1]
    assert run("verify", "--newest", newest).status == 0
    with ledger_in(home) as ledger:
        assert ledger.order(waiting[0]).state is OrderState.UNKNOWN
        assert [entry.action for entry in ledger.audit("upkeep")] == ["restore", "restore"]
        assert ledger.verify() == ()


def test_a_ledger_a_worker_is_at_work_on_is_not_taken_for_one_that_was_put_back(run: Command, home: Path) -> None:
    with ledger_in(home, clock=SetClock(datetime.now(UTC))) as ledger:
        lease = ledger.acquire("worker", "me", 60)
        assert lease is not None
        assert "Stop the app and every worker" in run("restore", "--put-back").complained
        ledger.release(lease)
        assert run("restore", "--put-back").status == 0


def test_the_store_is_the_one_the_app_would_use(
    run: Command, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_settings(monkeypatch, tmp_path)
    monkeypatch.setenv("DATA_DIR", str(home))
    assert run("backup", data=None).status == 0
    (made,) = (home / "backups").iterdir()
    with opened(made) as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM orders").scalar_one() == 2
    monkeypatch.setenv("DEMO_SEED", "no number")
    refused = run("verify", data=None)
    assert (refused.status, "DEMO_SEED" in refused.complained) == (2, True)


def test_a_ledger_on_snowflake_is_proved_and_exported_there_and_copied_by_snowflakes_own_means(
    run: Command, snowflake: EmulatedSnowflake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_settings(monkeypatch, tmp_path)
    config = snowflake.config(schema="COMMAND_LINE")
    for name in ("account", "user", "password", "warehouse", "database", "schema", "host"):
        monkeypatch.setenv(f"SNOWFLAKE_{name.upper()}", getattr(config, name))
    monkeypatch.setenv("BOOK_DIR", str(tmp_path))
    assert run("migrate", data=None).status == 0
    engine = open_store(f"{snowflake.url}#COMMAND_LINE")
    ledger = SqlLedger(engine, BOOK, SetClock())
    ledger.confirm("a", *block("A"))
    engine.dispose()
    assert run("verify", data=None).said.startswith("The ledger is whole.")
    exported = run("export", "--to", "csv", "--out", tmp_path / "out", "--table", "orders", data=None)
    assert exported.said == f"{tmp_path / 'out' / 'orders.csv'}: 1 row\n"
    assert "CLONE" in run("backup", data=None).complained
    assert "--put-back" in run("restore", tmp_path / "kept.db", data=None).complained
    assert "To be looked up at Aladdin" in run("restore", "--put-back", data=None).said


def test_it_runs_as_a_program_and_explains_itself(home: Path) -> None:
    def program(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "storage", "--data", str(home), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert program("verify").returncode == 0
    helped = program("--help").stdout
    assert all(word in helped for word in ("migrate", "verify", "export", "backup", "restore", "exit status"))
