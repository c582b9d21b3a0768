"""A real ledger on each store: a SQLite file of its own, and an emulated Snowflake that is put back between tests to
what it held, beside the live one where an account is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from storage import SqlLedger, migrate
from tests.ledgers import open_ledger
from tests.storage.emulated import EmulatedSnowflake, Filling, T, empty, open_store, start_snowflake, stores
from tests.storage.live import LIVE, a_schema, scratch
from tests.storage.samples import BOOK, SetClock, block, change


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'data' / 'ledger.db'}"


@pytest.fixture(scope="session")
def first_snowflake() -> Iterator[EmulatedSnowflake]:
    """A server with a migrated ledger that has met the usual statements, to be copied: to start one and to migrate its
    ledger takes two seconds, to copy it a twentieth of one."""
    started = start_snowflake()
    opened = open_store(f"{started.url}#LEDGER")
    migrate(opened)
    started.keep("nothing")
    ledger = SqlLedger(opened, BOOK, SetClock())
    started.keep("a stamp")
    statement, order = block()
    ledger.confirm("c", statement, order)
    ledger.advance("s", change(order))
    assert ledger.verify() == ()
    started.put_back("a stamp")
    opened.dispose()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def snowflake(first_snowflake: EmulatedSnowflake) -> Iterator[EmulatedSnowflake]:
    """A server for each file: one whose tables were emptied hundreds of times answers wrongly now and then."""
    copied = first_snowflake.copied()
    yield copied
    copied.over()


@pytest.fixture(scope="module")
def on_snowflake(snowflake: EmulatedSnowflake) -> Iterator[Engine]:
    opened = open_store(f"{snowflake.url}#LEDGER")
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def live() -> Iterator[tuple[str, Engine]]:
    """The address of a ledger on the live account, and its engine."""
    schema = a_schema()
    with scratch(LIVE, schema) as opened:
        yield f"{LIVE}#{schema}", opened


@pytest.fixture(params=stores(snowflake_in_soak=True))
def store(request: pytest.FixtureRequest) -> str:
    """Which store the test runs on. What all else stands on runs on both in the short tier: those files say so."""
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
    if store == "sqlite":
        opened = open_ledger(address)
        yield opened
        opened.dispose()
    elif store == "live":
        live: Engine = request.getfixturevalue("live")[1]
        empty(live)
        yield live
    else:
        emulated: Engine = request.getfixturevalue("on_snowflake")
        request.getfixturevalue("snowflake").put_back("nothing")
        yield emulated


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def ledger(store: str, engine: Engine, clock: SetClock, request: pytest.FixtureRequest) -> SqlLedger:
    if store == "snowflake":
        request.getfixturevalue("snowflake").put_back("a stamp")
    return SqlLedger(engine, BOOK, clock)


@pytest.fixture(scope="session")
def fillings() -> dict[str, Any]:
    """What each way of filling a ledger on the emulated Snowflake returned."""
    return {}


@pytest.fixture
def filled(store: str, ledger: SqlLedger, fillings: dict[str, Any], request: pytest.FixtureRequest) -> Filling:
    """On the emulated Snowflake, where to fill a ledger takes a second, each way is gone once: after that, what the
    ledger then held is put back."""

    def fill(way: Callable[[SqlLedger], T]) -> T:
        if store != "snowflake":
            return way(ledger)
        snowflake: EmulatedSnowflake = request.getfixturevalue("snowflake")
        name = f"{way.__module__}.{way.__qualname__}"
        if name in fillings:
            snowflake.put_back(name)
        else:
            fillings[name] = way(ledger)
            snowflake.keep(name)
        result: T = fillings[name]
        return result

    return fill
