"""A process that reads a group twenty times and says what it read, for the tests of what two processes share."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import SecretStr

from aladdin.client import Aladdin
from aladdin.config import AladdinConfig
from aladdin.reading.cache import AnswerCache


@dataclass(frozen=True)
class WallClock:
    """The one clock that two processes share, with the book's business date."""

    day: date

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return self.day


def main(url: str, client_id: str, secret: str, cache: str, day: str, settlement: str) -> None:
    clock = WallClock(date.fromisoformat(day))
    client = Aladdin(AladdinConfig(url, client_id, SecretStr(secret)), AnswerCache(Path(cache)), clock, "small")
    for _ in range(20):
        accounts = client.group("CORE", date.fromisoformat(settlement)).value.accounts
    client.close()
    sys.stdout.write(json.dumps([[account.id, str(account.nav), str(account.cash)] for account in accounts]))


if __name__ == "__main__":
    main(*sys.argv[1:])
