"""A ledger opens as soon as its store answers, for the right book and at this version's tables."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from orders.errors import SettingsError, Unavailable
from storage import SqlLedger
from storage.migrations import newest_revision
from storage.snowflake import open_snowflake
from tests.storage.emulated import EmulatedSnowflake, empty, open_store
from tests.storage.samples import BOOK, SetClock, block, change


def test_a_ledger_out_of_reach_opens_when_its_store_is_back_and_nobody_uses_it_before(
    snowflake: EmulatedSnowflake, on_snowflake: Engine
) -> None:
    engine = open_snowflake(snowflake.config(), rest_seconds=0)
    away = "250001 Could not connect to Snowflake backend."
    snowflake.meet(away, away, at="sign-in")
    met: list[int] = []
    ledger = SqlLedger(engine, BOOK, SetClock(), lambda opened: met.append(opened.confirmed()))
    assert met == []
    with pytest.raises(Unavailable, match="does not answer, so the ledger can be neither read nor written") as told:
        ledger.confirm("c", *block())
    assert told.value.sent is False
    empty(engine)
    assert ledger.confirm("c", *block()).id == "or-A"
    ledger.orders()
    assert met == [0], "once, before the first use"
    engine.dispose()


def test_what_fails_upon_opening_fails_the_use_and_is_tried_again(engine: Engine) -> None:
    tries: list[int] = []

    def bring(ledger: SqlLedger) -> None:
        tries.append(len(ledger.orders()))
        if len(tries) < 3:
            raise Unavailable("not now")

    ledger = SqlLedger(engine, BOOK, SetClock(), bring)
    with pytest.raises(Unavailable, match="not now"):
        ledger.orders()
    assert ledger.orders() == ledger.orders() == ()
    assert tries == [0, 0, 0]


def test_tables_of_another_version_are_refused_on_snowflake_too(snowflake: EmulatedSnowflake) -> None:
    engine = open_store(f"{snowflake.url}#BARE")
    with pytest.raises(SettingsError, match=r"of revision none, .* Run `python -m storage migrate`"):
        SqlLedger(engine, BOOK, SetClock())
    with engine.begin() as conn:
        conn.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        conn.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
    with pytest.raises(SettingsError, match=r"of revision 9999, .* newer version of Evenlot, run that one"):
        SqlLedger(engine, BOOK, SetClock())
    with engine.begin() as conn:
        conn.execute(text("DROP TABLE alembic_version"))
    engine.dispose()


def test_a_ledger_migrated_under_an_open_program_refuses_its_writes(engine: Engine, ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="brought to revision 9999 while this program"):
        ledger.advance("s", change(order))
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest_revision()})
    assert ledger.order(order.id) == order
