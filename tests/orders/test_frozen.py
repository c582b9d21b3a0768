"""A statement is read back whole: frozen again it is the same text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.limits import LimitTable
from allocation.model import Account, Choices, Metric, Side
from allocation.partial_fill import FillPolicy
from allocation.propose import propose
from orders.canonical import canonical, digest
from orders.dispatch import Dispatch
from orders.errors import Rejected
from orders.frozen import Frozen, read
from orders.model import Statement
from orders.statement import freeze
from tests.allocation.desk import block, bond
from tests.orders.desk import BOOK, PM, FakeBroker, outfit
from tests.orders.test_desk import preview
from tests.orders.test_replaying import GROUPS, RULES
from tests.orders.test_statement import AT, LIMITS, made, statement
from tests.orders.watch import Watch


def again(kept: Frozen) -> Statement:
    was = kept.statement
    return freeze(
        kept.proposal, statement_id=was.id, order_id=was.order_id, group=kept.group, book=kept.book,
        read_at=kept.read_at, confirmed_at=was.created_at, confirmed_by=was.created_by, comment=kept.comment,
        override=kept.override, accepted=kept.accepted, version=was.version, fills=kept.fills,
        limits_sha256=kept.limits_sha256,
    )  # fmt: skip


@given(
    GROUPS, RULES, st.integers(1, 2 * 10**7), st.sampled_from(Side),
    st.sampled_from(["pro_rata", "equal", "min_dispersion"]), st.sampled_from([None, "0", "0.7"]),
    st.sampled_from([Metric.DURATION, Metric.OAS]),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_what_is_read_and_frozen_again_is_the_same_text(
    group: tuple[Account, ...], limits: LimitTable, face: int, side: Side, engine: str, accrued: str | None,
    metric: Metric,
) -> None:  # fmt: skip
    out = frozenset(a.id for a in group if a.exposures[metric].value is None)
    of = bond(accrued=accrued, issuer_id="ACM", issuer="Acme", sector="Autos")
    whole = statement(propose(block(face, side, of), group, Choices(engine, {}, metric, excluded=out), limits))
    assert again(read(whole)) == whole


def test_what_was_said_chosen_and_typed_is_read_too() -> None:
    proposal = made(
        engine="custom", parameters={"instructions": {"A": 0.25, "C": 0.75}}, locked={"B": 2_000_000}, tolerance=0.1
    )
    whole = freeze(
        proposal, statement_id="EL-1.2", order_id="EL-1", group="BIG6", book=BOOK, read_at=AT, confirmed_at=AT,
        confirmed_by="pm", comment="<b>=1+1</b>", override="agreed", accepted={"Cash": "known"}, version=2,
        fills=FillPolicy.SMALLEST_FIRST,
    )  # fmt: skip
    kept = read(whole)
    assert again(kept) == whole
    assert kept.intact
    assert (kept.comment, kept.override, dict(kept.accepted)) == ("<b>=1+1</b>", "agreed", {"Cash": "known"})
    assert kept.proposal.limits.rows != LIMITS.rows  # of another group's account nothing is kept
    assert not replace(kept, statement=replace(whole, body=whole.body + " ")).intact


def test_each_version_of_a_modified_order_is_read_as_it_was(tmp_path: Path) -> None:
    at, broker = outfit(tmp_path), FakeBroker()
    watch = Watch(at, broker, Dispatch(at.ledger, broker, at.clock, "w1"))
    order = at.desk.confirm(PM, preview(at), "", "c1")
    watch.round()
    changed = at.desk.modifying.request(PM, order.id)
    seen = at.desk.preview(PM, replace(changed, face=1_000_000))
    at.desk.modifying.modify(PM, seen, "less", "c2")
    newest, first = at.desk.past.statements_of(PM, order.id)
    assert (newest.version, first.version) == (2, 1)
    for each in (newest, first):
        assert again(read(each)) == each
        assert at.desk.past.replay(PM, order.id, each.version).same
    assert read(newest).proposal.placed < read(first).proposal.placed


def test_a_statement_of_an_earlier_format_says_what_is_not_in_it() -> None:
    whole = statement(made())
    body = json.loads(whole.body) | {"format": 2}
    del body["effect"]
    text = canonical(body)
    with pytest.raises(Rejected, match=r"EL-1\.1 was frozen in format 2, and 'effect' is not in it"):
        read(replace(whole, body=text, sha256=digest(text)))
