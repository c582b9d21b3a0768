"""The engines, one signature, registered by name. An engine turns a `Problem` into a `Draft`; `allocation.propose`
checks it and makes it a `Proposal`."""

from __future__ import annotations

from collections.abc import Mapping

from allocation.engines.custom import Custom
from allocation.engines.equal import Equal
from allocation.engines.min_dispersion import MinDispersion
from allocation.engines.pro_rata import ProRata
from allocation.engines.problem import Draft, Engine, Problem
from allocation.engines.to_target import ToTarget
from allocation.errors import InvalidParameter

ENGINES: Mapping[str, Engine] = {
    engine.name: engine for engine in (ProRata(), Equal(), MinDispersion(), ToTarget(), Custom())
}


def engine(name: str) -> Engine:
    """The engine of that name; `InvalidParameter` listing the known ones otherwise."""
    try:
        return ENGINES[name]
    except KeyError:
        known = ", ".join(ENGINES)
        raise InvalidParameter("engine", f"There is no engine called {name!r}; choose one of {known}.") from None


__all__ = ["ENGINES", "Draft", "Engine", "Problem", "engine"]
