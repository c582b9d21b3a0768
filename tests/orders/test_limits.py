"""The limits in the desk's hands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from allocation.errors import InvalidLimit
from allocation.limits import NO_LIMITS, Limit, LimitTable, Rule
from allocation.model import Side
from orders.desk import Preview, Request
from orders.errors import NotPermitted, PreviewChanged, VersionConflict
from orders.limits import of_accounts, take_over
from orders.model import Permission, Role
from orders.ports import Dated
from tests.orders.desk import ANALYST, COMPLIANCE, PM, Outfit, outfit

RESERVE = Limit("*", Rule.CASH_RESERVE, "", "0.5%")
FROZEN_A = Limit("A", Rule.FROZEN)
STRANGER = Limit("Z", Rule.FROZEN)
AT = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


@pytest.fixture
def at(tmp_path: Path) -> Outfit:
    return outfit(tmp_path)


def preview(at: Outfit) -> Preview:
    return at.desk.preview(PM, Request("BIG6", "B", Side.BUY, 2_000_000, date(2026, 11, 23)))


def test_compliance_changes_the_limits_and_everybody_reads_them(at: Outfit) -> None:
    assert at.desk.limits.table(PM) == NO_LIMITS
    table = at.desk.limits.set(COMPLIANCE, [RESERVE, FROZEN_A], 0, " new mandate ", "l1")
    assert table == LimitTable(1, (RESERVE, FROZEN_A))
    for user in (PM, ANALYST, COMPLIANCE):
        assert at.desk.limits.table(user) == table
    (version,) = at.desk.limits.versions(PM)
    assert (version.version, version.by, version.comment, version.table) == (1, "con", "new mandate", table)
    assert at.ledger.verify() == ()


def test_only_compliance_that_sees_every_group_may_change_them(at: Outfit) -> None:
    assert [role for role in Role if Permission.LIMITS in role.permissions] == [Role.COMPLIANCE]
    for user in (PM, ANALYST):
        assert not at.desk.limits.may_set(user)
        with pytest.raises(NotPermitted, match="you may not change limits; compliance can"):
            at.desk.limits.set(user, [RESERVE], 0, "why", "l1")
    some = replace(COMPLIANCE, groups=frozenset({"BIG6"}))
    assert not at.desk.limits.may_set(some)
    with pytest.raises(NotPermitted, match="does not see all of them"):
        at.desk.limits.set(some, [RESERVE], 0, "why", "l1")
    assert at.desk.limits.may_set(COMPLIANCE)
    assert at.ledger.limit_versions() == ()


def test_a_user_reads_the_limits_of_the_accounts_of_their_groups_only(at: Outfit) -> None:
    at.ledger.set_limits("l1", [STRANGER, RESERVE, FROZEN_A], 0, "limits.csv", AT, "read")
    assert at.desk.limits.table(PM) == LimitTable(1, (RESERVE, FROZEN_A))
    assert at.desk.limits.versions(PM)[0].table == LimitTable(1, (RESERVE, FROZEN_A))
    assert at.desk.limits.table(ANALYST).rows == (STRANGER, RESERVE, FROZEN_A)
    assert of_accounts(at.ledger.limits(), ()) == LimitTable(1, (RESERVE,))


def test_accounts_no_group_has_are_refused_by_name(at: Outfit) -> None:
    assert at.desk.limits.accounts(COMPLIANCE) == ("A", "B")
    with pytest.raises(InvalidLimit, match="has an account Z, Y") as refused:
        at.desk.limits.set(COMPLIANCE, [STRANGER, FROZEN_A, Limit("Y", Rule.FROZEN)], 0, "why", "l1")
    assert refused.value.column == "account"
    assert at.desk.limits.table(COMPLIANCE) == NO_LIMITS


@pytest.mark.parametrize(("comment", "words"), [("", "Say in the comment"), ("  ", "Say"), ("x" * 501, "longer than")])
def test_a_change_says_why_and_not_at_too_great_length(at: Outfit, comment: str, words: str) -> None:
    with pytest.raises(NotPermitted, match=words):
        at.desk.limits.set(COMPLIANCE, [RESERVE], 0, comment, "l1")


def test_somebody_elses_version_in_between_is_a_conflict(at: Outfit) -> None:
    at.desk.limits.set(COMPLIANCE, [RESERVE], 0, "one", "l1")
    with pytest.raises(VersionConflict):
        at.desk.limits.set(COMPLIANCE, [FROZEN_A], 0, "two", "l2")
    assert at.desk.limits.set(COMPLIANCE, [RESERVE], 0, "one", "l1").version == 1


def test_a_preview_is_made_under_the_newest_limits_and_the_statement_says_which(at: Outfit) -> None:
    at.desk.limits.set(COMPLIANCE, [FROZEN_A], 0, "audit", "l1")
    made = preview(at)
    assert made.proposal.limits.version == 1
    assert {line.account_id: line.face for line in made.proposal.lines} == {"A": 0, "B": 2_000_000}
    order = at.desk.confirm(PM, made, "", "c1")
    assert json.loads(at.desk.past.statement(PM, order.id).body)["limits"]["version"] == 1


def test_limits_tightened_after_the_preview_are_looked_at_first(at: Outfit) -> None:
    made = preview(at)
    at.desk.limits.set(COMPLIANCE, [FROZEN_A], 0, "audit", "l1")
    with pytest.raises(PreviewChanged):
        at.desk.confirm(PM, made, "", "c1")
    assert at.ledger.orders() == ()


def test_limits_changed_after_the_preview_are_told_even_where_no_line_moves(at: Outfit) -> None:
    made = preview(at)
    at.desk.limits.set(COMPLIANCE, [Limit("A", Rule.CASH_RESERVE, "", "1000")], 0, "audit", "l1")
    with pytest.raises(PreviewChanged) as moved:
        at.desk.confirm(PM, made, "", "c1")
    assert moved.value.changes == ("Limits of these accounts: version 0 -> 1",)
    order = at.desk.confirm(PM, preview(at), "", "c1")
    assert json.loads(at.desk.past.statement(PM, order.id).body)["limits"]["version"] == 1


def test_a_version_that_changes_nothing_for_these_accounts_interrupts_nobody(at: Outfit) -> None:
    made = preview(at)
    at.ledger.set_limits("l1", [STRANGER], 0, "limits.csv", AT, "read")
    order = at.desk.confirm(PM, made, "", "c1")
    assert json.loads(at.desk.past.statement(PM, order.id).body)["limits"] == {"version": 1, "rows": []}


def test_limits_tightened_between_the_last_look_and_the_write_are_looked_at_too(
    at: Outfit, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = preview(at)
    reading = at.market.bond

    def overtaken(asset_id: str, *, fresh: bool = False) -> Dated[object]:
        """Compliance writes while the confirmation has the limits in hand."""
        monkeypatch.setattr(at.market, "bond", reading)
        limits = at.ledger.limits()
        monkeypatch.setattr(at.ledger, "limits", lambda: stale(limits))
        return reading(asset_id, fresh=fresh)

    def stale(limits: LimitTable) -> LimitTable:
        monkeypatch.undo()
        at.desk.limits.set(COMPLIANCE, [FROZEN_A], 0, "audit", "l1")
        return limits

    monkeypatch.setattr(at.market, "bond", overtaken)
    with pytest.raises(PreviewChanged):
        at.desk.confirm(PM, made, "", "c1")
    assert at.ledger.orders() == ()
    assert at.ledger.limits().version == 1


def test_what_a_book_brings_along_becomes_a_version_once(at: Outfit) -> None:
    first = take_over(at.ledger, [RESERVE], "limits.csv", AT)
    assert first == LimitTable(1, (RESERVE,))
    assert take_over(at.ledger, [RESERVE], "limits.csv", AT) == first
    (version,) = at.ledger.limit_versions()
    assert (version.by, version.at, version.comment) == ("limits.csv", AT, "Read from limits.csv.")


def test_what_people_changed_stays_until_the_book_changes(at: Outfit) -> None:
    take_over(at.ledger, [RESERVE], "limits.csv", AT)
    theirs = at.desk.limits.set(COMPLIANCE, [FROZEN_A], 1, "audit", "l1")
    assert take_over(at.ledger, [RESERVE], "limits.csv", AT) == theirs
    tighter = replace(RESERVE, value="2%")
    assert take_over(at.ledger, [tighter], "limits.csv", AT) == LimitTable(3, (tighter,))
    assert at.ledger.limit_versions()[0].comment == (
        "Read from limits.csv, which has changed since version 1; takes the place of what people set in version 2."
    )
    assert take_over(at.ledger, (), "limits.csv", AT) == LimitTable(4)
    assert take_over(at.ledger, (), "limits.csv", AT).version == 4
    assert at.ledger.verify() == ()


def test_a_book_without_rows_writes_nothing_at_first(at: Outfit) -> None:
    assert take_over(at.ledger, (), "limits.csv", AT) == NO_LIMITS
    at.desk.limits.set(COMPLIANCE, [FROZEN_A], 0, "audit", "l1")
    at.desk.limits.set(COMPLIANCE, [FROZEN_A, RESERVE], 1, "more", "l2")
    assert take_over(at.ledger, (), "limits.csv", AT).version == 2
    take_over(at.ledger, [RESERVE], "limits.csv", AT)
    assert at.ledger.limit_versions()[0].comment == (
        "Read from limits.csv; takes the place of what people set in versions 1 to 2."
    )


def test_two_processes_that_open_the_same_book_at_once_write_one_version(
    at: Outfit, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = at.ledger.limit_versions()
    take_over(at.ledger, [RESERVE], "limits.csv", AT)
    monkeypatch.setattr(at.ledger, "limit_versions", lambda: looked)  # the other process looked before
    assert take_over(at.ledger, [RESERVE], "limits.csv", AT) == LimitTable(1, (RESERVE,))
    monkeypatch.undo()
    assert len(at.ledger.limit_versions()) == 1
