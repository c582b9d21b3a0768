"""Which numbers stand under which text, found by the whole text or by its start."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint32]

_LAST = "\U0010ffff"  # sorts after every letter


class Postings:
    """Numbers by key. Keys are sorted when they are next asked for, which is quick for few new ones. Not
    thread-safe."""

    def __init__(self) -> None:
        self._numbers: dict[str, array[int]] = {}
        self._keys: list[str] = []
        self._unsorted = False

    def move(self, number: int, gone: Iterable[str], come: Iterable[str]) -> None:
        """Take `number` from under the keys `gone`, where it is, and put it under the keys `come`, where it is not."""
        for key in gone:
            self._numbers[key].remove(number)
        for key in come:
            if key not in self._numbers:
                self._numbers[key] = array("I")
                self._keys.append(key)
                self._unsorted = True
            self._numbers[key].append(number)

    @property
    def keys(self) -> Sequence[str]:
        """Every key ever used, sorted; some may have lost all their numbers."""
        if self._unsorted:
            self._keys.sort()
            self._unsorted = False
        return self._keys

    def starting(self, start: str) -> Sequence[str]:
        """The keys that begin so."""
        keys = self.keys
        return keys[bisect_left(keys, start) : bisect_left(keys, start + _LAST)]

    def at(self, keys: Iterable[str]) -> Numbers:
        """The numbers under any of these keys, some perhaps more than once; none for a key that is not there."""
        return np.fromiter(chain.from_iterable(self._numbers.get(key, ()) for key in keys), dtype=np.uint32)

    def at_all(self, keys: Collection[str]) -> Numbers:
        """The numbers under every one of these keys."""
        found, *others = (set(self._numbers.get(key, ())) for key in keys)
        return np.fromiter(found.intersection(*others), dtype=np.uint32)
