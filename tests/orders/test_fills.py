from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.model import Side
from allocation.partial_fill import PROMISED, FillPolicy
from orders.canonical import canonical, digest
from orders.dispatch import Dispatch
from orders.errors import NotFound, NotPermitted, Rejected, Unavailable
from orders.fills import Split, expected, split
from orders.model import Order, OrderLine, OrderState, Role, Statement, User
from tests.allocation.desk import account
from tests.orders.desk import ANALYST, PM, FakeBroker, outfit
from tests.orders.test_desk import preview
from tests.orders.watch import Watch
from tests.storage.samples import block

APPROVER = User("ann", "Ann", frozenset({Role.APPROVER}), frozenset({"BIG6"}))


def stated(version: int = 1, **lines: int) -> Statement:
    """A statement with these lines, from before there was a choice of policies."""
    return promising(None, version, **lines)


def promising(fills: FillPolicy | None, version: int = 1, /, **lines: int) -> Statement:
    body = canonical(
        {
            "block": {"bond": {"min_piece": 2_000, "increment": 1_000}},
            **({"partial_fills": fills.key} if fills else {}),
            "lines": [{"account_id": name, "face": face} for name, face in lines.items()],
        }
    )
    made, _ = block()
    return Statement(f"s{version}", "o", version, made.created_at, "pm", body, digest(body))


def filled(face: int, **lines: tuple[int, int]) -> Order:
    """An order with these lines as (face, booked)."""
    _, order = block()
    made = tuple(OrderLine(name, line, Decimal(booked)) for name, (line, booked) in lines.items())
    return replace(order, face=sum(line.face for line in made), lines=made, filled=Decimal(face))


def test_a_fill_is_split_pro_rata_to_the_statement_in_whole_increments() -> None:
    order = filled(5_000, A=(6_000, 0), B=(3_000, 0), C=(1_000, 0))
    assert expected(order, stated(A=6_000, B=3_000, C=1_000)) == {"A": 3_000, "B": 2_000, "C": 0}


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.data())
def test_a_later_fill_never_takes_back_and_no_line_is_exceeded(lots: list[int], data: st.DataObject) -> None:
    lines = {f"A{n}": lot * 1_000 for n, lot in enumerate(lots)}
    total = sum(lines.values())
    first = data.draw(st.integers(0, total))
    later = data.draw(st.integers(first, total))
    made = stated(**lines)
    one, two = (expected(filled(face, **{n: (f, 0) for n, f in lines.items()}), made) for face in (first, later))
    for name, face in lines.items():
        assert 0 <= one[name] <= two[name] <= face
        assert one[name] % 1_000 == 0
    assert first - 1_000 < sum(one.values()) <= first


