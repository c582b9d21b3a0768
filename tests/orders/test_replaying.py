"""A statement alone gives the same allocation again, or says exactly what is other."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.limits import Limit, LimitTable, Rule
from allocation.model import Account, Choices, Exposure, Holding, Measures, Metric, Side
from allocation.propose import propose
from orders.canonical import canonical, digest
from orders.model import Statement
from orders.replaying import replay
from orders.statement import ENGINES
from tests.allocation.desk import account, block, bond
from tests.orders.test_statement import ACME, GROUP, LIMITS, made, statement

FIGURES = Measures(spread_duration=3.1, duration=4.7, oas=88.0)
ISSUERS, SECTORS = st.sampled_from(["", "ACM", "acm", "OTH"]), st.sampled_from(["", "Autos", "Finance"])


@st.composite
def _accounts(draw: st.DrawFn, name: str) -> Account:
    own = account(
        name, str(draw(st.integers(10**6, 10**9))), str(draw(st.integers(0, 10**7))),
        str(draw(st.integers(0, 3_000_500))), draw(st.sampled_from([4.0, 4.6, 5.0, 5.3, None])),
    )  # fmt: skip
    rest = {
        f"H{i}": Holding(
            f"H{i}", Decimal(face), Decimal(face), draw(st.sampled_from([Decimal(7), None])),
            issuer_id=draw(ISSUERS), sector=draw(SECTORS),
        )
        for i, face in enumerate(draw(st.lists(st.integers(0, 10**6), max_size=4)))
    }  # fmt: skip
    held = {**own.holdings, **rest}  # with figures: an account that is put on another basis is measured anew
    return replace(own, holdings={name: replace(holding, measures=FIGURES) for name, holding in held.items()})


GROUPS = st.integers(1, 6).flatmap(lambda count: st.tuples(*(_accounts(f"A{i}") for i in range(count))))
RULES = st.lists(
    st.tuples(
        st.sampled_from(["*", "A0", "A1"]),
        st.sampled_from(
            [(Rule.ISSUER, "2%"), (Rule.SECTOR, "3%"), (Rule.SECURITY, "1%"), (Rule.CASH_RESERVE, "0.5%"),
             (Rule.MIN_ALLOCATION, "700000"), (Rule.FROZEN, "yes")]
        ),
    ),
    max_size=4,
    unique_by=lambda row: (row[0], row[1][0]),
).map(lambda rows: LimitTable(3, tuple(Limit(who, rule, "", value) for who, (rule, value) in rows)))  # fmt: skip


@given(
    GROUPS, RULES, st.integers(1, 2 * 10**7), st.sampled_from(Side),
    st.sampled_from([("pro_rata", "nav"), ("pro_rata", "market_value"), ("equal", ""), ("min_dispersion", "")]),
    st.sampled_from([None, "0", "0.7"]), st.sampled_from([Metric.DURATION, Metric.OAS]),
)  # fmt: skip
@settings(deadline=None)
def test_the_same_lines_reasons_and_figures_come_of_a_statement_alone(
    group: tuple[Account, ...], limits: LimitTable, face: int, side: Side, engine: tuple[str, str],
    accrued: str | None, metric: Metric,
) -> None:  # fmt: skip
    out = frozenset(a.id for a in group if a.exposures[metric].value is None)
    choices = Choices(engine[0], {"by": engine[1]} if engine[1] else {}, metric, excluded=out)
    of = bond(accrued=accrued, issuer_id="ACM", issuer="Acme", sector="Autos")
    found = replay(statement(propose(block(face, side, of), group, choices, limits)))
    assert (found.same, found.differences, found.versions, found.impossible) == (True, (), (), "")


def test_what_a_custom_allocation_was_told_and_what_was_locked_is_replayed_too() -> None:
    instructions: dict[str, Any] = {"A": 0.25, "B": 0.75}
    group = tuple(account(name, level=level) for name, level in (("A", 4.0), ("B", 5.0), ("C", 6.0)))
    for choices in (
        Choices("custom", {"instructions": instructions}),
        Choices("min_dispersion", locked={"B": 500_000}),
    ):
        found = replay(statement(propose(block(3_000_000), group, choices)))
        assert found.same, (found.impossible, found.differences)
        assert not found.differences


def test_what_is_other_is_named_figure_by_figure_with_the_version_that_changed() -> None:
    body = json.loads(statement(made()).body)
    body["lines"][0]["face"] += 1_000
    body["lines"][1]["reason"] = "Because."
    body["versions"]["engines"] = "2"
    found = replay(_kept(body))
    assert not found.same
    face = body["lines"][0]["face"]
    assert f"lines › A › face: {face:,} then, {face - 1_000:,} now" in found.differences
    assert any(told.startswith("lines › B › reason: Because. then") for told in found.differences)
    assert found.versions == (f"engines 2 then, {ENGINES} now",)


def test_another_sentence_alone_is_named_and_the_faces_are_the_same() -> None:
    body = json.loads(statement(made()).body)
    body["lines"][1]["reason"] = "Because."
    found = replay(_kept(body))
    assert found.same
    assert len(found.differences) == 1


def test_what_cannot_be_replayed_says_why() -> None:
    whole = statement(made())
    edited = replace(whole, body=whole.body.replace('"face":9000000', '"face":8000000'))
    assert replay(edited).impossible == "Its text is not the one that was hashed: it was edited since."
    body = json.loads(whole.body)
    del body["accounts"][0]["exposures"]
    assert replay(_kept(body | {"format": 2})).impossible == "It was frozen in format 2: 'exposures' is not in it."
    taken = body | {"choices": body["choices"] | {"engine": "elsewhere"}}
    assert "no engine of ours can repeat it" in replay(_kept(taken)).impossible
    gone = json.loads(whole.body)
    gone["choices"]["engine"] = "simplex"
    assert replay(_kept(gone)).impossible.startswith("The engines of today refuse it: ")
    gone["block"]["face"] = "many"
    assert replay(_kept(gone)).impossible == f"It was frozen in format {gone['format']}: a figure of it cannot be read."


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("versions", None, "'versions' is not in it"),
        ("failed", None, "'failed' is not in it"),
        ("lines", None, "'lines' is not in it"),
        ("accounts", [7], "a figure of it cannot be read"),
        ("lines", 7, "a figure of it cannot be read"),
        ("format", None, ""),
    ],
)
def test_a_statement_that_lacks_a_part_or_has_another_there_is_told_of_and_breaks_nothing(
    name: str, value: Any, said: str
) -> None:
    body = json.loads(statement(made()).body)
    del body[name]
    assert said in replay(_kept(body if value is None else body | {name: value})).impossible
    assert replay(_kept([])).impossible == "It was frozen in a format without a number: a figure of it cannot be read."


def test_a_sum_that_is_no_number_and_a_library_that_is_gone_are_told_of() -> None:
    body = json.loads(statement(made()).body)
    body["versions"]["cobol-solver"] = "9"
    found = replay(_kept(body))
    assert found.same
    assert found.versions == ("cobol-solver 9 then, not installed now",)
    body["accounts"][0]["holdings"]["market_value"] = "n/a"
    assert "a figure of it cannot be read" in replay(_kept(body)).impossible


def test_the_sums_stand_for_holdings_that_are_not_kept() -> None:
    assert any(len(account.holdings) > 2 for account in GROUP)
    assert ACME.issuer_id
    assert LIMITS.rows
    assert replay(statement(made(engine="pro_rata", parameters={"by": "market_value"}))).differences == ()


def _kept(body: Any) -> Statement:
    text = canonical(body)
    return replace(statement(made()), body=text, sha256=digest(text))


@pytest.mark.parametrize("metric", Metric)
def test_every_metric_is_replayed(metric: Metric) -> None:
    group = tuple(
        replace(account(name), exposures={m: Exposure(1.25 * (i + 1), 1.0) for m in Metric})
        for i, name in enumerate("ABC")
    )
    assert replay(statement(propose(block(3_000_000), group, Choices("min_dispersion", metric=metric)))).same
