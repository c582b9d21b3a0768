"""The right to be the worker, and how whoever has it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the worker is: when it last finished a round, what kept it from working, if anything, and how many orders it
    cannot get on with. Everybody reads it, so it names no order; each order says for itself what holds it up."""

    at: datetime | None = None
    trouble: str = ""
    held_up: int = 0


NO_PULSE = Pulse()


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work the outbox until `until`. `fence` grows with each new holder; every write checks it. `pulse` is
    the holder's when it last renewed the lease: elsewhere it is all that is known of it."""

    name: str
    holder: str
    fence: int
    until: datetime
    pulse: Pulse = NO_PULSE
