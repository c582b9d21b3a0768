"""A real ledger on each store: a SQLite file of its own, and an emulated Snowflake that is emptied between tests,
beside the live one where an account is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage import SqlLedger, migrate, open_engine
from tests.storage.emulated import EmulatedSnowflake, empty, open_store, start_snowflake
from tests.storage.live import LIVE, a_schema, scratch
from tests.storage.samples import BOOK, SetClock


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'data' / 'ledger.db'}"


@pytest.fixture(scope="session")
def snowflake() -> Iterator[EmulatedSnowflake]:
    started = start_snowflake()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def on_snowflake(snowflake: EmulatedSnowflake) -> Iterator[Engine]:
    opened = open_store(f"{snowflake.url}#LEDGER")
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def live() -> Iterator[tuple[str, Engine]]:
    """The address of a ledger on the live account, and its engine."""
    schema = a_schema()
    with scratch(LIVE, schema) as opened:
        yield f"{LIVE}#{schema}", opened


@pytest.fixture(params=["sqlite", "snowflake", *(["live"] if LIVE else [])])
def store(request: pytest.FixtureRequest) -> str:
    """Which store the test runs on."""
    return str(request.param)


@pytest.fixture
def address(store: str, request: pytest.FixtureRequest) -> str:
    """The store's ledger by the word that `open_store` takes."""
    if store == "sqlite":
        return str(request.getfixturevalue("url"))
    if store == "live":
        return str(request.getfixturevalue("live")[0])
    return f"{request.getfixturevalue('snowflake').url}#LEDGER"


@pytest.fixture
def engine(store: str, address: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A migrated ledger without any entry."""
    if store != "sqlite":
        live = store == "live"
        emptied: Engine = request.getfixturevalue("live")[1] if live else request.getfixturevalue("on_snowflake")
        empty(emptied)
        yield emptied
        return
    opened = open_engine(address)
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def ledger(engine: Engine, clock: SetClock) -> SqlLedger:
    return SqlLedger(engine, BOOK, clock)
