"""One flight for all who want the same: who joins which, and what a failure does to whom."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from aladdin.http.flight import Flights
from orders.waiting import Waiting, announce_waits, announced
from tests.aladdin.loopback import until
from tests.aladdin.sending import aboard


class Runway:
    """Fetches that land when a test lets them, numbered in the order they took off."""

    def __init__(self) -> None:
        self.flights = Flights()
        self.pool = ThreadPoolExecutor(20)
        self.landings: list[Future[str]] = []
        self._lock = threading.Lock()

    def fetch(self) -> str:
        landing: Future[str] = Future()
        with self._lock:
            self.landings.append(landing)
        return landing.result()

    def ask(self, *, fresh: bool = False, key: str = "k") -> Future[str]:
        return self.pool.submit(self.flights.share, key, self.fetch, fresh=fresh)

    def took_off(self, flights: int) -> None:
        until(lambda: len(self.landings) >= flights)

    def aboard(self, people: int, following: int = 0) -> None:
        """Until so many share the flight under way, and the one after it."""
        until(lambda: aboard(self.flights, "k") == (people, following))


def test_all_who_ask_meanwhile_share_one_flight() -> None:
    runway = Runway()
    first = runway.ask()
    runway.took_off(1)
    others = [runway.ask() for _ in range(15)]
    runway.aboard(16)
    runway.landings[0].set_result("one")
    assert {ask.result(10) for ask in [first, *others]} == {"one"}


def test_who_asks_after_the_landing_takes_off_anew() -> None:
    runway = Runway()
    for number in (1, 2):
        ask = runway.ask()
        runway.took_off(number)
        runway.landings[number - 1].set_result(f"{number}")
        assert ask.result(10) == f"{number}"


def test_other_keys_fly_on_their_own() -> None:
    runway = Runway()
    asks = [runway.ask(key="a"), runway.ask(key="b")]
    runway.took_off(2)
    for landing in runway.landings:
        landing.set_result("x")
    wait(asks, 10)


def test_a_failure_reaches_all_who_waited_and_nobody_after() -> None:
    runway = Runway()
    asks = [runway.ask()]
    runway.took_off(1)
    asks += [runway.ask() for _ in range(5)]
    runway.aboard(6)
    runway.landings[0].set_exception(RuntimeError("lost"))
    for ask in asks:
        with pytest.raises(RuntimeError, match="lost"):
            ask.result(10)
    again = runway.ask()
    runway.took_off(2)
    runway.landings[1].set_result("found")
    assert again.result(10) == "found"


@pytest.mark.parametrize("failing", [False, True])
def test_fresh_askers_share_the_flight_that_begins_after_they_asked(failing: bool) -> None:
    runway = Runway()
    old = runway.ask()
    runway.took_off(1)
    fresh = [runway.ask(fresh=True) for _ in range(6)]
    runway.aboard(1, following=6)
    assert len(runway.landings) == 1  # it begins when the one under way has landed
    if failing:
        runway.landings[0].set_exception(RuntimeError("lost"))
    else:
        runway.landings[0].set_result("old")
    runway.took_off(2)
    late = runway.ask()  # not so particular: joins the one under way
    later = runway.ask(fresh=True)
    runway.aboard(7, following=1)
    runway.landings[1].set_result("new")
    assert {ask.result(10) for ask in [*fresh, late]} == {"new"}
    runway.took_off(3)
    runway.landings[2].set_result("newer")
    assert later.result(10) == "newer"
    assert old.exception(10) if failing else old.result(10) == "old"


def test_the_first_fresh_asker_need_not_wait() -> None:
    runway = Runway()
    ask = runway.ask(fresh=True)
    runway.took_off(1)
    runway.landings[0].set_result("new")
    assert ask.result(10) == "new"


class Gone(BaseException):
    """What ends the run of a screen's script, or of a thread."""


def test_who_is_interrupted_while_flying_interrupts_nobody_else_and_another_flies_instead() -> None:
    runway = Runway()
    pilot = runway.ask()
    runway.took_off(1)
    others = [runway.ask() for _ in range(5)]
    runway.aboard(6)
    runway.landings[0].set_exception(Gone())
    with pytest.raises(Gone):
        pilot.result(10)
    runway.took_off(2)
    runway.aboard(5)
    runway.landings[1].set_result("found")
    assert [ask.result(10) for ask in others] == ["found"] * 5
    assert len(runway.landings) == 2


def test_who_insisted_on_a_new_answer_gets_one_though_the_one_before_was_interrupted() -> None:
    runway = Runway()
    old = runway.ask()
    runway.took_off(1)
    fresh = runway.ask(fresh=True)
    runway.aboard(1, following=1)
    runway.landings[0].set_exception(Gone())
    runway.took_off(2)
    runway.landings[1].set_result("new")
    assert fresh.result(10) == "new"
    assert isinstance(old.exception(10), Gone)


def test_all_aboard_hear_what_their_flight_waits_for() -> None:
    runway = Runway()
    heard: dict[int, list[Waiting]] = {1: [], 2: []}

    def fetch() -> str:
        with announced("for Aladdin's quota", 12.0):
            runway.fetch()
        return "found"

    def ask(number: int) -> str:
        with announce_waits(heard[number].append):
            return runway.flights.share("k", fetch)

    first = runway.pool.submit(ask, 1)
    runway.took_off(1)
    second = runway.pool.submit(ask, 2)
    try:
        until(lambda: heard[2] != [])
    finally:
        runway.landings[0].set_result("")
    assert {first.result(10), second.result(10)} == {"found"}
    assert heard[1] == heard[2] == [Waiting("for Aladdin's quota", 12.0), Waiting()]
