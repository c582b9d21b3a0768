"""How something the desk depends on is, and what that means for the people at the screens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Standing(StrEnum):
    """Degraded: the work goes on, slower or with something missing."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"


_WORSE = list(Standing)


@dataclass(frozen=True, slots=True)
class Dependency:
    """`sentence` says what is wrong and what still works; `details` are figures for whoever runs the desk, with their
    units in their names. `feeds` marks where the figures on the screens come from."""

    name: str
    standing: Standing
    sentence: str
    details: Mapping[str, object] = field(default_factory=dict)
    feeds: bool = False


def worst(dependencies: Iterable[Dependency]) -> Standing:
    """How the whole is: as its worst part."""
    return max((one.standing for one in dependencies), key=_WORSE.index, default=Standing.HEALTHY)
