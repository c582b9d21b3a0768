"""What a statement holds: enough to redo the caps from it, and no more than its readers may see."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from allocation.limits import Limit, LimitTable, Rule
from allocation.model import Account, Choices, Exposure, Holding, Metric
from allocation.partial_fill import FillPolicy
from allocation.proposal import Proposal, Unallocated
from allocation.propose import propose
from orders.canonical import canonical, digest
from orders.confirmation import order_of
from orders.model import OrderLine, Statement
from orders.proof import conditions
from orders.statement import FORMAT, faithful, fill_policy, freeze, frozen_block, not_placed
from tests.allocation.desk import account, block, bond
from tests.orders.desk import BOOK

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ACME = bond(accrued="0.5", issuer_id="ACM", issuer="Acme", sector="Autos")
LIMITS = LimitTable(
    4,
    (
        Limit("*", Rule.ISSUER, "", "3%"),
        Limit("*", Rule.SECTOR, "", "4%"),
        Limit("A", Rule.SECURITY, "", "2%"),
        Limit("Z", Rule.RESTRICTED, "Acme"),
    ),
)


def holding(asset_id: str, value: int, issuer_id: str = "", sector: str = "") -> Holding:
    return Holding(asset_id, Decimal(value), Decimal(value), Decimal(1_000), issuer_id=issuer_id, sector=sector)


def holding_of(name: str, *holdings: Holding) -> Account:
    return replace(account(name), holdings={held.asset_id: held for held in holdings})


GROUP = (
    holding_of("A", holding("B", 500_000, "ACM", "Autos"), holding("C", 400_000, "acm", "Finance")),
    holding_of("B", holding("D", 2_000_000, "OTH", "autos"), holding("E", 900_000), holding("F", 5, "OTH", "Finance")),
    holding_of("C", holding("G", 2_900_000, "ACM", "Autos")),
)


def made(face: int = 9_000_000, **also: Any) -> Proposal:
    return propose(block(face, of=ACME), GROUP, Choices(**also), LIMITS)


def statement(proposal: Proposal) -> Statement:
    return freeze(
        proposal, statement_id="EL-1.1", order_id="EL-1", group="BIG6", book=BOOK, read_at=AT, confirmed_at=AT,
        confirmed_by="pm", comment="",
    )  # fmt: skip


def body_of(proposal: Proposal) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(statement(proposal).body)
    return body


def as_account(frozen: dict[str, Any]) -> Account:
    """An account from a statement alone."""
    return Account(
        frozen["id"],
        frozen["name"],
        frozen["currency"],
        Decimal(frozen["nav"]),
        Decimal(frozen["cash"]),
        TypeAdapter(dict[str, Holding]).validate_python(frozen["holdings"]["counted"]),
        exposures={Metric.of(key): Exposure(**exposure) for key, exposure in frozen["exposures"].items()},
    )


def as_limits(frozen: dict[str, Any]) -> LimitTable:
    rows: Sequence[dict[str, str]] = frozen["rows"]
    limits = (Limit(row["account_id"], Rule.of(row["rule"]), row["of"], row["value"]) for row in rows)
    return LimitTable(frozen["version"], tuple(limits))


def test_caps_and_lines_are_worked_out_again_from_a_statement_alone() -> None:
    proposal = made()
    assert {line.cap.rule for line in proposal.lines} >= {"security concentration", "issuer concentration"}
    kept = statement(proposal)
    body = json.loads(kept.body)
    again = propose(
        frozen_block(kept)[0], [as_account(frozen) for frozen in body["accounts"]], Choices(), as_limits(body["limits"])
    )
    assert [line.face for line in again.lines] == [line.face for line in proposal.lines]
    assert [(line.cap.rule, line.cap.face) for line in again.lines] == [
        (line.cap.rule, line.cap.face) for line in proposal.lines
    ]


def test_of_the_holdings_those_that_count_with_the_bond_are_kept_and_the_sums_of_all() -> None:
    holdings = {frozen["id"]: frozen["holdings"] for frozen in body_of(made())["accounts"]}
    assert {name: sorted(kept["counted"]) for name, kept in holdings.items()} == {
        "A": ["B", "C"],
        "B": ["D"],
        "C": ["G"],
    }
    told = {key: value for key, value in holdings["B"].items() if key != "counted"}
    assert told == {
        "all": 3, "market_value": "2900005", "accrued_value": "3000", "without_accrued": 0, "without_issuer": 1,
        "without_sector": 1,
    }  # fmt: skip


def test_rows_of_accounts_outside_the_group_are_not_in_it_and_the_whole_tables_digest_is() -> None:
    body = body_of(made())
    assert body["limits"]["version"] == 4
    assert {row["account_id"] for row in body["limits"]["rows"]} == {"*", "A"}
    assert body["limits_sha256"] == digest(canonical(LIMITS))


def test_a_proof_says_what_it_takes_as_given() -> None:
    group = (account("A", level=4.0), account("B", level=5.0), account("C", level=None), account("D", level=6.0))
    choices = Choices("min_dispersion", locked={"B": 500_000}, excluded=frozenset({"C"}))
    proposal = propose(block(3_000_000), group, choices)
    assert conditions(proposal) == (
        "with B locked as it is",
        "over the 3 accounts that count, at the 2,500,000 placed with them",
    )
    assert body_of(proposal)["certificate_given"] == list(conditions(proposal))


def test_a_proof_says_who_gets_nothing_for_a_minimum_allocation() -> None:
    limits = LimitTable(1, (Limit("B", Rule.MIN_ALLOCATION, "", "2000000"),))
    group = (account("A", level=4.0), account("B", level=4.0), account("C", level=4.0))
    proposal = propose(block(2_500_000), group, Choices("min_dispersion"), limits)
    assert [line.face for line in proposal.lines] == [1_250_000, 0, 1_250_000]
    assert conditions(proposal) == ("with nothing for B, below a minimum allocation",)


@pytest.mark.parametrize("engine", ["pro_rata", "min_dispersion"])
def test_without_a_proof_or_anything_special_nothing_is_given(engine: str) -> None:
    proposal = propose(block(3_000_000), (account("A"), account("B", level=6.0)), Choices(engine))
    assert conditions(proposal) == ()


def test_more_locked_accounts_than_can_be_read_are_counted() -> None:
    group = [account(name, level=float(place)) for place, name in enumerate("ABCDEF")]
    locked = dict.fromkeys("ABCDE", 100_000)
    proposal = propose(block(3_000_000), group, Choices("min_dispersion", locked=locked))
    assert conditions(proposal) == ("with A, B, C and 2 more locked as they are",)


def test_what_was_not_placed_is_read_back_with_its_reasons() -> None:
    proposal = made()
    assert proposal.unallocated
    assert not_placed(statement(proposal)) == proposal.unallocated


def test_a_statement_of_an_earlier_format_is_still_read() -> None:
    proposal = made()
    kept = statement(proposal)
    body = json.loads(kept.body)
    assert body["format"] == FORMAT == 6
    body |= {"format": 2, "limits": json.loads(canonical(proposal.limits))}
    del body["certificate_given"], body["limits_sha256"], body["accepted"], body["notes"], body["partial_fills"]
    for frozen in body["accounts"]:
        frozen |= {"market_value": frozen["holdings"]["market_value"], "holdings": frozen["holdings"]["all"]}
    text = canonical(body)
    earlier = replace(kept, body=text, sha256=digest(text))
    assert frozen_block(earlier) == (proposal.block, "dirty")
    assert not_placed(earlier) == proposal.unallocated
    assert isinstance(not_placed(earlier)[0], Unallocated)
    assert fill_policy(earlier) is FillPolicy.PRO_RATA
    assert faithful(order_of(proposal, earlier, "BIG6", "", date(2026, 11, 20)), earlier)


def test_a_modified_order_is_held_against_its_newest_statement() -> None:
    """Of which the order has the terms, and lines without a face for accounts that this leaves out."""
    proposal, smaller = made(), made(2_000_000)
    first = statement(proposal)
    order = order_of(proposal, first, "BIG6", "", date(2026, 11, 20))
    second = freeze(
        smaller, statement_id="EL-1.2", order_id="EL-1", group="BIG6", book=BOOK, read_at=AT, confirmed_at=AT,
        confirmed_by="pm", comment="", version=2,
    )  # fmt: skip
    assert (second.version, json.loads(second.body)["version"]) == (2, 2)
    lines = (*order_of(smaller, second, "BIG6", "", date(2026, 11, 20)).lines, OrderLine("Z", 0))
    modified = replace(
        order, ordered=2_000_000, face=smaller.placed, lines=lines, statement_id="EL-1.2",
        statement_sha256=second.sha256,
    )  # fmt: skip
    assert faithful(modified, second)
    assert not faithful(modified, first)
    assert not faithful(replace(modified, ordered=order.ordered), second)
    assert not faithful(replace(modified, lines=order.lines), second)
