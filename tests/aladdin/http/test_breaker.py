"""The circuit of an API group: when it opens, who may try it, and what it says meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from aladdin.http.breaker import Circuit, Circuits, CircuitState
from orders.errors import Unavailable


class Fault(Exception):
    """A failure of the other side, an answer that only refuses (`failed` False), or a fault of ours (None)."""

    def __init__(self, failed: bool | None = True) -> None:
        super().__init__(f"failed: {failed}")
        self.failed = failed


class Desk:
    """A circuit of three failures and thirty seconds, with a clock moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.circuit = Circuit("orders/v1", 3, 30.0, lambda: self.now)

    def call(self, *outcomes: bool | None) -> None:
        """Calls that fail (True), are answered (False), or break down on our side (None)."""
        for failed in outcomes:
            with pytest.raises(Fault), self.attempt():
                raise Fault(failed)

    def succeed(self) -> None:
        with self.attempt():
            pass

    def refused(self) -> Unavailable:
        with pytest.raises(Unavailable) as raised, self.attempt():
            raise AssertionError("it was let through")
        return raised.value

    def attempt(self) -> AbstractContextManager[None]:
        return self.circuit.attempt(lambda e: e.failed if isinstance(e, Fault) else None, "posting EV-1", "ref-1")


def test_failures_in_a_row_open_it_and_it_refuses_at_once_in_a_clear_sentence() -> None:
    desk = Desk()
    desk.call(True, True)
    assert desk.circuit.closed
    desk.call(True)
    desk.now += 8
    refusal = desk.refused()
    assert str(refusal) == (
        "Aladdin's orders/v1 failed 3 times in a row, so nothing was sent while posting EV-1. "
        "It is tried again in 22 seconds."
    )
    assert (refusal.sent, refusal.reference) == (False, "ref-1")
    with pytest.raises(Unavailable):
        desk.circuit.check("posting EV-1", "ref-2")


@pytest.mark.parametrize("between", [False, None])
def test_only_an_answer_begins_the_count_anew(between: bool | None) -> None:
    desk = Desk()
    desk.call(True, True, between, True)
    assert desk.circuit.closed is (between is False)


def test_a_success_begins_the_count_anew() -> None:
    desk = Desk()
    desk.call(True, True)
    desk.succeed()
    desk.call(True, True)
    assert desk.circuit.closed


def test_after_its_time_one_call_tries_it_and_the_others_are_refused_meanwhile() -> None:
    desk = Desk()
    desk.call(True, True, True)
    desk.now += 30
    assert desk.circuit.status.state is CircuitState.HALF_OPEN
    desk.circuit.check("reading", "")  # asking takes no turn to try
    with desk.attempt():
        assert "tried again by another call right now" in str(desk.refused())
    assert desk.circuit.closed
    assert desk.circuit.status.failures == 0


def test_an_attempt_that_fails_opens_it_for_as_long_again() -> None:
    desk = Desk()
    desk.call(True, True, True)
    desk.now += 31
    desk.call(True)
    desk.now += 29
    desk.refused()
    desk.now += 1
    desk.call(False)
    assert desk.circuit.closed  # it answered, if only with a refusal


def test_an_attempt_that_broke_down_on_our_side_leaves_the_next_one_to_try() -> None:
    desk = Desk()
    desk.call(True, True, True)
    desk.now += 31
    desk.call(None)
    with pytest.raises(KeyboardInterrupt), desk.attempt():
        raise KeyboardInterrupt
    desk.succeed()
    assert desk.circuit.closed


def test_what_began_before_it_opened_says_nothing_of_what_is_now() -> None:
    desk = Desk()
    early = desk.attempt()
    early.__enter__()
    desk.call(True, True, True)
    early.__exit__(None, None, None)
    assert desk.circuit.status.state is CircuitState.OPEN
    desk.now += 31
    desk.succeed()
    assert desk.circuit.closed


def test_of_many_threads_one_tries_it() -> None:
    desk = Desk()
    desk.call(True, True, True)
    desk.now += 31
    start, done = threading.Barrier(16), threading.Event()
    refused = threading.Semaphore(0)

    def one(_number: int) -> bool:
        start.wait()
        try:
            with desk.attempt():
                done.wait(10)
        except Unavailable:
            refused.release()
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        tried = pool.map(one, range(16))
        for _ in range(15):
            assert refused.acquire(timeout=10)
        done.set()
        assert sum(tried) == 1


def test_its_state_can_be_seen_and_read() -> None:
    circuits = Circuits(1, 30.0, lambda: 0.0)
    circuits.of("b/v1")
    with pytest.raises(Fault), circuits.of("a/v1").attempt(lambda _error: True, "reading", ""):
        raise Fault
    opened, closed = circuits.statuses
    assert (opened.group, opened.state, opened.seconds) == ("a/v1", CircuitState.OPEN, 30.0)
    assert str(opened) == "a/v1 failed 1 times in a row and is tried again in 30 seconds."
    assert (closed.group, closed.state, str(closed)) == ("b/v1", CircuitState.CLOSED, "b/v1 answers.")
