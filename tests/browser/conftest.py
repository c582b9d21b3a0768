"""The app that browser tests of one worker process share, those that do not disturb each other: each comes as a user of
its own, in a browser context of its own, and looks at its own orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import bcrypt
import pytest
import yaml
from playwright.sync_api import Browser, Page

from tests.browser import steps
from tests.browser.server import AppServer

APPROVAL_FROM = 400_000_000  # face from which somebody else must approve
_NEVER = "3600"  # seconds until an order is filled
_MANAGERS = tuple(f"pm{number}" for number in range(1, 100))  # more than any worker has tests
PASSWORD = "of the tests alone"


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app on the demo book, where nothing fills by itself and very large orders need a second person."""
    data = tmp_path_factory.mktemp("shared")
    settings = {
        "DEMO_FILL_SECONDS": _NEVER,
        "APPROVAL_FROM_FACE": str(APPROVAL_FROM),
        "USERS_FILE": str(users(data / "users.yaml")),
    }
    with AppServer(data, settings) as running:
        yield running


class Somebody(Protocol):
    """Opens a window of a user of the shared app, at the groups; a portfolio manager who has not been there yet, unless
    named."""

    def __call__(
        self, name: str = "", *, width: int = 1440, height: int = 1100, theme: steps.Theme = "light"
    ) -> Page: ...


@pytest.fixture(scope="session")
def newcomers() -> Iterator[str]:
    """The names of those who have not been there yet."""
    return iter(_MANAGERS)


@pytest.fixture
def somebody(newcomers: Iterator[str], browser: Browser, shared: AppServer) -> Iterator[Somebody]:
    opened: list[Page] = []

    def come(name: str = "", *, width: int = 1440, height: int = 1100, theme: steps.Theme = "light") -> Page:
        page = steps.window(browser, shared.url, width, height, theme)
        opened.append(page)
        steps.sign_in(page, name or next(newcomers), PASSWORD)
        return page

    yield come
    for page in opened:
        page.context.close()


def users(path: Path) -> Path:
    """Portfolio managers who have nothing to do with each other, and one of each other role."""
    roles = dict.fromkeys(_MANAGERS, "portfolio_manager") | {n: n for n in ("approver", "compliance", "viewer")}
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    entries = {
        name: {"name": name.title(), "password": hashed, "roles": [role], "groups": ["*"]}
        for name, role in roles.items()
    }
    path.write_text(yaml.safe_dump({"credentials": {"usernames": entries}}))
    return path
