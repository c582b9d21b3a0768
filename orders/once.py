"""Answers that are given again as long as nothing moved that they were made from."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from allocation.errors import AllocationError

T = TypeVar("T")

MOST_KEPT = 24  # of all questions together: each may hold a whole group


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    question: Hashable
    given: tuple[Any, ...]
    answer: Any


class Answers:
    """The newest few answers, refusals by an engine among them: two tabs of one user have one each. Safe to share
    between threads."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._kept: deque[_Kept] = deque(maxlen=most)  # the one used last at the end
        self._guard = threading.Lock()

    def once(self, question: Hashable, given: tuple[Any, ...], work: Callable[[], T], *, anew: bool = False) -> T:
        """What `work` comes to, or the `AllocationError` it raises, done only where it was not done for the same
        question and the same `given`, all that its answer depends on; with `anew` it is done in any case."""
        with self._guard:
            candidates = [] if anew else [kept for kept in reversed(self._kept) if kept.question == question]
        found = next((kept for kept in candidates if kept.given == given), None)
        if found is None:
            found = _Kept(question, given, _answer(work))
        with self._guard:
            if found in candidates and found in self._kept:
                self._kept.remove(found)
            self._kept.append(found)
        if isinstance(found.answer, AllocationError):
            raise _twin(found.answer)
        return cast(T, found.answer)


def _answer(work: Callable[[], T]) -> T | AllocationError:
    try:
        return work()
    except AllocationError as error:
        return _twin(error)


def _twin(error: AllocationError) -> AllocationError:
    """The same error without where it was raised: that would hold on to every value on the way there."""
    twin = type(error).__new__(type(error), *error.args)
    twin.__dict__.update(error.__dict__)
    return twin
