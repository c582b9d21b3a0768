"""The simulator as somebody starts it from a command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aladdin.simulator.directory import read_notice
from aladdin.simulator.process import PROJECT


@dataclass(frozen=True)
class Served:
    """A server that answers."""

    url: str
    client_id: str
    client_secret: str


def command(book: str, data: Path, *options: str) -> list[str]:
    """The command line of a server on any free port."""
    return [sys.executable, "-m", "aladdin.simulator", "--book", book, "--port", "0", "--data", str(data), *options]


@contextmanager
def serving(book: str, data: Path, *options: str) -> Iterator[Served]:
    """Runs a server with these options until the end of the block."""
    with subprocess.Popen(command(book, data, *options), cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        notice = read_notice(data)
        assert notice is not None, said
        try:
            yield Served(notice.url, notice.credentials.client_id, notice.credentials.client_secret)
        finally:
            process.terminate()
            assert process.wait(20) == 0
