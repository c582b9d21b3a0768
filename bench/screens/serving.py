"""The app as a process of its own over a made-up book, as `make run` starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from settings import Settings

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds until it must answer, or have stopped
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Served:
    """A running app. `listening` and `ready` are seconds from its start."""

    url: str
    pid: int
    started: float  # by the monotonic clock
    listening: float
    ready: float

    def memory(self) -> int:
        """Bytes it holds in memory now."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("the system does not say how much memory the app holds")


@contextmanager
def serve(book: Path, data: Path, users: Path) -> Iterator[Served]:
    """The app on a free port, ready; stopped in the end. Nothing of this machine's own settings counts."""
    data.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    url, log = f"http://127.0.0.1:{port}", data / "app.log"
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with log.open("ab") as out:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, env=_environment(book, data, users), stdout=out, stderr=out)  # noqa: S603
    try:
        listening = _wait(process, f"{url}/health/live", log) - started
        ready = _wait(process, f"{url}/health/ready", log) - started
        yield Served(url, process.pid, started, listening, ready)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(book: Path, data: Path, users: Path) -> Mapping[str, str]:
    names = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in names}
    given = {"BOOK_DIR": str(book), "DEMO": "false", "DATA_DIR": str(data), "LOG_LEVEL": "WARNING"}
    return kept | given | {"USERS_FILE": str(users)}


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> float:
    """When, by the monotonic clock, this address answers well."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(address, timeout=20, trust_env=False).is_success:
                return time.monotonic()
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(_POLL)
    raise RuntimeError(f"the app did not answer at {address}:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
