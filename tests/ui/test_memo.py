"""The memo of a statement: complete, alone, and without markup of anybody's making."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from allocation.model import Choices
from allocation.propose import propose
from orders.frozen import read
from orders.statement import freeze
from tests.allocation.desk import account, block
from tests.orders.desk import BOOK
from tests.orders.test_statement import ACME, AT, GROUP, LIMITS, made, statement
from ui import memo

EVIL = "<img src=x onerror=alert(1)>\"'&"


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)

    def handle_data(self, data: str) -> None:
        self.said += data


def test_it_has_every_account_with_its_face_and_why_and_the_hash() -> None:
    whole = statement(made())
    said = Tags(memo.html(read(whole))).said
    for line in read(whole).proposal.lines:
        assert line.reason in said
        assert f"{line.face:,}" in said
    for text in (whole.sha256, "EL-1.1, version 1", *(row.reason for row in read(whole).proposal.unallocated)):
        assert text in said
    assert "MethodPro rata; In proportion to: NAV" in said


def test_names_comments_and_reasons_are_text_whatever_they_hold() -> None:
    group = tuple(replace(account, id=f"{account.id}{EVIL}", name=EVIL) for account in GROUP)
    proposal = propose(block(9_000_000, of=replace(ACME, ticker=EVIL, description=EVIL)), group, Choices(), LIMITS)
    whole = freeze(
        proposal, statement_id=f"EL-{EVIL}.1", order_id="EL-1", group=EVIL, book=replace(BOOK, name=EVIL), read_at=AT,
        confirmed_at=AT, confirmed_by=EVIL, comment=EVIL, override=EVIL, accepted={EVIL: EVIL},
    )  # fmt: skip
    text = memo.html(read(whole))
    tags = Tags(text)
    ours = "html head meta title style body h1 h2 table tr th td p br code svg text line circle"
    assert tags.found <= set(ours.split())
    assert EVIL in tags.said
    assert "http" not in text.replace("http-equiv", "")


def test_the_method_is_named_as_people_call_it_with_who_is_left_out_and_why() -> None:
    group = (*GROUP, account("NEW", level=None))
    proposal = propose(block(9_000_000, of=ACME), group, Choices("equal", excluded=frozenset({"NEW"})), LIMITS)
    whole = freeze(
        proposal, statement_id="EL-1.1", order_id="EL-1", group="BIG6", book=BOOK, read_at=AT, confirmed_at=AT,
        confirmed_by="pm", comment="", override="", accepted={},
    )  # fmt: skip
    said = Tags(memo.html(read(whole))).said
    assert "MethodEqual" in said
    assert f"Judged by{proposal.effect.metric.label}" in said
    assert "Left out of itNEW (" in said
    assert "equal {" not in said
