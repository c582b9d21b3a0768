from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from aladdin.simulator.directory import read_notice
from guard import policy
from tests.books.folder import small_book
from tests.browser.server import ROOT, AppServer
from tests.browser.steps import idle

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
HALF_SET = {"DEMO": "false", "ALADDIN_URL": "https://host.example.com", "ALADDIN_CLIENT_SECRET": "hush-hush"}


def alive(pid: int) -> bool:
    """Whether a process of this id runs still; one that has ended and is not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone(pid: int) -> bool:
    """Whether the process ends within a few seconds."""
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.1)
    return False


def simulator_of(server: AppServer) -> int:
    notice = read_notice(server.data_dir)
    assert notice is not None
    return notice.pid


def test_the_app_says_that_it_lives_and_is_ready_and_ends_with_everything_it_started(tmp_path: Path) -> None:
    with AppServer(
        tmp_path, address="::"
    ) as server:  # as it is started where nothing is said: IPv4 comes by it as well
        assert server.get("/health/live").json() == {"status": "live"}
        assert "store" in server.get("/health").json()
        ready = server.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json() == {"status": "ready", "aladdin": "ok", "store": "ok", "worker": "ok"}
        shell = server.get("/")
        assert (shell.status_code, shell.headers["content-security-policy"]) == (200, policy())
        app, simulator = server.pid, simulator_of(server)
        assert server.stop() in (0, -signal.SIGTERM)
        assert gone(app)
        assert gone(simulator)
        assert read_notice(tmp_path) is None
        assert "Traceback" not in server.log_path.read_text()


@pytest.mark.soak
def test_an_app_that_is_killed_takes_its_simulated_aladdin_along(tmp_path: Path) -> None:
    server = AppServer(tmp_path)
    server.start()
    simulator = simulator_of(server)
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    assert gone(simulator)


def test_with_faulty_settings_the_process_still_serves_and_is_not_ready(tmp_path: Path) -> None:
    server = AppServer(tmp_path, HALF_SET)
    server.start(until="/health/live")
    try:
        ready = server.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json() == {"status": "not ready", "settings": "failing"}
        assert server.get("/").status_code == 200
    finally:
        server.stop()
    log = server.log_path.read_text()
    assert "ALADDIN_CLIENT_ID" in log
    assert "hush-hush" not in log


@pytest.mark.soak
def test_a_damaged_ledger_is_told_from_faulty_settings_and_a_folder_without_a_place_is_no_crash(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "ledger.db").write_bytes(b"no ledger" * 1000)
    faults = {"store": {"DATA_DIR": str(damaged)}, "settings": {"DATA_DIR": "/proc/nowhere"}}
    for part, env in faults.items():
        server = AppServer(tmp_path / part, env)
        server.start(until="/health/live")
        try:
            ready = server.get("/health/ready")
            assert (ready.status_code, ready.json()) == (503, {"status": "not ready", part: "failing"})
        finally:
            server.stop()
        assert "Traceback" not in server.log_path.read_text()
    log = server.log_path.read_text()
    assert "The data folder /proc/nowhere cannot be made: No such file or directory. Name another with DATA_DIR" in log


@pytest.mark.soak
def test_an_app_whose_snowflake_does_not_answer_stands_and_says_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        snowflake = {
            "ACCOUNT": "ours-evenlot",
            "USER": "evenlot_app",
            "PASSWORD": "hush-hush",
            "WAREHOUSE": "TRADING",
            "DATABASE": "DESK",
            "HOST": f"http://127.0.0.1:{taken.getsockname()[1]}",
            "LOGIN_TIMEOUT": "1",
        }
        env = {f"SNOWFLAKE_{name}": value for name, value in snowflake.items()}
        book = small_book(tmp_path / "book")
        server = AppServer(tmp_path / "data", env | {"DEMO": "false", "BOOK_DIR": str(book)})
        server.start(until="/health/live")
        try:
            deadline = time.monotonic() + 20
            while (ready := server.get("/health/ready")).json()["aladdin"] != "ok" and time.monotonic() < deadline:
                time.sleep(0.2)  # it is being greeted
            assert (ready.status_code, ready.json()["store"], ready.json()["aladdin"]) == (503, "failing", "ok")
            assert server.get("/").status_code == 200
        finally:
            server.stop()
    log = server.log_path.read_text()
    assert "Snowflake (account ours-evenlot) does not answer" in log
    assert "hush-hush" not in log


@pytest.mark.soak
def test_an_aladdin_that_was_never_reached_is_not_ready(tmp_path: Path) -> None:
    users = tmp_path / "users.yaml"
    users.write_text(
        'credentials:\n  usernames:\n    pm:\n      name: Paula\n      password: "$2b$12$'
        + "a" * 53
        + '"\n      roles: [portfolio_manager]\n      groups: ["*"]\n'
    )
    nobody = {  # nothing listens there, and no user has come yet who would have found out
        "DEMO": "false",
        "ALADDIN_URL": "http://127.0.0.1:1",
        "ALADDIN_CLIENT_ID": "evenlot",
        "ALADDIN_CLIENT_SECRET": "hush-hush",
        "ALADDIN_GROUPS": "BIG6",
        "USERS_FILE": str(users),
        "COOKIE_KEY": "k" * 64,
    }
    server = AppServer(tmp_path, nobody)
    server.start(until="/health/live")
    try:
        words = {server.get("/health/ready").json()["aladdin"]}
        deadline = time.monotonic() + 20
        while "failing" not in words and time.monotonic() < deadline:
            ready = server.get("/health/ready")
            assert ready.status_code == 503
            words.add(ready.json()["aladdin"])
            time.sleep(0.2)
        assert words <= {"no answer yet", "failing"}
    finally:
        server.stop()


@pytest.mark.browser
@pytest.mark.soak
def test_without_its_aladdin_the_screens_say_so_and_the_app_is_not_ready(tmp_path: Path, browser: Browser) -> None:
    with AppServer(tmp_path) as server:
        simulator = simulator_of(server)
        os.kill(simulator, signal.SIGKILL)
        assert gone(simulator)
        page = browser.new_page()
        sign_in(page, server)
        expect(page.get_by_text("Reference").first).to_be_visible(timeout=30_000)
        page.close()
        ready = server.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json() == {"status": "not ready", "aladdin": "failing", "store": "ok", "worker": "ok"}


def sign_in(page: Page, server: AppServer) -> None:
    page.goto(server.url)
    idle(page)
    page.get_by_role("textbox", name="Username").fill("pm")
    page.get_by_role("textbox", name="Password").fill("pm-demo")
    page.get_by_role("button", name="Sign in").click()


def only_the_form(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=20_000)
    idle(page)
    # an address without a page gets Streamlit's own box above the form
    assert set(page.get_by_role("heading").all_inner_texts()) - {"Page not found"} == {"Evenlot"}
    for part in ("stSidebarNav", "stMetric", "stDataFrame", "stPlotlyChart", "stException"):
        expect(page.get_by_test_id(part)).to_have_count(0)
    for name in PAGES:
        expect(page.get_by_role("link", name=name)).to_have_count(0)


@pytest.mark.browser
@pytest.mark.parametrize(
    "path",
    [
        "/",
        *(pytest.param(f"/{name}", marks=pytest.mark.soak) for name in ("pages", *PAGES)),
    ],
)
def test_signed_out_the_first_request_of_a_fresh_process_gets_the_sign_in_form_only(
    tmp_path: Path, browser: Browser, path: str
) -> None:
    with AppServer(tmp_path) as server:
        page = browser.new_page()
        page.goto(f"{server.url}{path}")
        only_the_form(page)
        # the files' own addresses lead nowhere: the shell of the app, which finds none of its parts there
        page.goto(f"{server.url}/pages/{path.strip('/') or 'groups'}.py", wait_until="networkidle")
        assert page.inner_text("body").strip() == ""
        page.close()
