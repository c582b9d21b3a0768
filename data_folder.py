"""The data folder of an app: tried before anything else works in it, and the key of its own that signs cookies."""

from __future__ import annotations

import os
import secrets
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

from orders.errors import SettingsError


def require_writable(data: Path) -> None:
    """Make the data folder where it is missing, and try to write to it before anything else does."""
    what = "made"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        what = "written to"
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise SettingsError(
            f"The data folder {data} cannot be {what}: {error.strerror}. Name another with DATA_DIR, or let the app's "
            "user write there."
        ) from error


def cookie_key_in(data: Path) -> str:
    """The key kept in the folder, made at the first call for its owner only."""
    path = data / "cookie.key"
    if not path.exists():
        draft = path.with_suffix(f".{uuid.uuid4().hex}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # of two processes that start at once, the first one's key stands
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()
