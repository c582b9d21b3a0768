from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from allocation.limits import Limit, LimitTable, Rule
from orders.errors import Unavailable
from orders.model import User
from tests.orders.desk import ANALYST, COMPLIANCE, PM
from tests.pages.front import Front, buttons, press, words

RESERVE = Limit("*", Rule.CASH_RESERVE, "", "0.5%")
ISSUER = Limit("A", Rule.ISSUER, "Acme", "5%")
FROZEN = Limit("B", Rule.FROZEN)


def put(front: Front, *rows: Limit, by: str = "connie", comment: str = "year end") -> LimitTable:
    """A version written by somebody else."""
    after = front.ledger.limits().version
    return front.ledger.set_limits(f"p{after}", rows, after, by, front.market.clock.now(), comment)


def visit(front: Front, user: User = COMPLIANCE) -> AppTest:
    front.gate.user = user
    return front.visit("limits")


def edit(page: AppTest, **edits: object) -> AppTest:
    """What the editor sends: `edited_rows`, `added_rows`, `deleted_rows`."""
    page.session_state[f"limits.rows.{page.session_state['limits.draft'].id}"] = {
        "edited_rows": {},
        "added_rows": [],
        "deleted_rows": [],
    } | edits
    return page.run()


def say(page: AppTest, comment: str) -> AppTest:
    return page.text_input("limits.comment").set_value(comment).run()


def said_of_rows(page: AppTest) -> str:
    """What is shown as it was typed, never as markdown: comments and faults."""
    return "\n".join(text.value for text in page.text)


def added(account: str, rule: str, limit: str, of: str | None = None) -> dict[str, str | None]:
    return {"Account": account, "Rule": rule, "Of": of, "Limit": limit}


def table(page: AppTest, alt: str) -> list[tuple[object, ...]]:
    """The rows of the one table described so, as shown; none when it is not there."""
    found = next((frame.value for frame in page.dataframe if frame.proto.alt == alt), None)
    if found is None:
        return []
    return [
        tuple("" if cell is None or cell != cell else cell for cell in row) for row in found.itertuples(index=False)
    ]


def test_before_the_first_limit_compliance_is_told_what_to_do_and_others_who_can(front: Front) -> None:
    assert "Add rows below, or upload a file" in visit(front).info[0].value
    page = visit(front, PM)
    assert "Compliance can set some" in page.info[0].value
    assert not page.download_button


def test_the_first_limits_are_added_explained_and_saved(front: Front) -> None:
    page = visit(front)
    assert "Save version 1" not in buttons(page)
    edit(page, added_rows=[added("*", "cash_reserve", "0.5%"), added("A", "issuer", "5%", "Acme")])
    assert table(page, "what changes") == [
        ("added", "* (every account)", "Cash reserve", "", "", "0.5%"),
        ("added", "A", "Issuer concentration", "Acme", "", "5%"),
    ]
    assert "Say in the comment why" in words(page)
    say(page, "New mandate")
    press(page, "Save version 1")
    assert front.ledger.limits() == LimitTable(1, (RESERVE, ISSUER))
    (version,) = front.ledger.limit_versions()
    assert (version.by, version.comment) == ("con", "New mandate")
    assert page.success[0].value == "Version 1 is saved and holds from now on."
    assert page.text_input == [] or not page.text_input[0].value
    assert front.gate.touched
    page.run()
    assert not page.success


def test_rows_are_changed_and_removed_and_only_that_is_said(front: Front) -> None:
    put(front, RESERVE, ISSUER, FROZEN)
    page = visit(front)
    edit(page, edited_rows={1: {"Limit": "4%"}}, deleted_rows=[2])
    assert table(page, "what changes") == [
        ("changed", "A", "Issuer concentration", "Acme", "5%", "4%"),
        ("removed", "B", "Account frozen", "", "", ""),
    ]
    press(say(page, "tighter"), "Save version 2")
    assert front.ledger.limits() == LimitTable(2, (RESERVE, replace(ISSUER, value="4%")))


