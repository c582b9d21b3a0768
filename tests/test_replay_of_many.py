"""A thousand statements of the demo book, by every engine and metric, both sides and under changing limits, through the
real desk: each is read back bit for bit, and gives the same faces again. Some are confirmed into the ledger; of the
others the desk's preview is frozen as a confirmation does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from access import demo_users
from allocation.errors import EvenlotError
from allocation.limits import Limit, Rule
from allocation.model import Account, Bond, Choices, Metric, Side
from bootstrap import House
from orders.desk import Desk, Request
from orders.frozen import read
from orders.model import Order, Statement
from orders.replaying import replay
from orders.statement import freeze
from tests.house import PM, forget_settings, house_on
from tests.orders.test_frozen import again

MANY, MOST_TRIES = 1_000, 4_000
COMPLIANCE = demo_users()[0]["compliance"].user
ENGINES = ("pro_rata", "equal", "min_dispersion", "to_target", "custom")
CHANGED_EVERY = 100  # statements
CONFIRMED_EVERY = 10

pytestmark = pytest.mark.soak


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    forget_settings(monkeypatch, tmp_path)
    with house_on(tmp_path / "data") as opened:
        yield opened


def _parameters(rng: Random, engine: str, accounts: tuple[Account, ...], metric: Metric) -> Mapping[str, Any]:
    some = rng.sample(accounts, 2)
    match engine:
        case "pro_rata":
            return {"by": rng.choice(("nav", "market_value"))}
        case "to_target":
            known = [value for a in accounts if (value := a.exposures[metric].value) is not None]
            return {"aim": "level", "level": rng.uniform(min(known), 1.3 * max(known))}
        case "custom":
            return {"instructions": {some[0].id: 0.25, some[1].id: 0.75}}
        case "min_dispersion":
            return {"weighting": rng.choice(("equal", "nav"))}
    return {}


def _request(rng: Random, desk: Desk, bonds: list[Bond]) -> Request:
    group, side, metric = rng.choice(("BIG6", "OPNIC", "DP-LB-USD")), rng.choice(list(Side)), rng.choice(list(Metric))
    bond, engine = rng.choice(bonds), rng.choice(ENGINES)
    accounts = desk.group(PM, group).value.accounts
    face = rng.choice((1, 3, 10, 25, 60)) * 1_000_000 + rng.randrange(1_000) * bond.increment
    blind = frozenset(a.id for a in accounts if a.exposures[metric].value is None)
    choices = Choices(
        engine, _parameters(rng, engine, accounts, metric), metric, excluded=blind,
        min_allocation=rng.choice((0, 0, 500_000)), tolerance=rng.choice((None, 0.1)),
    )  # fmt: skip
    limit = bond.price if rng.random() < 0.3 else None
    return Request(group, bond.asset_id, side, face, desk.settlement(bond), limit, choices)


def _confirmed(desk: Desk, request: Request, command: str) -> Order:
    seen = desk.preview(PM, request, fresh=True)
    return desk.confirm(PM, seen, "one of many", command, accepted=dict.fromkeys(seen.warnings, "as meant"))


def _frozen(desk: Desk, request: Request, number: int) -> Statement:
    """The statement that a confirmation would make of this preview."""
    seen, at = desk.preview(PM, request), desk.now()
    return freeze(
        seen.proposal, statement_id=f"EL-{number}.1", order_id=f"EL-{number}", group=request.group, book=desk.book,
        read_at=seen.read_at, confirmed_at=at, confirmed_by=PM.username, comment="one of many",
    )  # fmt: skip


def _other_limits(rng: Random, desk: Desk, number: int) -> None:
    """The same table with another rule for everybody, which binds now and then."""
    table, everyone = desk.limits.table(COMPLIANCE), "*"
    rows = [row for row in table.rows if (row.account_id, row.rule) != (everyone, Rule.SECURITY)]
    rows.append(Limit(everyone, Rule.SECURITY, "", f"{rng.choice((1, 2, 5))}%"))
    desk.limits.set(COMPLIANCE, rows, table.version, f"change {number}", f"limits {number}")


def test_a_thousand_statements_give_the_same_faces_again(house: House) -> None:
    desk, rng = house.office.desk, Random(7)
    found = (desk.find(PM, text).value for text in ("treasury", "bank", "energy", "power", "fannie"))
    bonds = [b for some in found for b in some if b.price is not None and b.measures.dts is not None]
    seen, versions = Counter[tuple[str, str]](), set[int]()
    for attempt in range(MOST_TRIES):
        if (number := seen.total()) == MANY:
            break
        if number // CHANGED_EVERY > len(versions) - 1:
            _other_limits(rng, desk, number)
            versions.add(desk.limits.table(COMPLIANCE).version)
        with suppress(EvenlotError):  # a block that cannot be made is not confirmed: the next one
            request = _request(rng, desk, bonds)
            if number % CONFIRMED_EVERY:
                statement = _frozen(desk, request, number)
            else:
                order = _confirmed(desk, request, f"c{attempt}")
                statement = desk.past.statement(PM, order.id)
                assert desk.past.replay(PM, order.id) == replay(statement)
                desk.orders.withdraw(PM, order.id, "its cash is for the next", f"w{order.id}")
            replayed = replay(statement)
            assert (replayed.same, replayed.differences, replayed.impossible) == (True, (), ""), request
            assert again(read(statement)) == statement
            seen[request.choices.engine, request.side.value] += 1
    assert seen.total() == MANY
    assert set(seen) == {(engine, side.value) for engine in ENGINES for side in Side}
    assert len(versions) == MANY // CHANGED_EVERY
