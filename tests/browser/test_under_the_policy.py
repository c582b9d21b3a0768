"""Every page under the content security policy that the app sends: nothing of ours is refused, what somebody slips in
does not run, and nobody is answered under a name that is not ours."""

from __future__ import annotations

import socket

import httpx
import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.browser import steps
from tests.browser.conftest import Somebody
from tests.browser.server import ROOT, AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def test_every_page_works_under_the_policy_and_a_script_slipped_in_does_not_run(
    shared: AppServer, somebody: Somebody
) -> None:
    page = somebody()  # signed in: the frame that writes the cookie has worked
    refused = _refusals(page)
    steps.to_allocate(page, "BIG6", "T 4 12/15/27")
    steps.face(page, "5mm")
    steps.previewed(page)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    for name in PAGES:
        page.goto(f"{shared.url}/{name}")
        steps.idle(page)
        steps.settled(page)
        assert not page.get_by_test_id("stException").count(), name
    page.goto(f"{shared.url}/limits")
    steps.idle(page)
    assert refused == []

    page.evaluate("""() => {
        const image = document.createElement("img");
        image.setAttribute("onerror", "window.ran = true");
        image.src = "/nowhere.png";
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(image, script);
    }""")
    page.wait_for_timeout(500)
    assert page.evaluate("window.ran") is None
    assert len(refused) == 2


def test_a_request_from_elsewhere_gets_nothing(shared: AppServer) -> None:
    stranger = {"Host": f"attacker.example:{shared.port}"}
    for path in ("/", "/health/live", "/orders", "/_stcore/health", "/static/js/none.js"):
        refused = httpx.get(f"{shared.url}{path}", headers=stranger, trust_env=False)
        assert (refused.status_code, refused.text[:36]) == (400, "This is not a name of this app. Whoe"), path
    assert httpx.get(f"{shared.url}/_stcore/health", trust_env=False).status_code == 200

    # a page of another site may neither open a window of ours, nor upload with the cookies of whoever looks at it
    stream = f"ws://127.0.0.1:{shared.port}/_stcore/stream"
    with connect(stream, origin=Origin(shared.url), subprotocols=[Subprotocol("streamlit")], proxy=None):
        pass
    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(stream, origin=Origin("http://attacker.example"), proxy=None),
    ):
        pass
    rebound = f"attacker.example:{shared.port}"  # a name that was made to lead here: its pages pass for our own
    with (
        socket.create_connection(("127.0.0.1", shared.port)) as line,
        pytest.raises(InvalidStatus, match="403"),
        connect(f"ws://{rebound}/_stcore/stream", origin=Origin(f"http://{rebound}"), sock=line, proxy=None),
    ):
        pass
    upload = f"{shared.url}/_stcore/upload_file/session/file"
    assert httpx.put(upload, files={"file": b"group,security"}, trust_env=False).status_code == 403
    allowed = httpx.get(f"{shared.url}/health/live", headers={"Origin": "http://attacker.example"}, trust_env=False)
    assert "access-control-allow-origin" not in allowed.headers


def _refusals(page: Page) -> list[str]:
    """What the browser refuses from now on, as it says it in its console."""
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    return refused
