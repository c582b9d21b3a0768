"""The data directory of a simulated world: its credentials, the notice of the server that runs there, and its locks."""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from aladdin.simulator.errors import StartFailed

T = TypeVar("T")

ORDERS_FILE = "simulator.sqlite"
LOG_FILE = "simulator.log"
NOTICE_FILE = "simulator.json"
CREDENTIALS_FILE = "simulator.credentials"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client must know. The id and the secret sign in by OAuth2, and rule the fault plan. The rest is in force
    where somebody wrote it into the file: an API key that every call must then carry, a key that signs in by itself
    (`X-API-Key`), a user and password for Basic."""

    client_id: str
    client_secret: str = field(repr=False)
    api_key: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)

    def are_basic(self, authorization: str, user: str, password: str) -> bool:
        """Whether an Authorization header is Basic with this user and password."""
        scheme, _, given = authorization.partition(" ")
        expected = b64encode(f"{user}:{password}".encode())
        return scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), expected)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a running server leaves for those who look for it. `source` is the book as it was asked for."""

    url: str
    pid: int
    credentials: Credentials
    source: str
    book_id: str

    def post(self, directory: Path) -> None:
        """Writes the notice, readable by its owner only, whole or not at all."""
        _write_private(directory / NOTICE_FILE, _NOTICE.dump_json(self))

    def withdraw(self, directory: Path) -> None:
        """Removes the notice, unless another server has put its own there."""
        if read_notice(directory) == self:
            (directory / NOTICE_FILE).unlink()


_NOTICE, _CREDENTIALS = TypeAdapter(Notice), TypeAdapter(Credentials)  # making one takes longer than using it


def read_notice(directory: Path) -> Notice | None:
    """The notice in this directory, of a server that may have died since; None when there is none."""
    return _read(directory / NOTICE_FILE, _NOTICE)


def read_credentials(directory: Path) -> Credentials:
    """The directory's client id and secret, made at the first call and kept for its owner only. Raises StartFailed
    when the file is damaged or has a user without a password."""
    path = directory / CREDENTIALS_FILE
    credentials = _read(path, _CREDENTIALS)
    if credentials is None:
        credentials = Credentials(f"evenlot-{secrets.token_hex(4)}", secrets.token_urlsafe(32))
        _write_private(path, _CREDENTIALS.dump_json(credentials))
    if bool(credentials.username) != bool(credentials.password):
        raise StartFailed(f"{path} has half of a Basic sign-in: give both username and password, or neither.")
    return credentials


def _read(path: Path, shape: TypeAdapter[T]) -> T | None:
    try:
        return shape.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise StartFailed(f"{path} is damaged. Remove it and start again.") from error


def _write_private(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def hold(directory: Path, role: str, patience: float) -> Iterator[None]:
    """Holds one of the directory's two roles: "server" (one may run) or "starter" (one may start it). The kernel lets
    go of it however the process ends. Raises StartFailed when it is not free within `patience` seconds."""
    path = directory / f"simulator.{role}.lock"
    with path.open("w") as lock:
        deadline = time.monotonic() + patience
        while not _try_lock(lock.fileno()):
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"Another process is the simulator's {role} in {directory} and has not ended within {patience:g} "
                    f"seconds. Use that one, end it, or choose another data directory."
                )
            time.sleep(0.02)
        yield


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
