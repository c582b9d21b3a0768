"""A restore puts a sound backup in a ledger's place, never over one in use or newer, and throws nothing away."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from orders.dispatch import Dispatch
from orders.errors import DeskError, Rejected, Unavailable, VersionConflict, WrongBook
from orders.model import BrokerOrder, OrderState, Ticket
from storage import SqlLedger, losses, open_engine
from storage.backup import back_up
from storage.restoring import restore
from tests.storage.on_disk import change_by_hand, ledger_in, python, url_in
from tests.storage.samples import SetClock, block, change

_HOLD = """
import sys
from storage import open_engine
engine = open_engine(sys.argv[1])
with engine.connect() as conn:
    conn.exec_driver_sql("SELECT count(*) FROM orders")
print("open", flush=True)
sys.stdin.read()
"""

_OPEN = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=0).execute("SELECT count(*) FROM orders")
"""

_CONFIRM_AND_DIE = """
import os, sys
from storage import SqlLedger, open_engine, restoring
from tests.storage.samples import BOOK, SetClock, block
ledger = SqlLedger(open_engine(sys.argv[1]), BOOK, SetClock())
for name in "CDE":
    ledger.confirm(name, *block(name))
os._exit(9)
"""

_RESTORE_AND_DIE = """
import os, sys
from pathlib import Path
from storage.restoring import restore
from tests.storage.samples import SetClock
Path.replace = lambda *_: os._exit(9)
restore(Path(sys.argv[1]), Path(sys.argv[2]), SetClock(), "ops", even_if_newer=True)
"""


def _back_up(folder: Path, to: Path) -> Path:
    engine = open_engine(url_in(folder))
    back_up(engine, to)
    engine.dispose()
    return to


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def kept(tmp_path: Path, home: Path) -> Path:
    """A backup with two orders: one confirmed and not yet sent, one with Aladdin."""
    with ledger_in(home) as ledger:
        ledger.confirm("a", *block("A"))
        order = ledger.confirm("b", *block("B"))
        ledger.advance("b2", change(order, OrderState.ACTIVE, "active", closes_intent=f"{order.id}:send"))
    return _back_up(home, tmp_path / "kept.db")


def _ids(ledger: SqlLedger) -> set[str]:
    return {order.id for order in ledger.orders()}


