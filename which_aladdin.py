"""Which Aladdin the settings name: BlackRock's, or a simulated one that is started here, and the book it has."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import SecretStr

from aladdin.config import HIGHEST_QUOTA, LOWEST_QUOTA, QUOTAS, SCOPES, AladdinConfig, Freshness
from aladdin.simulator.console import set_plan
from aladdin.simulator.errors import SimulatorError
from aladdin.simulator.process import Running, ensure_running
from orders.dispatch import GRACE, POST_WINDOW
from orders.errors import SettingsError, Unavailable
from orders.model import Book
from settings import Settings, World

log = structlog.get_logger()


def simulated_aladdin(settings: Settings, world: World, data: Path) -> Running | None:
    """The one over the demo's book or over a CSV book, which runs from now on; None where Aladdin is BlackRock's."""
    if world is World.ALADDIN:
        return None
    source = f"demo:{settings.demo_seed}" if world is World.DEMO else str(settings.book_dir)
    try:
        return ensure_running(source, data, fill_seconds=settings.demo_fill_seconds)
    except SimulatorError as error:
        raise SettingsError(str(error)) from error


def give_trouble(data: Path, plan: str) -> None:
    """Let the simulated Aladdin be in the trouble of a ready-made plan."""
    try:
        set_plan(data.resolve(), plan)
    except SimulatorError as error:
        raise Unavailable(str(error)) from error


def book_and_config(settings: Settings, data: Path, simulated: Running | None) -> tuple[Book, AladdinConfig]:
    """What is traded on, and how to reach its Aladdin. `SettingsError` where the timeouts are longer than an order may
    be in doubt for."""
    book, config = _of_blackrock(settings) if simulated is None else _of_the_simulated(settings, simulated)
    config = replace(
        config,
        refresh_token_file=data / "aladdin.refresh-token",
        quotas={**QUOTAS, **settings.aladdin_quotas},
        freshness=Freshness().with_(settings.aladdin_freshness),
        minimum_coverage=settings.minimum_coverage,
    )
    if (longest := POST_WINDOW.total_seconds() + config.longest_request) >= GRACE.total_seconds():
        raise SettingsError(f"Aladdin's timeouts add up to {longest:g} s; they must stay below {GRACE.seconds} s.")
    return book, config.shared_by(settings.aladdin_processes)


def _of_the_simulated(settings: Settings, simulated: Running) -> tuple[Book, AladdinConfig]:
    said = simulated.book
    for warning in said.warnings:
        log.warning("book warning", warning=warning)
    return Book(said.id, said.kind, said.name, said.as_of, said.groups, said.currency), AladdinConfig(
        url=simulated.url,
        client_id=simulated.client_id,
        client_secret=SecretStr(simulated.client_secret),
        calls_a_minute=settings.aladdin_calls_a_minute or HIGHEST_QUOTA,  # it counts none unless asked to
        default_quota=HIGHEST_QUOTA,
    )


def _of_blackrock(settings: Settings) -> tuple[Book, AladdinConfig]:
    host = re.sub(r"^https?://", "", settings.aladdin_url).strip("/")
    today = datetime.now().astimezone().date()
    book = Book(f"aladdin:{host}", "aladdin", "Aladdin", today, settings.aladdin_groups, settings.aladdin_currency)
    return book, AladdinConfig(
        url=settings.aladdin_url,
        client_id=settings.aladdin_client_id,
        client_secret=settings.aladdin_client_secret,
        api_key=settings.aladdin_api_key,
        refresh_token=settings.aladdin_refresh_token,
        username=settings.aladdin_username,
        password=settings.aladdin_password,
        scopes=settings.aladdin_scopes or SCOPES,
        calls_a_minute=settings.aladdin_calls_a_minute or LOWEST_QUOTA,
        account_code=settings.aladdin_account_code,
        time_zone=settings.aladdin_time_zone,
    )
