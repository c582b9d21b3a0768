"""The port of a worker that runs apart: whether it lives and is ready, how what it depends on is, what it counted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from bootstrap import House
from endpoints import LOOPBACK, routes
from orders.errors import SettingsError

GRACE_SECONDS = 2  # for answers under way when the worker ends


@contextmanager
def answering(opened: House) -> Iterator[None]:
    """Answer on the settings' port while what is within runs, where they name one. Without a token nobody elsewhere
    could ask anything but whether it lives, so it listens to this machine alone. `SettingsError` where the port cannot
    be had."""
    if opened.worker_port is None:
        yield
        return
    listener = _listener("" if opened.metrics_token.get_secret_value() else LOOPBACK[0], opened.worker_port)
    app = Starlette(routes=routes(lambda: True, lambda: opened, worker=True))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS)
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="endpoints")
    serving.start()
    try:
        yield
    finally:
        server.should_exit = True
        serving.join()
        listener.close()


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(f"WORKER_PORT {port} cannot be used: {error.strerror}. Set another.") from error
    listener.listen(128)
    return listener
