"""How everything behind the desk is: for the strip above each page, for `/health`, and for a load balancer."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aladdin.client import Aladdin
from aladdin.reading.cache import AnswerCache
from allocation.errors import EvenlotError
from orders.dispatch import LEASE
from orders.model import OrderState
from orders.ports import Clock, History
from storage import SqlLedger
from ui.session import Pulse
from watch.standing import Dependency, Standing

SILENT_AFTER_SECONDS = 30  # a worker that has not finished a round for so long is in trouble
SLOW_SECONDS = 2.0  # a store that takes longer for one small read
FULL_BYTES = 1024**3  # less room than this for a ledger and a cache wants somebody to look
LOCKED_SECONDS = 0.25  # a write of ours takes milliseconds


@dataclass(frozen=True, slots=True)
class Health:
    """Asks each dependency in turn. `holder` is this process's own worker."""

    aladdin: Aladdin
    simulated: bool
    ledger: SqlLedger
    history: History
    cache: AnswerCache
    data: Path
    clock: Clock
    holder: str
    on_snowflake: bool

    def pulses(self) -> tuple[Pulse, ...]:
        """What a person at a screen needs to know: the three dots of the strip."""
        aladdin = "Simulated Aladdin" if self.simulated else "Aladdin"
        others = (self._store(), self._worker())
        return (
            Pulse(aladdin, not self.aladdin.trouble, self._of_aladdin(), feeds=True),
            *(Pulse(one.name, one.standing is Standing.HEALTHY, one.sentence) for one in others),
        )

    def dependencies(self) -> tuple[Dependency, ...]:
        """All of it, with figures, for whoever runs the desk."""
        return (self._aladdin(), self._writable(self._store()), self._worker(), self._cache(), self._disk())

    def orders_by_state(self) -> Mapping[OrderState, int]:
        """All orders of the ledger; `OutsideError` when it does not answer."""
        return self.history.counts()

    def _of_aladdin(self) -> str:
        return f"{self.aladdin.trouble} {self.aladdin.waiting}".strip() or "answers"

    def _aladdin(self) -> Dependency:
        left, sentence, standing = self.aladdin.calls_left, self._of_aladdin(), Standing.HEALTHY
        details = {
            "simulated": self.simulated,
            "circuits": {one.group: one.state.value for one in self.aladdin.circuits},
            "calls_left_this_minute": dict(left),
            "calls_waiting": self.aladdin.waiting.calls,
        }
        if self.aladdin.trouble:  # what was read before still serves the screens, while it is young enough
            standing = Standing.DOWN if self.aladdin.unreachable else Standing.DEGRADED
        elif spent := [of for of, calls in left.items() if not calls]:
            standing = Standing.DEGRADED
            said = "" if sentence == "answers" else f" {sentence}"
            sentence = (
                f"The calls a minute that we may make are used up ({', '.join(spent)}): the next ones wait.{said}"
            )
        return Dependency("Aladdin", standing, sentence, details, feeds=True)

    def _store(self) -> Dependency:
        details: dict[str, object] = {"kind": "snowflake" if self.on_snowflake else "sqlite"}
        started = time.perf_counter()
        try:
            waiting = self.ledger.intents()
        except EvenlotError as error:
            return Dependency("Store", Standing.DOWN, f"{error} Nothing can be confirmed.", details)
        took = time.perf_counter() - started
        details |= {"latency_seconds": round(took, 4), "outbox_commands": len(waiting)}
        if waiting:
            oldest = min(intent.created_at for intent in waiting)
            details["outbox_oldest_seconds"] = round((self.clock.now() - oldest).total_seconds(), 1)
        if took > SLOW_SECONDS:
            return Dependency("Store", Standing.DEGRADED, f"It took {took:.1f} s to answer.", details)
        return Dependency("Store", Standing.HEALTHY, "answers", details)

    def _writable(self, store: Dependency) -> Dependency:
        """The store, looked at for a lock that somebody keeps as well."""
        if store.standing is Standing.DOWN or not self.ledger.locked(LOCKED_SECONDS):
            return store
        said = "Another program keeps its write lock: what is confirmed waits, and is refused after half a minute."
        return replace(store, standing=Standing.DEGRADED, sentence=said)

    def _worker(self) -> Dependency:
        """Whoever holds the lease says how it is, here or elsewhere; nobody holding it is trouble."""
        waiting = "Orders wait in the outbox; nothing is lost."
        try:
            lease = self.ledger.lease(LEASE)
        except EvenlotError as error:
            return Dependency("Worker", Standing.DOWN, f"{error} {waiting}")
        if lease is None:
            return Dependency("Worker", Standing.DOWN, f"No worker is running. {waiting}")
        ours, pulse = lease.holder == self.holder, lease.pulse
        who = "" if ours else f"The worker is {lease.holder}. "
        silent = (self.clock.now() - pulse.at).total_seconds() if pulse.at is not None else None
        details = {
            "holder": lease.holder,
            "in_this_process": ours,
            "lease_until": lease.until.isoformat(),
            "last_round_seconds_ago": None if silent is None else round(silent, 1),
            "orders_held_up": pulse.held_up,
        }
        if pulse.trouble:
            return Dependency("Worker", Standing.DEGRADED, f"{who}{pulse.trouble} {waiting}", details)
        if silent is not None and silent > SILENT_AFTER_SECONDS:
            return Dependency("Worker", Standing.DEGRADED, f"{who}It has been silent. {waiting}", details)
        if pulse.held_up:
            held = "1 order is" if pulse.held_up == 1 else f"{pulse.held_up} orders are"
            sentence = f"{who}{held} held up: the Orders page says why."
            return Dependency("Worker", Standing.DEGRADED, sentence, details)
        sentence = "sends and follows" if ours else f"{lease.holder} sends and follows"
        return Dependency("Worker", Standing.HEALTHY, sentence, details)

    def _cache(self) -> Dependency:
        kept = self.cache.size()
        if kept is None:
            sentence = "Answers cannot be kept: every page asks Aladdin anew, and nothing is at hand when it is away."
            return Dependency("Cache", Standing.DEGRADED, sentence)
        return Dependency("Cache", Standing.HEALTHY, "keeps answers", {"answers": kept[0], "bytes": kept[1]})

    def _disk(self) -> Dependency:
        try:
            free = shutil.disk_usage(self.data).free
        except OSError as error:
            return Dependency("Disk", Standing.DOWN, f"The data folder cannot be read: {error.strerror}.")
        details = {"free_bytes": free}
        if free < FULL_BYTES:
            said = f"Only {free // 1024**2:,} MB are free where the data folder is."
            return Dependency("Disk", Standing.DEGRADED, said, details)
        return Dependency("Disk", Standing.HEALTHY, "has room", details)
