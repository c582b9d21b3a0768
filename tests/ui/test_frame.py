from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from allocation.errors import EvenlotError, InvalidBlock, MetricUnavailable, OffLattice
from orders.errors import InvalidSettlement, NotFound, NotPermitted, PreviewChanged, Unavailable
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


def test_an_outside_failure_carries_the_reference_of_the_request() -> None:
    assert shown(Unavailable("Aladdin gave no answer.", "req-77")).error[0].value == (
        "Aladdin gave no answer. Reference req-77."
    )


def test_an_outside_failure_without_a_reference_gets_one() -> None:
    assert len(shown(Unavailable("Aladdin gave no answer.")).error[0].value.split("Reference ")[1]) == 13


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
