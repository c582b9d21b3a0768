from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.certificate import Certificate
from allocation.check import audit
from allocation.engines import engine
from allocation.lots import Lattice, apportion, room
from allocation.metrics import dispersion
from allocation.model import Account, Choices, Measures, Metric, Side
from allocation.proposal import Proposal
from allocation.propose import propose
from orders.canonical import canonical
from tests.allocation.desk import account, block, bond

BEST = Choices("min_dispersion")
LATTICES = [
    (1_000, 1_000),
    (2_000, 1_000),
    (4_000, 1_000),
    (7_000, 1_000),
    (200_000, 1_000),
    (3_000, 2_000),
    (500, 1_000),
]


def _faces(proposal: Proposal) -> list[int]:
    return [line.face for line in proposal.lines]


def _proof(proposal: Proposal) -> Certificate:
    assert proposal.certificate is not None
    return proposal.certificate


def _audited(proposal: Proposal, certificate: Certificate) -> tuple[str, ...]:
    """The auditor's findings, from the proposal's own data."""
    return audit(replace(proposal, certificate=certificate))


SPREAD = [
    account("A", "100000000", "5000000", level=5.2),
    account("B", "150000000", "8000000", level=4.8),
    account("C", "80000000", "3000000", level=5.5),
    account("D", "50000000", "1000000", level=5.0),
]


def test_the_accounts_behind_are_lifted_and_the_others_get_nothing() -> None:
    proposal = propose(block(8_000_000), SPREAD, BEST)
    assert _faces(proposal) == [0, 6_985_000, 0, 1_015_000]
    assert _proof(proposal).status == "optimal"
    assert proposal.effect.dispersion_after == pytest.approx(_proof(proposal).dispersion, abs=1e-12)
    assert proposal.tried[0].startswith("two multipliers: gap")


def test_every_account_is_told_why_it_got_its_amount() -> None:
    lines = propose(block(8_000_000), SPREAD, BEST).lines
    assert lines[0].reason.startswith("Nothing: at 5.200 years it is already above the mean of 5.")
    assert lines[1].reason.startswith("From 4.800 to 4.97")
    assert lines[3].reason.startswith("Stopped at its cash: cash of USD 1,000,000 buys")


def test_a_binding_cap_has_a_shadow_price_that_more_cash_confirms() -> None:
    proposal = propose(block(8_000_000), SPREAD, BEST)
    (shadow,) = _proof(proposal).shadow_prices
    assert (shadow.account_id, shadow.rule) == ("D", "cash")
    richer = [*SPREAD[:3], account("D", "50000000", "1020000", level=5.0)]
    gained = proposal.effect.dispersion_after - propose(block(8_000_000), richer, BEST).effect.dispersion_after
    assert gained == pytest.approx(shadow.per_million * 0.02, rel=0.1)
    assert "A million more would lower the dispersion by" in proposal.lines[3].reason


def test_no_shadow_price_is_shown_at_zero_dispersion() -> None:
    group = [account("A", level=5.0), account("B", level=5.0)]
    assert _proof(propose(block(2_000_000), group, BEST)).shadow_prices == ()


def test_a_sell_lowers_the_accounts_that_stand_above() -> None:
    group = [account(a.id, str(a.nav), "0", "4000000", a.exposures[Metric.ASD].value) for a in SPREAD]
    proposal = propose(block(4_000_000, Side.SELL), group, BEST)
    assert proposal.placed == 4_000_000
    assert _faces(proposal)[2] == 4_000_000
    assert proposal.effect.dispersion_after < proposal.effect.dispersion_before
    assert _audited(proposal, _proof(proposal)) == ()


def test_a_bond_with_a_negative_measure_is_bought_by_the_accounts_above() -> None:
    tight = bond(measures=Measures(oas=-40.0))
    group = [account("A", level=100.0), account("B", level=80.0)]
    proposal = propose(block(2_000_000, of=tight), group, replace(BEST, metric=Metric.OAS))
    assert _faces(proposal) == [2_000_000, 0]
    assert _proof(proposal).sign == -1
    assert _audited(proposal, _proof(proposal)) == ()


def test_a_bond_that_moves_nothing_is_split_pro_rata_and_that_is_said() -> None:
    flat = bond(measures=Measures(oas=0.0))
    proposal = propose(block(6_000_000, of=flat), SPREAD, replace(BEST, metric=Metric.OAS))
    plain = propose(block(6_000_000, of=flat), SPREAD, Choices(metric=Metric.OAS))
    assert _faces(proposal) == _faces(plain)
    assert proposal.certificate is None
    assert proposal.tried[-1] == "pro rata"
    assert any(
        note.startswith("Minimum dispersion does not apply: every split leaves the same dispersion.")
        for note in proposal.notes
    )


def test_an_account_without_an_exchange_rate_gets_nothing_and_still_counts() -> None:
    group = [account("A", level=4.0, currency="EUR"), account("B", level=5.0), account("C", level=4.0)]
    proposal = propose(block(1_000_000), group, BEST)
    assert _faces(proposal) == [0, 0, 1_000_000]
    assert "no exchange rate from USD to EUR" in proposal.lines[0].reason
    assert len(proposal.effect.after) == 3


