from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from allocation.model import Side
from orders.batch import Batch, Outcome, Result, counted, results_csv
from orders.batch_file import Sheet, read_csv, read_table, template
from orders.checks import Policy
from orders.errors import NotPermitted, PreviewChanged, Rejected, Unavailable
from orders.model import OrderState, Severity, User, Violation
from tests.allocation.desk import account, bond
from tests.orders.desk import ANALYST, COMPLIANCE, PM, Outfit, dated, outfit

HEADER = "group,security,side,face,settlement,limit,method,comment,reason\n"


@pytest.fixture
def at(tmp_path: Path) -> Outfit:
    made = outfit(tmp_path)
    made.market.bonds["C"] = dated(replace(bond(200_000), asset_id="C", description="C bond", cusip="912810TM0"))
    return made


def lines(*rows: str) -> Sheet:
    return read_csv((HEADER + "\n".join(rows)).encode())


def checked(at: Outfit, *rows: str, name: str = "", user: User = PM) -> Batch:
    return at.desk.batches.check(user, lines(*rows), name)


def sent(at: Outfit, *rows: str, name: str = "") -> tuple[Result, ...]:
    """As the page does it: looked through, previewed, and sent as it was seen."""
    batch = checked(at, *rows, name=name)
    return at.desk.batches.send(PM, batch, seen=[at.desk.batches.foresee(PM, block) for block in batch.blocks])


def outcomes(results: tuple[Result, ...]) -> list[str]:
    return [result.outcome.value for result in results]


# -- looked through ----------------------------------------------------------------------------------------------------


def test_a_line_is_read_as_people_type_it(at: Outfit) -> None:
    batch = checked(at, 'BIG6,912810tm0,Buy,"2,000,000",24 Nov 2026,98-16+,Min dispersion,hello,')
    (block,) = batch.blocks
    request = block.request
    assert (request.asset_id, request.side, request.face) == ("C", Side.BUY, 2_000_000)
    assert (request.settlement, request.limit) == (date(2026, 11, 24), Decimal("98.515625"))
    assert (request.choices.engine, block.line, batch.faults) == ("min_dispersion", 2, ())


def test_what_is_left_out_is_the_usual(at: Outfit) -> None:
    (block,) = checked(at, "BIG6,B,s,2mm,,market,,,").blocks
    assert (block.request.side, block.request.limit, block.request.choices.engine) == (Side.SELL, None, "pro_rata")
    assert block.request.settlement == date(2026, 11, 23)


def test_all_faults_are_told_at_once_each_with_its_line_and_what_to_do(at: Outfit) -> None:
    batch = checked(
        at,
        "BIG6,B,hold,2mm,,,,,",
        "OPNIC,B,buy,2mm,,,,,",
        "BIG6,bond,buy,2mm,26 Nov 2026,,,,",
        'BIG6,B,buy,"2,0",11/23/2026,abc,magic,,',
        "BIG6,C,buy,150k,,,,,",
        "BIG6,Z,buy,,,,custom,,",
        "GONE,,buy,1mm,,,,,",
    )
    assert [str(fault) for fault in batch.faults] == [
        "Line 2: “hold” is not a side: type buy or sell.",
        "Line 3: Your user is not entitled to the group OPNIC; ask whoever administers the users.",
        "Line 4: “bond” is not one bond's identifier. Type the one of: A bond (B), C bond (912810TM0).",
        "Line 5: “2,0” has its commas in odd places: type 25,000,000 or 25mm.",
        "Line 5: “abc” is not a price per 100: type 98.515625 or 98-16+.",
        "Line 5: “magic” is not a method: type one of pro rata, equal, min dispersion, to target.",
        "Line 5: “11/23/2026” is not a date: type it as 2026-11-23 or 23 Nov 2026.",
        "Line 6: 150,000 is below the minimum piece of 200,000. The nearest face that can be traded: 200,000.",
        "Line 7: No bond is known as “Z”: type its CUSIP, ISIN or SEDOL.",
        "Line 7: “” is not a face: type 25,000,000 or 25mm.",
        "Line 7: Custom asks for each account: make such a block on the Allocate page.",
        "Line 8: Your user is not entitled to the group GONE; ask whoever administers the users.",
        "Line 8: No security is given: type its CUSIP, ISIN or SEDOL.",
    ]
    with pytest.raises(Rejected, match="Nothing was made: mend the file first"):
        at.desk.batches.send(PM, batch)
    assert at.ledger.orders() == ()


