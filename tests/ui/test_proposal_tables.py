from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from allocation.certificate import ShadowPrice
from allocation.engines.custom import Ask, Instruction
from allocation.limits import Limit, LimitTable, Rule
from allocation.model import Choices, Metric, Side
from allocation.proposal import Proposal
from allocation.propose import propose
from tests.allocation.desk import account, block
from ui import proposal_tables, proposal_words

GROUP = (account("A", level=4.0), account("B", cash="100000", level=6.0))


def test_the_lines_add_up_to_what_is_placed_and_name_the_cap_that_stopped_one() -> None:
    group = (account("A"), account("B", cash="100000"), account("C", level=None))
    made = propose(block(3_000_000), group, Choices(excluded=frozenset({"C"})))
    table, columns = proposal_tables.lines(made)
    assert table["Face"].sum() == made.placed
    assert list(table["Cap"]) == ["", "cash", ""]
    assert list(table["Before"].isna()) == [False, False, True]
    assert columns["Before"]["label"].endswith("ASD before")
    assert (table["Cash before"] - table["Money"] - table["Cash after"]).abs().max() < 0.01


def test_columns_with_nothing_to_say_are_left_out() -> None:
    table, _ = proposal_tables.lines(propose(block(2_000_000), (account("A"), account("B")), Choices()))
    assert not {"Asked", "Part", "Target", "Held", "Left", "Currency"} & {*table.columns}
    assert list(table["Within"]) == ["✓ within"] * 2


def test_a_sell_shows_what_is_held_before_and_after() -> None:
    group = (account("A", held="300000"), account("B", held="100000"))
    table, _ = proposal_tables.lines(propose(block(200_000, Side.SELL), group, Choices(parameters={"by": "holding"})))
    assert list(table["Held"]) == [300_000, 100_000]
    assert list(table["Left"]) == [150_000, 50_000]


@pytest.mark.parametrize(("metric", "level"), [(Metric.OAS, 22.6), (Metric.ASD, 0.1234), (Metric.DTS, 310.25)])
def test_a_target_is_shown_as_it_was_typed(metric: Metric, level: float) -> None:
    choices = Choices("to_target", {"aim": "level", "level": level}, metric=metric)
    table, columns = proposal_tables.lines(propose(block(1_000_000), GROUP, choices))
    assert list(table["Target"]) == [level] * 2
    assert columns["Target"]["type_config"]["format"] % level == str(level)


def test_a_custom_split_says_what_was_asked_and_how_each_line_came_about() -> None:
    asks = {"A": Instruction(Ask.PERCENT, Decimal(25))}
    choices = Choices("custom", {"instructions": asks, "remainder": "equal"}, locked={"B": 50_000})
    made = propose(block(2_000_000), (*GROUP, account("C")), choices)
    table, _ = proposal_tables.lines(made)
    assert list(table["Part"]) == ["direct", "locked", "remainder"]
    assert table.loc[0, "Asked"] == 500_000
    assert list(table["Asked"].isna()) == [False, True, True]


def test_an_account_stands_within_above_or_below_and_one_left_out_nowhere() -> None:
    group = (account("A", level=4.0), account("B", level=5.0), account("C", level=6.0), account("D", level=None))
    made = propose(block(1_000), group, Choices(excluded=frozenset({"D"})))
    table, _ = proposal_tables.lines(made)
    assert list(table["Within"]) == ["▼ below", "✓ within", "▲ above", ""]
    assert proposal_words.within(made.effect) == "1 of 3"
    assert proposal_words.tolerance(made.effect) == "0.05 years"


def test_where_there_are_targets_an_account_stands_against_its_own() -> None:
    choices = Choices("to_target", {"aim": "own", "targets": {"A": 4.0, "B": 5.0}})
    table, _ = proposal_tables.lines(propose(block(1_000_000), GROUP, choices))
    assert list(table["Target"]) == [4.0, 5.0]
    assert list(table["Within"]) == ["✓ within", "▲ above"]


def test_what_is_not_placed_adds_up_to_the_difference() -> None:
    made = propose(block(30_000_500), (account("A"), account("B")), Choices())
    table, _ = proposal_tables.not_placed(made)
    assert table["Face"].sum() == 30_000_500 - made.placed
    assert table["Reason"].str.len().min() > 0


# -- what each cap would bind ---------------------------------------------------------------------------------------


