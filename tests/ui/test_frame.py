from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from allocation.errors import EvenlotError, InvalidBlock, MetricUnavailable, OffLattice
from orders.errors import InvalidSettlement, NotFound, NotPermitted, PreviewChanged, Unavailable
from orders.waiting import announced
from ui import frame


def shown(error: EvenlotError) -> AppTest:
    """A page on which this error is shown, and nothing after it."""
    return AppTest.from_function(_page, args=(frame, error)).run()


def _page(frame, error):  # type: ignore[no-untyped-def]  # AppTest runs this function's source alone
    import streamlit as st

    with frame.explained():
        raise error
    st.write("never reached")


def test_an_error_of_ours_is_its_sentence_and_stops_the_page() -> None:
    page = shown(InvalidBlock("face", "The face must be above zero."))
    assert page.error[0].value == "The face must be above zero."
    assert not page.markdown
    assert not page.exception


def test_what_is_not_permitted_is_a_warning() -> None:
    assert shown(NotPermitted("You may not.")).warning[0].value == "You may not."


def test_an_outside_failure_carries_the_reference_of_what_was_done_and_the_log_whose_request_failed() -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        page = shown(Unavailable("Aladdin gave no answer.", "req-77"))
        (line,) = lines
        assert page.error[0].value == f"Aladdin gave no answer. Reference {line['reference']}."
        assert line["request_id"] == "req-77"
        page.run()
        assert lines[1]["reference"] != line["reference"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PreviewChanged("The figures moved.", ("A: 5,000 -> 4,000",)), "A: 5,000 -> 4,000"),
        (MetricUnavailable("1 of 2 accounts.", {"A": "no benchmark"}), "A: no benchmark"),
    ],
)
def test_what_an_error_knows_more_is_listed_below_it(error: EvenlotError, line: str) -> None:
    page = shown(error)
    assert [caption.value for caption in page.caption] == [line]


def test_a_defect_is_not_explained_away() -> None:
    page = AppTest.from_function(_page, args=(frame, ZeroDivisionError("a defect"))).run()
    assert page.exception
    assert not page.error


@pytest.mark.parametrize(
    ("error", "proposed"),
    [
        (OffLattice("Between.", 1_000, 2_000), (("Use 1,000", 1_000), ("Use 2,000", 2_000))),
        (OffLattice("Below the piece.", 0, 2_000), (("Use 2,000", 2_000),)),
        (
            InvalidSettlement("A holiday.", date(2026, 11, 27)),
            (("Use Fri 27 Nov 2026", date(2026, 11, 27)),),
        ),
        (NotFound("No such group.", ("BIG6", "OPNIC")), (("BIG6", "BIG6"), ("OPNIC", "OPNIC"))),
        (NotPermitted("You may not."), ()),
    ],
)
def test_an_error_that_knows_the_way_out_proposes_it(error: EvenlotError, proposed: object) -> None:
    assert frame.proposals(error) == proposed


def _page_that_waits(frame, announced, sent, threads, strange):  # type: ignore[no-untyped-def]  # as above
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import Context, copy_context

    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    run = get_script_run_ctx()
    assert run is not None
    enqueue = run._enqueue

    def record(message):  # type: ignore[no-untyped-def]
        if message.HasField("delta"):
            sent.append((tuple(message.metadata.delta_path), message.delta.new_element))
        enqueue(message)

    run._enqueue = record

    def read() -> int:
        with announced("for Aladdin's quota", 11.2):
            sent.append("waits")
        threads.append(get_script_run_ctx(suppress_warning=True))
        return 6

    st.title("Groups")
    with ThreadPoolExecutor(1) as pool:
        with frame.explained():
            here = copy_context()
            if strange:  # nothing of this run but who is to be told
                board = next(each for each in here if each.name == "waits")
                told, here = here[board], Context()
                here.run(board.set, told)
            accounts = pool.submit(here.run, read).result()
        with announced("for nobody any more", 60):
            st.write(f"{accounts} accounts")


@pytest.mark.parametrize("strange", [False, True])
def test_what_a_read_in_a_pool_waits_for_is_said_at_its_place_until_it_goes_on(strange: bool) -> None:
    sent: list[Any] = []
    threads: list[object] = []
    page = AppTest.from_function(_page_that_waits, args=(frame, announced, sent, threads, strange)).run()
    assert not page.exception
    spoken = [(path, element.alert.body) for path, element in sent[: sent.index("waits")] if element.alert.body]
    assert [text for _, text in spoken] == ["Waiting for Aladdin's quota, up to 12 seconds."]
    path = spoken[0][0]
    assert path == (0, 1), "right under the title"
    after = [element.WhichOneof("type") for said, element in sent[sent.index("waits") + 1 :] if said == path]
    assert set(after) == {"empty"}
    assert not page.info
    assert [text.value for text in page.markdown] == ["6 accounts"]
    assert threads == [None], "the pool's thread keeps nothing of this session"


def test_a_wait_that_ends_in_an_error_leaves_the_error_alone() -> None:
    page = AppTest.from_function(_page_that_fails, args=(frame, announced)).run()
    assert page.error[0].value.startswith("Aladdin gave no answer.")
    assert not page.info


def _page_that_fails(frame, announced):  # type: ignore[no-untyped-def]  # as above
    from orders.errors import Unavailable

    with frame.explained(), announced("to ask Aladdin again", 3):
        raise Unavailable("Aladdin gave no answer.")
