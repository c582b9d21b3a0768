"""The page that makes many blocks at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from orders.batch_file import LARGEST, template
from orders.errors import Unavailable
from orders.model import Permission, Role, Severity, User, Violation
from tests.allocation.desk import bond
from tests.orders.desk import ANALYST, COMPLIANCE, PM, dated
from tests.pages.front import Front, buttons, press, told, words
from ui import batch_runs

HEADER = "group,security,side,face,settlement,limit,method,comment,reason\n"
TWO = ("BIG6,B,buy,2mm,,,,,", "BIG6,C,buy,400k,,,equal,,")


@pytest.fixture
def front(front: Front) -> Front:
    front.market.bonds["C"] = dated(replace(bond(200_000), asset_id="C", description="C bond", cusip="912810TM0"))
    return front


@pytest.fixture(autouse=True)
def no_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process remembers of batches, forgotten."""
    monkeypatch.setattr(batch_runs, "_runs", {})


def brought(front: Front, *lines: str) -> AppTest:
    """The page with a file that was brought."""
    return with_file(front.visit("batch"), *lines)


def with_file(page: AppTest, *lines: str) -> AppTest:
    return page.file_uploader("batch.file").upload("blocks.csv", (HEADER + "\n".join(lines)).encode(), "text/csv").run()


def looked(front: Front, *lines: str) -> AppTest:
    return press(brought(front, *lines), "Check and preview")


def started(page: AppTest, label: str) -> AppTest:
    """The page once this was pressed and, where it asks, its last question answered."""
    if label in buttons(page):
        return press(page, label)
    return press(press(page, f"{label}…"), label)


def sent(page: AppTest, label: str) -> AppTest:
    """The page once what was sent is through."""
    page = started(page, label)
    run = batch_runs.find(PM, page.query_params["batch"])
    assert run is not None
    assert run.over.wait(20)
    return page.run()


def give_reason(page: AppTest, row: int, reason: str) -> AppTest:
    """Type into the reason column of the preview."""
    key = f"batch.review.{page.session_state['batch.looked'].id}"
    page.session_state[key] = {"edited_rows": {row: {"Reason": reason}}, "added_rows": [], "deleted_rows": []}
    return page.run()


# -- brought -----------------------------------------------------------------------------------------------------------


def test_with_nothing_brought_the_page_says_what_to_do(front: Front) -> None:
    page = front.visit("batch")
    assert page.info[0].value.startswith("No file yet. Fill in the template, a line for each block, and bring it here")
    assert "Bring the blocks first." in words(page)
    assert "Check and preview" not in buttons(page)


def test_the_template_can_be_downloaded_and_brought_as_it_is(front: Front) -> None:
    page = front.visit("batch")
    assert page.download_button("batch.template").label == "Template"
    page.file_uploader("batch.file").upload("batch-template.csv", template().encode(), "text/csv").run()
    assert page.dataframe[0].value["What is wrong"][0] == "There is no block in it: fill in a line for each."


def test_all_faults_are_listed_at_once_by_their_line(front: Front) -> None:
    page = looked(front, "BIG6,B,hold,2mm,,,,,", "OPNIC,B,buy,2,000,,,,,", "BIG6,Z,buy,,,,,,")
    assert page.error[0].value == "4 things to mend before any block is made."
    faults = page.dataframe[0].value
    assert list(faults["Line"]) == ["2", "3", "4", "4"]
    assert list(faults["Column"]) == ["Side", "", "Security", "Face"]
    assert "type buy or sell" in faults["What is wrong"][0]
    assert not [label for label in buttons(page) if label.startswith("Send")]
    assert "Mend what is listed, and check again." in words(page)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x" * (LARGEST + 1), "The file has more than 2 MB. Split it into several."),
        (b"\xff\xfe\x00\x01", "The file is not text in UTF-8. In Excel: Save As, type CSV UTF-8."),
        (b"", "The file has no header: start from the template."),
        (b"account,amount\nA,5", "The header has no column group. It must have group, security, side, face."),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(front: Front, content: bytes, sentence: str) -> None:
    page = front.visit("batch")
    page.file_uploader("batch.file").upload("blocks.csv", content, "text/csv").run()
    assert page.dataframe[0].value["What is wrong"][0] == sentence
    assert "Check and preview" not in buttons(page)


