"""A quota is never exceeded in any sixty seconds, and what is refused says how long to wait."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aladdin.simulator.protocol import CallRefused
from aladdin.simulator.published import OPERATIONS
from aladdin.simulator.quotas import WINDOW, Quotas

READ, WRITE = OPERATIONS[0], OPERATIONS[-5]


class Seconds:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(1, 5), st.lists(st.floats(0, 40), max_size=60))
def test_no_sixty_seconds_have_more_requests_than_the_quota(limit: int, pauses: list[float]) -> None:
    clock = Seconds()
    quotas = Quotas(limit, clock)
    admitted: list[float] = []
    for pause in pauses:
        clock.now += pause
        within = [at for at in admitted if at > clock.now - WINDOW]
        if len(within) < limit:
            quotas.take(READ)
            admitted.append(clock.now)
            continue
        with pytest.raises(CallRefused) as refused:
            quotas.take(READ)
        assert refused.value.http_status == 429
        assert refused.value.headers is not None
        assert 0 <= int(refused.value.headers["Retry-After"]) - (within[0] + WINDOW - clock.now) <= 1


def test_who_waits_as_told_is_admitted() -> None:
    clock = Seconds()
    quotas = Quotas(1, clock)
    quotas.take(READ)
    clock.now += 12.5
    with pytest.raises(CallRefused) as refused:
        quotas.take(READ)
    assert refused.value.headers == {"Retry-After": "48"}
    clock.now += 48
    quotas.take(READ)


def test_every_operation_has_a_quota_of_its_own_the_published_one_by_default() -> None:
    quotas = Quotas(clock=Seconds())
    for operation in (READ, WRITE):
        for _ in itertools.repeat(None, operation.quota):
            quotas.take(operation)
        with pytest.raises(CallRefused, match=f"the quota of {operation.quota} requests a minute"):
            quotas.take(operation)
    assert READ.quota != WRITE.quota
