"""What the positions call can be asked for: which moment, whose, and whose not, each kept by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aladdin.http.transport import Transport
from aladdin.reading.cache import AnswerCache
from aladdin.reading.reads import Reads
from aladdin.wire import PosType
from orders.errors import NotFound
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Reply


@pytest.fixture
def reads(desk: Desk) -> Iterator[Reads]:
    config = desk.server.config()
    transport = Transport(config, desk.clock.now)
    cache = AnswerCache(desk.directory)
    desk.world.override["/position"] = lambda asked: Reply(
        [{"portfolioTicker": asked.query["portGroup"], "assetId": asked.query["posType"]}]
    )
    yield Reads(config, transport, cache, desk.clock, "small")
    cache.close()
    transport.close()


@pytest.mark.parametrize("kind", list(PosType))
def test_every_moment_can_be_asked_for(desk: Desk, reads: Reads, kind: PosType) -> None:
    (row,) = reads.positions("G/1", kind=kind).value
    assert (row.portfolio_ticker, row.asset_id) == ("G/1", kind.value)


def test_live_orders_are_counted_unless_something_else_is_asked_for(reads: Reads) -> None:
    assert reads.positions("G/1").value[0].asset_id == "SOD+Trades+Orders"


def test_several_groups_are_put_together_and_others_taken_out_in_one_call(desk: Desk, reads: Reads) -> None:
    reads.positions(["TOP", "G/1"], without=["SUB"])
    (asked,) = desk.server.calls("/position")
    assert asked.query["portGroup"] == "G/1,TOP,-SUB"


def test_each_request_is_kept_by_itself_and_the_order_of_names_makes_no_other(desk: Desk, reads: Reads) -> None:
    for kind in PosType:
        for of, without in ((["A"], []), (["A", "B"], []), (["A"], ["B"])):
            for _ in range(2):
                (row,) = reads.positions(of, without=without, kind=kind).value
                assert row.asset_id == kind.value
                assert row.portfolio_ticker == ",".join([*of, *(f"-{name}" for name in without)])
    assert len(desk.server.calls("/position")) == 12
    reads.positions(["B", "A"])
    assert len(desk.server.calls("/position")) == 12


def test_an_order_of_ours_outdates_the_positions_it_can_move_and_no_others(desk: Desk, reads: Reads) -> None:
    for kind in PosType:
        reads.positions("A", kind=kind)
    reads.order_sent()
    desk.clock.pass_seconds(1)
    for kind in PosType:
        reads.positions("A", kind=kind)
    asked = [asked.query["posType"] for asked in desk.server.calls("/position")]
    assert asked == ["EOD", "SOD", "SOD+Trades", "SOD+Trades+Orders", "SOD+Trades", "SOD+Trades+Orders"]


def test_only_whole_groups_with_live_orders_are_at_hand_for_the_search(reads: Reads) -> None:
    reads.positions("A")
    reads.positions("B", kind=PosType.EOD)
    reads.positions(["A", "B"])
    reads.positions("A", without=["C"])
    assert reads.groups_at_hand() == ("A",)
    assert reads.positions_at_hand("A") is not None
    assert reads.positions_at_hand("B") is None


@pytest.mark.parametrize("name", ["A,B", "-A", "", " "])
def test_a_name_that_would_mean_something_else_is_refused(desk: Desk, reads: Reads, name: str) -> None:
    for of, without in ((name, ()), ("A", (name,))):
        with pytest.raises(NotFound, match="No group can be called"):
            reads.positions(of, without=without)
    assert desk.server.calls() == []
