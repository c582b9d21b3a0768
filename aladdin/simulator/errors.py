"""What can go wrong outside a request: starting, finding, keeping and troubling the simulated server.

SimulatorError                  str(error) is a sentence for the person who started it
├── WrongWorld                  the data directory, or the server running there, is another book's, or damaged
├── StartFailed                 the server did not come up; carries what it said
├── BadPlan                     a fault plan that cannot be used; names what is wrong in it
└── NotServed                   no simulated Aladdin runs where one was looked for, or it refused
"""

from __future__ import annotations


class SimulatorError(Exception):
    """The simulated server cannot do what was asked of it."""


class WrongWorld(SimulatorError):
    """A data directory holds orders, or a running server, of another book, or orders that cannot be read."""


class StartFailed(SimulatorError):
    """The server ended, or did not answer in time, while it was being started."""


class BadPlan(SimulatorError):
    """A fault plan cannot be read, or asks for something that there is not."""


class NotServed(SimulatorError):
    """The server that was to be spoken to is not there, or did not do what it was told."""