def test_a_settlement_on_a_holiday_is_told_with_the_next_day(at: Outfit) -> None:
    (fault,) = checked(at, "BIG6,B,buy,2mm,2026-11-26,,,,").faults
    assert (fault.line, fault.column) == (2, "settlement")
    assert "The next business day is Fri 27 Nov 2026" in fault.sentence


def test_a_group_aladdin_does_not_have_is_a_fault_and_an_outage_an_error(at: Outfit) -> None:
    everywhere = replace(PM, groups=frozenset({"*"}))
    (fault,) = checked(at, "GONE,B,buy,2mm,,,,,", user=everywhere).faults
    assert fault.sentence == "There is no group GONE."
    (fault,) = checked(at, "bigg6,B,buy,2mm,,,,,", user=everywhere).faults
    assert fault.sentence == "There is no group bigg6. Did you mean BIG6?"

    def out(*_: object, **__: object) -> None:
        raise Unavailable("Aladdin does not answer.")

    at.market.tree = out  # type: ignore[assignment]
    with pytest.raises(Unavailable):
        checked(at, "BIG6,B,buy,2mm,,,,,")


def test_the_same_block_twice_in_a_file_needs_a_reason(at: Outfit) -> None:
    (fault,) = checked(at, "BIG6,B,buy,2mm,,,,,", "BIG6,B,BUY,2000000,2026-11-23,,,,").faults
    assert str(fault) == ("Line 3: It is the same block as line 2: take one out, or write the reason into this line.")
    batch = checked(at, "BIG6,B,buy,2mm,,,,,", "BIG6,B,buy,2mm,,,,,two desks asked")
    assert batch.faults == ()
    assert outcomes(at.desk.batches.send(PM, batch)) == ["made", "made"]


def test_each_group_and_each_security_is_looked_up_once(at: Outfit) -> None:
    asked: list[str] = []
    find = at.market.find
    at.market.find = lambda text, groups, limit=50: asked.append(text) or find(text, groups, limit)  # type: ignore
    checked(at, *(f"BIG6,B,buy,{face}mm,,,,," for face in range(1, 20)))
    assert asked == ["B"]


# -- foreseen ----------------------------------------------------------------------------------------------------------


def test_what_would_come_of_a_block_is_told_and_nothing_is_written(at: Outfit) -> None:
    at.compliance.found = (Violation("R1", "A", Severity.WARNING, "Near the issuer limit"),)
    batch = checked(at, "BIG6,B,buy,2mm,,,,,", "BIG6,B,sell,5000500,,,,,")
    whole, refused = (at.desk.batches.foresee(PM, block) for block in batch.blocks)
    assert (whole.placed, whole.refused, whole.order_id) == (2_000_000, "", "")
    assert whole.doubts == ("Aladdin's compliance, warning: Near the issuer limit (A).",)
    assert (refused.placed, refused.doubts) == (0, ())
    assert "5,000,500" in refused.refused
    assert at.ledger.orders() == ()


def test_what_is_foreseen_to_want_a_reason_is_refused_without_one(at: Outfit) -> None:
    at.market.accounts = (account("A", cash="1000000"), account("B", cash="1000000"))
    batch = checked(at, "BIG6,B,buy,3mm,,,,,")
    (doubt,) = at.desk.batches.foresee(PM, batch.blocks[0]).doubts
    (refused,) = at.desk.batches.send(PM, batch)
    assert refused.sentence.startswith(doubt)


