"""The bonds we know: rows of the positions read so far, and securities looked up before. Prices come from here, and the
search by words runs over them."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from aladdin import wire
from aladdin.reading import bonds, identifiers, rows
from aladdin.reading.bonds import Seen
from aladdin.reading.reads import Read, Reads
from aladdin.reading.search import Candidate, Chosen, Index
from orders.searching import BondFound


@dataclass(slots=True)
class _Sheet:
    """One group's bonds: a row for each, when they were read, and their numbers in the index once they are there."""

    as_of: datetime
    seen: Mapping[str, Seen]  # by asset id
    numbers: NDArray[np.uint32] | None = None


class KnownBonds:
    """One row per bond and group, in memory, filled from each positions answer and at first use from the cache.
    Thread-safe."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._lock = threading.RLock()
        self._sheets: dict[str, _Sheet] = {}
        self._terms: dict[str, wire.Security] = {}
        self._loaded = False
        self._index = Index()
        self._rows: dict[str, wire.Position] = {}  # what the index has of each bond held
        self._looked_up: dict[str, int] = {}  # numbers in the index, by asset id
        self._to_index: set[str] = set()  # asset ids whose terms are new

    def note(self, group: str, read: Read[tuple[wire.Position, ...]]) -> None:
        """Remember a group's rows, unless newer ones are known."""
        with self._lock:
            known = self._sheets.get(group)
            if known is None or known.as_of < read.as_of:
                self._sheets[group] = _Sheet(read.as_of, _by_asset(read))

    def note_terms(self, terms: Mapping[str, wire.Security]) -> None:
        """Remember securities that were looked up, by asset id."""
        with self._lock:
            self._to_index |= {a for a, security in terms.items() if self._terms.get(a) != security}
            self._terms.update(terms)

    def read_at(self, group: str) -> datetime | None:
        """When the group's rows were read; None when they have not been."""
        self._load()
        with self._lock:
            return self._sheets[group].as_of if group in self._sheets else None

    def newest(self, asset_id: str) -> tuple[Seen, datetime, str] | None:
        """A bond's newest row, when it was read and of which group; None when no group read so far holds it."""
        self._load()
        with self._lock:
            found = [(s.as_of, group, s.seen[asset_id]) for group, s in self._sheets.items() if asset_id in s.seen]
        # A row with a price that holds beats a newer one without.
        best = max(found, key=lambda f: (rows.sound_price(f[2].row) is not None, f[0]), default=None)
        return (best[2], best[0], best[1]) if best else None

    def carrying(self, identifier: str, groups: Collection[str]) -> tuple[str, ...]:
        """Asset ids of the bonds that carry exactly this identifier, of those held by these groups or looked up."""
        with self._lock:
            return self._index.carrying(identifier, self._among(groups)[0])

    def ranked(self, text: str, groups: Collection[str], limit: int, *, begun: bool = False) -> tuple[str, ...]:
        """Asset ids of the bonds that match every word of `text`, best first, of those held by these groups or looked
        up; among equals, those that are held come first. `begun` is for a text that is still being typed."""
        with self._lock:
            among, held = self._among(groups)
            return self._index.rank(text, limit, among, held, begun=begun)

    def told(self, asset_id: str) -> BondFound | None:
        """A bond as it is known without a call; None when it is not."""
        newest = self.newest(asset_id)
        with self._lock:
            terms = self._terms.get(asset_id)
        row = newest[0].row if newest is not None else None
        return bonds.found(asset_id, terms, row) if terms is not None or row is not None else None

    def near(self, value: str, corrections: Collection[str], groups: Collection[str]) -> tuple[str, ...]:
        """Identifiers that may be meant by one that nothing carries: the corrections that are known, then the known
        ones most like it."""
        with self._lock:
            known = set(self._index.identifiers(self._among(groups)[0]))
        listed = [correction for correction in corrections if correction in known]
        return tuple(dict.fromkeys([*listed, *identifiers.near(value, known)]))

    def _among(self, groups: Collection[str]) -> tuple[Chosen, Chosen]:
        """What a search runs over: the bonds of these groups and those looked up before; and which of them are held."""
        self._load()
        sheets = [self._sheets[group] for group in groups if group in self._sheets]
        numbers = [self._indexed(sheet) for sheet in sheets]
        for asset_id in sorted(self._to_index):
            self._looked_up[asset_id] = self._put(asset_id)
        self._to_index.clear()
        held = self._index.none()
        for some in numbers:
            held[some] = True
        among = held.copy()
        among[list(self._looked_up.values())] = True
        return among, held

    def _indexed(self, sheet: _Sheet) -> NDArray[np.uint32]:
        """The numbers of a sheet's bonds, which are put into the index at the first search after it was read."""
        if sheet.numbers is None:
            self._rows.update((asset_id, seen.row) for asset_id, seen in sheet.seen.items())
            sheet.numbers = np.fromiter(map(self._put, sheet.seen), dtype=np.uint32, count=len(sheet.seen))
        return sheet.numbers

    def _put(self, asset_id: str) -> int:
        return self._index.put(_candidate(asset_id, self._rows.get(asset_id), self._terms.get(asset_id)))

    def _load(self) -> None:
        """Once: what earlier runs left in the cache."""
        with self._lock:
            if self._loaded:
                return
            for group in self._reads.groups_at_hand():
                if (read := self._reads.positions_at_hand(group)) is not None:
                    self.note(group, read)
            self.note_terms({a: s for a, s in self._reads.securities_at_hand().items() if a not in self._terms})
            self._loaded = True


def seen_in(read: Read[tuple[wire.Position, ...]], asset_id: str) -> Seen | None:
    """The row of this bond that `KnownBonds` would remember of these."""
    some = tuple(row for row in read.value if row.asset_id == asset_id)
    return _by_asset(replace(read, value=some)).get(asset_id)


def _by_asset(read: Read[tuple[wire.Position, ...]]) -> dict[str, Seen]:
    """One row per bond: of several, one that has a price which its other figures bear out, and no order's row if it can
    be helped."""
    seen: dict[str, Seen] = {}
    for row in sorted(read.value, key=_worth):
        if not rows.is_cash(row):
            seen.setdefault(row.asset_id, Seen(row, read.on))
    return seen


def _worth(row: wire.Position) -> tuple[bool, bool, bool]:
    """Sorts the rows of most use first."""
    return rows.clean_price(row) is None, bool(rows.contradiction(row)), bool(row.order_id)


def _candidate(asset_id: str, row: wire.Position | None, terms: wire.Security | None) -> Candidate:
    identifiers = [asset_id]
    text: list[str] = []
    if terms is not None:
        identifiers += [terms.cusip, *(alias.identifier for alias in terms.cusip_alias_set)]
        text += [terms.issuer_long_name, terms.desc_instmt]
    if row is not None:
        identifiers += [row.isin, row.sedol]
        text += [row.issuer_long_name, row.sec_desc1]
    return Candidate(
        asset_id=asset_id,
        identifiers=tuple(dict.fromkeys(identifier for identifier in identifiers if identifier)),
        ticker=(terms.ticker if terms else "") or (row.sec_ticker if row else ""),
        text=" ".join(dict.fromkeys(text)),
        coupon=terms.coupon if terms else row.cpn if row else None,
        maturity=terms.maturity if terms else row.maturity if row else None,
    )
