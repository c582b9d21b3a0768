"""The simulator in a process of its own, as BlackRock's SDK meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aladdin.simulator.directory import CREDENTIALS_FILE
from tests.aladdin.simulator.program import Served, serving
from tests.aladdin.simulator.samples import write_book

CREDENTIALS = {
    "client_id": "conformance",
    "client_secret": "a secret of the tests",
    "api_key": "a key of the tests",
    "username": "somebody",
    "password": "a password of the tests",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with nested groups, the published quotas, and every way to sign in."""
    data = tmp_path_factory.mktemp("conformance")
    (data / CREDENTIALS_FILE).write_text(json.dumps(CREDENTIALS))
    book: Path = write_book(tmp_path_factory.mktemp("book"))
    with serving(str(book), data, "--nest-groups", "--quota", "published", "--fill-seconds", "0.5") as server:
        yield server