def test_an_outage_is_told_and_the_file_stays(front: Front) -> None:
    page = brought(front, *TWO)
    front.market.failure = Unavailable("Aladdin does not answer.", "req-1")
    page = press(page, "Check and preview")
    assert told(page.error[0].value) == "Aladdin does not answer. Reference …."
    front.market.failure = None
    assert "Send 2 blocks…" in buttons(press(page.run(), "Check and preview"))


def test_blocks_are_typed_into_a_table_and_are_still_there_when_the_page_was_left(front: Front) -> None:
    page = front.visit("batch")
    page.segmented_control("batch.source").set_value("Typed here").run()
    assert "A line for each block; lines can be pasted from a spreadsheet." in words(page)
    typed = {"group": "BIG6", "security": "C", "side": "buy", "face": "400k"}
    page.session_state["batch.table"] = {"edited_rows": {0: typed}, "added_rows": [], "deleted_rows": []}
    page.run()
    page.switch_page("pages/groups.py").run()
    page.switch_page("pages/batch.py").run()
    page = press(page, "Check and preview")
    assert "Buy 1 block, 400,000." in words(page)
    assert sent(page, "Send 1 block").success[0].value == "Every line has its order."
    assert front.orders()[0].face == 400_000


# -- previewed ---------------------------------------------------------------------------------------------------------


def test_each_block_is_previewed_and_nothing_is_written(front: Front) -> None:
    page = looked(front, *TWO, "BIG6,B,sell,5000500,,,,,")
    table = page.dataframe[0].value
    assert list(table["Line"]) == [2, 3, 4]
    assert list(table["Status"]) == [["✓ can be made"], ["✓ can be made"], ["× cannot be made"]]
    assert list(table["Placed"]) == [2_000_000, 400_000, 0]
    assert "5,000,500" in table["To know"][2]
    assert "Buy 2 blocks, 2,400,000." in words(page)
    assert {figure.label: figure.value for figure in page.metric} == {
        "Can be made": "2", "Want a reason": "0", "Cannot be made": "1", "Made already": "0",
    }  # fmt: skip
    assert front.orders() == ()


def test_a_warning_wants_a_reason_which_is_typed_beside_it_and_kept(front: Front) -> None:
    front.compliance.found = (Violation("R1", "A", Severity.WARNING, "Near the issuer limit"),)
    page = looked(front, TWO[0])
    assert page.dataframe[0].value["Status"][0] == ["! wants a reason"]
    assert "Near the issuer limit (A)" in page.dataframe[0].value["To know"][0]
    page = give_reason(page, 0, "agreed with risk")
    assert {figure.label: figure.value for figure in page.metric}["Want a reason"] == "0"
    sent(page, "Send 1 block")
    (order,) = front.orders()
    assert "agreed with risk" in front.ledger.statement(order.id).body


def test_a_reason_that_is_taken_out_of_a_line_that_needs_it_is_told(front: Front) -> None:
    page = give_reason(looked(front, TWO[0], f"{TWO[0]}two desks asked"), 1, "")
    page = started(page, "Send 2 blocks")
    assert page.error[0].value == "1 thing to mend before any block is made."
    assert front.orders() == ()
    page = give_reason(page, 1, "two desks asked indeed")
    sent(page, "Send 2 blocks")
    assert len(front.orders()) == 2


def test_another_file_is_previewed_anew(front: Front) -> None:
    page = looked(front, *TWO)
    page = with_file(page.file_uploader("batch.file").clear().run(), "BIG6,B,buy,5mm,,,,,")
    assert "Check and preview" in buttons(page)
    assert not page.dataframe


# -- sent --------------------------------------------------------------------------------------------------------------


