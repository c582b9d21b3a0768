"""The night watch: the same desk without a screen. `python worker.py` sends and follows orders beside an app that runs
with WORKER_EMBEDDED=false, or takes over when the app's own worker is gone."""

from __future__ import annotations

import signal
import sys

from allocation.errors import EvenlotError
from bootstrap import open_house
from listening import answering


def main() -> int:
    """Work until told to stop; exit code 1 with a sentence when the house cannot be opened."""
    try:
        house = open_house()
    except EvenlotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: house.dispatch.stop())
    try:
        with answering(house):
            sys.stdout.write(f"Working on {house.book.name}. Stop with Ctrl-C.\n")
            sys.stdout.flush()
            house.dispatch.run()
    except EvenlotError as error:  # of its port: what goes wrong at work it outlives
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        house.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