@given(st.sampled_from(PROMISED), st.lists(st.integers(0, 40), min_size=1, max_size=8), st.data())
def test_no_policy_takes_back_at_a_later_fill_what_fell_due_at_an_earlier_one(
    policy: FillPolicy, lots: list[int], data: st.DataObject
) -> None:
    lines = {f"A{n}": lot * 1_000 for n, lot in enumerate(lots)}
    first, later = sorted(data.draw(st.integers(0, sum(lines.values()))) for _ in range(2))
    made = promising(policy, **lines)
    one, two = (expected(filled(face, **{n: (f, 0) for n, f in lines.items()}), made) for face in (first, later))
    assert all(one[name] <= two[name] <= face for name, face in lines.items())
    assert (sum(one.values()), sum(two.values())) == (first // 1_000 * 1_000, later // 1_000 * 1_000)


def test_a_fill_is_split_by_the_policy_the_statement_promised() -> None:
    order = filled(4_000, A=(6_000, 0), B=(3_000, 0), C=(1_000, 0))
    lines = {"A": 6_000, "B": 3_000, "C": 1_000}
    by = {policy: expected(order, promising(policy, **lines)) for policy in PROMISED}
    assert by[FillPolicy.PRO_RATA] == {"A": 3_000, "B": 1_000, "C": 0}
    assert by[FillPolicy.SMALLEST_FIRST] == {"A": 0, "B": 3_000, "C": 1_000}
    assert by[FillPolicy.MINIMUM_PIECE_FIRST] == {"A": 2_000, "B": 2_000, "C": 0}
    assert split(order, promising(FillPolicy.SMALLEST_FIRST, **lines)).policy is FillPolicy.SMALLEST_FIRST


def test_a_statement_from_before_there_was_a_choice_is_split_pro_rata() -> None:
    order = filled(4_000, A=(6_000, 0), B=(3_000, 0), C=(1_000, 0))
    old = stated(A=6_000, B=3_000, C=1_000)
    assert digest(old.body) == old.sha256
    assert split(order, old).policy is FillPolicy.PRO_RATA
    assert expected(order, old) == {"A": 3_000, "B": 1_000, "C": 0}


def test_all_of_it_filled_is_every_line_odd_holdings_included() -> None:
    order = filled(1_235_567, A=(1_234_567, 0), B=(1_000, 0))
    assert expected(order, stated(A=1_234_567, B=1_000)) == {"A": 1_234_567, "B": 1_000}


def test_what_fell_due_before_a_modification_stays_due() -> None:
    """A and B had 5 each of 10; then the rest was split otherwise, which makes nobody's fill a departure."""
    order = filled(10_000, A=(18_000, 5_000), B=(6_000, 5_000))
    before = ((stated(A=10_000, B=10_000), Decimal(10_000)),)
    now_ = stated(2, A=18_000, B=6_000)
    assert expected(order, now_) != {"A": 5_000, "B": 5_000}
    assert expected(order, now_, before) == {"A": 5_000, "B": 5_000}
    assert split(order, now_, before).breaks == ()


def test_a_fill_that_was_taken_back_is_shared_out_anew() -> None:
    order = filled(2_000, A=(10_000, 1_000), B=(10_000, 1_000))
    before = ((stated(A=10_000, B=10_000), Decimal(10_000)),)
    assert expected(order, stated(2, A=10_000, B=10_000), before) == {"A": 1_000, "B": 1_000}


def test_a_piece_of_rounding_is_no_departure_on_the_way_and_is_one_at_the_end() -> None:
    made = stated(A=10_000, B=10_000)
    on_the_way = split(filled(10_000, A=(10_000, 6_000), B=(10_000, 4_000)), made)
    assert (on_the_way.breaks, on_the_way.departures) == ((), "")
    assert on_the_way.parts[0].difference == 1_000
    done = split(filled(20_000, A=(10_000, 11_000), B=(10_000, 9_000)), made)
    assert done.departures == "A +1,000; B -1,000 at 20,000 filled"


def test_a_departure_is_told_in_words() -> None:
    made = split(filled(10_000, A=(10_000, 8_000), B=(10_000, 2_000), C=(0, 0)), stated(A=10_000, B=10_000))
    assert made.breaks == (
        "A has 8,000 booked, 3,000 more than due: its part of what is filled is 5,000.",
        "B has 2,000 booked, 3,000 less than due: its part of what is filled is 5,000.",
    )
    assert made.expected == {"A": 5_000, "B": 5_000, "C": 0}


def test_who_has_no_line_and_something_booked_departs_whatever_the_size() -> None:
    made = split(filled(10_000, A=(10_000, 9_500), C=(0, 500)), stated(A=10_000))
    assert any(told.startswith("C has 500 booked, 500 more than due: it has no line") for told in made.breaks)


def test_what_is_filled_and_not_booked_yet_is_pending_and_no_departure() -> None:
    made = split(filled(10_000, A=(10_000, 0), B=(10_000, 0)), stated(A=10_000, B=10_000))
    assert made.pending == 10_000
    assert made.breaks == ()


# -- explained ---------------------------------------------------------------------------------------------------------


def departed(watch: Watch) -> Order:
    """The order of A and B, 1,000,000 each, of which Aladdin booked 800,000 to A and 200,000 to B."""
    watch.round()
    watch.broker.fill("Active", A=800_000, B=200_000)
    return watch.round()


def test_a_departure_is_explained_by_one_and_approved_by_another(watch: Watch) -> None:
    fills, order = watch.at.desk.fills, departed(watch)
    seen = fills.split(PM, order.id)
    assert seen.departures == "A +300,000; B -300,000 at 1,000,000 filled"
    assert seen.open
    after = fills.explain(PM, order.id, seen.departures, "A's redemption was called off", "e1")
    assert (after.state, after.version) == (order.state, order.version + 1)
    assert fills.split(PM, order.id).open
    fills.approve_explanation(APPROVER, order.id, seen.departures, "e2")
    said = fills.split(PM, order.id)
    assert not said.open
    assert said.explanation is not None
    assert (said.explanation.reason, said.explanation.by, said.explanation.approved_by) == (
        "A's redemption was called off", "pm", "ann",
    )  # fmt: skip
    assert watch.at.ledger.verify() == ()
    actions = [entry.action for entry in watch.at.ledger.audit(f"group:{order.group}")]
    assert actions[:2] == ["explanation approved", "explained"]


def test_what_is_explained_waits_for_approvers_of_its_group_until_one_approves_it(watch: Watch) -> None:
    fills, order = watch.at.desk.fills, departed(watch)
    assert fills.awaiting(APPROVER) == ()
    seen = fills.split(PM, order.id).departures
    fills.explain(PM, order.id, seen, "as asked", "e1")
    ((waiting, split),) = fills.awaiting(APPROVER)
    assert (waiting.id, split.departures) == (order.id, seen)
    assert fills.awaiting(replace(APPROVER, groups=frozenset({"OPNIC"}))) == ()
    fills.approve_explanation(APPROVER, order.id, seen, "e2")
    assert fills.awaiting(APPROVER) == ()


def test_the_same_explanation_twice_is_written_once(watch: Watch) -> None:
    fills, order = watch.at.desk.fills, departed(watch)
    seen = fills.split(PM, order.id).departures
    once = fills.explain(PM, order.id, seen, "as asked", "e1")
    assert fills.explain(PM, order.id, seen, "as asked", "e1") == once
    assert watch.history().count("explained") == 1


def test_an_explanation_says_nothing_of_departures_that_came_after_it(watch: Watch) -> None:
    fills, order = watch.at.desk.fills, departed(watch)
    seen = fills.split(PM, order.id).departures
    fills.explain(PM, order.id, seen, "as asked", "e1")
    watch.broker.fill("Active", A=900_000, B=200_000)
    watch.round()
    now_ = fills.split(PM, order.id)
    assert (now_.explanation, now_.open) == (None, True)
    with pytest.raises(Rejected, match=r"not those you read\. They are A \+350,000; B -350,000 at 1,100,000 filled"):
        fills.approve_explanation(APPROVER, order.id, seen, "e2")


def test_the_same_differences_at_another_fill_are_explained_and_approved_anew(watch: Watch) -> None:
    watch.round()
    fills, order = watch.at.desk.fills, watch.order()
    watch.broker.fill("Active", A=300_000, B=100_000)
    watch.round()
    first = fills.split(PM, order.id).departures
    fills.explain(PM, order.id, first, "A was called first", "e1")
    fills.approve_explanation(APPROVER, order.id, first, "e2")
    assert not fills.split(PM, order.id).open
    watch.broker.fill("Active", A=900_000, B=700_000)
    watch.round()
    again = fills.split(PM, order.id)
    assert first == "A +100,000; B -100,000 at 400,000 filled"
    assert again.departures == "A +100,000; B -100,000 at 1,600,000 filled"
    assert (again.explanation, again.open) == (None, True)


def test_the_same_departures_after_a_correction_are_explained_and_approved_anew(watch: Watch) -> None:
    watch.round()
    fills, order = watch.at.desk.fills, watch.order()

    def booked(**faces: int) -> Split:
        watch.broker.fill("Booked", **faces)
        watch.at.clock.pass_(700)
        watch.round()
        return fills.split(PM, order.id)

    first = booked(A=1_200_000, B=800_000).departures
    fills.explain(PM, order.id, first, "Taken for another order", "e1")
    fills.approve_explanation(APPROVER, order.id, first, "e2")
    assert not fills.split(PM, order.id).open
    assert not booked(A=1_000_000, B=1_000_000).departures
    again = booked(A=1_200_000, B=800_000)
    assert (again.departures, again.explanation, again.open) == (first, None, True)


def test_departures_are_explained_after_the_order_has_ended(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Canceled", A=800_000)
    order = watch.round()
    assert order.state is OrderState.CANCELED
    fills = watch.at.desk.fills
    after = fills.explain(PM, order.id, fills.split(PM, order.id).departures, "B withdrew", "e1")
    assert after.state is OrderState.CANCELED


def test_only_a_manager_explains_and_only_another_person_approves(watch: Watch) -> None:
    fills, order = watch.at.desk.fills, departed(watch)
    seen = fills.split(PM, order.id).departures
    for user in (APPROVER, ANALYST):
        with pytest.raises(NotPermitted, match="portfolio manager can"):
            fills.explain(user, order.id, seen, "x", "e1")
    with pytest.raises(NotPermitted, match="Say why"):
        fills.explain(PM, order.id, seen, "  ", "e1")
    with pytest.raises(Rejected, match="Nobody has explained"):
        fills.approve_explanation(APPROVER, order.id, seen, "e2")
    both = replace(PM, roles=frozenset({Role.PORTFOLIO_MANAGER, Role.APPROVER}))
    fills.explain(both, order.id, seen, "x", "e3")
    with pytest.raises(NotPermitted, match="somebody else must"):
        fills.approve_explanation(both, order.id, seen, "e4")
    with pytest.raises(NotPermitted, match="approver can"):
        fills.approve_explanation(PM, order.id, seen, "e5")
    with pytest.raises(NotFound):
        fills.split(replace(PM, groups=frozenset({"OPNIC"})), order.id)
    assert watch.history().count("explanation approved") == 0


def test_nothing_to_explain_is_not_explained(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Active", A=500_000, B=500_000)
    order = watch.round()
    with pytest.raises(Rejected, match="There is none now"):
        watch.at.desk.fills.explain(PM, order.id, "A +1", "x", "e1")


def test_the_split_follows_the_frozen_statement_of_a_real_order(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Active", A=501_000, B=500_000)
    order = watch.round()
    body = json.loads(watch.at.ledger.statement(order.id).body)
    assert (body["block"]["bond"]["increment"], order.side) == (1_000, Side.BUY)
    assert watch.at.desk.fills.expected(PM, order.id) == {"A": 501_000, "B": 500_000}
    assert watch.at.desk.fills.breaks(PM, order.id) == ()


def test_what_was_filled_before_a_modification_was_due_by_the_terms_of_then(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Active", A=500_000, B=500_000)
    order, modifying = watch.round(), watch.at.desk.modifying
    request = modifying.request(PM, order.id)
    anew = replace(request, choices=replace(request.choices, locked={"A": 1_500_000, "B": 500_000}))
    modifying.modify(PM, watch.at.desk.preview(PM, anew), "A has an inflow", "m1")
    watch.round()
    assert watch.at.desk.fills.expected(PM, order.id) == {"A": 500_000, "B": 500_000}
    watch.broker.fill("Active", A=1_000_000, B=500_000)
    watch.round()
    assert watch.at.desk.fills.split(PM, order.id).breaks == ()


def test_nothing_falls_due_under_a_modification_that_never_came_to_be(watch: Watch) -> None:
    watch.round()
    order, modifying = watch.order(), watch.at.desk.modifying
    request = modifying.request(PM, order.id)

    def modify(a: int, b: int, command_id: str) -> None:
        anew = replace(request, choices=replace(request.choices, locked={"A": a, "B": b}))
        modifying.modify(PM, watch.at.desk.preview(PM, anew), "A has an inflow", command_id)

    modify(1_950_000, 50_000, "m1")
    watch.broker.fails = [(Unavailable("Aladdin cannot be reached.", sent=False), False)] * 50
    watch.round()
    watch.broker.fill("Active", A=500_000, B=500_000)
    assert watch.rounds(60, step=5).state is OrderState.PART_FILLED  # a fill was quicker
    assert watch.at.ledger.statement(order.id).version == 3
    split_ = watch.at.desk.fills.split(PM, order.id)
    assert (split_.expected, split_.breaks) == ({"A": 500_000, "B": 500_000}, ())
    modify(1_500_000, 500_000, "m2")  # which comes to be
    watch.broker.fails = []
    watch.round()
    assert watch.at.desk.fills.expected(PM, order.id) == {"A": 500_000, "B": 500_000}


# -- the policy of an order --------------------------------------------------------------------------------------------


def test_the_policy_is_chosen_at_the_confirmation_frozen_and_kept_through_modifications(tmp_path: Path) -> None:
    at = outfit(tmp_path)
    at.market.accounts = (account("A", nav="300000000"), account("B"))
    order = at.desk.confirm(PM, preview(at), "", "c1", fills=FillPolicy.SMALLEST_FIRST)
    statement = at.ledger.statement(order.id)
    assert json.loads(statement.body)["partial_fills"] == "smallest_first"
    assert digest(statement.body) == statement.sha256 == order.statement_sha256
    broker = FakeBroker()
    watch = Watch(at, broker, Dispatch(at.ledger, broker, at.clock, "w1"))
    watch.round()
    assert watch.faces() == {"A": 1_500_000, "B": 500_000}
    broker.fill("Active", A=100_000, B=500_000)
    watch.round()
    fills, modifying = at.desk.fills, at.desk.modifying
    assert fills.expected(PM, order.id) == {"A": 100_000, "B": 500_000}
    assert fills.breaks(PM, order.id) == ()
    smaller = at.desk.preview(PM, replace(modifying.request(PM, order.id), face=1_800_000))
    modifying.modify(PM, smaller, "less", "m1")
    assert at.ledger.statement(order.id).version == 2
    assert fills.split(PM, order.id).policy is FillPolicy.SMALLEST_FIRST
    broker.fails = [(Rejected("Aladdin refused: not now."), False)]
    watch.round()
    assert at.ledger.statement(order.id).version == 3
    assert fills.split(PM, order.id).policy is FillPolicy.SMALLEST_FIRST


def test_a_policy_that_takes_back_what_it_gave_is_not_confirmed(tmp_path: Path) -> None:
    at = outfit(tmp_path)
    with pytest.raises(NotPermitted, match="“Cancel below minimum” may take back what it gave"):
        at.desk.confirm(PM, preview(at), "", "c1", fills=FillPolicy.CANCEL_BELOW_MINIMUM)
    assert at.ledger.orders() == ()
