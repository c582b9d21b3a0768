"""Turns under our quotas: never too many in a window, none later than need be, first come first served."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aladdin.http.limiter import WINDOW_SECONDS, Limiter, Queue
from orders.errors import RateLimited
from orders.waiting import Waiting, announce_waits
from tests.aladdin.patience import Patience

FAR = 1e9


class Desk:
    """A limiter whose pauses are noted; they do not move the clock unless a test does."""

    def __init__(self, calls: int, quotas: dict[str, int] | None = None, default: int = 1000) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self.limiter = Limiter(calls, quotas or {}, default, lambda: self.now, self.pauses.append)

    def turn(self, operation: str = "position", latest: float = FAR) -> float:
        """The moment at which a call that asks now may go."""
        before = len(self.pauses)
        self.limiter.wait(operation, latest, "reading", "ref-1")
        return self.now + sum(self.pauses[before:])


def crowded(turns: list[float], calls: int) -> bool:
    """Whether some window holds more turns than it may."""
    ordered = sorted(turns)
    return any(last - first < WINDOW_SECONDS for first, last in zip(ordered, ordered[calls:], strict=False))


def test_calls_within_the_quota_go_at_once_and_the_next_when_the_first_has_left_the_window() -> None:
    desk = Desk(3)
    assert [desk.turn() for _ in range(3)] == [0, 0, 0]
    desk.now = 10.0
    assert [desk.turn() for _ in range(4)] == [WINDOW_SECONDS] * 3 + [2 * WINDOW_SECONDS]


def test_an_operation_that_waits_for_its_own_quota_holds_up_no_other() -> None:
    desk = Desk(10, {"position": 1})
    assert [desk.turn("position"), desk.turn("position")] == [0, WINDOW_SECONDS]
    assert desk.turn("members") == 0


def test_a_turn_that_would_come_too_late_is_refused_at_once_saying_how_long_it_would_have_been() -> None:
    desk = Desk(1)
    desk.turn()
    desk.now = 20.5
    with pytest.raises(
        RateLimited, match=r"while reading: the 1 calls a minute that we may make .* Try again in 41 seconds"
    ) as raised:
        desk.turn(latest=desk.now + 40)
    assert raised.value.retry_after == pytest.approx(40.5)
    assert raised.value.reference == "ref-1"
    assert desk.pauses == []
    assert desk.turn(latest=desk.now + 41) == pytest.approx(WINDOW_SECONDS)  # the refused call took no turn


def test_a_call_that_need_not_wait_goes_whatever_its_deadline_was() -> None:
    assert Desk(1).turn(latest=-5.0) == 0


def test_the_sentence_names_the_operation_whose_own_quota_is_used_up() -> None:
    desk = Desk(10, {"position": 1})
    desk.turn()
    with pytest.raises(RateLimited, match="the 1 calls a minute of position are used up"):
        desk.turn(latest=5.0)


def test_a_pause_that_was_asked_for_holds_for_that_operation() -> None:
    desk = Desk(10)
    desk.limiter.hold("position", 7.0)
    assert desk.turn("members") == 0
    assert desk.turn("position") == 7.0
    with pytest.raises(RateLimited, match=r"Aladdin asked for a pause of position\. Try again in 7 seconds"):
        desk.turn("position", latest=3.0)


def test_who_waits_can_be_seen_meanwhile_and_no_longer() -> None:
    seen: list[Queue] = []
    limiter = Limiter(1, {}, 10, lambda: 0.0, lambda _seconds: seen.append(limiter.waiting))
    for _ in range(2):
        limiter.wait("position", FAR, "reading", "")
    assert seen == [Queue(1, WINDOW_SECONDS)]
    assert str(seen[0]) == "1 call waits for the calls a minute that we may make: up to 61 seconds."
    assert limiter.waiting == Queue()
    assert str(limiter.waiting) == ""


def test_who_is_interrupted_while_waiting_is_not_shown_any_more() -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    limiter = Limiter(1, {}, 10, lambda: 0.0, interrupted)
    limiter.wait("position", FAR, "reading", "")
    with pytest.raises(KeyboardInterrupt):
        limiter.wait("position", FAR, "reading", "")
    assert limiter.waiting == Queue()


ASKED = st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["a", "b", "c"])), max_size=40)


@settings(max_examples=150, deadline=None)
@given(asked=ASKED, calls=st.integers(1, 6), own=st.integers(1, 4))
def test_no_window_is_ever_too_full_none_waits_in_vain_and_who_asks_first_goes_first(
    asked: list[tuple[float, str]], calls: int, own: int
) -> None:
    desk = Desk(calls, {"a": own}, 1000)
    turns: list[tuple[float, str]] = []
    for pause, operation in asked:
        desk.now += pause
        at = desk.turn(operation)
        others = [turn for turn, _ in turns]
        same = [turn for turn, name in turns if name == operation]
        for earlier in {desk.now, *(turn + WINDOW_SECONDS for turn in others)}:
            if desk.now <= earlier < at - 1e-6:  # it could not have gone then
                assert crowded([*others, earlier], calls) or (operation == "a" and crowded([*same, earlier], own))
        assert all(turn <= at for turn in same)
        turns.append((at, operation))
    assert not crowded([turn + n * 1e-9 for n, (turn, _) in enumerate(sorted(turns))], calls)
    assert not crowded([turn + n * 1e-9 for n, (turn, name) in enumerate(sorted(turns)) if name == "a"], own)


def test_sixteen_threads_at_once_never_exceed_the_quota() -> None:
    patience = Patience()
    limiter = Limiter(10, {}, 1000, patience.monotonic, patience.sleep)
    lock, gone = threading.Lock(), list[float]()

    def work(_number: int) -> None:
        for _ in range(5):
            limiter.wait("position", FAR, "reading", "")
            with lock:
                gone.append(patience.monotonic())

    patience.run(16, work)
    assert len(gone) == 80
    assert not crowded(gone, 10)
    assert max(gone) == pytest.approx(7 * WINDOW_SECONDS)  # eight windows of ten, and no longer


# -- turns that are not used, and pauses asked for meanwhile ---------------------------------------------------------


def test_who_is_interrupted_while_waiting_gives_its_turn_back() -> None:
    interrupted = True

    def sleep(_seconds: float) -> None:
        if interrupted:
            raise KeyboardInterrupt

    limiter = Limiter(1, {}, 10, lambda: 0.0, sleep)
    limiter.wait("position", FAR, "reading", "")
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            limiter.wait("position", FAR, "reading", "")
    interrupted = False
    limiter.wait("position", WINDOW_SECONDS, "reading", "")  # the next turn, and not the sixth from here


def test_a_turn_that_falls_into_a_pause_asked_for_meanwhile_is_put_off_to_its_end() -> None:
    now, pauses = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        if not pauses:
            limiter.hold("position", WINDOW_SECONDS + 9)  # the answer to a call that went before
        pauses.append(seconds)
        now[0] += seconds

    limiter = Limiter(1, {}, 10, lambda: now[0], sleep)
    limiter.wait("position", FAR, "reading", "")
    limiter.wait("position", FAR, "reading", "")
    assert pauses == [WINDOW_SECONDS, 9.0]
    limiter.wait("position", FAR, "reading", "")
    assert now[0] == 2 * WINDOW_SECONDS + 9  # the turn that was not used was given back


def test_a_pause_that_reaches_past_the_deadline_of_who_waits_is_told_at_its_turn() -> None:
    limiter = Limiter(1, {}, 10, lambda: 0.0, lambda _seconds: limiter.hold("position", 200.0))
    limiter.wait("position", FAR, "reading", "")
    with pytest.raises(RateLimited, match=r"Aladdin asked for a pause of position\. Try again in 200 seconds"):
        limiter.wait("position", 100.0, "reading", "")


def test_a_tenth_of_the_calls_is_kept_for_orders() -> None:
    pauses: list[float] = []
    limiter = Limiter(20, {}, 1000, lambda: 0.0, pauses.append, {"order:post"})
    for _ in range(18):
        limiter.wait("position", 0.0, "reading", "")
    with pytest.raises(RateLimited, match="the 18 calls a minute that orders leave us are used up"):
        limiter.wait("position", 1.0, "reading", "")
    for _ in range(2):
        limiter.wait("order:post", 0.0, "posting", "")
    with pytest.raises(RateLimited, match="the 20 calls a minute that we may make are used up"):
        limiter.wait("order:post", 1.0, "posting", "")
    assert pauses == []


def test_orders_may_use_the_share_of_reads_as_well() -> None:
    limiter = Limiter(20, {}, 1000, lambda: 0.0, lambda _seconds: None, {"order:post"})
    for _ in range(20):
        limiter.wait("order:post", 0.0, "posting", "")
    with pytest.raises(RateLimited):
        limiter.wait("position", 1.0, "reading", "")


def test_whoever_asked_is_told_what_it_waits_for_and_when_it_goes_on() -> None:
    told: list[Waiting] = []
    limiter = Limiter(1, {}, 10, lambda: 0.0, lambda _seconds: None)
    with announce_waits(told.append):
        limiter.wait("position", FAR, "reading", "")
        assert told == []
        limiter.wait("position", FAR, "reading", "")
        limiter.hold("members", 300.0)
        limiter.wait("members", FAR, "reading", "")
    assert told == [
        Waiting("for Aladdin's quota", WINDOW_SECONDS),
        Waiting(),
        Waiting("for the pause that Aladdin asked for", 300.0),
        Waiting(),
    ]
