"""Whoever changes the past is found out."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from allocation.limits import Limit, Rule
from orders.canonical import canonical, digest
from orders.model import OrderState
from orders.people import Entry, Role, User
from storage import SqlLedger, SqlPeople
from storage.backup import opened
from storage.schema import metadata
from storage.verification import verify
from tests.storage.emulated import Filling
from tests.storage.on_disk import change_by_hand, ledger_in
from tests.storage.samples import BOOK, NOON, SetClock, block, change
from tests.storage.test_tampering import UNCHAINED


def _three_entries_in_each_of_two_groups(ledger: SqlLedger) -> None:
    for group in ("CORE", "PLUS"):
        for name in "ABC":
            ledger.confirm(f"{group}{name}", *block(f"{group}{name}", group=group))
    assert ledger.verify() == ()


@pytest.fixture
def kept(filled: Filling, ledger: SqlLedger) -> SqlLedger:
    filled(_three_entries_in_each_of_two_groups)
    return ledger


def _tamper(engine: Engine, *statements: str) -> None:
    with engine.begin() as conn:
        if conn.dialect.name == "sqlite":
            conn.execute(text("PRAGMA defer_foreign_keys = ON"))
        for statement in statements:
            conn.execute(text(statement))


@pytest.mark.parametrize("column", ["written_at", "actor", "action", "subject", "body", "previous", "sha256"])
def test_an_edited_entry_is_named(engine: Engine, kept: SqlLedger, column: str) -> None:
    value = "2025-01-01 00:00:00.000000" if column == "written_at" else "x"
    _tamper(engine, f"UPDATE audit_log SET {column} = '{value}' WHERE stream = 'group:CORE' AND seq = 2")
    assert "Entry 2 of group:CORE was edited: its hash is not that of its content." in kept.verify()


def test_a_removed_entry_leaves_a_gap(engine: Engine, kept: SqlLedger) -> None:
    _tamper(engine, "DELETE FROM audit_log WHERE stream = 'group:CORE' AND seq = 2")
    assert "Entry 3 of group:CORE is preceded by a gap: 2 removed." in kept.verify()


def test_a_cut_tail_is_missed_by_the_head(engine: Engine, kept: SqlLedger) -> None:
    _tamper(engine, "DELETE FROM audit_log WHERE stream = 'group:CORE' AND seq = 3")
    assert "The tail of group:CORE was cut off: it has 3 entries, and the last one here is 2." in kept.verify()


def test_a_cut_tail_with_its_head_moved_back_is_missed_by_the_registry(engine: Engine, kept: SqlLedger) -> None:
    _tamper(
        engine,
        "DELETE FROM audit_log WHERE stream = 'group:CORE' AND seq = 3",
        "UPDATE streams SET seq = 2, sha256 = (SELECT sha256 FROM audit_log WHERE stream = 'group:CORE' AND seq = 2) "
        "WHERE stream = 'group:CORE'",
    )
    assert "Entry 3 of group:CORE is in the registry and was removed." in kept.verify()


def test_a_vanished_stream_is_missed_by_the_registry(engine: Engine, kept: SqlLedger) -> None:
    _tamper(
        engine, "DELETE FROM audit_log WHERE stream = 'group:CORE'", "DELETE FROM streams WHERE stream = 'group:CORE'"
    )
    faults = kept.verify()
    assert "The stream group:CORE has vanished: the registry knows 3 of its entries, none is here." in faults


def test_a_removed_head_is_named(engine: Engine, kept: SqlLedger) -> None:
    _tamper(engine, "DELETE FROM streams WHERE stream = 'group:CORE'")
    assert kept.verify() == ("The head of group:CORE was removed.",)


def test_an_edit_with_its_own_hash_made_to_fit_is_given_away_by_head_and_registry(
    engine: Engine, kept: SqlLedger
) -> None:
    entry = kept.audit("group:CORE")[0]
    body = entry.body.replace("maria", "paul")
    fields = {name: getattr(entry, name) for name in entry.__slots__ if name != "sha256"} | {"body": body}
    forged = digest(canonical(fields))
    with engine.begin() as conn:
        conn.execute(
            text("UPDATE audit_log SET body = :body, sha256 = :sha WHERE stream = 'group:CORE' AND seq = 3"),
            {"body": body, "sha": forged},
        )
    assert kept.verify()[:2] == (
        "The head of group:CORE (entry 3) is not its last entry (3): one of the two was rewritten.",
        "Entry 3 of group:CORE is not the one the registry recorded: it was rewritten.",
    )
    assert "Order or-COREC: its row was edited: created_by is maria, and the audit log says paul." in kept.verify()


def test_a_replaced_middle_entry_breaks_the_link_to_the_next(engine: Engine, kept: SqlLedger) -> None:
    entry = kept.audit("group:CORE")[1]
    forged = digest(
        canonical({name: getattr(entry, name) for name in entry.__slots__ if name != "sha256"} | {"actor": "x"})
    )
    _tamper(engine, f"UPDATE audit_log SET actor = 'x', sha256 = '{forged}' WHERE stream = 'group:CORE' AND seq = 2")
    assert (
        "Entry 3 of group:CORE does not follow from the entry before it: one of the two was replaced." in kept.verify()
    )


def test_a_cut_registry_is_named(engine: Engine, kept: SqlLedger) -> None:
    _tamper(
        engine,
        "DELETE FROM audit_log WHERE stream = 'registry' AND seq = 7",
        "UPDATE streams SET seq = 6, sha256 = (SELECT sha256 FROM audit_log WHERE stream = 'registry' AND seq = 6) "
        "WHERE stream = 'registry'",
    )
    assert kept.verify() == ("Entry 3 of group:PLUS is not in the registry: it was added, or the registry was cut.",)


def test_an_edited_statement_is_named_even_with_its_hash_made_to_fit(engine: Engine, kept: SqlLedger) -> None:
    _tamper(engine, "UPDATE statements SET body = '{}' WHERE id = 'st-COREA'")
    unvouched = (
        "Order or-COREA: a statement it was made with was edited (see above), so nothing vouches for its figures."
    )
    edited = "The statement st-COREA of order or-COREA was edited: its hash is not that of its text."
    assert kept.verify() == (edited, unvouched)
    _tamper(engine, f"UPDATE statements SET sha256 = '{digest('{}')}' WHERE id = 'st-COREA'")
    rewritten, *rest = kept.verify()
    assert f"or-COREA is not the one that was confirmed: sha256 is {digest('{}')}, and was " in rewritten
    assert rest == [unvouched]


def test_a_removed_or_added_statement_is_named(engine: Engine, kept: SqlLedger) -> None:
    _tamper(
        engine,
        "INSERT INTO statements SELECT 'st-new', order_id, 2, created_at, created_by, body, sha256 FROM statements "
        "WHERE id = 'st-COREA'",
        "UPDATE orders SET statement_id = 'st-new' WHERE id = 'or-COREA'",
        "UPDATE statement_figures SET statement_id = 'st-new' WHERE statement_id = 'st-COREA'",
        "DELETE FROM statements WHERE id = 'st-COREA'",
    )
    faults = kept.verify()
    assert "The statement st-new of order or-COREA has no confirmation in the audit log." in faults
    assert "The statement st-COREA was confirmed and has been removed." in faults
    assert "Order or-COREA: its row was edited: statement_id is st-new, and the audit log says st-COREA." in faults


_BACK_DATED = "SET created_at = '2020-01-01 00:00:00.000000'"


@pytest.mark.parametrize(
    ("tampered", "named"),
    [
        ((f"UPDATE statements {_BACK_DATED}", f"UPDATE statement_figures {_BACK_DATED}"), "created_at is 01 Jan 2020"),
        (("UPDATE statements SET created_by = 'eve'", "UPDATE statement_figures SET created_by = 'eve'"), "was maria"),
        (
            tuple(f"UPDATE {name} SET version = 9" for name in ("statements", "statement_figures", "statement_lines")),
            "version is 9, and was 1",
        ),
        (
            (
                "UPDATE statements SET order_id = 'or-COREB' WHERE id = 'st-COREA'",
                "UPDATE statement_lines SET wish = 1, reason = 'forged' WHERE order_id = 'or-COREA'",
                "UPDATE statement_figures SET improvement = 0.99 WHERE order_id = 'or-COREA'",
            ),
            "order_id is or-COREB, and was or-COREA",
        ),
        (
            (
                "UPDATE statements SET order_id = 'or-COREB' WHERE id = 'st-COREA'",
                "UPDATE statements SET order_id = 'or-COREA' WHERE id = 'st-COREB'",
                "DELETE FROM statement_lines WHERE order_id = 'or-COREA'",
            ),
            "or-COREA: a statement it was made with is not here",
        ),
    ],
)
def test_edits_that_agree_across_tables_are_named_all_the_same(
    engine: Engine, kept: SqlLedger, tampered: tuple[str, ...], named: str
) -> None:
    _tamper(engine, *tampered)
    assert any(named in fault for fault in kept.verify())


def test_a_command_carried_out_twice_is_named(engine: Engine, kept: SqlLedger) -> None:
    rows = (Limit("*", Rule.CASH_RESERVE, "", "1%"),)
    kept.set_limits("l", rows, 0, "connie", NOON, "why")
    _tamper(engine, "DELETE FROM commands WHERE command_id = 'l'")
    kept.set_limits("l", rows, 1, "connie", NOON, "why")
    assert kept.verify() == ("The command l was carried out twice, at last by entry 2 of limits.",)


def _a_row_in_each_table(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block("A"))
    ledger.advance("f", change(order, OrderState.ACTIVE, "fill", filled=Decimal(1), booked={"P1": Decimal(1)}))
    ledger.set_limits("l", (Limit("*", Rule.CASH_RESERVE, "", "1%"),), 0, "connie", NOON, "why")
    ledger.add_group("pat", "WIDE")
    somebody = Entry(User("ada", "Ada", frozenset({Role.ADMINISTRATOR}), frozenset()), "hash")
    SqlPeople(ledger._engine, SetClock()).write([somebody], "operator", "add_user")
    assert ledger.verify() == ()


@pytest.mark.parametrize("store", ["snowflake"], indirect=True)
@pytest.mark.parametrize("table", sorted(metadata.tables.keys() - UNCHAINED.keys()))
def test_a_row_that_is_there_twice_is_named(engine: Engine, filled: Filling, ledger: SqlLedger, table: str) -> None:
    """Snowflake keeps no keys, and a doubled row would double every sum over it."""
    filled(_a_row_in_each_table)
    _tamper(engine, f"INSERT INTO {table} SELECT * FROM {table}")
    assert ledger.verify() != ()


@pytest.mark.parametrize(
    ("spoiled", "named"),
    [
        (
            "UPDATE statements SET body = CAST(body AS BLOB) WHERE id = 'st-COREA'",
            "st-COREA of order or-COREA was edited",
        ),
        ("UPDATE commands SET result = CAST(result AS BLOB) WHERE command_id = 'COREA'", "The command COREA is not"),
        (
            "UPDATE audit_log SET body = CAST(body AS BLOB) WHERE stream = 'group:CORE'",
            "Entry 1 of group:CORE was edited",
        ),
        ("UPDATE orders SET remark = CAST(x'ff41' AS TEXT)", "the rest of the orders was not looked at"),
        ("UPDATE orders SET settlement = 'x'", "the rest of the orders was not looked at"),
    ],
)
def test_what_cannot_be_read_is_a_fault_and_hides_no_other(tmp_path: Path, spoiled: str, named: str) -> None:
    with ledger_in(tmp_path) as ledger:
        for name in "AB":
            ledger.confirm(f"CORE{name}", *block(f"CORE{name}"))
    change_by_hand(tmp_path / "ledger.db", spoiled, "UPDATE stamp SET book_id = 'demo:8'")
    with opened(tmp_path / "ledger.db") as conn:
        faults = verify(conn)
    assert any(named in fault for fault in faults)
    assert any("stamped with demo:8" in fault for fault in faults)


def test_another_stamp_is_named(engine: Engine, kept: SqlLedger) -> None:
    _tamper(engine, "UPDATE stamp SET book_id = 'demo:8'")
    assert kept.verify() == ("The ledger is stamped with demo:8, and the audit log says demo:7.",)


def test_the_log_says_who_did_what_and_with_which_figures(kept: SqlLedger) -> None:
    _, order = block("COREA")
    kept.advance("f", change(order, OrderState.ACTIVE, "fill", filled=Decimal("10.5"), booked={"P1": Decimal("10.5")}))
    entry = kept.audit("group:CORE", limit=1)[0]
    assert (entry.seq, entry.actor, entry.action, entry.subject) == (4, "worker", "fill", "or-COREA")
    body = json.loads(entry.body)
    assert body["command"] == "f"
    assert body["content"]["change"]["booked"] == {"P1": "10.5"}
    assert kept.verify() == ()


def test_the_whole_log_leaves_the_registry_out_unless_named(kept: SqlLedger) -> None:
    assert len(kept.audit()) == 6
    assert [entry.seq for entry in kept.audit("registry")] == [7, 6, 5, 4, 3, 2, 1]
    assert kept.audit("registry")[-1].action == "stamp"
    assert BOOK in kept.audit("registry")[-1].body
    assert kept.audit("group:NONE") == ()
