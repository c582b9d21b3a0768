"""For all tests: no example has to hurry, for a busy machine is no fault; and files are kept in memory where there is
room, since each commit of a ledger waits for its disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hypothesis import settings

MEMORY = Path("/dev/shm")
ENOUGH = 2**30  # bytes: some times what the whole suite leaves behind

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_configure() -> None:
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # pytest's own name for it
