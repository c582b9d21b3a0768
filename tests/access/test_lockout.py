"""Lockout: how many attempts get through, for whom, and when again."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.lockout import Lockout
from tests.access.surroundings import SetClock, open_sign_ins

HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def lockout(tmp_path: Path, clock: SetClock) -> Lockout:
    return Lockout(open_sign_ins(tmp_path, clock), clock)


def test_five_attempts_get_through_and_the_sixth_does_not(lockout: Lockout) -> None:
    assert [lockout.attempt("anna", HERE) for _ in range(6)] == [True] * 5 + [False]
    assert lockout.locked("anna", HERE)


def test_another_name_and_another_address_are_not_locked_with_it(lockout: Lockout) -> None:
    for _ in range(6):
        lockout.attempt("anna", HERE)
    assert lockout.attempt("bob", HERE)
    assert lockout.attempt("anna", THERE)


def test_the_lock_ends_with_the_window_however_often_it_was_tried(lockout: Lockout, clock: SetClock) -> None:
    for _ in range(5):
        lockout.attempt("anna", HERE)
    clock.move(timedelta(minutes=14, seconds=59))
    assert not lockout.attempt("anna", HERE)
    clock.move(timedelta(seconds=2))
    assert lockout.attempt("anna", HERE)


def test_the_right_password_starts_the_count_again(lockout: Lockout) -> None:
    for _ in range(4):
        lockout.attempt("anna", HERE)
    lockout.clear("anna", HERE)
    assert [lockout.attempt("anna", HERE) for _ in range(5)] == [True] * 5


def test_a_restart_forgets_nothing(tmp_path: Path, clock: SetClock) -> None:
    for _ in range(5):
        Lockout(open_sign_ins(tmp_path, clock), clock).attempt("anna", HERE)
    assert Lockout(open_sign_ins(tmp_path, clock), clock).locked("anna", HERE)


def test_attempts_made_at_once_cannot_pass_the_limit_together(lockout: Lockout) -> None:
    passed: list[bool] = []
    together = threading.Barrier(12)

    def attempt() -> None:
        together.wait()
        passed.append(lockout.attempt("anna", HERE))

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 12
    assert sum(passed) <= 5


def test_the_sentence_says_how_long(tmp_path: Path, clock: SetClock) -> None:
    lockout = Lockout(open_sign_ins(tmp_path, clock), clock, window=timedelta(minutes=5))
    assert lockout.sentence == "Too many failed attempts. Wait 5 minutes, then try again."


@pytest.mark.parametrize(("limit", "window"), [(0, timedelta(minutes=1)), (5, timedelta())])
def test_a_lockout_that_would_lock_always_or_never_is_refused(
    tmp_path: Path, clock: SetClock, limit: int, window: timedelta
) -> None:
    with pytest.raises(ValueError, match="a lockout needs"):
        Lockout(open_sign_ins(tmp_path, clock), clock, limit=limit, window=window)


class _Counting:
    """Failures in a list: the invariant below needs many worlds, and a file each would be slow."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self._failures: list[object] = []

    def record_failure(self, username: str, address: str) -> None:
        self._failures.append(self._clock.now())

    def failures(self, username: str, address: str, since: object) -> int:
        return sum(at >= since for at in self._failures)  # type: ignore[operator]

    def failing(self, since: datetime, limit: int) -> dict[str, tuple[str, ...]]:
        raise AssertionError("nobody asks who is locked out")

    def clear(self, username: str, address: str) -> None:
        self._failures.clear()

    def revoke(self, username: str, issued_at: datetime | None = None) -> None:
        raise AssertionError("a lockout revokes nothing")

    def not_before(self, username: str) -> None:
        return None


@given(waits=st.lists(st.integers(0, 600), max_size=60), limit=st.integers(1, 6))
def test_no_window_ever_sees_more_attempts_than_the_limit(waits: list[int], limit: int) -> None:
    clock, window = SetClock(), timedelta(minutes=15)
    lockout = Lockout(_Counting(clock), clock, limit=limit, window=window)
    through = []
    for wait in waits:
        clock.move(timedelta(seconds=wait))
        if lockout.attempt("anna", HERE):
            through.append(clock.now())
    for start in through:
        assert sum(start <= at <= start + window for at in through) <= limit