def test_a_block_without_a_place_is_foreseen_to_be_refused(at: Outfit) -> None:
    at.market.accounts = (account("A", cash="0"), account("B", cash="0"))
    seen = at.desk.batches.foresee(PM, checked(at, "BIG6,B,buy,3mm,,,,,").blocks[0])
    assert seen.placed == 0
    assert seen.refused.startswith("Nothing of it can be placed (1,500,000 A: cash of USD 0 ")


def test_a_block_that_is_made_already_is_foreseen_with_its_order(at: Outfit) -> None:
    (made,) = sent(at, "BIG6,B,buy,2mm,,,,,")
    seen = at.desk.batches.foresee(PM, made.block)
    assert (seen.order_id, seen.placed) == (made.order_id, 2_000_000)
    assert seen.refused.startswith("It was confirmed before, by pm")


def test_only_who_may_confirm_foresees(at: Outfit) -> None:
    (block,) = checked(at, "BIG6,B,buy,2mm,,,,,").blocks
    for user in (ANALYST, COMPLIANCE, replace(PM, groups=frozenset({"OPNIC"}))):
        with pytest.raises(NotPermitted):
            at.desk.batches.foresee(user, block)


# -- made --------------------------------------------------------------------------------------------------------------


def test_each_block_is_an_order_of_the_batch_and_progress_is_told(at: Outfit) -> None:
    told: list[tuple[int, int, str]] = []
    batch = checked(at, "BIG6,B,buy,2mm,,,,new money,", "BIG6,C,buy,400k,,,equal,,")
    results = at.desk.batches.send(PM, batch, lambda result, done, of: told.append((done, of, result.outcome.value)))
    assert told == [(1, 2, "made"), (2, 2, "made")]
    first = at.ledger.order(results[0].order_id)
    assert (first.asset_id, first.face, first.comment, first.created_by) == ("B", 2_000_000, "new money", "pm")
    assert {order.batch for order in at.ledger.orders()} == {batch.id}
    assert results[0].sentence == "2,000,000 of 2,000,000 placed: confirmed."
    assert len(at.ledger.intents()) == 2
    assert at.ledger.verify() == ()


def test_the_second_block_sees_the_first_ones_cash_gone(at: Outfit) -> None:
    at.market.accounts = (account("A", cash="2000000"), account("B", cash="2000000"))
    one, two = sent(at, "BIG6,B,buy,3mm,,,,,", "BIG6,C,buy,3mm,,,,,")
    assert (one.outcome, two.outcome) == (Outcome.MADE, Outcome.REFUSED)
    assert two.sentence.startswith("Only 1,0")
    assert two.sentence.endswith("check it again, and give the line a reason if it is to be made in spite of this.")
    _, mended = sent(at, "BIG6,B,buy,3mm,,,,,", "BIG6,C,buy,3mm,,,,,what is left is enough")
    assert mended.outcome is Outcome.MADE
    assert at.ledger.order(mended.order_id).face < 3_000_000


def test_a_block_that_fails_takes_no_other_with_it(at: Outfit) -> None:
    at.market.accounts = (account("A", held="300000"), account("B"))
    results = sent(at, "BIG6,B,sell,5000500,,,,,", "BIG6,B,buy,2mm,,,,,")
    assert outcomes(results) == ["refused", "made"]
    assert "5,000,500" in results[0].sentence
    assert counted(results) == {Outcome.MADE: 1, Outcome.REFUSED: 1, Outcome.THERE: 0, Outcome.LEFT: 0}


def test_the_same_file_twice_does_nothing_twice(at: Outfit) -> None:
    rows = ("BIG6,B,buy,2mm,,,,,", "BIG6,C,buy,400k,,,,,")
    first, again = sent(at, *rows), sent(at, *rows)
    assert outcomes(again) == ["made already", "made already"]
    assert [result.order_id for result in again] == [result.order_id for result in first]
    assert again[0].sentence.startswith("It was confirmed before, by pm at 15:00 UTC on 20 Nov 2026: confirmed.")
    assert len(at.ledger.orders()) == 2


