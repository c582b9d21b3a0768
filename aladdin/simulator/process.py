"""Finds the simulated Aladdin of a data directory, or starts it: a process of its own that several may talk to."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx
from pydantic import TypeAdapter

from aladdin.simulator.directory import LOG_FILE, Notice, hold, read_notice
from aladdin.simulator.errors import StartFailed, WrongWorld

PROJECT = Path(__file__).resolve().parents[2]
_STATUS_SECONDS = 5.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class LimitStatus:
    """A limit of the book, as its line has it: what Aladdin has no place for, and the desk keeps itself."""

    account: str
    rule: str
    of: str
    value: str


@dataclass(frozen=True, slots=True)
class BookStatus:
    """The book a server speaks for, as it says itself. `limits` is None when the book says nothing of them."""

    id: str
    kind: str
    name: str
    as_of: date
    currency: str
    groups: tuple[str, ...]
    warnings: tuple[str, ...]
    limits: tuple[LimitStatus, ...] | None = None


_STATUS = TypeAdapter(BookStatus)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answered. `owned`: it was started here and ends with this process; otherwise somebody else's."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    book: BookStatus
    owned: bool
    _notice: Notice = field(repr=False)
    _process: subprocess.Popen[bytes] | None = field(repr=False, default=None)

    def alive(self) -> bool:
        """Whether that very server still answers."""
        if self._process is not None and self._process.poll() is not None:
            return False
        return status_of(self._notice) is not None

    def stop(self) -> None:
        """Ends an owned server and waits for it; leaves another's alone."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its state is on disk after every change
            self._process.wait()


def ensure_running(book: str, data_dir: Path, *, fill_seconds: float = 20.0, start_timeout: float = 60) -> Running:
    """The server of `book` ("demo", "demo:<seed>" or a directory of CSV files) in `data_dir`: the one that runs there,
    else a new one, which fills orders within `fill_seconds` and ends with this process.

    Raises WrongWorld when another book's server runs there, StartFailed (with the server's own words, such as a faulty
    book's complete list of faults) when it does not answer within `start_timeout` seconds.
    """
    source = book if _is_demo(book) else str(Path(book).resolve())
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    with hold(data_dir, "starter", start_timeout):
        notice = read_notice(data_dir)
        status = None if notice is None else status_of(notice)
        if notice is None or status is None:
            return _start(source, data_dir, fill_seconds, start_timeout)
        if notice.source != source and _book_id(source) != status.id:
            raise WrongWorld(
                f"{data_dir} is in use by a simulator of {status.name} ({status.id}), process {notice.pid}. To work on "
                f"{book}, end that process or choose another data directory."
            )
        return _running(notice, status, None)


def _book_id(source: str) -> str:
    # Here, not above: it is slow to import and seldom needed.
    from books import BookError, open_book

    try:
        return open_book(source).id
    except BookError as error:
        raise StartFailed(str(error)) from error


def _is_demo(book: str) -> bool:
    return book.partition(":")[0] == "demo"


def _running(notice: Notice, status: BookStatus, process: subprocess.Popen[bytes] | None) -> Running:
    credentials = notice.credentials
    owned = process is not None
    return Running(notice.url, credentials.client_id, credentials.client_secret, status, owned, notice, process)


def status_of(notice: Notice) -> BookStatus | None:
    """What the server of this notice says of itself; None when it is gone, is ending, or the port is now another's."""
    try:
        answer = httpx.get(f"{notice.url}/simulator/status", timeout=_STATUS_SECONDS, trust_env=False)
        said = answer.json() if answer.is_success else {}
    except (httpx.TransportError, ValueError):
        return None
    if not isinstance(said, dict) or said.get("pid") != notice.pid:
        return None
    return _STATUS.validate_python(said["book"])


def _start(source: str, data_dir: Path, fill_seconds: float, start_timeout: float) -> Running:
    log_path = data_dir / LOG_FILE
    command = [sys.executable, "-m", "aladdin.simulator", "--book", source, "--port", "0", "--data", str(data_dir)]
    command += ["--fill-seconds", str(fill_seconds), "--parent-pid", str(os.getpid())]
    with log_path.open("ab") as log:
        said_from = log.tell()
        process = subprocess.Popen(  # noqa: S603 - our own module; no shell
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + start_timeout
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartFailed(f"The simulated Aladdin did not start. {_words(log_path, said_from)}")
        notice = read_notice(data_dir)
        status = status_of(notice) if notice is not None and notice.pid == process.pid else None
        if notice is not None and status is not None:
            return _running(notice, status, process)
        time.sleep(_POLL_SECONDS)
    process.kill()
    process.wait()
    raise StartFailed(
        f"The simulated Aladdin did not answer within {start_timeout:g} seconds. {_words(log_path, said_from)}"
    )


def _words(log_path: Path, said_from: int) -> str:
    """What the server said since it was started."""
    said = log_path.read_bytes()[said_from:].decode(errors="replace").strip()
    return said or f"It said nothing in {log_path}."
