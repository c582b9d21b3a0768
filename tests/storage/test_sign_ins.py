"""Failed sign-ins are counted, and a revocation holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from storage import SqlSignIns
from tests.storage.samples import NOON, SetClock


@pytest.fixture
def sign_ins(engine: Engine, clock: SetClock) -> SqlSignIns:
    return SqlSignIns(engine, clock)


def test_failures_count_by_user_and_address_since_a_moment(sign_ins: SqlSignIns, clock: SetClock) -> None:
    sign_ins.record_failure("maria", "10.0.0.1")
    clock.forward(60)
    sign_ins.record_failure("maria", "10.0.0.1")
    sign_ins.record_failure("maria", "10.0.0.2")
    sign_ins.record_failure("paul", "10.0.0.1")
    assert sign_ins.failures("maria", "10.0.0.1", NOON) == 2
    assert sign_ins.failures("maria", "10.0.0.1", NOON + timedelta(seconds=1)) == 1
    sign_ins.clear("maria", "10.0.0.1")
    sign_ins.clear("maria", "10.0.0.1")
    assert sign_ins.failures("maria", "10.0.0.1", NOON) == 0
    assert sign_ins.failures("maria", "10.0.0.2", NOON) == 1
    assert sign_ins.failures("paul", "10.0.0.1", NOON) == 1


def test_no_failure_is_lost_between_threads(sign_ins: SqlSignIns) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: sign_ins.record_failure("maria", "10.0.0.1"), range(40)))
    assert sign_ins.failures("maria", "10.0.0.1", NOON) == 40


def test_a_revocation_holds_from_now_and_moves_on(sign_ins: SqlSignIns, clock: SetClock, engine: Engine) -> None:
    assert sign_ins.not_before("maria") is None
    sign_ins.revoke("maria")
    assert sign_ins.not_before("maria") == NOON
    clock.forward(5)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sign_ins.revoke, ["maria"] * 8))
    assert SqlSignIns(engine, clock).not_before("maria") == NOON + timedelta(seconds=5)
    assert sign_ins.not_before("paul") is None
