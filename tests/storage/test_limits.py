"""Versions of the limits: written whole, once, in turn, and found out when changed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from allocation.errors import InvalidLimit
from allocation.limits import NO_LIMITS, Limit, LimitTable, Rule
from orders.errors import Rejected, VersionConflict
from orders.model import LimitVersion
from storage import SqlLedger
from tests.storage.emulated import some_on_snowflake, stores
from tests.storage.samples import NOON, block

RESERVE = Limit("*", Rule.CASH_RESERVE, "", "0.5%")
ISSUER = Limit("P1", Rule.ISSUER, "Acme, Inc", "5%")
FROZEN = Limit("P2", Rule.FROZEN)


@pytest.fixture(params=stores())
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def put(
    ledger: SqlLedger, *rows: Limit, after: int = 0, command: str = "l", at: datetime = NOON, comment: str = "why"
) -> LimitTable:
    return ledger.set_limits(command, rows, after, "connie", at, comment)


def test_before_the_first_version_there_are_no_limits(ledger: SqlLedger) -> None:
    assert ledger.limits() == NO_LIMITS
    assert ledger.limit_versions() == ()
    assert ledger.verify() == ()


def test_a_version_is_the_newest_table_and_the_earlier_ones_stay(ledger: SqlLedger) -> None:
    first = put(ledger, RESERVE, ISSUER)
    assert first == LimitTable(1, (RESERVE, ISSUER)) == ledger.limits()
    later = NOON + timedelta(hours=1)
    second = ledger.set_limits("m", [FROZEN, RESERVE], 1, "carl", later, "frozen for the audit")
    assert second == LimitTable(2, (FROZEN, RESERVE)) == ledger.limits()
    assert ledger.limit_versions() == (
        LimitVersion(later, "carl", "frozen for the audit", second),
        LimitVersion(NOON, "connie", "why", first),
    )
    assert [version.version for version in ledger.limit_versions()] == [2, 1]
    assert ledger.verify() == ()


def test_a_table_without_rows_is_a_version_too(ledger: SqlLedger) -> None:
    put(ledger, RESERVE)
    assert put(ledger, after=1, command="m") == LimitTable(2) == ledger.limits()
    assert ledger.verify() == ()


def test_a_screen_that_saves_twice_writes_one_version(ledger: SqlLedger) -> None:
    first = put(ledger, RESERVE)
    put(ledger, FROZEN, after=1, command="m")
    assert put(ledger, RESERVE, at=NOON + timedelta(seconds=3)) == first
    assert [version.version for version in ledger.limit_versions()] == [2, 1]
    with pytest.raises(Rejected, match="carried out before"):
        put(ledger, FROZEN, after=2)


def test_what_was_made_from_an_older_version_is_a_conflict_and_writes_nothing(ledger: SqlLedger) -> None:
    put(ledger, RESERVE)
    with pytest.raises(VersionConflict, match="are at version 1, and this change was made from version 0"):
        put(ledger, FROZEN, command="m")
    with pytest.raises(VersionConflict):
        put(ledger, FROZEN, command="m", after=2)
    assert ledger.limits() == LimitTable(1, (RESERVE,))
    assert len(ledger.audit("limits")) == 1
    assert put(ledger, FROZEN, command="m", after=1).version == 2


def test_rows_that_contradict_each_other_are_not_written(ledger: SqlLedger) -> None:
    with pytest.raises(InvalidLimit, match="keep one"):
        put(ledger, RESERVE, Limit("*", Rule.CASH_RESERVE, "", "1%"))
    assert ledger.limits() == NO_LIMITS
    assert ledger.audit() == ()


def test_of_many_who_save_at_once_one_does(ledger: SqlLedger) -> None:
    def save(i: int) -> bool:
        try:
            put(ledger, RESERVE, command=f"c{i}", comment=f"{i}")
        except VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(save, range(6))) == [False] * 5 + [True]
    assert ledger.limits().version == 1
    assert ledger.verify() == ()


def test_the_audit_log_has_the_rows_and_who_wrote_them(ledger: SqlLedger) -> None:
    put(ledger, ISSUER, FROZEN)
    (entry,) = ledger.audit("limits")
    assert (entry.actor, entry.action, entry.subject) == ("connie", "set_limits", "limits")
    content = json.loads(entry.body)["content"]
    assert (content["version"], content["by"], content["comment"]) == (1, "connie", "why")
    assert content["rows"] == [
        {"account_id": "P1", "rule": "issuer", "about": "Acme, Inc", "bound": "5%"},
        {"account_id": "P2", "rule": "frozen", "about": "", "bound": ""},
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE limit_rows SET bound = '50%' WHERE version = 1 AND place = 1",
        "UPDATE limit_rows SET account_id = 'P9' WHERE version = 1 AND place = 1",
        "UPDATE limit_rows SET rule = 'sector' WHERE version = 1 AND place = 1",
        "UPDATE limit_rows SET about = '' WHERE version = 1 AND place = 1",
        "UPDATE limit_rows SET place = 7 WHERE version = 1 AND place = 0",
        "DELETE FROM limit_rows WHERE version = 1 AND place = 0",
        "INSERT INTO limit_rows VALUES (1, 2, 'P2', 'frozen', '', 'no')",
        "UPDATE limit_versions SET actor = 'carl' WHERE version = 1",
        "UPDATE limit_versions SET remark = 'other' WHERE version = 1",
        "UPDATE limit_versions SET written_at = '2025-01-01 00:00:00.000000' WHERE version = 1",
    ],
)
def test_a_changed_version_is_named(engine: Engine, ledger: SqlLedger, change: str) -> None:
    put(ledger, RESERVE, ISSUER)
    put(ledger, FROZEN, after=1, command="m")
    tamper(engine, change)
    assert ledger.verify() == ("Version 1 of the limits is not what the audit log recorded: it was edited.",)


def test_a_removed_and_an_added_version_are_named(engine: Engine, ledger: SqlLedger) -> None:
    put(ledger, RESERVE)
    put(ledger, FROZEN, after=1, command="m")
    tamper(
        engine,
        "DELETE FROM limit_rows WHERE version = 2",
        "DELETE FROM limit_versions WHERE version = 2",
        "INSERT INTO limit_versions VALUES (3, '2025-09-15 12:00:00.000000', 'eve', 'mine')",
    )
    assert ledger.verify() == (
        "Version 2 of the limits was recorded and has been removed.",
        "Version 3 of the limits has no entry in the audit log.",
    )


def test_a_rewritten_audit_body_is_told_and_not_believed(engine: Engine, ledger: SqlLedger) -> None:
    put(ledger, RESERVE)
    tamper(engine, "UPDATE audit_log SET body = replace(body, '0.5%', '9%') WHERE stream = 'limits'")
    assert ledger.verify() == (
        "Entry 1 of limits was edited: its hash is not that of its content.",
        "The command l has no entry in the audit log.",
        "Version 1 of the limits has no entry in the audit log.",
    )


def test_an_order_made_under_limits_that_are_not_the_newest_is_not_confirmed(ledger: SqlLedger) -> None:
    ledger.confirm("c", *block("A"), after=0, limits=0)
    put(ledger, RESERVE)
    with pytest.raises(VersionConflict, match="changed the limits since the allocation was made"):
        ledger.confirm("d", *block("B"), after=1, limits=0)
    with pytest.raises(VersionConflict, match="changed the limits since the allocation was made"):
        ledger.confirm("d", *block("B"), limits=0)
    assert len(ledger.orders()) == 1
    ledger.confirm("d", *block("B"), after=1, limits=1)
    assert len(ledger.orders()) == 2
    assert ledger.verify() == ()


def test_a_confirmation_repeated_after_the_limits_changed_returns_its_order(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block("A"), limits=0)
    put(ledger, RESERVE)
    assert ledger.confirm("c", *block("A"), limits=0) == order


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_rows = st.one_of(
    st.builds(Limit, st.text("ABC*é ", min_size=1), st.sampled_from((Rule.ISSUER, Rule.SECTOR)), _texts, st.just("5%")),
    st.builds(Limit, st.text("ABC*", min_size=1), st.just(Rule.CASH_RESERVE), st.just(""), st.just("250000")),
)


_tables = st.lists(_rows, max_size=8, unique_by=lambda row: (row.account_id, row.rule, row.of.casefold()))


@pytest.mark.parametrize(("store", "examples"), some_on_snowflake(25), indirect=["store"])
def test_any_table_comes_back_as_it_was_written(ledger: SqlLedger, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(_tables, _texts)
    def comes_back(rows: list[Limit], comment: str) -> None:
        before = ledger.limits().version
        put(ledger, *rows, after=before, command=f"h{before}", comment=comment)
        assert ledger.limits() == LimitTable(before + 1, tuple(rows))
        assert ledger.limit_versions()[0].comment == comment
        assert ledger.verify() == ()

    comes_back()


def tamper(engine: Engine, *changes: str) -> None:
    with engine.begin() as conn:
        if conn.dialect.name == "sqlite":
            conn.execute(text("PRAGMA defer_foreign_keys = ON"))
        for change in changes:
            conn.execute(text(change))
