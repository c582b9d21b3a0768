"""Each page on a large group: its first time, and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.screens.browsing import Run, Session
from bench.screens.job import FACE, confirm, preview, sign_in


@dataclass(frozen=True, slots=True)
class PageReading:
    """A page, or a change on it: the first run, and those that follow."""

    what: str
    first: Run
    runs: Sequence[Run]


def read_pages(url: str, asset: str, times: int) -> list[PageReading]:
    """Every page the portfolio manager's menu has, with a block previewed and an order made; then what changes on
    them."""
    with Session(url) as session:
        sign_in(session)
        dict(preview(session, asset))
        dict(confirm(session))
        order = session.query
        dict(preview(session, asset))
        found = [_page(session, path, times) for path in session.pages]
        session.visit("orders", order)
        found.append(_read("Orders, an order open", session.again, times))
        if session.fragments:
            found.append(_read("Orders, its look at the fills", session.tick, times))
        session.visit("")
        metrics = ("DTS", "OAS")
        found.append(_change("Groups, another metric", lambda n: session.choose("metric", metrics[n % 2]), times))
        session.visit("allocate")
        found.append(
            _change("Allocate, another face", lambda n: session.type("allocate.face", f"{FACE + 2 + n}mm"), times)
        )
        sides = ("Sell", "Buy")
        found.append(_change("Allocate, another side", lambda n: session.choose("allocate.side", sides[n % 2]), times))
        return found


def _page(session: Session, path: str, times: int) -> PageReading:
    first = session.visit(path)
    return PageReading((path or "groups").title(), first, [session.again() for _ in range(times)])


def _read(what: str, act: Callable[[], Run], times: int) -> PageReading:
    return PageReading(what, act(), [act() for _ in range(times)])


def _change(what: str, act: Callable[[int], Run], times: int) -> PageReading:
    return PageReading(what, act(0), [act(n + 1) for n in range(times)])