def test_every_fault_is_told_by_its_row_and_nothing_can_be_saved(front: Front) -> None:
    put(front, RESERVE, ISSUER)
    page = visit(front)
    edit(
        page,
        edited_rows={1: {"Limit": "5"}},
        added_rows=[
            added("*", "cash_reserve", "1%"),
            added("a", "frozen", ""),
            added("Y", "", "1%"),
            added("A", "isuer", "1%"),
        ],
    )
    assert page.error[0].value == "6 faults to mend before this can be saved."
    assert page.text[1].value.splitlines() == [
        "Row 2 (A, Issuer concentration, Acme, 5), limit: Issuer concentration: '5' is not a share of NAV (5%).",
        "Row 3 (*, Cash reserve, 1%), rule: Row 1 says the same; keep one.",
        "Row 4 (a, Account frozen), account: No portfolio group has an account a; name one, or * for every account. "
        "Did you mean A?",
        "Row 5 (Y, 1%), account: No portfolio group has an account Y; name one, or * for every account.",
        "Row 5 (Y, 1%), rule: Choose a rule.",
        "Row 6 (A, isuer, 1%), rule: 'isuer' is not a rule; choose one of cash_reserve, security, issuer, sector, "
        "rating, maturity, 144a, restricted, frozen, min_allocation.",
    ]
    say(page, "why")
    assert "Save version 2" not in buttons(page)


def test_a_row_left_blank_is_no_row(front: Front) -> None:
    page = visit(front)
    edit(page, added_rows=[{}, added("*", "frozen", " ")])
    assert not page.error
    assert table(page, "what changes") == [("added", "* (every account)", "Account frozen", "", "", "")]


def test_somebody_elses_version_is_told_and_my_changes_are_made_to_it(front: Front) -> None:
    put(front, RESERVE, ISSUER)
    page = visit(front)
    edit(page, edited_rows={1: {"Limit": "4%"}}, added_rows=[added("B", "frozen", "yes")])
    say(page, "mine")
    put(front, Limit("*", Rule.CASH_RESERVE, "", "2%"), ISSUER, by="carl", comment="his")
    page.run()
    assert "Version 2 · carl" in page.warning[0].value
    assert "“his”" in said_of_rows(page)
    assert "Save version 3" not in buttons(page)
    press(page, "Make my changes to version 2")
    assert "while you were changing" not in words(page)
    press(page, "Save version 3")
    assert front.ledger.limits() == LimitTable(
        3,
        (
            Limit("*", Rule.CASH_RESERVE, "", "2%"),
            replace(ISSUER, value="4%"),
            Limit("B", Rule.FROZEN, "", "yes"),
        ),
    )
    assert front.ledger.limit_versions()[0].comment == "mine"


def test_my_changes_can_be_dropped_for_somebody_elses(front: Front) -> None:
    put(front, RESERVE)
    page = visit(front)
    edit(page, deleted_rows=[0])
    put(front, RESERVE, FROZEN)
    press(page.run(), "Take version 2 and drop mine")
    assert not page.warning
    assert page.session_state["limits.draft"].base.version == 2
    assert not table(page, "what changes")


def test_an_editor_nobody_has_touched_follows_the_newest_version(front: Front) -> None:
    put(front, RESERVE)
    page = visit(front)
    put(front, RESERVE, FROZEN)
    page.run()
    assert not page.warning
    assert len(page.session_state["limits.draft"].rows) == 2