def test_a_group_that_has_no_rate_at_all_is_not_valued_and_says_so() -> None:
    proposal = propose(block(1_000_000), [account("A", currency="EUR")], BEST)
    assert proposal.placed == 0
    assert any("exchange rate" in note for note in proposal.notes)


def test_accounts_left_out_of_the_metric_get_nothing_while_the_others_can_take_it_all() -> None:
    group = [*SPREAD, account("E", level=None)]
    proposal = propose(block(8_000_000), group, replace(BEST, excluded=frozenset({"E"})))
    assert _faces(proposal) == [0, 6_985_000, 0, 1_015_000, 0]
    assert "left out of Active spread duration" in proposal.lines[4].reason


def test_accounts_left_out_take_what_the_others_cannot_in_proportion_to_nav() -> None:
    group = [account("A", cash="1000000"), account("E", "10000000", level=None), account("F", "30000000", level=None)]
    proposal = propose(block(3_015_000), group, replace(BEST, excluded=frozenset({"E", "F"})))
    assert _faces(proposal) == [1_015_000, 500_000, 1_500_000]
    assert "takes only what the counted accounts cannot" in proposal.lines[1].reason


def test_pieces_never_leave_the_rest_unplaced_because_an_account_is_left_out() -> None:
    group = [account("A", cash="394000"), account("E", level=None)]
    proposal = propose(block(500_000, of=bond(200_000, 1_000)), group, replace(BEST, excluded=frozenset({"E"})))
    assert _faces(proposal) == [300_000, 200_000]


def test_an_order_below_a_piece_is_left_over_whole() -> None:
    proposal = propose(block(150_000, of=bond(200_000, 1_000)), SPREAD, BEST)
    assert proposal.placed == 0
    assert _proof(proposal).status == "optimal"


def test_nobody_with_cash_places_nothing() -> None:
    proposal = propose(block(1_000_000), [account("A", cash="0"), account("B", cash="-1", level=4.0)], BEST)
    assert proposal.placed == 0
    assert _audited(proposal, _proof(proposal)) == ()


def test_an_empty_group_and_a_group_of_one_are_answered() -> None:
    assert propose(block(1_000_000), [], BEST).placed == 0
    alone = propose(block(1_000_000), [account("A")], BEST)
    assert (alone.placed, alone.effect.dispersion_after) == (1_000_000, 0.0)


def test_identical_accounts_are_served_in_the_order_of_their_ids() -> None:
    group = [account(name) for name in "DCBA"]
    assert _faces(propose(block(10_000), group, BEST)) == [3_000, 3_000, 2_000, 2_000]
    pieces = propose(block(1_000_000, of=bond(500_000, 1_000)), group, BEST)
    assert _faces(pieces) == [500_000, 500_000, 0, 0]


def test_the_weights_change_who_is_lifted_and_each_is_best_by_its_own() -> None:
    group = [
        account("A", "1000000000", "90000000", level=5.0),
        account("B", "50000000", "4000000", level=5.0),
        account("C", "50000000", "4000000", level=5.3),
    ]
    by = {w: propose(block(9_000_000), group, replace(BEST, parameters={"weighting": w})) for w in ("equal", "nav")}
    nav = np.array([float(a.nav or 0) for a in by["nav"].accounts])
    spread = {w: _nav_weighted(p, nav) for w, p in by.items()}
    assert _faces(by["equal"]) != _faces(by["nav"])
    assert by["equal"].effect.dispersion_after <= by["nav"].effect.dispersion_after
    assert spread["nav"] <= spread["equal"]
    assert _proof(by["nav"]).dispersion == pytest.approx(spread["nav"], abs=1e-12)


def _nav_weighted(proposal: Proposal, nav: np.ndarray) -> float:
    after, weight = np.array(list(proposal.effect.after.values())), nav / nav.sum()
    return float(np.sqrt(weight @ (after - weight @ after) ** 2))


def test_the_certificate_is_part_of_canonical_json() -> None:
    body = json.loads(canonical({"certificate": _proof(propose(block(8_000_000), SPREAD, BEST))}))
    assert body["certificate"]["status"] == "optimal"
    assert body["certificate"]["shadow_prices"][0]["rule"] == "cash"


def test_an_engine_has_a_sentence_and_its_options() -> None:
    found = engine("min_dispersion")
    assert (found.label, [option.name for option in found.options]) == (
        "Minimum dispersion",
        ["weighting", "centre", "targets"],
    )