def test_a_mended_file_makes_what_is_new_in_it_only(at: Outfit) -> None:
    """Lines move, and get a reason: what was made stays made."""
    at.market.notes = ("The factor of C is taken to be 1.",)
    assert outcomes(sent(at, "BIG6,B,buy,2mm,,,,,known", "BIG6,C,buy,400k,,,,,")) == ["made", "refused"]
    mended = sent(at, "BIG6,C,buy,400k,,,,,it is no pool", "BIG6,B,buy,5mm,,,,,known", "BIG6,B,buy,2mm,,,,,known")
    assert outcomes(mended) == ["made", "made", "made already"]


def test_a_batch_with_a_name_of_its_own_is_another(at: Outfit) -> None:
    row = "BIG6,B,buy,2mm,,,,,the client wants it twice"
    assert outcomes(sent(at, row) + sent(at, row, name="afternoon") + sent(at, row, name=" afternoon ")) == [
        "made", "made", "made already",
    ]  # fmt: skip
    with pytest.raises(NotPermitted, match="at most 40 characters"):
        sent(at, row, name="x" * 41)


def test_tomorrow_the_same_file_is_another_batch(at: Outfit) -> None:
    row = "BIG6,B,buy,2mm,2026-11-25,,,,"
    sent(at, row)
    at.clock.at += timedelta(days=3)  # of a book that stays at its day as well
    assert outcomes(sent(at, row)) == ["made"]


@pytest.mark.parametrize("server", [date(2026, 11, 20), date(2026, 11, 21)])
def test_a_batch_that_midnight_broke_off_makes_nothing_twice(at: Outfit, server: date) -> None:
    """Of the server's day or of the market's."""
    row, other = "BIG6,B,buy,2mm,2026-11-25,,,,", "BIG6,C,buy,400k,2026-11-25,,,,"
    at.clock.at = datetime(2026, 11, 21, 4, 59, tzinfo=UTC)  # 23:59 in New York
    sent(at, row)
    at.clock.today_ = server
    at.clock.pass_(120)
    assert outcomes(sent(at, row, other)) == ["made already", "made"]
    at.clock.pass_(8 * 3600)
    assert outcomes(sent(at, row, other)) == ["made already", "made already"]
    at.clock.pass_(5 * 3600)
    assert outcomes(sent(at, row)) == ["made"]  # the next day's


def test_a_block_that_was_withdrawn_before_it_was_sent_is_made_again_once(at: Outfit) -> None:
    row = "BIG6,B,buy,2mm,,,,,"
    for number in range(2):
        (made,) = sent(at, row)
        assert (made.outcome, len(at.ledger.orders())) == (Outcome.MADE, number + 1)
        assert outcomes(sent(at, row)) == ["made already"]
        at.desk.orders.withdraw(PM, made.order_id, "a mistake", f"w{number}")


def test_a_warning_needs_the_reason_of_its_line_which_the_statement_keeps(at: Outfit) -> None:
    at.compliance.found = (Violation("R1", "A", Severity.WARNING, "Near the issuer limit"),)
    (refused,) = sent(at, "BIG6,B,buy,2mm,,,,,")
    assert refused.sentence.startswith("Aladdin's compliance, warning: Near the issuer limit (A). To go on in spite")
    (made,) = sent(at, "BIG6,B,buy,2mm,,,,,agreed with risk")
    assert made.outcome is Outcome.MADE
    assert "agreed with risk" in at.ledger.statement(made.order_id).body


def test_a_reason_accepts_what_was_seen_and_not_what_came_up_since(at: Outfit) -> None:
    batch = checked(at, "BIG6,B,buy,2mm,,,,,agreed", "BIG6,C,buy,400k,,,,,agreed")
    seen = [at.desk.batches.foresee(PM, block) for block in batch.blocks]
    at.compliance.found = (Violation("R1", "A", Severity.RESTRICTION, "Sanctioned issuer"),)
    results = at.desk.batches.send(PM, batch, seen=seen)
    assert outcomes(results) == ["refused", "refused"]
    assert results[0].sentence.startswith(
        "Aladdin's compliance, restriction: Sanctioned issuer (A). This was not known"
    )
    assert at.ledger.orders() == ()
    assert outcomes(sent(at, "BIG6,B,buy,2mm,,,,,agreed")) == ["made"]  # seen, and agreed to


