"""What Aladdin answered before: kept on disk for all processes, in memory in its shape; fetched once for all who ask at
the same time; served with its age while Aladdin is out of order."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar

import structlog
from pydantic import BaseModel

from aladdin import wire
from aladdin.http.flight import Flights
from aladdin.http.transport import Answer, Transport
from aladdin.reading.cache import AnswerCache, Entry
from orders.errors import Malformed, Unavailable
from orders.ports import Clock
from watch import counts

log = structlog.get_logger(__name__)

T = TypeVar("T")
A = TypeVar("A", bound=BaseModel)

_MEMORY = 64 * 1024 * 1024  # characters of answers that are remembered in their shape
_ASSETS_A_QUERY = 100  # keeps the address well under what proxies accept
_ABSENT = "null"  # kept for an asset that was asked for and is not there


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A value, when it was read (UTC), and the business date it was read on."""

    value: T
    as_of: datetime
    on: date


@dataclass(frozen=True, slots=True)
class Resource:
    """What is read: where, for how many seconds an answer may be used again, and after which moment it must have been
    read, however old it may be otherwise."""

    name: str
    path: str
    freshness: float
    after: datetime | None = None

    def admits(self, read: Read[Any]) -> bool:
        """Whether an answer was read late enough to be of use at all."""
        return self.after is None or read.as_of > self.after


