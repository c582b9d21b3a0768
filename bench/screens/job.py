"""The main job at the screens, step by step: from the sign-in to the page of the order."""

from __future__ import annotations

from collections.abc import Iterator

from bench.reading.book import bonds
from bench.screens.browsing import NotThere, Run, Session

FACE = 20  # million, of the block
ENGINE = "Minimum dispersion"
PASSWORD = "of the benchmark alone"  # noqa: S105 - opens a made-up book that is gone in a minute
LOOKS = 10  # at figures that moved, until somebody gives up


def sign_in(session: Session, username: str = "pm") -> Run:
    """The run that shows the first page, after a name and the password of everybody have been sent."""
    session.visit("")
    session.put("sign_in.username", string_value=username)
    session.put("sign_in.password", string_value=PASSWORD)
    run = session.click("Sign in")
    session.written_cookie()
    return run


def assets(positions: int, accounts: int) -> list[str]:
    """The bonds of the made-up book."""
    return [row["asset_id"] for row in bonds(max(positions // 10, positions // accounts))]


def preview(session: Session, asset: str) -> Iterator[tuple[str, Run]]:
    """Find a bond, and look at what a block of it would do by the engine that proves most."""
    yield "groups", session.visit("")
    session.visit("securities")
    yield "find a bond", session.type("securities.text", asset)
    yield "allocate it", session.click("Allocate")
    yield "type a face", session.type("allocate.face", f"{FACE}mm")
    yield "choose minimum dispersion", session.choose("allocate.engine", ENGINE)
    yield "another face", session.type("allocate.face", f"{FACE + 1}mm")


def for_own(session: Session, group: str) -> Iterator[tuple[str, Run]]:
    """The same block for the person's own group, where its face is typed anew: a face is of one group's block."""
    session.visit("")
    yield "choose the own group", session.click(f"choose.{group}")
    yield "the block for it", session.visit("allocate")
    yield "its face", session.type("allocate.face", f"{FACE + 1}mm")


def confirm(session: Session) -> Iterator[tuple[str, Run]]:
    """Confirm what is previewed, each warning with a reason, and be shown the order. Where somebody else has bought for
    the same accounts since, look at the figures again first, as a person has to."""
    for _ in range(LOOKS):
        yield "open the confirmation", session.click("Confirm")
        for name in session.names("accept."):
            session.put(name, string_value="known, and meant")
        yield "confirm and send", session.click("allocate.send")
        if session.query:
            return
        if not session.names("allocate.look"):
            break
        yield "look again, the figures moved", session.click("allocate.look")
    raise NotThere(f"No order was made. {session.complaint()}")
