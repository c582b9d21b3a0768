from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from allocation.errors import InvalidLimit
from allocation.limits import NO_LIMITS, Limit, LimitTable, Rule, unknown_accounts


def test_an_unknown_rule_lists_the_known_ones() -> None:
    assert Rule.of(" Issuer ") is Rule.ISSUER
    with pytest.raises(InvalidLimit, match="'duration' is not a rule; choose one of cash_reserve, security, issuer"):
        Rule.of("duration")


@pytest.mark.parametrize(
    ("rule", "of", "value", "number"),
    [
        (Rule.CASH_RESERVE, "", "250000", "250000"),
        (Rule.CASH_RESERVE, "", "2.5%", "0.025"),
        (Rule.SECURITY, "88799AAA1", "5%", "0.05"),
        (Rule.ISSUER, "", "100%", "1"),
        (Rule.SECTOR, "Banking", "0%", "0"),
        (Rule.MATURITY, "", "7.5", "7.5"),
        (Rule.MIN_ALLOCATION, "", "100000", "100000"),
    ],
)
def test_a_number_is_money_face_years_or_a_fraction_of_nav(rule: Rule, of: str, value: str, number: str) -> None:
    assert Limit("A", rule, of, value).number == Decimal(number)


@pytest.mark.parametrize(
    ("rule", "of", "value", "column"),
    [
        (Rule.CASH_RESERVE, "", "", "value"),
        (Rule.CASH_RESERVE, "", "-5", "value"),
        (Rule.CASH_RESERVE, "", "250,000", "value"),
        (Rule.CASH_RESERVE, "ACME", "5", "of"),
        (Rule.SECURITY, "", "5", "value"),
        (Rule.ISSUER, "", "%", "value"),
        (Rule.SECTOR, "", "5%%", "value"),
        (Rule.RATING, "", "good", "value"),
        (Rule.RATING, "", "A-1+", "value"),
        (Rule.MATURITY, "", "10%", "value"),
        (Rule.MATURITY, "", "1e3", "value"),
        (Rule.MIN_ALLOCATION, "", "1000.5", "value"),
        (Rule.RULE_144A, "", "", "value"),
        (Rule.RESTRICTED, "", "yes", "of"),
        (Rule.FROZEN, "", "maybe", "value"),
        (Rule.FROZEN, "ACME", "yes", "of"),
    ],
)
def test_a_row_that_cannot_be_read_names_its_column(rule: Rule, of: str, value: str, column: str) -> None:
    with pytest.raises(InvalidLimit, match=rule.label) as refused:
        Limit("A", rule, of, value)
    assert refused.value.column == column


def test_a_row_without_an_account_is_refused() -> None:
    with pytest.raises(InvalidLimit, match=r"\* for every account") as refused:
        Limit("", Rule.FROZEN)
    assert refused.value.column == "account"


@pytest.mark.parametrize(("value", "yes"), [("", True), ("yes", True), ("YES", True), ("no", False), ("No", False)])
def test_a_blank_flag_is_yes(value: str, yes: bool) -> None:
    assert Limit("A", Rule.FROZEN, "", value).says_yes is yes


def test_two_rows_that_say_the_same_thing_are_refused() -> None:
    rows = (Limit("A", Rule.ISSUER, "ACME", "5%"), Limit("A", Rule.ISSUER, "acme", "6%"))
    with pytest.raises(InvalidLimit, match="A has two limits for Issuer concentration of acme; keep one"):
        LimitTable(1, rows)


EVERY = Limit("*", Rule.ISSUER, "", "5%")
OWN = Limit("A", Rule.ISSUER, "", "4%")
EVERY_ACME = Limit("*", Rule.ISSUER, "Acme Corp", "9%")
OWN_ACME = Limit("A", Rule.ISSUER, "ACME", "8%")
NAMES = ("I1", "Acme Corp", "ACME", "")


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ((EVERY, OWN, EVERY_ACME, OWN_ACME), OWN_ACME),
        ((EVERY, OWN, EVERY_ACME), EVERY_ACME),
        ((EVERY, OWN), OWN),
        ((EVERY,), EVERY),
        ((Limit("*", Rule.ISSUER, "Globex", "1%"),), None),
        ((Limit("A", Rule.SECTOR, "", "1%"),), None),
        ((), None),
    ],
)
def test_a_row_that_names_the_issuer_counts_before_one_for_all_and_an_own_row_before_everyones(
    rows: tuple[Limit, ...], counts: Limit | None
) -> None:
    for order in (rows, rows[::-1]):
        assert LimitTable(1, order).of_account("A", Rule.ISSUER, NAMES) == counts


def test_of_rows_that_name_one_issuer_differently_the_tightest_counts() -> None:
    rows = (Limit("*", Rule.ISSUER, "Acme Corp", "10%"), Limit("*", Rule.ISSUER, "ACME", "2%"), OWN)
    for order in (rows, rows[::-1]):
        assert LimitTable(1, order).of_account("A", Rule.ISSUER, NAMES) == rows[1]


@pytest.mark.parametrize(
    ("rows", "binds"),
    [
        ([("*", "B1", "yes")], 0),
        ([("*", "acme", ""), ("*", "b1", "no")], None),
        ([("*", "acme", ""), ("A", "b1", "no")], None),
        ([("*", "acme", ""), ("A", "ACME", "no")], None),
        ([("A", "acme", ""), ("A", "b1", "no")], None),
        ([("*", "B1", "yes"), ("A", "Acme Corp", "no")], 0),
        ([("A", "ACME", "yes"), ("A", "Acme Corp", "no")], 0),
        ([("*", "ACME", "yes"), ("A", "Acme Corp", "no")], 0),
        ([("*", "US1", "yes"), ("A", "B1", "no")], 0),
        ([("A", "acme", ""), ("*", "b1", "no")], 0),
        ([("*", "B1", "no"), ("*", "Globex", "")], None),
    ],
)
def test_a_restriction_holds_under_any_name_until_a_no_takes_back_that_very_one(
    rows: list[tuple[str, str, str]], binds: int | None
) -> None:
    limits = [Limit(who, Rule.RESTRICTED, of, value) for who, of, value in rows]
    for order in (limits, limits[::-1]):
        found = LimitTable(1, tuple(order)).restricting("A", ("B1", "US1", ""), ("I1", "Acme Corp", "ACME"))
        assert found == (None if binds is None else limits[binds])


def test_a_rule_stands_for_an_account_whatever_its_rows_name() -> None:
    table = LimitTable(1, (Limit("A", Rule.ISSUER, "ACME", "5%"), Limit("*", Rule.SECTOR, "", "30%")))
    assert table.stands("A", Rule.ISSUER)
    assert not table.stands("B", Rule.ISSUER)
    assert table.stands("B", Rule.SECTOR)


def test_a_table_that_was_asked_is_equal_to_one_that_was_not() -> None:
    asked, fresh = LimitTable(1, (EVERY,)), LimitTable(1, (EVERY,))
    asked.of_account("A", Rule.ISSUER)
    assert asked == fresh
    assert hash(asked) == hash(fresh)
    assert [field.name for field in fields(asked)] == ["version", "rows"]
    assert replace(asked, rows=(OWN,)).of_account("A", Rule.ISSUER) == OWN


def test_accounts_nobody_has_are_named_once_in_the_order_of_the_rows() -> None:
    rows = [Limit(who, rule) for rule in (Rule.FROZEN,) for who in ("Z", "*", "A", "Y")] + [
        Limit("Z", Rule.RATING, "", "A")
    ]
    assert unknown_accounts(rows, ["A", "B"]) == ("Z", "Y")
    assert NO_LIMITS.version == 0
