"""What logs leave out, seen where they are read: in the lines of the process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from logs import log_as_json
from masks import Masks
from orders.dispatch import LEASE, LEASE_SECONDS
from settings import Settings
from tests.house import confirmed, forget_settings, house_on
from watch import accounts

KEY = "the key of this installation"
PASSWORD = 'open "sesame" & more'


@pytest.fixture(autouse=True)
def _own_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(accounts, "_tickers", {})
    yield
    structlog.reset_defaults()


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_a_secret_is_in_no_line_however_it_is_written_and_wherever(capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json("INFO", Masks([PASSWORD, "abc"]))
    log = structlog.get_logger()
    log.info("signing in", url="https://host/?p=open+%22sesame%22+%26+more", sent={"of": [f"pw {PASSWORD}"]}, abc="abc")
    log.info("answered", api_key="never seen before", headers={"Authorization": "Bearer 123"}, tokens=2)
    try:
        raise ValueError(f"cannot sign in with {PASSWORD}")
    except ValueError:
        log.exception("broke")
    first, second, third = said(capsys)
    assert (first["url"], first["sent"], first["abc"]) == ("https://host/?p=***", {"of": ["pw ***"]}, "abc")
    assert (second["api_key"], second["headers"], second["tokens"]) == ("***", {"Authorization": "***"}, 2)
    assert third["exception"][0]["exc_value"] == "cannot sign in with ***"


def test_an_account_has_one_mark_by_its_ticker_and_by_its_name_in_every_process_with_the_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    accounts.met("STONER", "Stone River Core")
    accounts.met("STONER-2", "Stone River Core Two")
    masks = Masks(key=KEY)
    log_as_json("INFO", masks)
    log = structlog.get_logger()
    log.warning("refused", error="STONER has 5, stone river core too; STONER-2, STONERS 7.", accounts=["STONER"])
    accounts.met("LATER")
    log.warning("refused", error="LATER came.", stream="group:STONER")
    one, two, later = (Masks(key=KEY).mark(ticker) for ticker in ("STONER", "STONER-2", "LATER"))
    assert len({one, two, later, Masks(key="another").mark("STONER")}) == 4
    first, second = said(capsys)
    assert first["error"] == f"{one} has 5, {one} too; {two}, STONERS 7."
    assert first["accounts"] == [one]
    assert second["error"] == f"{later} came."
    assert second["stream"] == "group:STONER"  # ours: kept hashes are found by it


def test_without_the_setting_accounts_keep_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    accounts.met("STONER")
    log_as_json("INFO", Masks())
    structlog.get_logger().warning("refused", error="STONER has 5.")
    assert said(capsys)[0]["error"] == "STONER has 5."


def test_a_desk_that_is_told_to_names_no_account_in_its_logs_and_its_key_in_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "4711" * 16
    with house_on(tmp_path, log_level="DEBUG", log_mask_accounts=True, cookie_key=key) as house:
        order = confirmed(house)
        account = order.lines[0].account_id
        structlog.get_logger().info("noted", what=f"{account} has {order.lines[0].face:,}", key=key)
        lease = house.health.ledger.acquire(LEASE, house.dispatch.holder, LEASE_SECONDS)
        assert lease is not None
        house.dispatch.work(lease)
        lines = said(capsys)
        (noted,) = [line for line in lines if line["event"] == "noted"]
    assert noted["what"] == f"{Masks(key=key).mark(account)} has {order.lines[0].face:,}"
    assert noted["key"] == "***"
    values = json.dumps([{name: value for name, value in line.items() if name != "path"} for line in lines])
    assert not [line.account_id for line in order.lines if f'"{line.account_id}"' in values or f" {account} " in values]


def test_every_setting_that_is_secret_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_settings(monkeypatch, tmp_path)
    assert set(Settings(cookie_key="one", aladdin_password="two").secrets) == {"one", "two"}