def test_what_is_sent_is_counted_told_by_line_and_can_be_downloaded(front: Front) -> None:
    page = sent(looked(front, *TWO, "BIG6,B,sell,5000500,,,,,"), "Send 2 blocks")
    assert {figure.label: figure.value for figure in page.metric} == {
        "Made": "2", "Refused": "1", "Made already": "0",
    }  # fmt: skip
    assert "Each line that was refused says why." in page.warning[0].value
    table = page.dataframe[0].value
    assert list(table["Outcome"]) == [["✓ made"], ["✓ made"], ["× refused"]]
    assert set(table["Order"]) == {*(order.id for order in front.orders()), ""}
    assert [button.label for button in page.download_button] == ["Download the results"]


def test_the_orders_page_shows_those_of_the_batch_alone(front: Front) -> None:
    page = sent(looked(front, TWO[0]), "Send 1 block")
    batch = page.query_params["batch"]
    page = press(page, "Another batch")
    assert "batch" not in page.query_params
    other = sent(press(with_file(page, TWO[1]), "Check and preview"), "Send 1 block")
    assert other.query_params["batch"] != batch
    shown = press(other, "Show its orders")
    assert list(shown.dataframe[0].value["Face"]) == [400_000]
    shown = front.visit("orders", batch=other.query_params["batch"])
    assert list(shown.dataframe[0].value["Face"]) == [400_000]
    shown.text_input("orders.batch").set_value(batch).run()
    assert list(shown.dataframe[0].value["Face"]) == [2_000_000]
    assert shown.query_params["batch"] == batch
    assert len(press(shown, "Clear the filters").dataframe[0].value) == 2


def test_the_same_file_again_shows_what_is_made_and_makes_nothing_twice(front: Front) -> None:
    sent(looked(front, *TWO), "Send 2 blocks")
    page = looked(front, *TWO)
    assert list(page.dataframe[0].value["Status"]) == [["= made already"]] * 2
    assert "Every block of it is made already." in words(page)
    assert "Send" not in buttons(page)
    page = sent(looked(front, *TWO, "BIG6,B,buy,5mm,,,,,"), "Send 1 block")
    assert {figure.label: figure.value for figure in page.metric}["Made already"] == "2"
    assert len(front.orders()) == 3


def test_where_no_block_can_be_made_there_is_nothing_to_send(front: Front) -> None:
    page = looked(front, "BIG6,B,sell,5000500,,,,,")
    assert "No block of it can be made: each line says why." in words(page)
    assert "Send" not in buttons(page)


def test_under_a_name_of_its_own_it_is_made_once_more(front: Front) -> None:
    sent(looked(front, TWO[0]), "Send 1 block")
    page = brought(front, TWO[0])
    page.text_input("batch.name").set_value("afternoon").run()
    page = press(page, "Check and preview")
    assert "The same block was made in batch B-" in page.dataframe[0].value["To know"][0]
    assert "No block of it can be made before its line has a reason." in words(page)
    assert [button.disabled for button in page.button if button.label == "Send 0 blocks (1 reason missing)"] == [True]
    page = sent(give_reason(page, 0, "the client wants it twice"), "Send 1 block")
    assert page.header[0].value == "Batch afternoon"
    assert sorted(order.batch for order in front.orders())[1] == "afternoon"


def held(front: Front, monkeypatch: pytest.MonkeyPatch) -> tuple[Callable[[], None], threading.Event]:
    """Compliance holds the second block of a batch up until it is let go; and says that it has come there."""
    go, come, asked = threading.Event(), threading.Event(), [0]
    check = front.compliance.check

    def slow(*about: object) -> object:
        if threading.current_thread().name.startswith("batch "):
            asked[0] += 1
            if asked[0] == 3:  # each block is asked about for its preview and for its confirmation
                come.set()
                go.wait(20)
        return check(*about)  # type: ignore[arg-type]

    monkeypatch.setattr(front.compliance, "check", slow)
    return go.set, come