def test_a_lost_ledger_comes_back_whole_and_says_who_brought_it(home: Path, kept: Path) -> None:
    (home / "ledger.db").unlink()
    done = restore(kept, home / "ledger.db", SetClock(), "ops")
    assert done.kept is None
    with ledger_in(home) as ledger:
        assert _ids(ledger) == {"or-A", "or-B"}
        assert ledger.verify() == ()
        (entry,) = ledger.audit("upkeep")
        assert (entry.actor, entry.action) == ("ops", "restore")
        assert '"backup":"kept.db"' in entry.body
        assert ledger.confirm("c", *block("C")).id == "or-C"
    assert (home / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_an_order_that_may_have_been_sent_since_the_backup_is_looked_up_and_not_posted_again(
    home: Path, kept: Path
) -> None:
    (home / "ledger.db").unlink()
    assert restore(kept, home / "ledger.db", SetClock(), "ops").looked_up == ("or-A",)

    class Aladdin:
        def post(self, ticket: Ticket, not_after: object) -> BrokerOrder:
            raise AssertionError("posted a second time")

        def find_order(self, reference: str) -> BrokerOrder | None:
            order = block("A")[1]
            return BrokerOrder("X1", reference, "Active", order.filled + order.face, order.filled, None, {})

        def orders(self, ids: list[str]) -> tuple[BrokerOrder, ...]:
            (found,) = filter(None, [self.find_order("or-A")])
            return (found,)

    with ledger_in(home) as ledger:
        worker = Dispatch(ledger, Aladdin(), SetClock(), "w")  # type: ignore[arg-type]
        lease = ledger.acquire("worker", "w", 20)
        assert lease is not None
        for _ in range(3):
            worker.work(lease)
        order = ledger.order("or-A")
        assert (order.state, order.broker_id) == (OrderState.ACTIVE, "X1")
        assert [event.event for event in ledger.events("or-A")] == ["confirm", "restored", "active"]
        assert order.entered_at is None  # when it was entered is Aladdin's to say: the restored ledger did not see it
        assert ledger.verify() == ()


def test_a_newer_ledger_is_left_alone_unless_told_and_then_kept_beside(home: Path, kept: Path) -> None:
    with ledger_in(home) as ledger:
        ledger.confirm("c", *block("C"))
    before = (home / "ledger.db").read_bytes()
    with pytest.raises(VersionConflict, match=r"has 1 entry \(orders or-C\) that the backup .* has not"):
        restore(kept, home / "ledger.db", SetClock(), "ops")
    assert (home / "ledger.db").read_bytes() == before
    done = restore(kept, home / "ledger.db", SetClock(), "ops", even_if_newer=True)
    assert done.missing == ("or-C",)
    assert done.kept is not None
    (home / "there").mkdir()
    shutil.move(done.kept, home / "there" / "ledger.db")
    with ledger_in(home / "there") as ledger:
        assert _ids(ledger) == {"or-A", "or-B", "or-C"}
        assert ledger.verify() == ()
    with ledger_in(home) as ledger:
        assert _ids(ledger) == {"or-A", "or-B"}


def test_a_ledger_that_went_another_way_than_the_backup_counts_as_newer(home: Path, kept: Path, tmp_path: Path) -> None:
    with ledger_in(home) as ledger:
        ledger.confirm("c", *block("C"))
    newer = _back_up(home, tmp_path / "newer.db")
    restore(kept, home / "ledger.db", SetClock(), "ops", even_if_newer=True)
    with ledger_in(home) as ledger:
        ledger.confirm("d", *block("D"))
    with pytest.raises(VersionConflict):  # it has its own entries now, though it is shorter in orders
        restore(newer, home / "ledger.db", SetClock(), "ops")


@contextmanager
def _held_open(url: str) -> Iterator[None]:
    holder = python(_HOLD, url, stdin=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    try:
        yield
    finally:
        holder.communicate()


def test_a_ledger_in_use_is_left_alone_even_when_its_app_only_idles(home: Path, kept: Path) -> None:
    before = (home / "ledger.db").read_bytes()
    with _held_open(url_in(home)), pytest.raises(Rejected, match="is in use, so nothing was restored"):
        restore(kept, home / "ledger.db", SetClock(), "ops", even_if_newer=True)
    assert (home / "ledger.db").read_bytes() == before


def test_a_damaged_ledger_in_use_is_left_alone_too(home: Path, kept: Path) -> None:
    with _held_open(url_in(home)):
        _scribble(home / "ledger.db")
        with pytest.raises(Rejected, match="is in use"):
            restore(kept, home / "ledger.db", SetClock(), "ops")


def _scribble(file: Path, at: int = 0, length: int = 100) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(b"\xa5" * length)


@pytest.mark.parametrize("at", [0, 4096 * 3])
def test_a_damaged_ledger_is_replaced_and_kept_byte_for_byte(home: Path, kept: Path, at: int) -> None:
    _scribble(home / "ledger.db", at, length=4000)
    before = (home / "ledger.db").read_bytes()
    done = restore(kept, home / "ledger.db", SetClock(), "ops")
    assert done.kept is not None
    assert done.kept.read_bytes() == before
    with ledger_in(home) as ledger:
        assert _ids(ledger) == {"or-A", "or-B"}
        assert ledger.verify() == ()


def test_another_books_ledger_is_refused(home: Path, kept: Path, tmp_path: Path) -> None:
    with ledger_in(tmp_path / "other", book="demo:8"):
        pass
    with pytest.raises(WrongBook, match="belongs to the book demo:8, and the backup to demo:7"):
        restore(kept, tmp_path / "other" / "ledger.db", SetClock(), "ops")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: _scribble(file), "damaged"),
        (lambda file: _scribble(file, 4096 * 3, 4000), "damaged"),
        (lambda file: change_by_hand(file, "UPDATE statements SET body = '{}'"), "was edited"),
        (lambda file: change_by_hand(file, "DROP TABLE audit_log"), "is not a ledger"),
        (lambda file: file.unlink(), "There is no backup"),
        (lambda file: file.write_bytes(b""), "is not a ledger"),
        (lambda file: change_by_hand(file, "UPDATE alembic_version SET version_num = '9999'"), "newer version"),
    ],
)
def test_a_backup_that_is_not_sound_is_refused_and_the_ledger_left(
    home: Path, kept: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(kept)
    before = {file.name: file.read_bytes() for file in home.iterdir()}
    with pytest.raises(DeskError, match=said):
        restore(kept, home / "ledger.db", SetClock(), "ops")
    assert {file.name: file.read_bytes() for file in home.iterdir()} == before


def test_the_ledger_itself_is_not_its_own_backup(home: Path, kept: Path) -> None:
    with pytest.raises(Rejected, match="is the ledger itself"):
        restore(home / "ledger.db", home / "ledger.db", SetClock(), "ops")


def test_a_restore_cut_short_before_the_swap_leaves_the_old_ledger(
    home: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger_in(home) as ledger:
        ledger.confirm("c", *block("C"))

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(KeyboardInterrupt):
        restore(kept, home / "ledger.db", SetClock(), "ops", even_if_newer=True)
    with ledger_in(home) as ledger:
        assert _ids(ledger) == {"or-A", "or-B", "or-C"}
        assert ledger.verify() == ()


def test_a_restore_that_dies_over_what_a_killed_app_left_loses_no_order(home: Path, kept: Path) -> None:
    assert python(_CONFIRM_AND_DIE, url_in(home)).wait(60) == 9
    assert (home / "ledger.db-wal").stat().st_size, "the app must leave writes in SQLite's log"
    assert python(_RESTORE_AND_DIE, str(kept), str(home / "ledger.db")).wait(60) == 9
    with ledger_in(home) as ledger:
        assert _ids(ledger) == {f"or-{name}" for name in "ABCDE"}
        assert ledger.verify() == ()


@pytest.mark.parametrize("error", ["SQLITE_FULL", "SQLITE_IOERR_READ"])
def test_a_disk_that_fails_is_not_taken_for_a_damaged_ledger(
    home: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    with ledger_in(home) as ledger:
        ledger.confirm("c", *block("C"))

    def fail(*_: object) -> set[str]:
        failed = sqlite3.OperationalError("the disk fails")
        failed.sqlite_errorname = error
        raise DBAPIError("SELECT", None, failed)

    monkeypatch.setattr(losses, "_order_ids", fail)
    with pytest.raises(Unavailable, match="was not restored"):
        restore(kept, home / "ledger.db", SetClock(), "ops")
    with ledger_in(home) as ledger:
        assert _ids(ledger) == {"or-A", "or-B", "or-C"}


def test_the_ledger_stays_locked_until_the_restored_one_is_in_its_place(
    home: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever closes a file gives up every lock the process has on it, SQLite's too."""
    opening = []
    replace = Path.replace

    def try_to_open(draft: Path, place: Path) -> Path:
        opening.append(python(_OPEN, str(home / "ledger.db")).wait(60))
        return replace(draft, place)

    monkeypatch.setattr(Path, "replace", try_to_open)
    restore(kept, home / "ledger.db", SetClock(), "ops")
    assert opening == [1]


def test_a_disk_without_hard_links_is_told_before_anything_is_replaced(
    home: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    before = (home / "ledger.db").read_bytes()
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(Unavailable, match="on a disk with hard links"):
        restore(kept, home / "ledger.db", SetClock(), "ops")
    assert (home / "ledger.db").read_bytes() == before
    assert _back_up(home, home / "another.db").stat().st_size  # a backup needs none
