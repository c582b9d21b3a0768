"""What a screen is told of waits: just before, once for all that it asked for, and nothing once it is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import structlog

from orders.waiting import Board, Waiting, announce_waits, announced

QUOTA, NOTHING = "for Aladdin's quota", Waiting()


def test_a_wait_is_told_before_it_begins_and_its_end_with_an_empty_one() -> None:
    told: list[Waiting] = []
    with announce_waits(told.append):
        with announced(QUOTA, 11.2):
            assert told == [Waiting(QUOTA, 11.2)]
        assert told[1:] == [NOTHING]
    assert str(told[0]) == "Waiting for Aladdin's quota, up to 12 seconds."
    assert (bool(told[0]), bool(NOTHING), str(NOTHING)) == (True, False, "")


def test_a_second_is_one() -> None:
    assert str(Waiting(QUOTA, 0.6)) == "Waiting for Aladdin's quota, up to 1 second."


def test_half_a_second_and_what_nobody_asked_to_hear_of_are_not_told() -> None:
    told: list[Waiting] = []
    with announce_waits(told.append), announced(QUOTA, 0.5):
        pass
    with announced(QUOTA, 60):
        pass
    assert told == []


def test_of_several_waits_the_longest_is_told_until_all_are_over() -> None:
    told: list[Waiting] = []
    with announce_waits(told.append):
        with announced(QUOTA, 20):
            with announced(QUOTA, 5), announced("to ask Aladdin again", 30):
                pass
            assert told[-1] == Waiting(QUOTA, 20)
        assert told[-1] == NOTHING
    assert [waiting.seconds for waiting in told] == [20, 30, 20, 0]


def test_a_wait_in_another_thread_is_told_to_whoever_it_is_for() -> None:
    told: list[Waiting] = []

    def wait() -> None:
        with announced(QUOTA, 3):
            pass

    with announce_waits(told.append), ThreadPoolExecutor(1) as pool:
        pool.submit(copy_context().run, wait).result()
        pool.submit(wait).result()  # for somebody else
    assert told == [Waiting(QUOTA, 3), NOTHING]


def test_a_wait_that_is_broken_off_is_over() -> None:
    told: list[Waiting] = []
    with announce_waits(told.append):
        try:
            with announced(QUOTA, 3):
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            assert told[-1] == NOTHING


def test_a_screen_that_is_gone_is_told_nothing() -> None:
    told: list[Waiting] = []
    with announce_waits(told.append):
        later = copy_context()
    later.run(lambda: announced(QUOTA, 3).__enter__())
    assert told == []


def test_a_screen_that_cannot_be_written_to_holds_up_nobody() -> None:
    def broken(_waiting: Waiting) -> None:
        raise RuntimeError("no such element")

    with structlog.testing.capture_logs() as lines, announce_waits(broken), announced(QUOTA, 3):
        pass
    assert [line["event"] for line in lines] == ["wait_not_announced"] * 2


def test_who_waits_for_what_another_asked_for_hears_of_its_waits_from_then_on() -> None:
    first: list[Waiting] = []
    second: list[Waiting] = []
    shared = Board()
    with announce_waits(first.append), shared.heard(), shared.used(), announced(QUOTA, 9):
        with announce_waits(second.append):
            with shared.heard():
                assert second == [Waiting(QUOTA, 9)]
            assert second[1:] == [NOTHING]
        assert first == [Waiting(QUOTA, 9)]
    assert first[1:] == [NOTHING]
    assert len(second) == 2