class Kept:
    """Answers by resource and request. Thread-safe. `identity` tells whose they are: one cache directory may serve
    several worlds, and several credentials that may see different things."""

    def __init__(self, transport: Transport, cache: AnswerCache, clock: Clock, identity: str) -> None:
        self._transport = transport
        self._cache = cache
        self._clock = clock
        self._whose = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._flights = Flights()
        self._memory = _Memory(_MEMORY)

    def read(
        self,
        resource: Resource,
        request: str,
        fetch: Callable[[], Answer],
        value: Callable[[Answer], T],
        fresh: bool = False,
    ) -> Read[T]:
        """The kept answer to `request` while it is fresh enough, else a new one, kept once it has proved readable.
        `fresh` reads past what is kept. While the resource's API group is out of order, what is kept will do however
        old, unless `fresh`; its age is in the `Read`."""
        key = f"{resource.name}|{request}"

        def at_hand() -> Read[T] | None:
            return None if fresh else self._fresh_enough(resource, key, value)

        def fly() -> Read[T]:
            if (landed := at_hand()) is not None:  # an earlier flight landed while we asked
                return landed
            as_of, on = self._moment()
            counts.CACHE.labels(resource.name, "aladdin").inc()
            answer = fetch()
            read = Read(value(answer), as_of, on)
            self._keep(key, answer.text, read)
            return read

        if (read := at_hand()) is not None:
            counts.CACHE.labels(resource.name, "kept").inc()
            return read
        try:
            return self._flights.share(f"{key}|{resource.after}", fly, fresh=fresh)
        except Unavailable as fault:
            kept = self._in_need(resource, [self.at_hand(key, value)], fresh, fault)
            counts.CACHE.labels(resource.name, "kept, in need").inc()
            return kept[0]

    def assets(
        self,
        resource: Resource,
        ids: Collection[str],
        shape: type[A],
        fetch: Callable[[Sequence[str]], Mapping[str, A]],
        absence: float,
        fresh: bool = False,
        *,
        may_come: bool = False,
    ) -> Read[dict[str, A]]:
        """Like `read`, asset by asset, so that a list and a single look-up share what they know; asked in batches. One
        that Aladdin does not have is left out, and not asked for again for `absence` seconds. With `may_come` one that
        was not there longer ago is not known to be absent still, not even in need: alone, it is the fault again."""
        value = _one(shape)
        gone = replace(resource, freshness=min(absence, resource.freshness))

        def at_hand(asset_id: str) -> Read[A | None] | None:
            kept = self._fresh_enough(resource, f"{resource.name}|{asset_id}", value)
            return kept if kept is None or kept.value is not None or self._suits(gone, kept) else None

        wanted = sorted(set(ids))
        reads = {a: read for a in wanted if (read := at_hand(a)) is not None} if not fresh else {}
        missing = [a for a in wanted if a not in reads]
        for start in range(0, len(missing), _ASSETS_A_QUERY):
            batch = missing[start : start + _ASSETS_A_QUERY]

            def fly(batch: Sequence[str] = batch) -> dict[str, Read[A | None]]:
                landed = {a: read for a in batch if (read := at_hand(a)) is not None} if not fresh else {}
                return landed if len(landed) == len(batch) else self._fetch_assets(resource, batch, fetch)

            key = f"{resource.name}|{','.join(batch)}|{resource.after}"
            try:
                reads |= self._flights.share(key, fly, fresh=fresh)
            except Unavailable as fault:
                kept = {a: self.at_hand(f"{resource.name}|{a}", value) for a in batch}
                if may_come:
                    kept = {a: r for a, r in kept.items() if r is None or r.value is not None or self._suits(gone, r)}
                reads |= zip(kept, self._in_need(resource, list(kept.values()), fresh, fault), strict=True)
        found = {a: read.value for a, read in reads.items() if read.value is not None}
        return Read(found, *self.oldest(reads.values()))

    def _fetch_assets(
        self, resource: Resource, ids: Sequence[str], fetch: Callable[[Sequence[str]], Mapping[str, A]]
    ) -> dict[str, Read[A | None]]:
        as_of, on = self._moment()
        found = fetch(ids)
        for asset_id in ids:
            self.note_asset(resource.name, asset_id, Read(found.get(asset_id), as_of, on))
        return {asset_id: Read(found.get(asset_id), as_of, on) for asset_id in ids}

    def note_asset(self, resource: str, asset_id: str, read: Read[A | None]) -> None:
        """Keep what is known of one asset; None for one that is not there."""
        text = _ABSENT if read.value is None else read.value.model_dump_json(by_alias=True)
        self._keep(f"{resource}|{asset_id}", text, read)

    def mark(self, name: str) -> None:
        """Note for all processes that share the cache that this happened now."""
        as_of, on = self._moment()
        self._keep(f"mark|{name}", "", Read(None, as_of, on))

    def marked(self, name: str) -> datetime | None:
        """When it last happened, in whichever process; None when it did not, as far back as answers are kept."""
        read = self.at_hand(f"mark|{name}", lambda _answer: None)
        return None if read is None else read.as_of

    def shared(self, key: str, fetch: Callable[[], T], fresh: bool = False) -> T:
        """What `fetch` gives, fetched once for all who ask for `key` at the same time, and not kept. With `fresh`, a
        fetch that began before does not do."""
        return self._flights.share(f"shared|{key}", fetch, fresh=fresh)

    def at_hand(
        self, key: str, value: Callable[[Answer], T], suits: Callable[[Read[T]], bool] | None = None
    ) -> Read[T] | None:
        """What is kept under a resource and request, however old, but newer than what is remembered unless that
        `suits`; None when nothing that can be read is."""
        remembered: Read[T] | None = self._memory.get(key)
        if remembered is not None and suits is not None and suits(remembered):
            return remembered
        entry = self._cache.get(f"{self._whose}|{key}")
        if entry is None or (remembered is not None and remembered.as_of >= entry.as_of):
            return remembered  # it may be newer, or all there is, where the disk is full
        try:
            read = Read(value(Answer(entry.text, "")), entry.as_of, entry.on)
        except Malformed as error:  # kept by a version that read other fields
            log.warning("cache_entry_outdated", key=key[:200], error=str(error))
            return None
        self._memory.put(key, read, len(entry.text))
        return read

    def securities(self, resource: str, shape: type[A]) -> dict[str, A]:
        """Every asset kept of a resource, by its id."""
        reads = {a: self.at_hand(f"{resource}|{a}", _one(shape)) for a in self.requests(resource)}
        return {a: read.value for a, read in reads.items() if read is not None and read.value is not None}

    def requests(self, resource: str) -> tuple[str, ...]:
        """The requests of a resource whose answers are kept, however old."""
        prefix = f"{self._whose}|{resource}|"
        return tuple(key.removeprefix(prefix) for key in self._cache.keys(prefix))

    def oldest(self, reads: Collection[Read[Any]]) -> tuple[datetime, date]:
        """The age of a whole is that of its oldest part; of nothing, it is now."""
        now, today = self._moment()
        return min((r.as_of for r in reads), default=now), min((r.on for r in reads), default=today)

    def _fresh_enough(self, resource: Resource, key: str, value: Callable[[Answer], T]) -> Read[T] | None:
        read = self.at_hand(key, value, lambda read: self._suits(resource, read))
        return read if read is not None and self._suits(resource, read) else None

    def _suits(self, resource: Resource, read: Read[Any]) -> bool:
        # An answer from the future was kept before the clock was put back.
        age = self._clock.now() - read.as_of
        return resource.admits(read) and timedelta(0) <= age < timedelta(seconds=resource.freshness)

    def _in_need(
        self, resource: Resource, kept: Sequence[Read[T] | None], fresh: bool, fault: Unavailable
    ) -> list[Read[T]]:
        """What is kept, when a new answer failed and the resource's API group is left alone; else the fault again."""
        usable = [read for read in kept if read is not None and resource.admits(read)]
        if fresh or not self._transport.resting(resource.path) or len(usable) < len(kept) or not kept:
            raise fault
        oldest = min(read.as_of for read in usable)
        log.warning("kept_answer_served", resource=resource.name, as_of=oldest.isoformat(), error=str(fault))
        return usable

    def _keep(self, key: str, text: str, read: Read[Any]) -> None:
        self._cache.put(f"{self._whose}|{key}", Entry(text, read.as_of, read.on))
        self._memory.put(key, read, len(text))

    def _moment(self) -> tuple[datetime, date]:
        return self._clock.now(), self._clock.today()


class _Memory:
    """Answers in their shape, those used longest ago given up first. `size` is in characters of their texts."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._reads: OrderedDict[str, tuple[Read[Any], int]] = OrderedDict()
        self._held = 0

    def get(self, key: str) -> Read[Any] | None:
        with self._lock:
            if key not in self._reads:
                return None
            self._reads.move_to_end(key)
            return self._reads[key][0]

    def put(self, key: str, read: Read[Any], size: int) -> None:
        with self._lock:
            self._held += size - self._reads.pop(key, (read, 0))[1]
            self._reads[key] = (read, size)
            while self._held > self._size:
                self._held -= self._reads.popitem(last=False)[1][1]


def _one(shape: type[A]) -> Callable[[Answer], A | None]:
    """An asset as it was kept; None for one that is not there."""

    def value(answer: Answer) -> A | None:
        return None if answer.text == _ABSENT else wire.parse(shape, answer.json(), "a kept security")

    return value
