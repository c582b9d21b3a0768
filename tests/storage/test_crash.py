"""Processes that are killed at any moment: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orders.model import Order, OrderState
from storage import SqlLedger, open_engine
from storage.backup import opened
from storage.failures import require_whole
from storage.verification import verify
from tests.storage.on_disk import ROOT, ledger_in, url_in

LONGEST_WAIT = 0.02  # seconds between a line that is read and the kill: a few commits


def _writer(folder: Path, prefix: str) -> subprocess.Popen[str]:
    """Confirms and fills orders without end, and says each one aloud once it is acknowledged."""
    command = [sys.executable, "-m", "tests.storage.writer", url_in(folder), prefix, "0"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _write_and_kill(folder: Path, name: str, writers: int, lines: int, chance: random.Random) -> set[tuple[str, str]]:
    """Let some processes write at once and kill each at a random moment; what they acknowledged before."""
    running = [_writer(folder, f"{name}w{number}n") for number in range(writers)]
    said: list[str] = []
    for writer in running:
        assert writer.stdout is not None
        said += [writer.stdout.readline() for _ in range(chance.randint(1, lines))]
        time.sleep(chance.uniform(0, LONGEST_WAIT))
        writer.kill()
    for writer in running:
        said += writer.communicate(timeout=60)[0].splitlines(keepends=True)
    return {_acknowledged(line) for line in said if line.endswith("\n")}


def _acknowledged(line: str) -> tuple[str, str]:
    word, order_id = line.split()
    return word, order_id


def _check(folder: Path, acknowledged: set[tuple[str, str]]) -> int:
    """Every acknowledged step is in the ledger, every order in it is whole, and its chains hold. How many orders."""
    engine = open_engine(url_in(folder))
    require_whole(engine)
    engine.dispose()
    with ledger_in(folder) as ledger:
        found = {order.id: order for order in ledger.orders()}
        for word, order_id in acknowledged:
            assert order_id in found
            assert word == "confirmed" or found[order_id].state is OrderState.ACTIVE
        waiting = {intent.order_id for intent in ledger.intents()}
        for order in found.values():
            _check_whole(ledger, order, order.id in waiting)
        assert ledger.verify() == ()
        return len(found)


def _check_whole(ledger: SqlLedger, order: Order, waiting: bool) -> None:
    filled = order.state is OrderState.ACTIVE
    assert sum(line.face for line in order.lines) == order.face
    assert [line.booked > 0 for line in order.lines] == [False, filled, filled]
    assert len(ledger.events(order.id)) == order.version == (2 if filled else 1)
    assert waiting is not filled
    assert ledger.statement(order.id).sha256 == order.statement_sha256


def _kill_again_and_again(folder: Path, kills: int, writers: int, lines: int) -> int:
    chance = random.Random(kills)
    acknowledged: set[tuple[str, str]] = set()
    for kill in range(kills):
        acknowledged |= _write_and_kill(folder, f"k{kill}", writers, lines, chance)
    assert _check(folder, acknowledged) >= sum(word == "confirmed" for word, _ in acknowledged)
    return len(acknowledged)


def test_nothing_acknowledged_is_lost_or_half_written_by_a_kill(tmp_path: Path) -> None:
    assert _kill_again_and_again(tmp_path, kills=2, writers=1, lines=20) > 2


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_or_half_written_by_twenty_kills_of_two_writers(tmp_path: Path) -> None:
    assert _kill_again_and_again(tmp_path, kills=20, writers=2, lines=250) > 2000


def test_a_log_of_writes_that_was_cut_anywhere_leaves_a_whole_ledger(tmp_path: Path) -> None:
    """What the disk holds when the power goes: the write-ahead log up to some byte."""
    chance = random.Random(5)
    _write_and_kill(tmp_path / "home", "k", writers=1, lines=12, chance=chance)
    log = tmp_path / "home" / "ledger.db-wal"
    size = log.stat().st_size
    assert size > 50_000
    counts = []
    for number, length in enumerate(sorted(chance.randrange(size) for _ in range(12))):
        cut = tmp_path / str(number)
        cut.mkdir()
        shutil.copy(tmp_path / "home" / "ledger.db", cut)
        with log.open("rb") as whole:
            (cut / "ledger.db-wal").write_bytes(whole.read(length))
        counts.append(_orders_of_a_proved_ledger(cut / "ledger.db"))
    assert counts == sorted(counts)
    assert counts[-1] > 0


def _orders_of_a_proved_ledger(file: Path) -> int:
    with opened(file) as conn:
        if not conn.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar():
            return 0  # cut before the tables were there
        assert verify(conn) == ()
        count: int = conn.exec_driver_sql("SELECT count(*) FROM orders").scalar_one()
        return count


def test_a_backup_that_is_killed_leaves_no_file_under_its_name(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        assert ledger.verify() == ()
    source = (
        "import os, sys, storage.backup as b\n"
        "b.require_sound = lambda *_, **__: os.kill(os.getpid(), 9)\n"
        "from pathlib import Path\nfrom storage import open_engine\n"
        "b.back_up(open_engine(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", source, url_in(tmp_path), str(tmp_path / "kept.db")], cwd=ROOT, check=False
    )
    assert killed.returncode == -9
    assert not (tmp_path / "kept.db").exists()
    assert _check(tmp_path, set()) == 0
