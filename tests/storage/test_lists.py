"""The groups that users put on their lists: remembered by user, audited, and found out when changed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, text

from storage import SqlLedger
from tests.storage.samples import BOOK, SetClock


def test_each_user_has_groups_of_their_own_in_the_order_they_were_added(ledger: SqlLedger, clock: SetClock) -> None:
    for username, ticker in (("maria", "LUX"), ("maria", "EMEA"), ("paul", "LUX"), ("paul", "APAC")):
        clock.forward(1)
        ledger.add_group(username, ticker)
    assert ledger.groups_added("maria") == ("LUX", "EMEA")
    assert ledger.groups_added("paul") == ("LUX", "APAC")
    assert ledger.groups_added("nobody") == ()
    assert ledger.groups_added() == ("LUX", "EMEA", "APAC")
    assert ledger.verify() == ()


def test_adding_and_removing_again_changes_nothing_and_writes_no_entry(ledger: SqlLedger) -> None:
    ledger.remove_group("maria", "LUX")
    assert ledger.audit("lists") == ()
    ledger.add_group("maria", "LUX")
    ledger.add_group("maria", "LUX")
    assert ledger.groups_added("maria") == ("LUX",)
    ledger.remove_group("maria", "LUX")
    ledger.remove_group("maria", "LUX")
    assert ledger.groups_added("maria") == ()
    ledger.add_group("maria", "LUX")
    assert ledger.groups_added("maria") == ("LUX",)
    entries = ledger.audit("lists")
    assert [(entry.actor, entry.action, entry.subject) for entry in reversed(entries)] == [
        ("maria", "add_group", "LUX"),
        ("maria", "remove_group", "LUX"),
        ("maria", "add_group", "LUX"),
    ]
    assert json.loads(entries[0].body)["content"] == {"username": "maria", "ticker": "LUX", "listed": True}
    assert ledger.verify() == ()


def test_what_one_user_takes_off_stays_on_the_list_of_another(ledger: SqlLedger) -> None:
    ledger.add_group("maria", "LUX")
    ledger.add_group("paul", "LUX")
    ledger.remove_group("maria", "LUX")
    assert ledger.groups_added("paul") == ("LUX",)


def test_the_list_survives_a_restart(engine: Engine, ledger: SqlLedger) -> None:
    ledger.add_group("maria", "LUX")
    assert SqlLedger(engine, BOOK, SetClock()).groups_added("maria") == ("LUX",)


def test_the_same_group_added_by_eight_windows_at_once_is_one_row_and_one_entry(
    engine: Engine, ledger: SqlLedger
) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ledger.add_group("maria", "LUX"), range(8)))
    with engine.connect() as conn:
        assert conn.scalar(text("SELECT COUNT(*) FROM added_groups")) == 1
    assert len(ledger.audit("lists")) == 1


def test_a_row_that_was_put_there_or_removed_past_the_audit_log_is_named(engine: Engine, ledger: SqlLedger) -> None:
    ledger.add_group("maria", "LUX")
    with engine.begin() as conn:
        conn.execute(text("UPDATE added_groups SET ticker = 'APAC'"))
    assert ledger.verify() == (
        "The group APAC on the list of maria was put there past the audit log.",
        "The group LUX on the list of maria was added, and has been removed past the audit log.",
    )
