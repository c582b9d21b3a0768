"""What the pages on storage and upgrading tell people to type, typed."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage.migrations import newest_revision
from tests.browser.server import ROOT, own_environment

pytestmark = pytest.mark.soak

OLD = Path(__file__).with_name("ledger_at_0002.sql")


def typed(command: str, data: Path, elsewhere: Path) -> subprocess.CompletedProcess[str]:
    """A command of the pages in a shell, on the ledger in `data`, with a disk elsewhere."""
    bin_folder = elsewhere / "bin"  # where `python` is this one
    if not bin_folder.exists():
        bin_folder.mkdir(parents=True)
        (bin_folder / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        (bin_folder / "python").chmod(0o755)
    env = own_environment({"DATA_DIR": str(data), "PATH": f"{bin_folder}:{os.environ['PATH']}"})
    return subprocess.run(
        ["sh", "-c", command.replace("/elsewhere", str(elsewhere))], cwd=ROOT, env=env, capture_output=True, text=True
    )


def old_ledger(data: Path) -> Path:
    data.mkdir(mode=0o700)
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        ledger.executescript(OLD.read_text(encoding="utf-8"))
    return data / "ledger.db"


def revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as ledger:
        (found,) = ledger.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found)


def orders(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as ledger:
        return ledger.execute("SELECT id, state FROM orders ORDER BY id").fetchall()


def nightly() -> str:
    """The round that docs/storage.md tells to run each night."""
    found = re.search(r"((?:^    .*\n)+)", (ROOT / "docs" / "storage.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_nightly_round_proves_backs_up_and_is_followed_by_a_restore(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    ledger = old_ledger(data)
    assert typed("python -m storage migrate", data, elsewhere).returncode == 0
    before = orders(ledger)
    first = typed(nightly(), data, elsewhere)
    assert first.returncode == 0, first.stderr
    (backup,) = elsewhere.glob("ledger-*.db")
    backup.rename(elsewhere / "ledger-monday.db")
    assert typed(nightly(), data, elsewhere).returncode == 0  # the night after, against the seal of the one before
    assert len((elsewhere / "seals.txt").read_text().splitlines()) == 2
    assert typed("python -m storage verify --against /elsewhere/seals.txt", data, elsewhere).returncode == 0

    ledger.unlink()  # the disk is lost
    back = typed("python -m storage restore /elsewhere/ledger-monday.db", data, elsewhere)
    assert back.returncode == 0, back.stderr
    assert [order for order, _ in orders(ledger)] == [order for order, _ in before]
    assert typed("python -m storage verify --against /elsewhere/seals.txt", data, elsewhere).returncode == 0


def test_an_old_ledger_is_backed_up_upgraded_and_brought_back(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    ledger = old_ledger(data)
    before = orders(ledger)
    made = typed("python -m storage backup --to /elsewhere/before-upgrade.db", data, elsewhere)
    assert made.returncode == 0, made.stderr
    assert revision(elsewhere / "before-upgrade.db") == "0002"
    assert typed("python -m storage migrate", data, elsewhere).returncode == 0
    assert revision(ledger) == newest_revision()
    assert orders(ledger) == before
    assert typed("python -m storage verify", data, elsewhere).returncode == 0
    newer = ledger.read_bytes()

    back = typed("python -m storage restore /elsewhere/before-upgrade.db --even-if-newer", data, elsewhere)
    assert back.returncode == 0, back.stderr
    (kept,) = data.glob("ledger.db.replaced-*")
    assert kept.read_bytes()[100:] == newer[100:]  # past the header, which counts openings
    assert [order for order, _ in orders(ledger)] == [order for order, _ in before]
