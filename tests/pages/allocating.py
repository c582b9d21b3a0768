"""What a person does on the allocate page, for the tests of it."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from allocation.model import Choices, Side
from tests.allocation.desk import account
from tests.pages.front import Front

ROWS = {"A": 0, "B": 1, "C": 2}


def three_accounts(front: Front) -> Front:
    """A, B and C at three levels; C has little cash."""
    front.market.accounts = (
        account("A", nav="300000000", level=4.0),
        account("B", level=5.0),
        account("C", level=6.0, cash="98500"),
    )
    return front


def method(page: AppTest, name: str) -> AppTest:
    return page.segmented_control("allocate.engine").set_value(name).run()


def choose(page: AppTest, name: str, value: str, side: Side = Side.BUY) -> AppTest:
    """Set a parameter that is one of a few values."""
    engine = page.segmented_control("allocate.engine").value
    return page.selectbox(f"allocate.BIG6.{engine}.{name}.{side}").set_value(value).run()


def cells(page: AppTest, **typed: dict[str, str]) -> AppTest:
    """Type into the table of accounts: for each account the texts by column."""
    key = page.session_state["sheet.mounted"].key
    rows: dict[int, dict[str, Any]] = {k: dict(v) for k, v in page.session_state[key]["edited_rows"].items()}
    for name, texts in typed.items():
        rows.setdefault(ROWS[name], {}).update({column(page, label): text for label, text in texts.items()})
    page.session_state[key] = {"edited_rows": rows, "added_rows": [], "deleted_rows": []}
    return page.run()


def faces(page: AppTest, **typed: str) -> AppTest:
    """Type faces into the allocation itself: each locks its line."""
    return edit(page, **{name: {"Face": text} for name, text in typed.items()})


def edit(page: AppTest, **typed: dict[str, Any]) -> AppTest:
    """Edit lines of the allocation: for each account the values by column."""
    edited = {ROWS[name]: values for name, values in typed.items()}
    state = {"edited_rows": edited, "added_rows": [], "deleted_rows": []}
    page.session_state[page.session_state["lines.mounted"].key] = state
    return page.run()


def settled(page: AppTest) -> AppTest:
    """The grid finds its edits in what it is sent and lets go of them, as it does in a browser."""
    return edit(page)


def column(page: AppTest, name: str) -> str:
    """The key of a column by its first part."""
    (found,) = [key for key in page.session_state["sheet.mounted"].columns if key.startswith(f"{name}.")]
    return str(found)


def shown(page: AppTest, name: str) -> list[str]:
    """What a column of the table of accounts began with."""
    return list(page.data_editor[0].value[column(page, name)])


def chosen(page: AppTest) -> Choices:
    """What was passed on to the desk."""
    found: Choices = page.session_state["trip"].preview.request.choices
    return found


def errors(page: AppTest) -> list[str]:
    assert not page.exception, page.exception[0].message
    return [str(error.value) for error in page.error]


def switch(page: AppTest, name: str, on: bool) -> AppTest:
    return page.toggle(f"allocate.BIG6.{name}.B.0").set_value(on).run()
