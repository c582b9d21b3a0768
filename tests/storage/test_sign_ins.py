"""Failed sign-ins are counted, and a revocation holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select

from storage import SqlSignIns
from storage.schema import sign_in_failures
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


def test_a_failure_written_again_after_a_lost_answer_counts_once(sign_ins: SqlSignIns, engine: Engine) -> None:
    sign_ins.record_failure("maria", "10.0.0.1")
    if engine.dialect.name == "snowflake":  # which enforces no keys
        with engine.begin() as conn:
            conn.execute(insert(sign_in_failures).from_select([*_failures(conn)[0]], select(sign_in_failures)))
            assert len(_failures(conn)) == 2
    assert sign_ins.failures("maria", "10.0.0.1", NOON) == 1


def test_old_failures_go_with_the_next_sign_in_that_works(
    sign_ins: SqlSignIns, clock: SetClock, engine: Engine
) -> None:
    for name in ("paul", "nobody"):
        sign_ins.record_failure(name, "10.0.0.9")
        clock.forward(12 * 3600)
    clock.forward(1)
    sign_ins.clear("maria", "10.0.0.1")
    with engine.connect() as conn:
        assert [row["username"] for row in _failures(conn)] == ["nobody"]


def _failures(conn: Connection) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in conn.execute(select(sign_in_failures))]


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


def test_a_revocation_by_a_clock_that_is_behind_brings_no_session_back(sign_ins: SqlSignIns, clock: SetClock) -> None:
    ahead = NOON + timedelta(seconds=2)
    sign_ins.revoke("maria", issued_at=ahead)
    assert sign_ins.not_before("maria") == ahead
    clock.forward(1)
    sign_ins.revoke("maria")
    assert sign_ins.not_before("maria") == ahead
