from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import structlog

import bootstrap
import endpoints
from access import demo_users
from aladdin.simulator.directory import read_notice
from allocation.limits import Limit, LimitTable, Rule, unknown_accounts
from bootstrap import BookClock, House, open_house
from orders.dispatch import LEASE, LEASE_SECONDS
from orders.errors import NotPermitted, OutsideError, SettingsError, Unavailable, WrongBook
from orders.lease import Pulse as WorkersPulse
from orders.model import OrderState, Role
from settings import read_settings
from storage import SqlPeople, open_store
from tests.books.folder import small_book
from tests.house import PM, confirmed, forget_settings, house_on

COMPLIANCE = demo_users()[0]["compliance"].user


@pytest.fixture(autouse=True)
def _blank(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    forget_settings(monkeypatch, tmp_path)
    yield
    structlog.reset_defaults()


def pulses(house: House) -> dict[str, tuple[bool, str]]:
    return {pulse.name: (pulse.well, pulse.sentence) for pulse in house.office.pulses()}


def end_simulator(data: Path) -> None:
    """The simulated Aladdin dies, and its port answers no more."""
    notice = read_notice(data)
    assert notice is not None
    os.kill(notice.pid, signal.SIGKILL)
    os.waitpid(notice.pid, os.WNOHANG)


def test_the_demo_opens_with_nothing_set_and_its_desk_works(tmp_path: Path) -> None:
    with house_on(tmp_path) as house:
        desk = house.office.desk
        assert house.book.kind == "demo"
        assert desk.groups(PM) == house.book.groups
        assert desk.today() == house.book.as_of
        assert len(desk.group(PM, "BIG6").value.accounts) == 6
        order = confirmed(house)
        assert (order.state, order.face) == (OrderState.CONFIRMED, 5_000_000)
        assert {role for login in house.office.gate.demo_logins for role in Role if login.role == role.label} == {*Role}


def test_a_second_opening_finds_everything_again(tmp_path: Path) -> None:
    """An order, the limits and users that the demo brought, what was changed of them, and who was refused what."""
    administrator, viewer = (demo_users()[0][name].user for name in ("administrator", "viewer"))
    with house_on(tmp_path) as house:
        order = confirmed(house, "kept")
        cash = {a.id: a.cash for a in house.office.desk.group(PM, "BIG6", fresh=True).value.accounts}
        assert house.office.people is not None
        house.office.people.change(administrator, "pm", 1, "Paula", [Role.VIEWER], ["BIG6"])
        with pytest.raises(NotPermitted):
            house.office.desk.limits.set(viewer, (), 0, "why", "c")
    key = (tmp_path / "cookie.key").read_text()
    with house_on(tmp_path) as house:
        desk = house.office.desk
        assert desk.past.orders(PM).rows == (order,)
        assert desk.past.statement(PM, order.id).sha256 == order.statement_sha256
        assert {a.id: a.cash for a in desk.group(PM, "BIG6", fresh=True).value.accounts} == cash
        assert confirmed(house, "again") == order
        limits, (version,) = desk.limits.table(COMPLIANCE), desk.limits.versions(COMPLIANCE)
        assert unknown_accounts(limits.rows, desk.limits.accounts(COMPLIANCE)) == ()
        refused = desk.past.activity(viewer, viewer.username).rows
        assert house.office.people is not None
        (pm,) = (one for one in house.office.people.everybody(administrator) if one.user.username == "pm")
        assert next(iter(house.office.gate.demo_logins)).username == "pm"
    assert (tmp_path / "cookie.key").read_text() == key
    assert (version.by, version.comment) == ("demo book", "Read from demo book.")
    assert limits.of_account("QUINER", Rule.ISSUER, ["United States Treasury"]) == Limit(
        "*", Rule.ISSUER, "United States Treasury", "100%"
    )
    assert [(deed.action, deed.detail) for deed in refused] == [("refused", "may not change limits")]
    assert (pm.user.roles, pm.password_hash, pm.changed_by) == (frozenset({Role.VIEWER}), "", "administrator")


def test_the_cookie_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    settings = read_settings(demo=True, data_dir=tmp_path)
    keys = {bootstrap._cookie_key(settings, settings.world, tmp_path) for _ in range(2)}
    assert len(keys) == 1
    assert len(keys.pop()) == 64
    assert stat.S_IMODE((tmp_path / "cookie.key").stat().st_mode) == 0o600


def test_a_cookie_key_that_can_be_guessed_signs_nothing_a_sign_in_elsewhere_included(tmp_path: Path) -> None:
    provider = {
        "oidc_issuer": "https://login.example.com",
        "oidc_client_id": "evenlot",
        "oidc_client_secret": "hush-hush",
        "oidc_redirect_uri": "https://evenlot.example.com/oauth2callback",
        "oidc_roles": "desk=viewer",
    }
    for settings in ({}, provider):
        with pytest.raises(SettingsError, match="shorter than 32"), house_on(tmp_path, cookie_key="short", **settings):
            pass


def test_a_data_folder_that_cannot_be_made_or_written_to_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    below, read_only = tmp_path / "file" / "data", Path("/proc/self")  # where nobody may write, not even root
    for folder, why in ((below, "made: Not a directory"), (read_only, "written to: ")):
        with pytest.raises(SettingsError) as failed, house_on(folder):
            pass
        assert str(failed.value).startswith(f"The data folder {folder} cannot be {why}")
        assert str(failed.value).endswith("Name another with DATA_DIR, or let the app's user write there.")


def test_another_data_folder_has_another_cookie_key(tmp_path: Path) -> None:
    settings = read_settings(demo=True)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert len({bootstrap._cookie_key(settings, settings.world, tmp_path / name) for name in ("a", "b")}) == 2


def test_a_ledger_refuses_another_book(tmp_path: Path) -> None:
    with house_on(tmp_path / "seven"):
        pass
    (tmp_path / "eight").mkdir()
    for file in (tmp_path / "seven").glob("ledger.db*"):
        shutil.copy(file, tmp_path / "eight")
    with pytest.raises(WrongBook, match="demo:7"), house_on(tmp_path / "eight", demo_seed=8):
        pass
    notice = read_notice(tmp_path / "eight")
    assert notice is None, "the simulated Aladdin that was started for it has ended"


def test_a_data_folder_in_use_by_another_book_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with (
        house_on(tmp_path),
        pytest.raises(SettingsError, match="choose another data directory"),
        house_on(tmp_path, demo_seed=8),
    ):
        pass


def test_a_faulty_csv_book_is_refused_with_its_faults(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "book.toml").write_text('name = "Ours"\nas_of = 2025-09-15\ncurrency = "USD"\n')
    with pytest.raises(SettingsError, match=r"accounts\.csv"):
        open_house(read_settings(book_dir=tmp_path / "book", data_dir=tmp_path / "data"))


def test_a_csv_books_limits_are_read_again_only_when_the_file_has_changed(tmp_path: Path) -> None:
    book = small_book(tmp_path / "book")
    (book / "limits.csv").write_text("account,rule,of,limit\nALPHA,issuer,,5%\n")
    csv = {"demo": False, "book_dir": book}
    with house_on(tmp_path / "data", **csv) as house:
        desk = house.office.desk
        assert desk.limits.table(COMPLIANCE) == LimitTable(1, (Limit("ALPHA", Rule.ISSUER, "", "5%"),))
        ours = desk.limits.set(COMPLIANCE, [Limit("BRAVO", Rule.FROZEN)], 1, "audit", "c1")
    with house_on(tmp_path / "data", **csv) as house:
        assert house.office.desk.limits.table(COMPLIANCE) == ours
    (book / "limits.csv").unlink()
    with house_on(tmp_path / "data", **csv) as house:
        assert house.office.desk.limits.table(COMPLIANCE) == ours, "a book that says nothing of limits lifts none"
    (book / "limits.csv").write_text("account,rule,of,limit\nALPHA,issuer,,4%\n")
    with house_on(tmp_path / "data", **csv) as house:
        newest, *_ = house.office.desk.limits.versions(COMPLIANCE)
    assert (newest.version, newest.by) == (3, "limits.csv")
    assert "takes the place of what people set in version 2" in newest.comment
    assert newest.table.rows == (Limit("ALPHA", Rule.ISSUER, "", "4%"),)


def test_a_house_of_several_takes_its_part_of_the_quotas(tmp_path: Path) -> None:
    with house_on(tmp_path, aladdin_calls_a_minute=100, aladdin_processes=4) as house:
        aladdin = next(one for one in house.health.dependencies() if one.name == "Aladdin")
        assert aladdin.details["calls_left_this_minute"] == {"in all": 25}


def test_each_world_has_a_data_folder_of_its_own() -> None:
    demo, other = read_settings(demo=True), read_settings(demo=True, demo_seed=8)
    csv, csv_2 = read_settings(book_dir="/books/ours"), read_settings(book_dir="/books/theirs")
    folders = [settings.data.name for settings in (demo, other, csv, csv_2)]
    assert folders == ["demo-7", "demo-8", "csv-books-ours", "csv-books-theirs"]


def test_snowflake_out_of_reach_is_a_red_pulse_in_a_house_that_stands(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        config = {
            "snowflake_account": "ours-evenlot",
            "snowflake_user": "evenlot_app",
            "snowflake_password": "hush-hush",
            "snowflake_warehouse": "TRADING",
            "snowflake_database": "DESK",
            "snowflake_host": f"http://127.0.0.1:{taken.getsockname()[1]}",
            "snowflake_login_timeout": 1,
        }
        with house_on(tmp_path / "data", demo=False, book_dir=small_book(tmp_path / "book"), **config) as house:
            well, sentence = pulses(house)["Store"]
            assert not well
            assert "Snowflake (account ours-evenlot) does not answer" in sentence
            assert "Nothing can be confirmed." in sentence
            assert "hush-hush" not in sentence
            with pytest.raises(Unavailable, match="does not answer"):
                house.office.desk.past.orders(PM)
    assert not (tmp_path / "data" / "ledger.db").exists()


def test_the_demos_clock_is_pinned_to_the_book_and_aladdins_is_not() -> None:
    pinned = BookClock(date(2025, 9, 15))
    assert pinned.today() == date(2025, 9, 15)
    assert pinned.now().tzinfo is not None
    assert abs(BookClock(None).today() - BookClock(None).now().date()) <= timedelta(days=1)


def test_aladdin_gone_is_a_sentence_a_red_pulse_and_a_store_that_still_works(tmp_path: Path) -> None:
    with house_on(tmp_path) as house:
        desk = house.office.desk
        order = confirmed(house)
        assert pulses(house)["Simulated Aladdin"] == (True, "answers")
        end_simulator(tmp_path)
        with pytest.raises(OutsideError, match="Aladdin"):
            desk.bond(PM, order.asset_id, fresh=True)
        well, sentence = pulses(house)["Simulated Aladdin"]
        assert not well
        assert "Aladdin" in sentence
        assert pulses(house)["Store"] == (True, "answers")
        assert desk.past.orders(PM).rows == (order,)


def test_the_screens_and_the_health_check_show_the_pulse_of_whoever_works_here_or_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house_on(tmp_path) as house:
        monkeypatch.setattr(bootstrap, "_house", [house])
        ledger = house.dispatch._ledger

        def shown(holder: str, pulse: WorkersPulse) -> tuple[bool, str]:
            lease = ledger.acquire(LEASE, holder, LEASE_SECONDS, pulse)
            assert lease is not None
            found = pulses(house)["Worker"]
            assert (json.loads(bytes(endpoints.ready(greeted=True).body))["worker"] == "ok") is found[0]
            ledger.release(lease)
            return found

        now = BookClock(None).now()
        well, sentence = pulses(house)["Worker"]
        assert (well, sentence) == (False, "No worker is running. Orders wait in the outbox; nothing is lost.")
        here, silent = house.dispatch.holder, WorkersPulse(now - timedelta(minutes=2))
        assert shown(here, WorkersPulse(now)) == (True, "sends and follows")
        assert shown("elsewhere:1", WorkersPulse(now)) == (True, "elsewhere:1 sends and follows")
        assert shown("elsewhere:1", WorkersPulse()) == (True, "elsewhere:1 sends and follows")  # it has just begun
        for holder, who in ((here, ""), ("elsewhere:1", "The worker is elsewhere:1. ")):
            assert shown(holder, silent) == (
                False, f"{who}It has been silent. Orders wait in the outbox; nothing is lost.",
            )  # fmt: skip
            assert shown(holder, WorkersPulse(None, "defect: KeyError")) == (
                False, f"{who}defect: KeyError Orders wait in the outbox; nothing is lost.",
            )  # fmt: skip
            assert shown(holder, WorkersPulse(now, held_up=1)) == (
                False, f"{who}1 order is held up: the Orders page says why.",
            )  # fmt: skip
        assert shown(here, WorkersPulse(now, held_up=2)) == (
            False, "2 orders are held up: the Orders page says why.",
        )  # fmt: skip


def test_a_process_opens_its_house_once_and_leaves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_house", [])
    monkeypatch.setenv("DEMO", "true")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    try:
        assert bootstrap.house() is bootstrap.house()
        assert read_notice(tmp_path) is not None
    finally:
        bootstrap.leave_house()
    assert read_notice(tmp_path) is None


def test_a_house_that_cannot_open_says_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_house", [])
    monkeypatch.setenv("ALADDIN_URL", "https://host.example.com")
    for _ in range(2):
        with pytest.raises(SettingsError, match="half-configured"):
            bootstrap.house()


def test_a_fault_that_may_pass_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_house", [])
    tried = 0

    def busy() -> House:
        nonlocal tried
        tried += 1
        raise Unavailable("The store is busy.")

    monkeypatch.setattr(bootstrap, "open_house", busy)
    for _ in range(2):
        with pytest.raises(Unavailable):
            bootstrap.house()
    assert tried == 2


def test_aladdin_without_a_cookie_key_of_32_bytes_does_not_open(tmp_path: Path) -> None:
    (tmp_path / "users.yaml").write_text(
        'credentials:\n  usernames:\n    pm:\n      name: Paula\n      password: "$2b$12$'
        + "a" * 53
        + '"\n      roles: [portfolio_manager]\n      groups: ["*"]\n'
    )
    settings = read_settings(
        aladdin_url="https://host.example.com",
        aladdin_client_id="evenlot",
        aladdin_client_secret="hush-hush",
        aladdin_groups="BIG6",
        users_file=tmp_path / "users.yaml",
        cookie_key="short",
        data_dir=tmp_path / "data",
    )
    with pytest.raises(SettingsError, match="32") as refused:
        open_house(settings)
    assert "hush-hush" not in str(refused.value)


def test_a_house_that_fails_half_way_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Unavailable("The users cannot be read.")

    monkeypatch.setattr(bootstrap, "_gate", fail)
    with pytest.raises(Unavailable, match="users"), house_on(tmp_path):
        pass
    assert "activity" not in {thread.name for thread in threading.enumerate()}


def test_a_book_of_ones_own_has_no_demo_users_and_a_ledger_that_has_one_is_refused(tmp_path: Path) -> None:
    own = {"demo": False, "book_dir": small_book(tmp_path / "book")}
    with house_on(tmp_path / "data", **own) as house:
        assert house.office.gate.demo_logins == ()
        assert house.office.people is not None
        assert house.office.people.everybody(demo_users()[0]["administrator"].user) == ()
    engine = open_store(tmp_path / "data")
    SqlPeople(engine, BookClock(None)).write([demo_users()[0]["pm"]], "somebody", "add_user")
    engine.dispose()
    refused = pytest.raises(SettingsError, match=r"lets somebody in as pm, and this is not the demo")
    with refused, house_on(tmp_path / "data", **own):
        pass
