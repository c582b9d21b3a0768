"""A client in front of a small Aladdin on a loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aladdin.client import Aladdin
from aladdin.reading.cache import AnswerCache
from tests.aladdin.loopback import DeskClock, Loopback
from tests.aladdin.small_world import SmallWorld


@dataclass(frozen=True)
class Desk:
    """The client and everything around it."""

    client: Aladdin
    server: Loopback
    world: SmallWorld
    clock: DeskClock
    directory: Path

    def another(self, **changes: object) -> Aladdin:
        """A second client on the same cache directory, as after a restart."""
        cache = AnswerCache(self.directory)
        return Aladdin(
            self.server.config(**changes),
            cache,
            self.clock,
            "small",
            sleep=lambda _seconds: None,
            monotonic=self.clock.monotonic,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    world, clock = SmallWorld(), DeskClock()
    with Loopback(world) as server:
        cache = AnswerCache(tmp_path / "cache")
        client = Aladdin(
            server.config(page_size=2),
            cache,
            clock,
            "small",
            sleep=lambda _seconds: None,
            monotonic=clock.monotonic,
        )
        yield Desk(client, server, world, clock, tmp_path / "cache")
        client.close()
