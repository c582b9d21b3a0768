"""How a fault plan counts: the next so many, some by chance, or all; and what becomes of the counts in a new plan."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aladdin.simulator.faults import Fault, FaultPlan, Latency, ServerError, StalledOrder, Timeout
from aladdin.simulator.plans import fault_of

PATH = "/api/x/order:post"


def plan_of(*lines: str) -> FaultPlan:
    return FaultPlan([fault_of(line) for line in lines])


def strikes(plan: FaultPlan, times: int) -> list[bool]:
    return [plan.take(PATH, Fault) is not None for _ in range(times)]


@given(st.integers(1, 30), st.integers(0, 60))
def test_the_next_so_many_requests_are_struck_and_none_after(count: int, asked: int) -> None:
    plan = plan_of(f"server-error next={count}")
    assert strikes(plan, asked) == [n < count for n in range(asked)]
    assert [(told["met"], told["struck"]) for told in plan.told()] == [(asked, min(count, asked))]


def test_a_fault_that_does_not_say_how_often_strikes_always() -> None:
    assert all(strikes(plan_of("server-error"), 100))


@given(st.integers(0, 10**6))
def test_chance_is_the_same_for_the_same_seed(seed: int) -> None:
    line = f"server-error probability=0.5 seed={seed}"
    assert strikes(plan_of(line), 50) == strikes(plan_of(line), 50)


def test_chance_strikes_about_as_often_as_it_says_and_not_always_the_same() -> None:
    struck = strikes(plan_of("server-error probability=0.3"), 2000)
    assert 500 < sum(struck) < 700
    assert struck != strikes(plan_of("server-error probability=0.3 seed=1"), 2000)


def test_next_and_probability_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="not both"):
        ServerError(kind="server-error", next=1, probability=0.5)


def test_threads_that_ask_at_once_share_the_count() -> None:
    plan = plan_of("server-error next=100")
    struck: list[bool] = []
    threads = [threading.Thread(target=lambda: struck.extend(strikes(plan, 50))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(struck), sum(struck)) == (400, 100)


def test_a_fault_is_taken_by_its_kind_and_path() -> None:
    plan = plan_of("latency seconds=1", "server-error path=*/order:cancel", "timeout path=*/order:*")
    assert isinstance(plan.take(PATH, Timeout, ServerError), Timeout)
    assert isinstance(plan.take(PATH, Latency), Latency)
    assert isinstance(plan.take("/api/x/order:cancel", Timeout, ServerError), ServerError)
    assert plan.take("/api/x/members", Timeout, ServerError) is None


def test_a_path_is_read_literally_but_for_its_wildcards() -> None:
    assert plan_of("server-error path=/api/X/*").take(PATH, ServerError) is None
    assert plan_of("server-error path=/api/x/*:p[ao]st").take(PATH, ServerError) is not None


def test_an_exhausted_fault_lets_the_next_of_its_kind_strike() -> None:
    plan = plan_of("server-error status=500 next=1", "server-error status=501 next=1")
    taken = [plan.take(PATH, ServerError) for _ in range(3)]
    assert [fault and fault.status for fault in taken] == [500, 501, None]


def test_a_fault_that_stays_in_a_new_plan_goes_on_counting() -> None:
    plan = plan_of("server-error next=2", "server-error next=2")
    strikes(plan, 1)
    plan.replace([fault_of("latency seconds=1 path=elsewhere"), fault_of("server-error next=2")])
    assert strikes(plan, 3) == [True, False, False]
    plan.replace([])
    plan.replace([fault_of("server-error next=2")])
    assert strikes(plan, 3) == [True, True, False]


def test_two_faults_alike_count_each_for_itself() -> None:
    plan = plan_of("server-error next=1", "server-error next=1")
    assert strikes(plan, 1) == [True]
    plan.replace([fault_of("server-error next=1"), fault_of("server-error next=1")])
    assert strikes(plan, 3) == [True, False, False]


def test_an_order_is_free_of_a_fault_that_left_the_plan() -> None:
    plan = plan_of("stalled-order", "latency seconds=1")
    fault = plan.take(PATH, StalledOrder)
    assert fault is not None
    plan.doom(7, fault)
    plan.replace([fault_of("stalled-order")])
    assert plan.fate(7) == fault
    assert plan.fate(8) is None
    plan.replace([fault_of("stalled-order after-fills=1")])
    assert plan.fate(7) is None
