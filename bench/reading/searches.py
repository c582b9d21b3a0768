"""The search over a universe of bonds, against the plain loop it stands in for and SQLite's full text search."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from random import Random

from aladdin.reading.search import Candidate, Index
from bench.reading import plain
from bench.reading.book import bonds
from bench.reading.timing import Took, took

UNIVERSE = 50_000
_SHOWN = 50
_TEXTS, _LOOPED = 20, 2  # texts of a kind; those of them that the slow loop gets


@dataclass(frozen=True, slots=True)
class SearchReading:
    """One kind of text. A peer that cannot search so is None."""

    kind: str
    example: str
    ours: Took
    loop: Took
    sqlite: Took | None


def build(universe: Sequence[Candidate]) -> Index:
    """The index of these bonds, ready to be searched."""
    index = Index()
    for bond in universe:
        index.put(bond)
    index.rank("ready", 1, ~index.none(), index.none())
    return index


def candidates(count: int) -> list[Candidate]:
    """So many bonds to be found."""
    return [
        Candidate(
            row["asset_id"],
            (row["asset_id"], row["isin"]),
            row["ticker"],
            f"{row['issuer']} {row['description']}",
            Decimal(row["coupon"]),
            date.fromisoformat(row["maturity"]),
        )
        for row in bonds(count)
    ]


def read_searches(count: int = UNIVERSE) -> tuple[Took, list[SearchReading]]:
    """How long the index takes to build, and each kind of text."""
    universe = candidates(count)
    building = took(lambda: build(universe), times=3)
    index, full_text = build(universe), _full_text(universe)
    everything, nobody = ~index.none(), index.none()
    chosen = Random(count).sample(universe, _TEXTS)  # noqa: S311 - the same texts each time
    readings: list[SearchReading] = []
    for kind, text in _KINDS.items():
        texts = [text(bond) for bond in chosen]
        ours = took(*(partial(index.rank, t, _SHOWN, everything, nobody) for t in texts))
        loop = took(*(partial(plain.rank, t, universe, _SHOWN, ()) for t in texts[:_LOOPED]))
        sqlite = None if "slip" in kind else took(*(partial(_match, full_text, t) for t in texts))
        readings.append(SearchReading(kind, texts[0], ours, loop, sqlite))
    isins = [bond.identifiers[1] for bond in chosen]
    ours = took(*(partial(index.carrying, i, everything) for i in isins))
    loop = took(*(partial(_carrying, i, universe) for i in isins))
    sqlite = took(*(partial(_match, full_text, i) for i in isins))
    readings.append(SearchReading("identifier", isins[0], ours, loop, sqlite))
    full_text.close()
    return building, readings


def _issuer(bond: Candidate) -> str:
    return bond.text.rpartition(bond.ticker)[0].strip()


def _swapped(word: str) -> str:
    """The word with its third and fourth letters swapped."""
    return word[:2] + word[3] + word[2] + word[4:]


_KINDS: dict[str, Callable[[Candidate], str]] = {
    "words": _issuer,
    "ticker": lambda bond: bond.ticker,
    "ticker, coupon, year": lambda bond: f"{bond.ticker} {bond.coupon} {bond.maturity:%Y}",
    "a word of thousands": lambda _bond: "corp",
    "words with a slip": lambda bond: _swapped(_issuer(bond)),
    "ticker with a slip": lambda bond: _swapped(bond.ticker),
}


def _full_text(universe: Sequence[Candidate]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE bonds USING fts5(asset_id UNINDEXED, words, prefix='1 2 3')")
    rows = ((b.asset_id, f"{b.text} {b.ticker} {' '.join(b.identifiers)} {b.maturity:%Y}") for b in universe)
    connection.executemany("INSERT INTO bonds VALUES (?, ?)", rows)
    return connection


def _match(full_text: sqlite3.Connection, text: str) -> list[tuple[str]]:
    """Bonds with every word of the text, or one that begins so, by SQLite's own rank."""
    query = " ".join(f'"{word}"*' for word in text.split())
    return full_text.execute(
        "SELECT asset_id FROM bonds WHERE bonds MATCH ? ORDER BY rank LIMIT ?", (query, _SHOWN)
    ).fetchall()


def _carrying(identifier: str, universe: Sequence[Candidate]) -> list[str]:
    return [bond.asset_id for bond in universe if identifier in bond.identifiers]
