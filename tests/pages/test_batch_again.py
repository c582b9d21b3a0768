"""A batch that comes again: under its name, from its results, or after it was broken off; and what is asked before it
is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orders.batch import results_csv
from orders.batch_file import read_csv
from orders.checks import Policy
from orders.model import BatchRun
from tests.allocation.desk import bond
from tests.orders.desk import PM, dated
from tests.pages.front import Front, buttons, opened, press, serve, words
from tests.pages.test_batch import HEADER, TWO, brought, give_reason, looked, sent, with_file
from ui import batch_runs


@pytest.fixture
def front(front: Front) -> Front:
    front.market.bonds["C"] = dated(replace(bond(200_000), asset_id="C", description="C bond", cusip="912810TM0"))
    return front


@pytest.fixture(autouse=True)
def no_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_runs, "_runs", {})


def test_another_batch_goes_on_under_the_name_of_the_one_before(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    page = brought(front, *TWO)
    page.text_input("batch.name").set_value("afternoon").run()
    sent(press(page, "Check and preview"), "Send 2 blocks")
    monkeypatch.setattr(batch_runs, "_runs", {})  # the app was started anew
    page = press(front.visit("batch", batch="afternoon"), "Another batch")
    assert page.text_input("batch.name").value == "afternoon"
    page = press(with_file(page, *TWO), "Check and preview")
    assert list(page.dataframe[0].value["Status"]) == [["= made already"]] * 2
    assert "Batch **afternoon**: what was made under this name is not made twice." in words(page)


def test_the_results_bring_the_name_with_them(front: Front) -> None:
    page = brought(front, TWO[0], "BIG6,B,sell,5000500,,,,,")
    page.text_input("batch.name").set_value("afternoon").run()
    sent(press(page, "Check and preview"), "Send 1 block")
    run = batch_runs.find(PM, "afternoon")
    assert run is not None
    page = front.visit("batch")
    results = results_csv(run.results, run.batch.name).encode()
    page.file_uploader("batch.file").upload("results.csv", results, "text/csv").run()
    assert page.text_input("batch.name").value == "afternoon"
    table = press(page, "Check and preview").dataframe[0].value
    assert list(table["Status"]) == [["= made already"], ["× cannot be made"]]


def test_a_batch_that_was_broken_off_says_how_many_were_not_tried(front: Front) -> None:
    page = brought(front, TWO[0])
    page.text_input("batch.name").set_value("afternoon").run()
    sent(press(page, "Check and preview"), "Send 1 block")
    batch_runs._runs.clear()
    front.ledger.note_batch(
        BatchRun("pm", "afternoon", "afternoon", 150, 0, front.clock.now())
    )  # killed after the order
    page = front.visit("batch", batch="afternoon")
    (warning,) = page.warning
    assert "This batch was broken off after 1 of 150 blocks, at " in warning.value
    assert "149 were not tried. 1 order of it is made." in warning.value
    assert "Bring the same file again under the same name, afternoon, to send the rest" in warning.value
    assert not page.info


def test_one_that_was_broken_off_before_its_first_order_says_so_too(front: Front) -> None:
    front.ledger.note_batch(BatchRun("pm", "noon", "noon", 1, 0, front.clock.now()))
    (warning,) = front.visit("batch", batch="noon").warning
    assert "after 0 of 1 block" in warning.value
    assert "1 was not tried. 0 orders of it are made." in warning.value


def test_how_far_a_batch_is_is_noted_from_its_beginning_to_its_end(front: Front) -> None:
    noted: list[tuple[int, int]] = []
    note = front.ledger.note_batch
    front.ledger.note_batch = lambda run: noted.append((run.tried, run.blocks)) or note(run)  # type: ignore
    sheet = read_csv((HEADER + "\n".join(TWO)).encode())
    front.desk.batches.send(PM, front.desk.batches.check(PM, sheet))
    assert noted == [(0, 2), (1, 2), (2, 2)]


def test_only_blocks_with_their_reasons_are_counted(front: Front) -> None:
    front.market.notes = ("The factor is taken to be 1.",)
    page = looked(front, *TWO)
    assert "No block of it can be made before its line has a reason." in words(page)
    assert "Send 0 blocks (2 reasons missing)" in [button.label for button in page.button if button.disabled]
    page = give_reason(page, 0, "it is no pool")
    assert "Buy 1 block, 2,000,000." in words(page)
    assert "Send 1 block (1 reason missing)" in buttons(page)


def test_more_than_one_order_is_asked_about_once_more(front: Front) -> None:
    page = press(looked(front, *TWO, "BIG6,B,sell,5000500,,,,,"), "Send 2 blocks…")
    assert "1 other line of it will make no order, and say why." in words(page)
    assert front.orders() == ()
    sent(page, "Send 2 blocks")
    assert len(front.orders()) == 2


def test_blocks_that_will_wait_for_an_approver_say_so(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = opened(tmp_path_factory.mktemp("approved"), Policy(approval_from=3_000_000))
    serve(front, monkeypatch)
    page = looked(front, TWO[0], "BIG6,B,buy,4mm,,,,,")
    assert list(page.dataframe[0].value["To know"]) == ["", "Waits for an approver."]
    assert "Buy 2 blocks, 6,000,000. 1 of them waits for an approver." in words(page)
