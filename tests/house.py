"""Houses for the tests of the front door: real ones, on data of their own, blind to the settings of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

import settings
from access import demo_users
from allocation.model import Side
from bootstrap import House, open_house
from orders.desk import Preview, Request
from orders.model import Order, User
from settings import Settings, read_settings

PM: User = demo_users()[0]["pm"].user


def forget_settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """From now on settings come from the test alone: no variable of this machine, and `.env` and `secrets.toml` in
    `folder`, where there are none yet."""
    for name in {name for name in os.environ if name.lower() in Settings.model_fields}:
        monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", folder / ".env")
    monkeypatch.setattr(settings, "SECRETS", folder / "secrets.toml")


@contextmanager
def house_on(data: Path, **overrides: Any) -> Iterator[House]:
    """The demo's house over this data directory, closed at the end; `overrides` are settings."""
    usual = {"demo": True, "data_dir": data, "worker_embedded": False, "log_level": "ERROR"}
    try:
        opened = open_house(read_settings(**(usual | overrides)))
        try:
            yield opened
        finally:
            opened.close()
    finally:
        structlog.reset_defaults()  # a house sets the logs of its whole process


def block_of(house: House, group: str = "BIG6", face: int = 5_000_000) -> Preview:
    """A buy for the group, previewed: the first bond of the demo's search that can be bought."""
    desk = house.office.desk
    bond = next(b for b in desk.find(PM, "treasury").value if b.price is not None and b.measures.duration is not None)
    return desk.preview(PM, Request(group, bond.asset_id, Side.BUY, face, desk.settlement(bond)))


def confirmed(house: House, comment: str = "", command_id: str = "c1") -> Order:
    """That block, confirmed whatever is warned of."""
    preview = block_of(house)
    accepted = dict.fromkeys(preview.warnings, "as meant")
    return house.office.desk.confirm(PM, preview, comment, command_id, accepted=accepted)
