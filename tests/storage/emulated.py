"""The emulated Snowflake as tests use it: a server process of its own, and ledgers on it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import Engine, delete, insert, text

from storage import SqlLedger, open_engine
from storage.audit import GENESIS, REGISTRY
from storage.migrations import newest_revision
from storage.schema import metadata, streams
from storage.snowflake import open_snowflake
from storage.snowflake_config import SnowflakeConfig
from tests.storage.live import LIVE, config_of

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"
T = TypeVar("T")
_LEDGER = "EVENLOT.LEDGER"
_TABLES = ("alembic_version", *sorted(metadata.tables))


def _kept(name: str) -> str:
    return f'EVENLOT."kept: {name}"'


class Filling(Protocol):
    """Fills the test's ledger in some way, and returns what that way returns."""

    def __call__(self, way: Callable[[SqlLedger], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class EmulatedSnowflake:
    """A running server."""

    process: subprocess.Popen[str]
    url: str

    def config(self, **changes: Any) -> SnowflakeConfig:
        """What reaches it, signed in by password."""
        return config_at(self.url, **changes)

    def as_url(self) -> str:
        """The same in the form that names a live account to the tests."""
        usual = self.config()
        user, account = f"{usual.user}:{quote(usual.password)}", usual.account
        asked = {"warehouse": usual.warehouse, "role": usual.role, "host": self.url}
        return f"snowflake://{user}@{account}/{usual.database}?{urlencode(asked)}"

    def meet(self, *faults: str, at: str = "statement") -> None:
        """Let the next requests of a kind ("statement" or "sign-in") be refused with these, each a Snowflake error
        number and a message."""
        self._tell(faults={at: faults})

    def trust(self, public_key: str) -> None:
        """Set the public key (PEM) on the user."""
        self._tell(public_keys=[public_key])

    def requests(self) -> int:
        """How many statements were sent to it in all."""
        with urlopen(f"{self.url}/healthcheck") as answer:
            counted: dict[str, int] = json.load(answer)["requests"]
        return counted.get("/queries/v1/query-request", 0)

    def copied(self) -> EmulatedSnowflake:
        """Another server, which begins with all that this one has; this one answers no more."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return _next_of(self.process)

    def over(self) -> None:
        """End a copy."""
        self._tell(over=True)

    def stop(self) -> None:
        """End the process and all its copies."""
        self.process.communicate(timeout=10)

    def keep(self, name: str) -> None:
        """Remember what the ledger holds by a name."""
        copies = (f"CREATE OR REPLACE TABLE {_kept(name)}.{table} AS FROM {_LEDGER}.{table}" for table in _TABLES)
        self._tell(at_once=[f"CREATE SCHEMA IF NOT EXISTS {_kept(name)}", *copies])

    def put_back(self, name: str) -> None:
        """Leave the ledger with what it held then."""
        rows = (
            (f"DELETE FROM {_LEDGER}.{table}", f"INSERT INTO {_LEDGER}.{table} FROM {_kept(name)}.{table}")
            for table in _TABLES
        )
        self._tell(at_once=[statement for both in rows for statement in both])

    def _tell(self, **what: Any) -> None:
        request = Request(f"{self.url}/control", json.dumps(what).encode(), {"Content-Type": "application/json"})
        urlopen(request).close()


def start_snowflake() -> EmulatedSnowflake:
    """A server on a free port; it ends when `stop` is called, or this process is gone."""
    command = [sys.executable, "-m", "tests.storage.snowflake_server"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return _next_of(process)


def _next_of(process: subprocess.Popen[str]) -> EmulatedSnowflake:
    """The server that says its port next."""
    assert process.stdout is not None
    return EmulatedSnowflake(process, f"http://127.0.0.1:{int(process.stdout.readline())}")


def config_at(url: str, **changes: Any) -> SnowflakeConfig:
    """The settings of an application that uses the server at `url`."""
    usual: dict[str, Any] = {
        "account": "evenlot-test",
        "user": "evenlot_app",
        "password": PASSWORD,
        "role": "EVENLOT_ROLE",
        "warehouse": "EVENLOT_WH",
        "database": "EVENLOT",
        "schema": "LEDGER",
        "host": url,
    }
    return SnowflakeConfig(**(usual | changes))


def open_store(address: str) -> Engine:
    """The engine of a ledger by the one word that names it to another process: a SQLite URL, or the URL of a live
    Snowflake or an emulated one with the schema behind a #."""
    if address.startswith("sqlite:"):
        return open_engine(address)
    url, _, schema = address.partition("#")
    return open_snowflake(config_of(url, schema) if url.startswith("snowflake:") else config_at(url, schema=schema))


def some_on_snowflake(examples: int) -> list[Any]:
    """A `store` and how many examples to try on it: on the emulated Snowflake, which is slow, a few, and all of them in
    the long tier, on the live one where an account is named."""
    every = pytest.param("live" if LIVE else "snowflake", examples, marks=pytest.mark.soak)
    return [("sqlite", examples), ("snowflake", examples // 4), every]


def stores(*, snowflake_in_soak: bool = False) -> list[Any]:
    """The stores a test runs on. The emulated Snowflake is slow: in the short tier it runs commands, steps and locks,
    and all the rest, races among it, in the long one."""
    emulated = pytest.param("snowflake", marks=pytest.mark.soak) if snowflake_in_soak else "snowflake"
    return ["sqlite", emulated, *(["live"] if LIVE else [])]


def empty(engine: Engine) -> None:
    """Leave a migrated ledger as its migrations left it."""
    with engine.begin() as conn:
        for table in reversed(metadata.sorted_tables):
            conn.execute(delete(table))
        conn.execute(insert(streams).values(stream=REGISTRY, seq=0, sha256=GENESIS))
        conn.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest_revision()})
