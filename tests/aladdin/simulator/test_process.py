"""The server as a process: found or started, killed and continued, refused when it is another book's."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from aladdin.simulator.directory import CREDENTIALS_FILE, LOG_FILE, NOTICE_FILE, ORDERS_FILE
from aladdin.simulator.errors import StartFailed, WrongWorld
from aladdin.simulator.process import PROJECT, LimitStatus, Running, ensure_running
from tests.aladdin.simulator.samples import Caller, write_book


def process_of(data: Path) -> int:
    pid: int = json.loads((data / NOTICE_FILE).read_text())["pid"]
    return pid


@pytest.mark.soak
def test_many_who_want_a_server_at_once_get_the_same_one(book_dir: Path, tmp_path: Path) -> None:
    found: list[Running] = []
    threads = [threading.Thread(target=lambda: found.append(ensure_running(str(book_dir), tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(server.url, server.client_secret) for server in found}) == 1
    assert sorted(server.owned for server in found) == [False, False, False, True]
    for server in sorted(found, key=lambda server: server.owned):
        assert server.alive()
        server.stop()
        assert server.alive() is not server.owned  # a guest's stop changes nothing
    assert not (tmp_path / NOTICE_FILE).exists()


def test_secrets_are_for_the_owner_only_and_on_no_command_line(book_dir: Path, tmp_path: Path) -> None:
    first = ensure_running(str(book_dir), tmp_path)
    for name in (NOTICE_FILE, CREDENTIALS_FILE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert first.client_secret not in repr(first)
    assert first.client_secret.encode() not in Path(f"/proc/{process_of(tmp_path)}/cmdline").read_bytes()
    assert first.client_secret not in (tmp_path / LOG_FILE).read_text()
    first.stop()


def test_a_server_tells_the_limits_of_its_book_and_whether_it_has_any(book_dir: Path, tmp_path: Path) -> None:
    server = ensure_running(str(book_dir), tmp_path / "without")
    assert server.book.limits is None
    server.stop()
    folder = write_book(tmp_path / "book")
    (folder / "limits.csv").write_text("account,rule,of,limit\nALPHA,Issuer,Acme,5%\n*,frozen,,\n")
    server = ensure_running(str(folder), tmp_path / "with")
    assert server.book.limits == (LimitStatus("ALPHA", "issuer", "Acme", "5%"), LimitStatus("*", "frozen", "", ""))
    server.stop()


@pytest.mark.soak
def test_a_killed_server_is_continued_where_it_was(book_dir: Path, tmp_path: Path) -> None:
    first = ensure_running(str(book_dir), tmp_path, fill_seconds=1)
    caller = Caller(first)
    order_id = caller.placed({"ALPHA": 700_000, "BRAVO": 301_000}, externalOrderReference={"externalId1": "k"})["id"]
    before = caller.until(order_id, "Active", filled=1)
    os.kill(process_of(tmp_path), signal.SIGKILL)
    while first.alive():
        pass
    second = ensure_running(str(book_dir), tmp_path, fill_seconds=1)
    assert second.owned
    assert second.client_secret == first.client_secret
    caller = Caller(second)
    after = caller.order(order_id)
    for old, new in zip(before["orderDetails"], after["orderDetails"], strict=True):
        assert old["quantityBooked"] <= new["quantityBooked"] <= new["quantity"]
    assert caller.place({"ALPHA": 1}, externalOrderReference={"externalId1": "k"})["error"]["code"] == 6
    booked = caller.until(order_id, "Booked")
    assert [detail["quantityBooked"] for detail in booked["orderDetails"]] == [700_000, 301_000]
    second.stop()
    third = ensure_running(str(book_dir), tmp_path)
    assert Caller(third).order(order_id) == booked
    assert Caller(third).rows("ALPHA", "SOD+Trades")["ALPHA", "BOND1"]["posQuantity"] == Decimal(10_700_000)
    third.stop()


def test_a_faulty_book_is_reported_whole(tmp_path: Path) -> None:
    folder = write_book(tmp_path / "book")
    (folder / "accounts.csv").write_text(
        "account,name,currency,nav,cash,benchmark\nALPHA,Alpha,USD,many,1,\nB,,x,1,1,\n"
    )
    with pytest.raises(StartFailed, match="did not start") as failed:
        ensure_running(str(folder), tmp_path / "data")
    assert "accounts.csv, line 2, column nav" in str(failed.value)
    assert "accounts.csv, line 3, column currency" in str(failed.value)
    assert "Traceback" not in str(failed.value)
    assert not (tmp_path / "data" / ORDERS_FILE).exists()


def test_a_directory_in_use_by_another_book_is_refused(book_dir: Path, tmp_path: Path) -> None:
    server = ensure_running(str(book_dir), tmp_path / "data")
    other = write_book(tmp_path / "other", name="other")
    with pytest.raises(WrongWorld, match=r"in use by a simulator of small .*another data directory"):
        ensure_running(str(other), tmp_path / "data")
    copy = write_book(tmp_path / "copy")
    assert ensure_running(str(copy), tmp_path / "data").url == server.url  # another folder, the same book
    server.stop()
    with pytest.raises(StartFailed, match=r"holds the orders of the book csv:small:2025-09-12, not of csv:other"):
        ensure_running(str(other), tmp_path / "data")


def test_a_second_server_of_a_directory_does_not_start(
    book_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from aladdin.simulator import __main__ as program

    monkeypatch.setattr(program, "PREDECESSOR_SECONDS", 0.1)
    server = ensure_running(str(book_dir), tmp_path)
    assert program.main(["--book", str(book_dir), "--data", str(tmp_path)]) == 1
    assert "is the simulator's server in" in capsys.readouterr().err
    assert server.alive()
    server.stop()


@pytest.mark.soak
def test_a_server_ends_when_its_owner_is_gone(book_dir: Path, tmp_path: Path) -> None:
    owner = "import sys, pathlib; from aladdin.simulator.process import ensure_running;"
    owner += "ensure_running(sys.argv[1], pathlib.Path(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", owner, str(book_dir), str(tmp_path)], cwd=PROJECT, check=True, timeout=60)
    # The orphan may still be there for a moment; it must not be relied upon.
    server = ensure_running(str(book_dir), tmp_path)
    assert server.owned
    assert server.alive()
    server.stop()


def test_the_program_says_its_address_and_book_and_ends_cleanly(book_dir: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "aladdin.simulator",
        "--book",
        str(book_dir),
        "--port",
        "0",
        "--data",
        str(tmp_path),
    ]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Simulated Aladdin at http://127.0.0.1:")
        assert "small (csv:small:2025-09-12)" in line
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not (tmp_path / NOTICE_FILE).exists()
    assert not (tmp_path / f"{ORDERS_FILE}-wal").exists()  # all of it is in the file itself


@pytest.mark.soak
def test_a_port_that_is_taken_is_said(running: Running, book_dir: Path, tmp_path: Path) -> None:
    port = running.url.rpartition(":")[2]
    command = [
        sys.executable,
        "-m",
        "aladdin.simulator",
        "--book",
        str(book_dir),
        "--port",
        port,
        "--data",
        str(tmp_path),
    ]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert f"port {port} of 127.0.0.1 cannot be used" in ended.stderr
