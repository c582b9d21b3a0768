"""Answers that are given again as long as nothing moved that they were made from."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept:
    given: tuple[Any, ...]
    answer: Any


class Answers:
    """The newest answer to each question."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Kept] = {}

    def once(self, question: Hashable, given: tuple[Any, ...], work: Callable[[], T], *, anew: bool = False) -> T:
        """What `work` comes to, done only where `given`, all that its answer depends on, is not what it was the last
        time; with `anew` it is done in any case."""
        kept = self._kept.get(question)
        if anew or kept is None or kept.given != given:
            kept = self._kept[question] = _Kept(given, work())
        return cast(T, kept.answer)
