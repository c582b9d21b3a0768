"""A full disk, a folder that cannot be written to, a locked file, a damaged one: a sentence, and no harm done."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text

from orders.errors import SettingsError, Unavailable
from storage import SqlLedger, migrate, open_engine, require_whole
from storage.unit import read
from tests.house import forget_settings, house_on
from tests.storage.on_disk import ledger_in, python, url_in
from tests.storage.samples import BOOK, SetClock, block

PAGE = 4096


def _fill(ledger: SqlLedger, first: int = 0) -> tuple[int, Unavailable]:
    """Confirm orders until the ledger will not take another: how many it took, and what it said."""
    for number in range(first, 10_000):
        try:
            ledger.confirm(f"c{number}", *block(str(number)))
        except Unavailable as error:
            return number, error
    raise AssertionError("the disk never filled up")


# -- a full disk -------------------------------------------------------------------------------------------------


def test_a_full_disk_is_said_to_be_full_and_takes_nothing_by_half(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.confirm("first", *block("first"))
    pages = (tmp_path / "ledger.db").stat().st_size // PAGE
    room = {"pages": pages + 10}

    def limit(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {room['pages']}")  # type: ignore[attr-defined]

    engine = open_engine(url_in(tmp_path))
    event.listen(engine, "connect", limit)
    ledger = SqlLedger(engine, BOOK, SetClock())
    taken, error = _fill(ledger)
    assert taken > 0
    assert str(error).startswith("The disk that holds the ledger is full, so nothing was written. Free some space")
    assert error.sent is False
    assert len(ledger.orders()) == taken + 1
    assert ledger.verify() == ()
    room["pages"] = pages + 1000
    engine.dispose()  # the next connection finds room
    assert ledger.confirm(f"c{taken}", *block(str(taken))).id == f"or-{taken}"
    assert ledger.verify() == ()
    engine.dispose()


_LIMITED = """
import resource, sys
from storage import SqlLedger, open_engine
from tests.storage.samples import BOOK, SetClock, block
import structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
ledger = SqlLedger(open_engine(sys.argv[1]), BOOK, SetClock())
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for number in range(10_000):
        ledger.confirm(f"c{number}", *block(str(number)))
        print(number, flush=True)
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


def test_a_disk_that_refuses_to_write_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with ledger_in(tmp_path):
        pass
    limit = (tmp_path / "ledger.db").stat().st_size + 100_000
    process = python(_LIMITED, url_in(tmp_path), str(limit), stderr=subprocess.DEVNULL)
    *numbers, last = process.communicate(timeout=120)[0].splitlines()
    assert last.startswith("Unavailable: The ledger's disk failed while it was read or written. Check the disk")
    assert len(numbers) > 1
    with ledger_in(tmp_path) as ledger:
        assert {order.id for order in ledger.orders()} >= {f"or-{number}" for number in numbers}
        assert ledger.verify() == ()
        assert ledger.confirm("anew", *block("anew")).id == "or-anew"


# -- a folder or file that may not be written to -----------------------------------------------------------------

_UNPRIVILEGED = """
import os, sys
from pathlib import Path
from storage import migrate, open_engine
if os.geteuid() == 0:  # who may write everywhere
    os.setegid(65534)
    os.seteuid(65534)
try:
    migrate(open_engine(sys.argv[1], busy_seconds=0.1))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
else:
    print("opened")
"""


@pytest.fixture
def public(tmp_path: Path) -> Iterator[Path]:
    """A data folder that everybody can reach, with a ledger in it; whoever runs the tests."""
    folder = Path(tempfile.mkdtemp())
    with ledger_in(folder):
        pass
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "said"),
    [
        (0o444, 0o555, "Permission denied"),
        (0o666, 0o555, "The ledger may be read but not written to, so nothing was written."),
    ],
)
def test_a_ledger_that_may_not_be_written_to_is_refused_at_the_start_and_left_as_it_is(
    public: Path, file_mode: int, folder_mode: int, said: str
) -> None:
    before = (public / "ledger.db").read_bytes()
    (public / "ledger.db").chmod(file_mode)
    public.chmod(folder_mode)
    answer = python(_UNPRIVILEGED, url_in(public)).communicate(timeout=60)[0]
    assert answer.startswith(f"LedgerUnusable: The ledger file {public / 'ledger.db'} cannot be opened: ")
    assert said in answer
    assert (public / "ledger.db").read_bytes() == before
    assert [file.name for file in public.iterdir()] == ["ledger.db"]


_READ_ONLY = """
import os, sys
from storage.__main__ import main
if os.geteuid() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
for command in (["verify"], ["export", "--to", "csv", "--table", "orders", "--out", sys.argv[2]]):
    print(main(["--data", sys.argv[1], *command]))
sys.stderr = sys.stdout
print(main(["--data", sys.argv[1], "restore", sys.argv[3]]))
"""


