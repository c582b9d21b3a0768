"""A small book, one server of it for the whole run, and callers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aladdin.simulator.process import Running, ensure_running
from books import Book, read_book
from tests.aladdin.simulator.samples import Caller, Ruler, write_book

FILL_SECONDS = 0.2


@pytest.fixture(scope="session")
def book_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_book(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="session")
def book(book_dir: Path) -> Book:
    return read_book(book_dir)


@pytest.fixture(scope="session")
def world_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="session")
def running(book_dir: Path, world_dir: Path) -> Iterator[Running]:
    server = ensure_running(str(book_dir), world_dir, fill_seconds=FILL_SECONDS)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def caller(running: Running) -> Caller:
    return Caller(running)


@pytest.fixture
def trouble(running: Running) -> Iterator[Ruler]:
    """Rules what goes wrong at the server; nothing does afterwards."""
    ruler = Ruler(running)
    yield ruler
    ruler.clear()