def test_less_than_was_seen_to_have_a_place_is_not_made(at: Outfit) -> None:
    at.market.accounts = (account("A", cash="1000000"), account("B", cash="1000000"))
    batch = checked(at, "BIG6,B,buy,3mm,,,,,in part is all right")
    seen = [at.desk.batches.foresee(PM, block) for block in batch.blocks]
    at.market.accounts = (account("A", cash="100000"), account("B", cash="100000"))
    (refused,) = at.desk.batches.send(PM, batch, seen=seen)
    assert refused.sentence.startswith("Only 20")
    at.market.accounts = (account("A", cash="1200000"), account("B", cash="1000000"))
    (made,) = at.desk.batches.send(PM, batch, seen=seen)
    assert at.ledger.order(made.order_id).face > seen[0].placed  # more than was seen takes nobody by surprise


def test_of_what_nobody_looked_at_only_what_leaves_no_doubt_is_made(at: Outfit) -> None:
    at.market.notes = ("The factor of C is taken to be 1.",)
    (refused,) = at.desk.batches.send(PM, checked(at, "BIG6,C,buy,400k,,,,,known"))
    assert refused.outcome is Outcome.REFUSED
    at.market.notes = ()
    assert outcomes(at.desk.batches.send(PM, checked(at, "BIG6,C,buy,400k,,,,,"))) == ["made"]


def test_figures_that_move_between_two_looks_are_looked_at_again(at: Outfit) -> None:
    reading, prices = at.market.bond, iter(["98.5", "99", "99"])

    def moving(asset_id: str, *, fresh: bool = False) -> object:
        at.market.bonds["B"] = dated(bond(price=next(prices, "99")))
        return reading(asset_id, fresh=fresh)

    batch = checked(at, "BIG6,B,buy,2mm,,,,,")
    at.market.bond = moving  # type: ignore[assignment]
    assert outcomes(at.desk.batches.send(PM, batch)) == ["made"]


