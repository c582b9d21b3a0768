"""One worker at a time, and each new one with a larger fence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from orders.errors import LeaseLost
from orders.lease import Pulse
from storage import SqlLedger
from tests.storage.emulated import stores
from tests.storage.samples import NOON, SetClock, block, change


@pytest.fixture(params=stores())
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_lease_is_renewed_with_its_fence_and_closed_to_others(ledger: SqlLedger, clock: SetClock) -> None:
    first = ledger.acquire("worker", "one", 10)
    assert first is not None
    assert first.until == NOON + timedelta(seconds=10)
    clock.forward(9)
    assert ledger.acquire("worker", "two", 10) is None
    renewed = ledger.acquire("worker", "one", 10)
    assert renewed is not None
    assert (renewed.fence, renewed.until) == (first.fence, NOON + timedelta(seconds=19))
    clock.forward(9)
    assert ledger.acquire("worker", "two", 10) is None


def test_a_lease_that_ran_out_passes_on_with_a_larger_fence(ledger: SqlLedger, clock: SetClock) -> None:
    first = ledger.acquire("worker", "one", 10)
    clock.forward(10)
    second = ledger.acquire("worker", "two", 10)
    assert first is not None
    assert second is not None
    assert second.fence > first.fence
    assert ledger.acquire("worker", "one", 10) is None
    ledger.release(first)  # too late: it is the other's
    assert ledger.acquire("worker", "three", 10) is None


def test_a_lease_given_back_is_free_at_once_and_its_fence_is_not_used_again(ledger: SqlLedger) -> None:
    first = ledger.acquire("worker", "one", 10)
    assert first is not None
    ledger.release(first)
    second = ledger.acquire("worker", "one", 10)
    assert second is not None
    assert second.fence > first.fence


def test_a_write_under_a_lease_that_was_given_back_is_refused(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    lease = ledger.acquire("worker", "one", 10)
    assert lease is not None
    ledger.release(lease)
    with pytest.raises(LeaseLost):
        ledger.advance("s", change(order), fence=lease.fence)


def test_a_write_under_a_lease_that_ran_out_stands_until_somebody_takes_it(ledger: SqlLedger, clock: SetClock) -> None:
    """An answer that came late is of an order that was posted: it is better known than lost."""
    order = ledger.confirm("c", *block())
    lease = ledger.acquire("worker", "one", 10)
    assert lease is not None
    clock.forward(11)
    sent = ledger.advance("s", change(order), fence=lease.fence)
    assert ledger.acquire("worker", "two", 10) is not None
    with pytest.raises(LeaseLost, match="has passed to another worker, or was given back"):
        ledger.advance("t", change(sent), fence=lease.fence)


def test_leases_of_different_names_do_not_share_a_fence(ledger: SqlLedger) -> None:
    one, two = ledger.acquire("worker", "one", 10), ledger.acquire("night", "one", 10)
    assert one is not None
    assert two is not None
    assert one.fence != two.fence


def test_of_eight_threads_one_gets_the_lease(ledger: SqlLedger) -> None:
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda number: ledger.acquire("worker", f"holder {number}", 60), range(8)))
    assert len([lease for lease in leases if lease is not None]) == 1


def test_whoever_holds_a_lease_can_be_named_until_it_runs_out_or_is_given_back(
    ledger: SqlLedger, clock: SetClock
) -> None:
    assert ledger.lease("worker") is None
    first = ledger.acquire("worker", "one", 10)
    assert ledger.lease("worker") == first
    clock.forward(10)
    assert ledger.lease("worker") is None
    second = ledger.acquire("worker", "two", 10)
    assert second is not None
    ledger.release(second)
    assert ledger.lease("worker") is None


def test_the_pulse_of_a_holder_stays_with_its_lease_and_is_not_taken_for_the_next_ones(
    ledger: SqlLedger, clock: SetClock
) -> None:
    sick = Pulse(NOON, "It could not finish its last round.", 2)
    taken = ledger.acquire("worker", "one", 10)
    assert taken is not None
    assert taken.pulse == Pulse()
    renewed = ledger.acquire("worker", "one", 10, sick)
    assert renewed is not None
    assert renewed.pulse == sick
    assert ledger.lease("worker") == renewed
    clock.forward(10)
    ledger.acquire("worker", "two", 10)
    second = ledger.lease("worker")
    assert second is not None
    assert (second.holder, second.pulse) == ("two", Pulse())