@st.composite
def _groups(draw: st.DrawFn) -> tuple[list[Account], tuple[int, int], Side, int, str]:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(10**6, 10**10),
                st.integers(0, 10**7),
                st.integers(0, 3_000).map(lambda lots: lots * 1_000),
                st.integers(-2_000, 2_000),
            ),
            min_size=1,
            max_size=8,
        )
    )
    group = [
        account(f"A{i:02}", str(nav), str(cash), str(held), 5.0 + bend / 1_000)
        for i, (nav, cash, held, bend) in enumerate(rows)
    ]
    return (
        group, draw(st.sampled_from(LATTICES)), draw(st.sampled_from(Side)), draw(st.integers(1, 3 * 10**7)),
        draw(st.sampled_from(["equal", "nav"])),
    )  # fmt: skip


Case = tuple[list[Account], tuple[int, int], Side, int, str]


def _proposed(case: Case, **also: Any) -> Proposal:
    group, lattice, side, face, weighting = case
    return propose(block(face, side, bond(*lattice)), group, replace(BEST, parameters={"weighting": weighting}, **also))


@given(_groups(), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_permuting_the_accounts_permutes_the_answer(case: Case, seed: int) -> None:
    shuffled = random.Random(seed).sample(case[0], len(case[0]))
    assert _faces(_proposed(case)) == _faces(_proposed((shuffled, *case[1:])))


@given(_groups())
@settings(max_examples=100, deadline=None)
def test_scaling_all_money_by_a_thousand_scales_every_face(case: Case) -> None:
    group, (piece, step), side, face, weighting = case
    large = [
        replace(
            account(a.id, str((a.nav or 0) * 1_000), str((a.cash or 0) * 1_000), str(a.held("B") * 1_000)),
            exposures=a.exposures,
        )
        for a in group
    ]
    small = _proposed(case)
    scaled = _proposed((large, (piece * 1_000, step * 1_000), side, face * 1_000, weighting))
    assert scaled.placed == small.placed * 1_000
    slack = 2 * _proof(small).tolerance + 1e-12
    assert scaled.effect.dispersion_after == pytest.approx(small.effect.dispersion_after, abs=slack) or (
        weighting == "nav"
    )
    assert _proof(scaled).dispersion == pytest.approx(_proof(small).dispersion, abs=slack)


@given(_groups())
@settings(max_examples=200, deadline=None)
def test_it_is_never_worse_than_pro_rata_at_equal_fill(case: Case) -> None:
    group, lattice, side, face, _ = case
    best = _proposed((group, lattice, side, face, "equal"))
    for by in ("nav", "holding", "cash"):
        plain = propose(block(face, side, bond(*lattice)), group, Choices("pro_rata", {"by": by}))
        assert best.placed >= plain.placed
        if best.placed == plain.placed:
            slack = _proof(best).tolerance + _proof(best).gap + 1e-12
            assert best.effect.dispersion_after <= plain.effect.dispersion_after + slack


@given(_groups())
@settings(max_examples=150, deadline=None)
def test_the_fill_is_never_below_a_proportional_split_of_the_same_rooms(case: Case) -> None:
    group, (piece, step), side, face, _ = case
    proposal = _proposed(case)
    lattice = Lattice(piece, step)
    rooms = [
        room(lattice, side, line.cap.face, a.held("B"))
        for line, a in zip(proposal.lines, proposal.accounts, strict=True)
    ]
    for weights in ([1] * len(rooms), [int(a.nav or 0) for a in group], [int(a.held("B")) + 1 for a in group]):
        assert proposal.placed >= sum(apportion(face, weights, rooms, lattice))


@given(_groups())
@settings(max_examples=150, deadline=None)
def test_the_auditor_accepts_every_certificate_and_recomputes_the_dispersion(case: Case) -> None:
    proposal = _proposed(case)
    certificate = _proof(proposal)
    assert _audited(proposal, certificate) == ()
    assert certificate.bound <= certificate.dispersion
    if certificate.weighting == "equal":
        after = np.array(list(proposal.effect.after.values()))
        assert certificate.dispersion == pytest.approx(dispersion(after), abs=1e-9)


@given(_groups(), st.sampled_from(["bound", "dispersion", "status", "face"]))
@settings(max_examples=150, deadline=None)
def test_the_auditor_rejects_a_tampered_certificate(case: Case, what: str) -> None:
    proposal = _proposed(case)
    true = _proof(proposal)
    more = 1e-3 * (1.0 + true.dispersion)
    tampered = {
        "bound": replace(true, bound=true.bound + more, gap=true.gap - more),
        "dispersion": replace(true, dispersion=true.dispersion + more, gap=true.gap + more),
        "status": replace(true, status="gap" if true.status == "optimal" else "optimal"),
        "face": replace(true, face=true.face + 1_000),
    }[what]
    assert _audited(proposal, tampered) != ()


@pytest.mark.parametrize(("mean", "price"), [(0.0, 1e-4), (-0.1, 0.0), (0.0, -1e-4)])
def test_the_auditor_rejects_other_multipliers_than_those_that_prove_it(mean: float, price: float) -> None:
    proposal = propose(block(8_000_000), SPREAD, BEST)
    true = _proof(proposal)
    assert _audited(proposal, replace(true, mean=true.mean + mean, price=true.price + price)) != ()