def test_a_ledger_nobody_may_write_to_is_proved_and_exported_and_not_replaced(public: Path) -> None:
    other = Path(tempfile.mkdtemp())
    other.chmod(0o777)
    shutil.copy(public / "ledger.db", other / "kept.db")
    (other / "kept.db").chmod(0o644)
    (public / "ledger.db").chmod(0o444)
    public.chmod(0o555)
    said = python(_READ_ONLY, str(public), str(other / "out"), str(other / "kept.db")).communicate(timeout=60)[0]
    shutil.rmtree(other)
    assert said.startswith("The ledger is whole.")
    assert f"\n0\n{other / 'out' / 'orders.csv'}: 0 rows\n0\n" in said
    assert said.endswith(f"was not restored: the folder {public} may not be written to.\n2\n")
    assert [file.name for file in public.iterdir()] == ["ledger.db"]


# -- a locked file -----------------------------------------------------------------------------------------------

_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2].split(";"):
    connection.execute(statement).fetchall()
print("locked", flush=True)
sys.stdin.read()
"""


class _Locked:
    """Another process that holds a lock while the test is inside."""

    def __init__(self, file: Path, statements: str) -> None:
        self._process = python(_LOCK, str(file), statements, stdin=subprocess.PIPE)

    def __enter__(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "locked\n"

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def test_a_file_another_program_has_for_itself_is_said_to_be_locked(tmp_path: Path) -> None:
    with ledger_in(tmp_path):
        pass
    alone = "PRAGMA locking_mode = EXCLUSIVE;BEGIN IMMEDIATE;UPDATE streams SET seq = seq"
    with _Locked(tmp_path / "ledger.db", alone), pytest.raises(SettingsError, match="Another program keeps the ledger"):
        open_engine(url_in(tmp_path), busy_seconds=0.1)
    with ledger_in(tmp_path) as ledger:
        assert ledger.verify() == ()


def test_a_write_that_waited_too_long_for_another_process_was_not_made(tmp_path: Path) -> None:
    with ledger_in(tmp_path):
        pass
    engine = open_engine(url_in(tmp_path), busy_seconds=0.01)
    ledger = SqlLedger(engine, BOOK, SetClock())
    ledger._unit._patience = 0.1
    with _Locked(tmp_path / "ledger.db", "BEGIN IMMEDIATE"):
        with pytest.raises(Unavailable, match="another writer did not finish in time"):
            ledger.confirm("c", *block())
        assert ledger.orders() == ()  # readers do not wait
    assert ledger.confirm("c", *block()).id == "or-A"
    engine.dispose()


# -- a damaged file ----------------------------------------------------------------------------------------------


def _scribble(file: Path, at: int, length: int = PAGE) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(b"\xa5" * length)


def _cut(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)


DAMAGES = {
    "the header": lambda file: _scribble(file, 0, 100),
    "the page size": lambda file: _scribble(file, 16, 2),
    "a page in the middle": lambda file: _scribble(file, 5 * PAGE),
    "the list of tables": lambda file: _scribble(file, 100, PAGE - 100),
    "half of it gone": _cut,
}


@pytest.fixture
def damaged(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with ledger_in(tmp_path) as ledger:
        for number in range(5):
            ledger.confirm(f"c{number}", *block(str(number)))
    DAMAGES[request.param](tmp_path / "ledger.db")
    return tmp_path


@pytest.mark.parametrize("damaged", DAMAGES, indirect=True)
def test_a_damaged_file_is_found_at_the_start_and_not_touched(damaged: Path) -> None:
    before = (damaged / "ledger.db").read_bytes()
    with pytest.raises(
        SettingsError, match=r"ledger\.db is damaged.*`python -m storage restore FILE --data /.*beside it\.$"
    ):
        require_whole(_opened(damaged))
    assert (damaged / "ledger.db").read_bytes() == before


def _opened(folder: Path) -> Engine:
    return open_engine(url_in(folder), busy_seconds=0.1)


@pytest.mark.parametrize("damaged", ["a page in the middle"], indirect=True)
def test_damage_met_while_working_is_said_to_whoever_meets_it(damaged: Path) -> None:
    engine = _opened(damaged)
    with pytest.raises(Unavailable, match=r"damaged.*restore a backup"):
        read(engine, _read_everything)
    engine.dispose()


def _read_everything(conn: Connection) -> None:
    for table in conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all():
        conn.execute(text(f"SELECT * FROM {table}")).all()


def test_the_app_does_not_start_on_a_damaged_ledger_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_settings(monkeypatch, tmp_path)
    with ledger_in(tmp_path / "data") as ledger:
        ledger.confirm("c", *block())
    DAMAGES["a page in the middle"](tmp_path / "data" / "ledger.db")
    said = r"ledger\.db.*damaged.*python -m storage restore"
    with pytest.raises(SettingsError, match=said), house_on(tmp_path / "data"):
        pass


def test_a_whole_ledger_passes_and_another_store_is_not_asked(tmp_path: Path) -> None:
    with ledger_in(tmp_path):
        pass
    engine = open_engine(url_in(tmp_path))
    migrate(engine)
    require_whole(engine)
    engine.dispose()
    assert os.listdir(tmp_path) == ["ledger.db"]
