from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pytest

from allocation.model import Account, Metric
from tests.allocation.desk import account
from ui import group_tables, saving, tables
from ui.strip import Seen


def seen(*accounts: Account, group: str = "BIG6", metric: Metric = Metric.ASD) -> Seen:
    return Seen.of(group, accounts, metric)


def test_accounts_stand_farthest_from_their_mean_first_and_those_without_the_metric_last() -> None:
    ours = seen(account("A", level=None), account("B", level=5.0), account("C", level=5.2), account("D", level=3.0))
    table, _ = group_tables.accounts([ours])
    assert list(table["Account"]) == ["D", "C", "B", "A"]
    assert table[["ASD", "From mean"]].iloc[-1].isna().all()
    assert list(table["Note"]) == ["", "", "", "half of it has no figure"]
    assert "Group" not in table
    assert group_tables.lacking(ours) == (
        "**BIG6**: Dispersion over 3 of 4 accounts. Listed last, with the reason: A (half of it has no figure)."
    )
    assert "C\\*F" in group_tables.lacking(seen(account("C*F", level=None), account("D")))
    many = seen(*(account(name, level=None) for name in "ABCDE"), account("F"))
    assert group_tables.lacking(many).endswith("C (half of it has no figure) and 2 more.")


def test_of_several_groups_the_dots_selected_and_the_words_typed_narrow_the_table() -> None:
    rows = [seen(account("A"), account("B")), seen(account("A"), account("C"), group="OPNIC")]
    table, _ = group_tables.accounts(rows)
    assert list(zip(table["Group"], table["Account"], strict=True)) == [
        ("BIG6", "A"), ("OPNIC", "A"), ("BIG6", "B"), ("OPNIC", "C"),
    ]  # fmt: skip
    table, _ = group_tables.accounts(rows, {("OPNIC", "A")})
    assert list(table["Group"]) == ["OPNIC"]
    assert {"ASD", "Dur", "OAS"} <= {*table.columns}
    table, _ = group_tables.accounts(rows, text="opnic")
    assert list(table["Account"]) == ["A", "C"]
    assert group_tables.accounts(rows, text="zebra")[0].empty


def test_an_accounts_missing_money_is_missing_and_not_zero() -> None:
    table, _ = group_tables.accounts([seen(account("A", nav=None, cash=None))])
    assert table.loc[0, ["NAV", "Cash", "Cash %"]].isna().all()


@pytest.mark.parametrize("metric", Metric)
def test_every_metric_has_a_column_with_its_unit(metric: Metric) -> None:
    table, columns = group_tables.accounts([seen(account("A"), metric=metric)])
    assert metric.short in table.columns
    assert tables.plain(columns[metric.short]["label"]) == f"{metric.short} ({metric.unit})"


@pytest.mark.parametrize(("currency", "shown"), [("USD", False), ("EUR", True)])
def test_a_groups_currencies_have_a_column_where_they_differ(currency: str, shown: bool) -> None:
    table, _ = group_tables.accounts([seen(account("A"), account("B", currency=currency))])
    assert ("Currency" in table.columns) is shown


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_the_file_has_what_is_shown_and_runs_nothing_in_a_spreadsheet(name: str) -> None:
    table, columns = group_tables.accounts([seen(replace(account("A", nav=None), name=name), account("B", level=3.0))])
    head, first, second = csv.reader(io.StringIO(saving.as_csv(saving.shown(table, columns))))
    row = dict(zip(head, first, strict=True))
    assert row["Name"] == f"'{name}"
    assert row["NAV"] == "", "missing, not zero"
    assert float(row["ASD (years)"]) == table.loc[0, "ASD"]
    assert second[0] == "B"
    assert {row["From mean"], second[head.index("From mean")]} == {"1.0", "-1.0"}, (
        "a minus before a figure is no formula"
    )
    assert group_tables.file_name(["BIG6", "A/B"], date(2026, 11, 20)) == "accounts-BIG6-A-B-2026-11-20"
