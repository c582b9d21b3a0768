from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from allocation.model import Account, Bond, Choices, Measures, Metric, Side
from allocation.propose import propose
from tests.allocation.desk import account, block, bond

FILE = Path(__file__).parents[3] / "shared" / "data" / "acceptance" / "dispersion.json"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the acceptance numbers are not on this machine")


def _read() -> tuple[dict[str, Any], Bond, list[Account]]:
    """The file, its bond and its accounts."""
    given = json.loads(FILE.read_text())
    terms = given["bond"]
    of = bond(
        terms["min_piece"],
        terms["increment"],
        price=str(Decimal(str(terms["price"])) * 100),
        measures=Measures(spread_duration=terms["spread_duration"]),
    )
    rows = zip(
        given["accounts"], given["nav"], given["cash"], given["position"], given["active_spread_duration"], strict=True
    )
    return given, of, [account(name, str(nav), str(cash), str(held), level) for name, nav, cash, held, level in rows]


def test_the_acceptance_group_has_the_published_dispersion_and_stops_at_its_cash() -> None:
    given, of, group = _read()
    case = next(case for case in given["cases"] if case["face"] == 20_000_000)
    for engine in ("pro_rata", "equal", "min_dispersion"):
        proposal = propose(block(case["face"], Side(case["side"]), of), group, Choices(engine, metric=Metric.ASD))
        assert proposal.effect.dispersion_before == pytest.approx(given["dispersion_before"], abs=1e-9)
        assert proposal.placed == case["filled"]
        assert sum(row.face for row in proposal.unallocated) == case["unfilled"]
        assert {line.cap.rule for line in proposal.lines} == {"cash"}


def test_the_acceptance_block_has_the_least_dispersion_and_its_allocation() -> None:
    given, of, group = _read()
    case = next(case for case in given["cases"] if case["face"] == 8_000_000)
    proposal = propose(block(case["face"], Side(case["side"]), of), group, Choices("min_dispersion", metric=Metric.ASD))
    assert [line.face for line in proposal.lines] == case["allocation"]
    assert proposal.effect.dispersion_after == pytest.approx(case["dispersion"], abs=1e-9)
    assert proposal.certificate is not None
    assert proposal.certificate.status == "optimal"
    assert proposal.certificate.bound == pytest.approx(case["dispersion"], abs=1e-9)