def test_each_rule_that_limits_anybody_has_a_row_the_tightest_first() -> None:
    limits = LimitTable(1, (Limit("A", Rule.FROZEN),))
    table, _ = proposal_tables.caps_today(propose(block(2_000_000), GROUP, Choices(), limits))
    assert list(table["Rule"]) == ["account frozen", "cash"]
    assert list(table["Accounts"]) == [1, 2]
    assert list(table["Below this order"]) == [1, 1]
    assert list(table["May still take"]) == [0, 5_076_000 + 101_000]
    assert table.loc[0, "Tightest"] == "A: 0, the account is frozen: it may neither buy nor sell"
    assert str(table.loc[1, "Tightest"]).startswith("B: 101,000, cash of USD 100,000 buys")


def test_where_cash_is_not_respected_it_has_no_row() -> None:
    table, _ = proposal_tables.caps_today(propose(block(2_000_000), GROUP, Choices(respect_cash=False)))
    assert table.empty


def test_a_sell_is_limited_by_what_is_held() -> None:
    group = (account("A", held="300000"), account("B"))
    table, _ = proposal_tables.caps_today(propose(block(100_000, Side.SELL), group, Choices()))
    assert list(table["Rule"]) == ["holding"]
    assert table.loc[0, "Tightest"] == "B: 0, holds none of it"
    assert table.loc[0, "May still take"] == 300_000


# -- what-ifs and proofs --------------------------------------------------------------------------------------------


def test_who_would_be_overdrawn_is_named_with_by_how_much() -> None:
    made = propose(block(2_000_000), GROUP, Choices(respect_cash=False))
    assert proposal_words.overdrawn(made) == ("B (-USD 885,000)",)
    assert proposal_words.overdrawn(propose(block(2_000_000), GROUP, Choices())) == ()


def test_what_was_minimised_is_named_as_it_was_chosen() -> None:
    names = {
        proposal_words.minimised(propose(block(100_000), GROUP, Choices("min_dispersion", parameters)))
        for parameters in (
            {},
            {"weighting": "nav"},
            {"weighting": "nav", "centre": "targets", "targets": {"A": 4.0, "B": 5.0}},
        )
    }
    assert names == {"dispersion", "NAV-weighted dispersion", "NAV-weighted distance from the targets"}


def _with_shadows(*shadows: ShadowPrice) -> Proposal:
    made = propose(block(100_000), GROUP, Choices("min_dispersion"))
    assert made.certificate is not None
    return replace(made, certificate=replace(made.certificate, shadow_prices=shadows))


def test_the_caps_that_cost_the_most_say_what_a_million_more_is_worth() -> None:
    made = _with_shadows(ShadowPrice("A", "cash", 0.00012), ShadowPrice("B", "issuer concentration", 0.5))
    assert proposal_words.shadow_sentences(made) == (
        "USD 1 million more room under its issuer concentration in B would lower the dispersion by 0.5 years.",
        "USD 1 million more cash in A would lower the dispersion by 0.00012 years.",
    )
    assert len(proposal_words.shadow_sentences(made, most=1)) == 1


def test_a_very_small_worth_is_written_out_without_an_exponent() -> None:
    (said,) = proposal_words.shadow_sentences(_with_shadows(ShadowPrice("A", "cash", 1.23e-7)))
    assert "by 0.00000012 years" in said


def test_who_gets_nothing_is_named_with_each_reason_once() -> None:
    said = proposal_tables.nothing(
        [("A", 5, ""), ("B", 0, "Nothing: too small."), ("C", 0, "Nothing: cash."), ("D", 0, "Nothing: too small.")]
    )
    assert said == "3 of 4 accounts get nothing: **B**, **D** (too small); **C** (cash)."
    above = "years it is already above the mean of -0.038; trading would take it further away."
    alike = [(name, 0, f"Nothing: at {at} {above}") for name, at in (("B", "0.213"), ("C", "-0.010"))]
    assert proposal_tables.nothing([("A", 5, ""), *alike]) == (
        "2 of 3 accounts get nothing: **B**, **C** "
        "(it is already above the mean of -0.038; trading would take it further away)."
    )
    assert "(at 0.213 years it is already" in proposal_tables.nothing([("A", 5, ""), alike[0]])


def test_an_engine_that_proves_nothing_has_no_shadow_prices() -> None:
    assert proposal_words.shadow_sentences(propose(block(100_000), GROUP, Choices())) == ()
