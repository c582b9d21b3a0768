"""The bonds we know: rows of the positions read so far, and securities looked up before. Prices come from here."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from aladdin import wire
from aladdin.reads import Read, Reads
from aladdin.search import Candidate
from aladdin.translate import Seen, clean_price


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One group's bonds: a row for each, and when they were read."""

    as_of: datetime
    seen: Mapping[str, Seen]  # by asset id


class KnownBonds:
    """One row per bond and group, in memory, filled from each positions answer and at first use from the cache.
    Thread-safe."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._lock = threading.Lock()
        self._sheets: dict[str, _Sheet] = {}
        self._terms: dict[str, wire.Security] = {}
        self._loaded = False

    def note(self, group: str, read: Read[tuple[wire.Position, ...]]) -> None:
        """Remember a group's rows, unless newer ones are known."""
        with self._lock:
            known = self._sheets.get(group)
            if known is None or known.as_of < read.as_of:
                self._sheets[group] = _Sheet(read.as_of, _by_asset(read))

    def note_terms(self, terms: Mapping[str, wire.Security]) -> None:
        """Remember securities that were looked up, by asset id."""
        with self._lock:
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
        # A row with a price beats a newer one without.
        best = max(found, key=lambda f: (clean_price(f[2].row) is not None, f[0]), default=None)
        return (best[2], best[0], best[1]) if best else None

    def candidates(self, groups: Collection[str]) -> list[Candidate]:
        """What the search runs over: the bonds of these groups, then those looked up before."""
        self._load()
        with self._lock:
            rows = {a: s.row for g in groups if g in self._sheets for a, s in self._sheets[g].seen.items()}
            terms = dict(self._terms)
        return [_candidate(a, rows.get(a), terms.get(a)) for a in sorted(rows.keys() | terms.keys())]

    def _load(self) -> None:
        """Once: what earlier runs left in the cache."""
        if self._loaded:
            return
        for group in self._reads.groups_at_hand():
            if (read := self._reads.positions_at_hand(group)) is not None:
                self.note(group, read)
        earlier = self._reads.securities_at_hand()
        with self._lock:
            self._terms = earlier | self._terms
            self._loaded = True


def _by_asset(read: Read[tuple[wire.Position, ...]]) -> dict[str, Seen]:
    """One row per bond: of several, one that has a price, and no order's row if it can be helped."""
    seen: dict[str, Seen] = {}
    for row in sorted(read.value, key=lambda row: (clean_price(row) is None, bool(row.order_id))):
        if row.sec_group != "CASH":
            seen.setdefault(row.asset_id, Seen(row, read.on))
    return seen


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
        held=row is not None,
    )
