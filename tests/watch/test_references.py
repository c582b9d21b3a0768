from __future__ import annotations

import uuid
from collections.abc import Callable
from contextvars import copy_context

import structlog

from watch import references


def alone(what: Callable[[], None]) -> None:
    """Where nothing was begun, whatever ran before in this thread."""

    def of_its_own() -> None:
        structlog.contextvars.clear_contextvars()
        what()

    copy_context().run(of_its_own)


def test_each_request_of_one_thing_has_an_id_of_its_own_that_begins_with_its_reference() -> None:
    def requests() -> None:
        reference = references.begin(user="pm")
        made = [references.request_id() for _ in range(1_000)]
        assert len(set(made)) == 1_000
        assert {references.of(one) for one in made} == {reference} == {references.current()}
        assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in made} == {(4, uuid.RFC_4122)}

    alone(requests)


def test_where_nothing_was_begun_a_request_has_an_id_and_a_user_a_reference_all_the_same() -> None:
    def nothing() -> None:
        assert references.current() == ""
        assert references.request_id() != references.request_id()
        assert len(references.told()) == references.LENGTH

    alone(nothing)


def test_what_somebody_asked_for_earlier_is_done_under_its_reference_and_then_no_more() -> None:
    def work() -> None:
        round_of_the_worker = references.begin()
        with references.under("4711abcd0815"):
            assert references.current() == references.told() == "4711abcd0815"
        with references.under(""):  # asked for before there were any
            assert references.current() == round_of_the_worker

    alone(work)


def test_a_reference_is_read_from_what_is_given_as_one() -> None:
    assert references.of(" 4711ABCD0815 ") == "4711abcd0815"
    assert references.of("4711abcd-0815-4ccc-8ddd-eeeeffff0000") == "4711abcd0815"
    assert references.of("EL-4711abcd08") == references.of("nothing much") == references.of("") == ""
