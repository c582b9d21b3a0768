"""What a hit costs: an answer that is remembered in its shape, and one that is kept on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aladdin.http.transport import Transport
from aladdin.reading.cache import AnswerCache
from aladdin.reading.reads import Reads
from bench.reading.book import GROUP
from bench.reading.desk import BookClock, Counted, reading_desk
from bench.reading.timing import Took, took

_BOOK = (200, 20_000)  # accounts, positions
_HITS, _FROM_DISK = 2_000, 20


@dataclass(frozen=True, slots=True)
class KeptReading:
    """One answer: a hit, and its peer."""

    what: str
    characters: int
    ours: Took
    peer: str
    theirs: Took


def read_kept(directory: Path) -> list[KeptReading]:
    """The members and the positions of a large group, from memory and from disk."""
    with reading_desk(directory, *_BOOK) as desk:
        clock = BookClock()
        cache = AnswerCache(directory / "cache")
        transport = Transport(desk.config(), clock.now, wire_transport=Counted())
        reads = Reads(desk.config(), transport, cache, clock, "bench")
        found = [
            *_kept(directory, cache, "members", lambda: reads.members(GROUP)),
            *_kept(directory, cache, "positions", lambda: reads.positions(GROUP)),
        ]
        transport.close()
        cache.close()
    return found


def _kept(directory: Path, cache: AnswerCache, name: str, call: Callable[[], object]) -> list[KeptReading]:
    """One answer, from memory beside a dict, and from disk beside the same text in a JSON file."""
    remembered = {name: call()}
    (key,) = (key for key in cache.keys("") if f"|{name}|" in key)
    entry = cache.get(key)
    if entry is None:
        raise RuntimeError(f"the {name} just read are not in the cache")
    file, size = directory / f"{name}.json", len(entry.text)
    file.write_text(json.dumps({"text": entry.text, "as_of": "", "on": ""}), encoding="utf-8")
    from_cache = took(lambda: cache.get(key), times=_FROM_DISK)
    from_file = took(lambda: json.loads(file.read_text(encoding="utf-8")), times=_FROM_DISK)
    return [
        KeptReading(f"{name}, remembered", size, _hits(call), "a dict", _hits(lambda: remembered[name])),
        KeptReading(f"{name}, on disk", size, from_cache, "a JSON file", from_file),
    ]


def _hits(call: Callable[[], object]) -> Took:
    """One of many in a row: a single one is shorter than the clock can tell well."""

    def many() -> None:
        for _ in range(_HITS):
            call()

    spent = took(many, times=5)
    return Took(spent.middle / _HITS, spent.most / _HITS)
