"""A decision looked up again in a real browser: found, opened by its address, replayed, and saved in every form."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest
import simplefix
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Somebody
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]


HELD = 1_500  # milliseconds: a dialog that has just opened is not confirmed by what opened it


def confirmed(page: Page, face: str) -> str:
    steps.to_allocate(page, "BIG6", "T 4 12/15/27")
    steps.face(page, face)
    steps.previewed(page)
    steps.open_confirmation(page)
    page.wait_for_timeout(HELD)
    return steps.confirm(page)


def saved(page: Page, button: str, tmp_path: Path) -> bytes:
    with page.expect_download() as coming:
        page.get_by_role("button", name=button, exact=True).click()
    target = tmp_path / coming.value.suggested_filename
    coming.value.save_as(target)
    return target.read_bytes()


def test_a_decision_is_found_opened_replayed_and_saved(shared: AppServer, somebody: Somebody, tmp_path: Path) -> None:
    page = somebody()
    order = confirmed(page, "3mm")
    page.goto(f"{shared.url}/history")
    steps.heading(page, "History")
    table = page.get_by_test_id("stDataFrame").first
    table.wait_for()
    steps.settled(page)
    place = table.bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + 12, place["y"] + 52)  # the newest row's tick
    expect(page).to_have_url(f"{shared.url}/history?statement={order}.1")
    page.reload()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("The same: every face, figure and word.")).to_be_visible()
    text = saved(page, "Text as JSON", tmp_path)
    expect(page.get_by_text(hashlib.sha256(text).hexdigest())).to_be_visible()
    faces = {line["account_id"]: line["face"] for line in json.loads(text)["lines"]}
    rows = list(load_workbook(io.BytesIO(saved(page, "Accounts as Excel", tmp_path))).active.values)
    assert {row[0]: row[3] for row in rows[1:]} == faces
    parser = simplefix.FixParser()
    parser.append_buffer(saved(page, "FIX 4.4 AllocationInstruction", tmp_path))
    assert int(parser.get_message().get(53)) == sum(faces.values()) == 3_000_000
    memo = page.context.new_page()
    saved(page, "Memo to print", tmp_path)
    memo.goto((tmp_path / f"{order}.1.html").as_uri())
    expect(memo.get_by_role("heading", level=1)).to_contain_text("Buy 3,000,000")
