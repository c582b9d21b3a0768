"""What can go wrong outside a request: starting, finding and keeping the simulated server.

SimulatorError                  str(error) is a sentence for the person who started it
├── WrongWorld                  the data directory, or the server running there, is another book's, or damaged
└── StartFailed                 the server did not come up; carries what it said
"""

from __future__ import annotations


class SimulatorError(Exception):
    """The simulated server cannot do what was asked of it."""


class WrongWorld(SimulatorError):
    """A data directory holds orders, or a running server, of another book, or orders that cannot be read."""


class StartFailed(SimulatorError):
    """The server ended, or did not answer in time, while it was being started."""
