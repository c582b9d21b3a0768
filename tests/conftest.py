"""For all tests: no example has to hurry, for a busy machine is no fault; and files are kept in memory where there is
room, since each commit of a ledger waits for its disk."""

from __future__ import annotations

import functools
import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent
MEMORY = Path("/dev/shm")
ENOUGH = 2**30  # bytes: some times what the whole suite leaves behind

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_configure() -> None:
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # pytest's own name for it


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium. Not one for all of the session: while it is driven, no other test could run a loop of asyncio."""
    from tests.browser.server import chromium  # few tests need it

    with chromium() as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that start the app take longest, and begin: whoever came to them last would be left alone with them."""
    items.sort(key=lambda item: item.path.parent not in (HERE, HERE / "browser"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Once all is imported the collector need not look at it again and again; and each AppTest does not begin cold: as
    in a server, scripts are compiled and the packages installed are looked through once."""
    gc.collect()
    gc.freeze()
    if "streamlit.testing.v1" in sys.modules:
        from streamlit.components.v2 import manifest_scanner
        from streamlit.testing.v1 import app_test

        vars(manifest_scanner)["scan_component_manifests"] = functools.cache(manifest_scanner.scan_component_manifests)
        vars(app_test)["ScriptCache"] = functools.cache(vars(app_test)["ScriptCache"])
