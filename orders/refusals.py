"""Who hears of it when somebody is refused for their role or their groups. Set for the process by whoever opens the
house, as counters are: a refusal is met deep inside every use case."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from orders.history import REFUSED, REFUSED_OF_GROUP

if TYPE_CHECKING:
    from orders.people import User
    from orders.ports import Activity, Clock

Listener = Callable[["User", str, str], None]  # who, what they may not, about what

_listeners: list[Listener] = []
_QUIET = timedelta(minutes=1)  # a part of a page that ticks is refused with each tick: once in this time is told


def tell(user: User, what: str, about: str = "") -> None:
    """Let whoever listens know that this user was refused."""
    for listener in tuple(_listeners):
        listener(user, what, about)


def listen(listener: Listener) -> Callable[[], None]:
    """Tell this listener of each refusal from now on, until what is returned is called."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


class Noting:
    """Writes refusals into the users' activity."""

    def __init__(self, activity: Activity, clock: Clock) -> None:
        self._activity = activity
        self._clock = clock
        self._told: dict[tuple[str, str, str], datetime] = {}
        self._guard = threading.Lock()

    def __call__(self, user: User, what: str, about: str) -> None:
        now, said = self._clock.now(), (user.username, what, about)
        with self._guard:
            self._told = {known: at for known, at in self._told.items() if now - at < _QUIET}
            if said in self._told:
                return
            self._told[said] = now
        self._activity.note(user.username, REFUSED_OF_GROUP if about else REFUSED, about, what)
