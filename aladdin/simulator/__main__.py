"""`python -m aladdin.simulator --book demo --port 0 --data DIR` serves one book on a loopback address;
`python -m aladdin.simulator trouble ...` rules the faults of a server that runs."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from aladdin.simulator import console
from aladdin.simulator.catalog import Catalog
from aladdin.simulator.connection import BreakableConnection
from aladdin.simulator.directory import ORDERS_FILE, Notice, hold, read_credentials
from aladdin.simulator.errors import SimulatorError, StartFailed
from aladdin.simulator.exchange import Exchange
from aladdin.simulator.faults import FaultPlan
from aladdin.simulator.plans import read_plan
from aladdin.simulator.quotas import Quotas
from aladdin.simulator.server import build_server
from aladdin.simulator.state import Blotter
from aladdin.simulator.tokens import LIFETIME, Tokens
from aladdin.simulator.world import World
from books import Book, BookError, open_book

HOST = "127.0.0.1"  # nowhere else: this server guards nothing worth a network
PREDECESSOR_SECONDS = 10.0  # how long a server that is ending may take
GRACE_SECONDS = 3  # for answers under way when the server ends
PARENT_POLL_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; 0 after a clean end, 1 with a sentence on stderr when it cannot start."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["trouble"]:
        return console.main(arguments[1:])
    options = _options(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        # Not before the book is read: a faulty book must not touch the directory's orders.
        book = open_book(options.book)
        options.data.mkdir(parents=True, exist_ok=True)
        with hold(options.data, "server", PREDECESSOR_SECONDS):
            serve(book, options)
    except (SimulatorError, BookError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m aladdin.simulator", description="A simulated Aladdin on this machine.")
    parser.epilog = "`python -m aladdin.simulator trouble --help` tells how to let things go wrong while it runs."
    parser.add_argument("--book", required=True, help="demo, demo:SEED or a directory of CSV files")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--data", type=Path, required=True, help="where orders and credentials are kept")
    parser.add_argument("--fill-seconds", type=_seconds, default=20.0, help="from active to booked")
    parser.add_argument("--day-seconds", type=_seconds, help="from active to expired, for an order good for the day")
    parser.add_argument("--token-seconds", type=_seconds, default=LIFETIME, help="the life of an access token")
    parser.add_argument("--nest-groups", action="store_true", help="show a group inside a larger one as its subgroup")
    parser.add_argument("--faults", help="the fault plan to start with: a ready-made one, or a JSON file")
    parser.add_argument(
        "--quota", type=_quota, help="requests a minute for each operation, or 'published' for its published quota"
    )
    parser.add_argument("--parent-pid", type=int, help="end when this process, which must be the starter, is gone")
    return parser.parse_args(arguments)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 86_400:
        raise argparse.ArgumentTypeError(f"must be above 0 and less than a day, not {text}")
    return value


def _quota(text: str) -> Quotas:
    if text != "published" and not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"must be 'published' or a number above 0, not {text}")
    return Quotas(None if text == "published" else int(text))


def serve(book: Book, options: argparse.Namespace) -> None:
    """Runs the server of one book in its data directory until it is told to end."""
    credentials = read_credentials(options.data)
    plan = FaultPlan(() if options.faults is None else read_plan(options.faults))
    blotter = Blotter(options.data / ORDERS_FILE, book.id)
    world = World(Catalog(book, options.nest_groups), blotter)
    listener = _listen(options.port)
    url = f"http://{HOST}:{listener.getsockname()[1]}"

    def orphaned() -> bool:
        return options.parent_pid is not None and os.getppid() != options.parent_pid

    def end() -> None:
        http.should_exit = True

    exchange = Exchange(blotter, book.securities, options.fill_seconds, plan, options.day_seconds)
    tokens = Tokens(credentials, options.token_seconds)
    server = build_server(world, blotter, exchange, tokens, plan, options.quota, orphaned, on_failure=end)
    http = _http(server.app)
    # uvicorn raises the signal it ended by once more when it is done; what is left to do then must still happen.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end())
    if options.parent_pid is not None:
        threading.Thread(target=_watch, args=(orphaned, end), name="parent", daemon=True).start()
    server.clockwork.start()
    notice = Notice(url, os.getpid(), credentials, options.book, book.id)
    notice.post(options.data)
    sys.stdout.write(f"Simulated Aladdin at {url}, {book.name} ({book.id})\n")
    sys.stdout.flush()
    try:
        http.run(sockets=[listener])
    finally:
        server.clockwork.stop()
        blotter.close()
        notice.withdraw(options.data)


def _http(app: Starlette) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=BreakableConnection,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return uvicorn.Server(config)


def _listen(port: int) -> socket.socket:
    # With the protocol left to its default, asyncio would not recognise TCP and not switch Nagle's delay off (40 ms).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        raise StartFailed(f"port {port} of {HOST} cannot be used: {error.strerror}. Choose another, or 0.") from error
    listener.listen(128)
    return listener


def _watch(orphaned: Callable[[], bool], end: Callable[[], None]) -> None:
    while not orphaned():
        time.sleep(PARENT_POLL_SECONDS)
    end()


if __name__ == "__main__":
    sys.exit(main())
