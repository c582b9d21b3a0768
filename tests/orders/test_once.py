"""What is worked out once, and what is worked out again."""

from __future__ import annotations

import pytest

from allocation.errors import LockRefused, RefusedLock
from orders.once import Answers


def test_two_questions_of_one_user_are_each_answered_once_and_the_oldest_gives_way() -> None:
    answers, worked = Answers(most=2), list[int]()

    def ask(number: int, *, anew: bool = False) -> int:
        def work() -> int:
            worked.append(number)
            return number * 10

        return answers.once("pm", (number,), work, anew=anew)

    assert [ask(1), ask(2), ask(1), ask(2)] == [10, 20, 10, 20]
    assert worked == [1, 2]
    assert ask(1, anew=True) == 10
    assert worked == [1, 2, 1]
    ask(3)
    ask(2)
    assert worked == [1, 2, 1, 3, 2]


def test_a_refusal_is_kept_too_and_holds_on_to_nothing_but_what_it_says() -> None:
    answers, worked, refused = Answers(), list[int](), RefusedLock("A", "Not at 7.", (0, 1_000))

    def refuse() -> int:
        worked.append(1)
        raise LockRefused([refused])

    for _ in range(3):
        with pytest.raises(LockRefused, match="Not at 7") as caught:
            answers.once("pm", (7,), refuse)
        error = caught.value
        assert (error.parameter, error.locks) == ("locked", (refused,))
        assert error.__context__ is None
    assert worked == [1]