def test_sending_goes_on_over_a_reload_which_finds_it_again(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, come = held(front, monkeypatch)
    page = started(looked(front, *TWO), "Send 2 blocks")
    batch = page.query_params["batch"]
    assert come.wait(20)
    reloaded = front.visit("batch", batch=batch)
    said = words(reloaded)
    assert "the address brings you back to it" in said
    assert len(reloaded.dataframe[0].value) == 1
    assert not reloaded.download_button
    run = batch_runs.find(PM, batch)
    assert run is not None
    assert batch_runs.start(front.desk.batches, PM, run.batch, ()) is run  # a second click, or a second window
    let_go()
    assert run.over.wait(20)
    assert reloaded.run().success[0].value == "Every line has its order."
    assert len(front.orders()) == 2


def test_a_batch_on_its_way_is_found_again_stopped_counted_and_gone_on_with(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, come = held(front, monkeypatch)
    page = started(looked(front, *TWO, "BIG6,B,buy,5mm,,,,,"), "Send 3 blocks")
    batch = page.query_params["batch"]
    assert come.wait(20)
    elsewhere = front.visit("batch")
    assert elsewhere.info[0].value == f"Batch {batch} is being sent."
    page = press(press(elsewhere, "Show it"), "Stop")
    assert "Stopping: the block at hand is finished first" in words(page)
    assert "Stop" not in buttons(page)
    let_go()
    run = batch_runs.find(PM, batch)
    assert run is not None
    assert run.over.wait(20)
    page.run()
    assert {figure.label: figure.value for figure in page.metric} == {
        "Made": "2", "Refused": "0", "Made already": "0", "Left": "1",
    }  # fmt: skip
    assert page.warning[0].value.startswith("It was stopped: 1 block of it was left.")
    assert list(page.dataframe[0].value["Outcome"]) == [["✓ made"], ["✓ made"], ["– left"]]
    assert not page.success
    page = sent(page, "Send the rest")
    assert page.success[0].value == "Every line has its order."
    assert len(front.orders()) == 3


def test_accounts_that_a_line_leaves_out_are_named_before_it_is_sent(front: Front) -> None:
    page = front.visit("batch")
    text = b"group,security,side,face,skip,uncounted\nBIG6,B,buy,2mm,A,B\n"
    page.file_uploader("batch.file").upload("blocks.csv", text, "text/csv").run()
    table = press(page, "Check and preview").dataframe[0].value
    assert table["To know"][0] == "Nothing for A. Left out of the dispersion: B."


def test_after_a_restart_the_orders_of_a_batch_are_still_its_own(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = sent(looked(front, *TWO), "Send 2 blocks").query_params["batch"]
    monkeypatch.setattr(batch_runs, "_runs", {})
    page = front.visit("batch", batch=batch)
    assert page.info[0].value.startswith("2 orders of it are made.")
    assert list(page.dataframe[0].value["Orders"]) == [2]
    nothing = front.visit("batch", batch="B-NONE")
    assert nothing.info[0].value.startswith("No order of your groups carries this batch.")


def test_a_batch_of_somebody_else_is_seen_by_its_orders_only(front: Front) -> None:
    batch = sent(looked(front, TWO[0], "BIG6,B,sell,5000500,,,,secret,"), "Send 1 block").query_params["batch"]
    front.gate.user = replace(PM, username="pat", groups=frozenset({"OPNIC"}))
    page = front.visit("batch", batch=batch)
    assert page.info[0].value.startswith("No order of your groups carries this batch.")
    assert not page.dataframe


def test_a_batch_that_breaks_is_over_and_says_so(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    page = looked(front, *TWO)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(front.desk.batches, "_made", broken)
    page = sent(page, "Send 2 blocks")
    assert "Tell your administrator reference" in page.error[0].value
    assert "2 blocks of it came to nothing. Send the same lines again" in page.error[0].value
    assert "Show its orders" not in buttons(page)


@pytest.mark.parametrize("user", [ANALYST, COMPLIANCE, replace(PM, roles=frozenset({Role.APPROVER}))])
def test_whoever_may_not_confirm_is_told_who_can(front: Front, user: User) -> None:
    assert not user.may(Permission.CONFIRM)
    front.gate.user = user
    page = front.visit("batch")
    assert page.title[0].value == "Not permitted"
    assert "A portfolio manager can." in words(page)
    assert not page.file_uploader
