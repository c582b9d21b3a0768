"""The application gets what it uses on Snowflake, and nothing more."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from sqlalchemy import Engine, event

from allocation.limits import Limit, Rule
from orders.model import BatchRun, Entry, OrderState, User
from orders.profit import DayMark
from storage import SqlActivity, SqlLedger, SqlMarks, SqlPeople, SqlSignIns
from storage.engine import READER
from storage.grants import grants, privileges
from storage.schema import audit_log, metadata
from tests.storage.emulated import EmulatedSnowflake
from tests.storage.samples import NOON, SetClock, block, change

_TARGETS = re.compile(r"\b(?:(INTO)|(UPDATE)|(DELETE FROM)|(?:FROM|JOIN)) (\w+)")


@contextmanager
def _used(engine: Engine) -> Iterator[defaultdict[str, set[str]]]:
    """What was done to each table meanwhile."""
    done: defaultdict[str, set[str]] = defaultdict(set)

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        for into, update, delete, table in _TARGETS.findall(statement):
            done[table].add("INSERT" if into else "UPDATE" if update else "DELETE" if delete else "SELECT")

    both = {engine, engine.get_execution_options().get(READER, engine)}
    for listened in both:
        event.listen(listened, "before_cursor_execute", note)
    yield done
    for listened in both:
        event.remove(listened, "before_cursor_execute", note)


def test_the_audit_log_can_be_added_to_and_read_and_nothing_else() -> None:
    assert privileges(audit_log) == ("INSERT", "SELECT")


def test_whatever_the_application_does_to_a_table_it_is_granted(engine: Engine, clock: SetClock) -> None:
    with _used(engine) as used:
        ledger, sign_ins = SqlLedger(engine, "demo:7", clock), SqlSignIns(engine, clock)
        lease = ledger.acquire("worker", "me", 30)
        assert lease is not None
        assert ledger.acquire("worker", "me", 30) is not None
        order = ledger.confirm("c", *block(), after=0, limits=0)
        ledger.set_limits("l", [Limit("*", Rule.CASH_RESERVE, "", "1%")], 0, "connie", NOON, "why")
        sent = ledger.advance("s", change(order, closes_intent="or-A:send"), fence=lease.fence)
        booked = {"P1": Decimal(1), "P9": Decimal(2)}
        ledger.advance("f", change(sent, OrderState.ACTIVE, "fill", booked=booked), fence=lease.fence)
        ledger.add_group("maria", "WIDE")
        ledger.remove_group("maria", "WIDE")
        for _ in range(2):
            ledger.save_draft("maria", "d", "{}", NOON)
        ledger.remove_draft("maria", "d")
        for tried in range(2):
            ledger.note_batch(BatchRun("maria", "noon", "noon", 2, tried, NOON))
        assert ledger.batch("maria", "noon") == BatchRun("maria", "noon", "noon", 2, 1, NOON)
        ledger.release(lease)
        assert ledger.verify() == ()
        sign_ins.record_failure("maria", "10.0.0.1")
        sign_ins.clear("maria", "10.0.0.1")
        sign_ins.revoke("maria")
        sign_ins.revoke("maria")
        people = SqlPeople(engine, clock)
        people.write([Entry(User("maria", "Maria", frozenset(), frozenset()), "hash")], "operator", "add_user")
        people.write([people.every()["maria"]], "operator", "change_user")
        noted = SqlActivity(engine, clock)
        noted.note("maria", "open", "CORE")
        noted.close()
        marks = SqlMarks(engine)
        for _ in range(2):
            marks.keep(DayMark("B", NOON.date(), Decimal(98), None, Decimal(1)), NOON)
        assert marks.traded(NOON.date()) is not None
        assert len(marks.of(["B"])) == 1
    assert metadata.tables.keys() - used.keys() == set(), "a table that is not used here proves nothing of its grants"
    granted = {table.name: set(privileges(table)) for table in metadata.sorted_tables}
    excess = {name: done - granted[name] for name, done in used.items() if name in granted and done - granted[name]}
    assert excess == {}
    changed = {name for name, allowed in granted.items() if allowed - {"INSERT", "SELECT"}}
    unused = {name: granted[name] - used[name] - {"INSERT", "SELECT"} for name in changed}
    assert set().union(*unused.values()) == set(), f"granted and never used: {unused}"


def test_every_table_and_every_view_is_granted_to_the_role(snowflake: EmulatedSnowflake) -> None:
    said = list(grants(snowflake.config(), "APP"))
    assert "GRANT INSERT, SELECT ON TABLE EVENLOT.LEDGER.audit_log TO ROLE APP" in said
    for table in [*metadata.tables, "alembic_version"]:
        assert len([grant for grant in said if f" TABLE EVENLOT.LEDGER.{table} " in grant]) == 1
    assert all(grant.endswith(" TO ROLE APP") for grant in said)