def test_figures_that_never_rest_refuse_the_block_with_what_moved(at: Outfit, monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(*_: object, **__: object) -> None:
        raise PreviewChanged("The figures moved since this preview.", ("Price: 98 -> 99",))

    batch = checked(at, "BIG6,B,buy,2mm,,,,,")
    monkeypatch.setattr(at.desk, "confirm", moved)
    (refused,) = at.desk.batches.send(PM, batch)
    assert refused.sentence == "The figures moved since this preview. Price: 98 -> 99"


def test_a_large_block_of_a_batch_awaits_approval_as_any_other(tmp_path: Path) -> None:
    at = outfit(tmp_path, Policy(approval_from=1_000_000))
    (made,) = sent(at, "BIG6,B,buy,2mm,,,,,")
    assert at.ledger.order(made.order_id).state is OrderState.AWAITING


def test_once_it_is_stopped_the_blocks_that_follow_are_left_and_made_when_it_is_sent_again(at: Outfit) -> None:
    batch, made = checked(at, "BIG6,B,buy,2mm,,,,,", "BIG6,C,buy,400k,,,,,", "BIG6,B,buy,3mm,,,,,"), []
    results = at.desk.batches.send(PM, batch, lambda *told: made.append(told), lambda: len(made) >= 1)
    assert outcomes(results) == ["made", "left", "left"]
    assert counted(results)[Outcome.LEFT] == 2
    assert results[1].sentence == "Left: the batch was stopped before it."
    assert [order.face for order in at.ledger.orders()] == [2_000_000]
    assert at.activity.deeds[-1][3] == "1 made, 0 refused, 0 made already, 2 left"
    assert outcomes(at.desk.batches.send(PM, batch)) == ["made already", "made", "made"]
    again = at.desk.batches.check(PM, read_csv(results_csv(results).encode()))
    assert [block.command_id for block in again.blocks] == [block.command_id for block in batch.blocks]


def leaving_out(at: Outfit, skip: str, uncounted: str = "", group: str = "BIG6") -> Batch:
    text = f"group,security,side,face,skip,uncounted\n{group},B,buy,2mm,{skip},{uncounted}"
    return at.desk.batches.check(PM, read_csv(text.encode()))


def test_accounts_that_are_skipped_get_nothing(at: Outfit) -> None:
    (made,) = at.desk.batches.send(PM, leaving_out(at, " b ;"))
    assert {line.account_id: line.face for line in at.ledger.order(made.order_id).lines if line.face} == {
        "A": 2_000_000
    }
    assert made.block.command_id != checked(at, "BIG6,B,buy,2mm,,,,,").blocks[0].command_id


def test_a_block_is_refused_for_accounts_without_the_figure_until_its_line_leaves_them_out(at: Outfit) -> None:
    at.market.accounts = (account("A"), account("B", level=None))
    batch = checked(at, "BIG6,B,buy,2mm,,,,,")
    refused = at.desk.batches.foresee(PM, batch.blocks[0]).refused
    assert refused == "1 account lacks the figure for the dispersion. To leave it out, write under uncounted: B."
    (made,) = at.desk.batches.send(PM, leaving_out(at, "", "B"))
    assert made.outcome is Outcome.MADE
    assert {line.account_id for line in at.ledger.order(made.order_id).lines if line.face} == {"A", "B"}
    assert '"excluded":["B"]' in at.ledger.statement(made.order_id).body


def test_an_account_that_is_not_of_the_group_is_a_fault_of_its_column(at: Outfit) -> None:
    faults = leaving_out(at, "A;X", '"Y,Z"').faults
    assert [(fault.column, fault.sentence) for fault in faults] == [
        ("skip", "“X” is no account of BIG6: type accounts of it, with ; between them."),
        ("uncounted", "“Y” and “Z” are no accounts of BIG6: type accounts of it, with ; between them."),
    ]
    assert [fault.column for fault in leaving_out(at, "A", group="OPNIC").faults] == ["group"]


def test_only_who_may_confirm_checks_and_sends_batches(at: Outfit) -> None:
    batch = checked(at, "BIG6,B,buy,2mm,,,,,")
    for user in (ANALYST, COMPLIANCE):
        with pytest.raises(NotPermitted, match="portfolio manager can"):
            checked(at, "BIG6,B,buy,2mm,,,,,", user=user)
        with pytest.raises(NotPermitted, match="portfolio manager can"):
            at.desk.batches.send(user, batch)
    elsewhere = replace(PM, groups=frozenset({"OPNIC"}))
    (refused,) = at.desk.batches.send(elsewhere, batch)
    assert (refused.outcome, at.ledger.orders()) == (Outcome.REFUSED, ())


def test_the_results_can_be_mended_and_read_again(at: Outfit) -> None:
    results = sent(at, "BIG6,B,buy,2mm,,,,=cmd|' /C calc'!A0,", "BIG6,B,sell,5000500,,,,,")
    text = results_csv(results)
    assert "'=cmd|" in text
    assert text.startswith("line,outcome,order,what,batch,group,security")
    again = at.desk.batches.check(PM, read_csv(text.encode()))
    assert again.faults == ()
    assert outcomes(at.desk.batches.send(PM, again)) == ["made already", "refused"]


def test_the_template_is_read_as_having_no_block_yet() -> None:
    (fault,) = read_csv(template().encode()).faults
    assert fault.sentence == "There is no block in it: fill in a line for each."
    assert template().startswith("group,security,side,face,settlement,limit,method,comment,reason,skip,uncounted\r\n")


def test_a_table_on_a_screen_is_read_as_well(at: Outfit) -> None:
    sheet = read_table(
        [
            {"group": "BIG6", "security": "B", "side": "buy", "face": "2mm", "settlement": date(2026, 11, 24)},
            {"group": None, "security": float("nan")},
        ]
    )
    (block,) = at.desk.batches.check(PM, sheet).blocks
    assert (block.line, block.request.settlement) == (1, date(2026, 11, 24))
