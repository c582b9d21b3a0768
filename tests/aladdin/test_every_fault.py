"""Every fault of the simulated Aladdin's plan against the production client: what the caller gets, how many requests
went out, and that no order is ever posted twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from orders.errors import AuthenticationFailed, DeskError, Malformed, OutsideError, RateLimited, Unavailable
from tests.aladdin.loopback import until
from tests.aladdin.simulator.program import Served
from tests.aladdin.stand import SETTLEMENT, Stand, counting, simulated, standing, ticket

SOON = timedelta(seconds=10)
READING, POSTING = "path=*/position", "path=*/order:post"


def arriving(pattern: str) -> str:
    """A fault that strikes nobody, for the count of those whom latency let through."""
    return f"server-error probability=1e-9 path={pattern}"


DOING = "while reading the positions of group CORE"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with simulated(tmp_path_factory.mktemp("faults")) as server:
        yield server


@pytest.fixture
def stand(served: Served, tmp_path: Path) -> Iterator[Stand]:
    with standing(served, tmp_path) as here:
        yield here


# -- a read ----------------------------------------------------------------------------------------------------------

PASSING = [
    "timeout when=before",
    "timeout when=after",
    "too-many-requests retry-after=1",
    "server-error when=before",
    "server-error status=500 when=after",
    "truncated-body",
    "connection-reset when=before",
    "connection-reset when=after",
    "expired-token",
]


@pytest.mark.parametrize("fault", PASSING)
def test_a_read_that_meets_a_fault_once_is_repeated_and_the_caller_sees_nothing_of_it(stand: Stand, fault: str) -> None:
    whole = stand.client.group("CORE", SETTLEMENT).value
    stand.trouble.set(f"{fault} {READING} next=1")
    assert stand.client.group("CORE", SETTLEMENT).value == whole
    assert stand.trouble.counts() == [(2, 1)]
    assert stand.client.trouble == ""


def test_a_read_that_takes_longer_than_we_wait_is_asked_again(stand: Stand) -> None:
    stand.trouble.set(f"latency seconds=0.6 {READING} next=1", arriving("*/position"))
    stand.client.group("CORE", SETTLEMENT)
    until(lambda: stand.requests() == [2, 2])


def test_a_little_latency_costs_a_read_nothing_but_time(stand: Stand) -> None:
    stand.trouble.set(f"latency seconds=0.05 {READING}")
    stand.client.group("CORE", SETTLEMENT)
    assert stand.trouble.counts() == [(1, 1)]


@dataclass(frozen=True)
class Case:
    """A fault that lasts, what a read comes to, and by how many requests."""

    fault: str
    error: type[OutsideError]
    said: str
    requests: int


LASTING = [
    Case("timeout", Unavailable, f"did not answer in time {DOING}. Our limit is 0.4 seconds.", 3),
    Case("too-many-requests retry-after=1", RateLimited, f"limit was reached {DOING}. Try again in 1 seconds.", 3),
    Case("too-many-requests retry-after=300", RateLimited, "Try again in 300 seconds.", 1),
    Case("server-error", Unavailable, f"failed with status 503 {DOING}", 3),
    Case("server-error status=599 when=after", Unavailable, f"failed with status 599 {DOING}", 3),
    Case("malformed-json", Malformed, "not JSON", 1),
    Case("truncated-body", Unavailable, f"The connection to Aladdin broke {DOING}", 3),
    Case("connection-reset", Unavailable, f"The connection to Aladdin broke {DOING}", 3),
    Case("connection-reset when=after", Unavailable, f"The connection to Aladdin broke {DOING}", 3),
]


@pytest.mark.parametrize("case", LASTING, ids=lambda case: case.fault)
def test_a_read_that_meets_a_lasting_fault_gives_up_with_a_sentence_and_a_reference(stand: Stand, case: Case) -> None:
    stand.client.group("CORE", SETTLEMENT)
    stand.trouble.set(f"{case.fault} {READING}", counting("*/token"))
    with pytest.raises(case.error) as raised:
        stand.client.group("CORE", SETTLEMENT)
    assert case.said in str(raised.value)
    assert raised.value.reference
    assert stand.requests() == [case.requests, 0]
    if isinstance(raised.value, Unavailable):
        assert raised.value.sent
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after in (1, 300)


def test_a_read_whose_tokens_all_expire_is_refused_after_one_new_token(stand: Stand) -> None:
    stand.client.find_order("nobody")
    stand.trouble.set("expired-token path=*/orders:filter", counting("*/token"))
    with pytest.raises(AuthenticationFailed, match="did not accept our credentials while looking for") as raised:
        stand.client.find_order("nobody")
    assert raised.value.reference
    assert stand.requests() == [2, 1]


@pytest.mark.parametrize("fault", ["server-error", "connection-reset", "truncated-body"])
def test_while_a_group_of_calls_is_left_alone_its_age_is_shown_and_afterwards_it_is_new(
    stand: Stand, fault: str
) -> None:
    before = stand.client.group("CORE", SETTLEMENT)
    stand.clock.pass_(3600)
    stand.trouble.set(f"{fault} {READING}")
    for _ in range(2):  # three attempts, and two until it opens
        try:
            served = stand.client.group("CORE", SETTLEMENT)
        except Unavailable:
            continue
    assert served.value == before.value
    assert served.as_of - before.as_of < timedelta(seconds=1)  # the clock moves a little with every look
    assert stand.requests() == [5]
    assert stand.client.group("CORE", SETTLEMENT).as_of == served.as_of
    with pytest.raises(Unavailable, match="failed 5 times in a row") as raised:
        stand.client.group("CORE", SETTLEMENT, fresh=True)
    assert not raised.value.sent
    assert stand.requests() == [5]  # nobody asked
    stand.trouble.clear()
    stand.clock.pass_(31)
    recovered = stand.client.group("CORE", SETTLEMENT)
    assert recovered.as_of - before.as_of >= timedelta(hours=1)
    assert stand.client.trouble == ""


# -- a post ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Post:
    """A fault that meets a post once: the error, whether it may have been carried out, and whether it was."""

    fault: str
    error: type[OutsideError]
    said: str
    sent: bool = True
    placed: int = 0


POSTS = [
    Post("timeout when=before", Unavailable, "did not answer in time while posting order"),
    Post("timeout when=after", Unavailable, "did not answer in time while posting order", placed=1),
    Post("too-many-requests retry-after=7", RateLimited, "Try again in 7 seconds", sent=False),
    Post("server-error when=before", Unavailable, "status 503 while posting order"),
    Post("server-error when=after", Unavailable, "It may have been carried out", placed=1),
    Post("malformed-json", Unavailable, "The order may have been placed", placed=1),
    Post("truncated-body", Unavailable, "The connection to Aladdin broke", placed=1),
    Post("connection-reset when=before", Unavailable, "The connection to Aladdin broke"),
    Post("connection-reset when=after", Unavailable, "The connection to Aladdin broke", placed=1),
]


@pytest.mark.parametrize("case", POSTS, ids=lambda case: case.fault)
def test_a_post_is_made_once_whatever_becomes_of_its_answer(stand: Stand, case: Post) -> None:
    sent = ticket()
    stand.trouble.set(f"{case.fault} {POSTING} next=1")
    with pytest.raises(case.error) as raised:
        stand.client.post(sent, stand.clock.now() + SOON)
    assert stand.trouble.counts() == [(1, 1)]
    assert case.said in str(raised.value)
    assert raised.value.reference
    assert getattr(raised.value, "sent", False) is case.sent
    stand.trouble.clear()
    assert (stand.client.find_order(sent.reference) is not None) is bool(case.placed)
    if case.placed:
        with pytest.raises(DeskError):  # the server knows the reference, should anybody post it again
            stand.client.post(sent, stand.clock.now() + SOON)
    else:
        stand.client.post(sent, stand.clock.now() + SOON)
    assert stand.placed(sent.reference) == 1


def test_a_post_that_takes_longer_than_we_wait_is_in_doubt_and_never_there_twice(stand: Stand) -> None:
    sent = ticket()
    stand.trouble.set(f"latency seconds=0.6 {POSTING} next=1", arriving("*/order:post"))
    with pytest.raises(Unavailable, match="did not answer in time while posting order") as raised:
        stand.client.post(sent, stand.clock.now() + SOON)
    assert raised.value.sent
    until(lambda: stand.placed(sent.reference) == 1)  # carried out late, and not for us to post again
    found = stand.client.find_order(sent.reference)
    assert found is not None
    assert found.reference == sent.reference
    assert stand.requests() == [1, 1]


def test_a_post_with_an_expired_token_is_made_again_for_it_was_not_looked_at(stand: Stand) -> None:
    sent = ticket()
    stand.client.find_order("nobody")
    stand.trouble.set(f"expired-token {POSTING} next=1", counting("*/order:post"), counting("*/token"))
    assert stand.client.post(sent, stand.clock.now() + SOON).reference == sent.reference
    assert stand.requests() == [2, 2, 1]
    assert stand.placed(sent.reference) == 1


def test_a_post_whose_tokens_all_expire_is_refused_and_nothing_is_placed(stand: Stand) -> None:
    sent = ticket()
    stand.trouble.set(f"expired-token {POSTING}")
    with pytest.raises(AuthenticationFailed, match="did not accept our credentials while posting order"):
        stand.client.post(sent, stand.clock.now() + SOON)
    assert stand.requests() == [2]
    assert stand.placed(sent.reference) == 0


@pytest.mark.parametrize("fault", [each for each in PASSING if each != "expired-token"] + ["malformed-json"])
def test_trouble_with_signing_in_never_puts_a_post_in_doubt(stand: Stand, fault: str) -> None:
    sent = ticket()
    stand.trouble.set(f"{fault} path=*/token", counting("*/order:post"))
    with pytest.raises((Unavailable, RateLimited), match=r"while signing in|not JSON") as raised:
        stand.client.post(sent, stand.clock.now() + SOON)
    assert not getattr(raised.value, "sent", False)
    assert stand.requests()[0] == 3  # signing in changes nothing
    assert stand.requests()[1] == 0
    stand.trouble.set(f"{fault} path=*/token next=1")
    assert stand.client.post(sent, stand.clock.now() + SOON).reference == sent.reference
    assert stand.placed(sent.reference) == 1
