"""The app as a process of its own on a free port, and a real Chromium to visit it with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from playwright.sync_api import Browser, sync_playwright

from settings import Settings

ROOT = Path(__file__).parents[2]
START_SECONDS = 90  # for a busy machine; a quiet one needs three
STOP_SECONDS = 30
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def own_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without any setting of whoever runs the tests, then `env`. The demo is asked for by
    name, so that a `.env` file on the machine never sends a test to a real Aladdin."""
    names = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in names}
    return kept | {"DEMO": "true"} | dict(env or {})


class AppServer:
    """`streamlit run app.py` over a data directory. Stopped and started again it has the same address and data."""

    def __init__(self, data_dir: Path, env: Mapping[str, str] | None = None, address: str = "127.0.0.1") -> None:
        """`env` holds settings on top of DEMO=true and DATA_DIR; to run a CSV book set DEMO to "false" as well."""
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.log_path = data_dir / "app.log"
        self.port = free_port()
        self._address = address
        self.url = f"http://127.0.0.1:{self.port}"
        self._env = own_environment({"DATA_DIR": str(data_dir)} | dict(env or {}))
        self._process: subprocess.Popen[bytes] | None = None

    def settle(self, env: Mapping[str, str]) -> None:
        """More settings, which it starts with."""
        self._env |= env

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self, until: str = "/health/ready") -> None:
        """Start and wait until this path answers 200; AssertionError with the log when it does not, and the process
        is then gone."""
        assert self._process is None, "the server runs already"
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        command += ["--server.port", str(self.port), "--server.address", self._address]
        command += ["--server.headless", "true", "--server.fileWatcherType", "none"]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended with {self._process.returncode}:\n{self.log_path.read_text()}")
            if self._answers(until):
                return
            time.sleep(0.1)
        self.stop()
        raise AssertionError(f"{until} did not answer in {START_SECONDS} s:\n{self.log_path.read_text()}")

    def get(self, path: str) -> httpx.Response:
        """What a path of the server answers."""
        return httpx.get(f"{self.url}{path}", timeout=20, trust_env=False)

    def _answers(self, path: str) -> bool:
        try:
            return self.get(path).is_success
        except httpx.TransportError:
            return False  # not listening yet

    def stop(self) -> int:
        """SIGTERM, and the exit code; AssertionError when the process has to be killed."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.terminate()
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"SIGTERM did not end the server:\n{self.log_path.read_text()}") from None

    def restart(self) -> None:
        """Stop and start again over the same data."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, named by CHROMIUM or found on the path."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "no Chromium: install the package chromium, or name its executable in CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