def test_a_version_saved_in_the_same_moment_is_told_and_nothing_is_lost(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(front, RESERVE)
    page = visit(front)
    say(edit(page, deleted_rows=[0]), "mine")
    saving = front.ledger.set_limits

    def overtaken(*asked: object) -> LimitTable:
        monkeypatch.setattr(front.ledger, "set_limits", saving)
        put(front, FROZEN, by="carl")
        return saving(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(front.ledger, "set_limits", overtaken)
    press(page, "Save version 2")
    assert "Version 2 · carl" in page.warning[0].value
    assert table(page, "what changes") == [("removed", "* (every account)", "Cash reserve", "", "0.5%", "")]
    assert front.ledger.limits().version == 2


def test_what_was_typed_is_there_again_after_another_page(front: Front) -> None:
    put(front, RESERVE)
    page = visit(front)
    edit(page, edited_rows={0: {"Limit": "1%"}})
    page.switch_page("pages/orders.py").run()
    page.switch_page("pages/limits.py").run()
    assert table(page, "what changes") == [("changed", "* (every account)", "Cash reserve", "", "0.5%", "1%")]
    press(page, "Drop my changes")
    assert not table(page, "what changes")


def test_an_uploaded_file_takes_the_place_of_the_rows_faults_and_all(front: Front) -> None:
    put(front, RESERVE)
    page = visit(front)
    page.file_uploader[0].upload("limits.csv", b"account,rule,of,limit\n*,cash_reserve,,1%\nZ,frozen,,\n").run()
    assert "Row 2 (Z, Account frozen), account: No portfolio group has an account Z" in said_of_rows(page)
    assert table(page, "what changes") == [
        ("changed", "* (every account)", "Cash reserve", "", "0.5%", "1%"),
        ("added", "Z", "Account frozen", "", "", ""),
    ]


def test_a_file_that_cannot_be_read_changes_nothing(front: Front) -> None:
    put(front, RESERVE)
    page = visit(front)
    page.file_uploader[0].upload("limits.csv", b"account;rule\n").run()
    assert "The header must have each of account, rule, of, limit once" in page.error[0].value
    assert page.session_state["limits.draft"].mine == page.session_state["limits.draft"].rows


@pytest.mark.parametrize("user", [PM, ANALYST])
def test_others_read_the_limits_and_change_nothing(front: Front, user: User) -> None:
    put(front, RESERVE, ISSUER, Limit("Z", Rule.FROZEN))
    page = visit(front, user)
    rows = table(page, "limits")
    assert ("* (every account)", "Cash reserve", "", "0.5%") in rows
    assert any(row[0] == "Z" for row in rows) is (user is ANALYST), "a manager sees the accounts of their groups only"
    assert "Version 1 · connie" in words(page)
    assert page.text[0].value == "“year end”"
    assert not page.file_uploader
    assert not [label for label in buttons(page) if label.startswith("Save")]
    assert page.download_button[0].label == "Download limits.csv"


def test_compliance_that_does_not_see_every_group_reads_only(front: Front) -> None:
    put(front, RESERVE)
    page = visit(front, replace(COMPLIANCE, groups=frozenset({"BIG6"})))
    assert ("* (every account)", "Cash reserve", "", "0.5%") in table(page, "limits")
    assert not [label for label in buttons(page) if label.startswith("Save")]


def test_an_earlier_version_can_be_looked_at_with_what_it_changed(front: Front) -> None:
    put(front, RESERVE, comment="first")
    put(front, RESERVE, FROZEN, comment="second")
    page = visit(front, PM)
    assert [row[0] for row in table(page, "versions of the limits")] == [2, 1]
    assert table(page, "what a version changed") == [("added", "B", "Account frozen", "", "", "")]
    page.selectbox("limits.version.2").set_value(1).run()
    assert [text.value for text in page.text] == ["“second”", "“first”"]
    assert table(page, "what a version changed") == [("added", "* (every account)", "Cash reserve", "", "", "0.5%")]


def test_without_aladdin_the_limits_are_still_read(front: Front) -> None:
    put(front, RESERVE)
    front.market.failure = Unavailable("Aladdin does not answer.")
    page = visit(front)
    assert "Aladdin does not answer." in page.error[0].value
    assert ("* (every account)", "Cash reserve", "", "0.5%") in table(page, "limits")


def test_the_rules_are_explained(front: Front) -> None:
    rules = table(visit(front, PM), "rules")
    assert ("Restricted list", "restricted", "a security or an issuer", "yes or no; blank is yes") in rules
    assert len(rules) == len(Rule)
