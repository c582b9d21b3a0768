"""The market as the desk reads it: a group's accounts, a bond, and the bonds a text may mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial

import structlog

from aladdin import wire
from aladdin.config import AladdinConfig
from aladdin.reading import bonds, identifiers, translate
from aladdin.reading.assembled import Assembled
from aladdin.reading.bonds import Seen
from aladdin.reading.groups import Groups
from aladdin.reading.identifiers import Identifier
from aladdin.reading.known import KnownBonds, seen_in
from aladdin.reading.pool import ReadPool
from aladdin.reading.reads import Read, Reads
from allocation.model import Benchmark, Bond
from orders.errors import Malformed, NotFound, NotPermitted
from orders.model import Group, GroupTree, PortfolioFound
from orders.ports import Clock, Dated
from orders.searching import MOST_SUGGESTED, BondFound, Suggested

log = structlog.get_logger(__name__)


class MarketData:
    """The `Market` port over the reads. Reads that do not need each other run side by side."""

    def __init__(self, config: AladdinConfig, reads: Reads, clock: Clock, source: str) -> None:
        self._config = config
        self._reads = reads
        self._clock = clock
        self._source = source
        self._known = KnownBonds(reads)
        self._assembled = Assembled(config.minimum_coverage)
        self._pool = ReadPool(config.max_workers)
        self._groups = Groups(reads, clock, self._pool)

    def close(self) -> None:
        self._pool.close()

    def group(self, ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        """See `orders.ports.Market.group`. All who want the same group at the same time share one reading of it, and
        none of them takes up a thread of the pool to wait for another."""
        what = f"group|{ticker}|{settlement}"
        return self._reads.shared(what, lambda: self._group(ticker, settlement, fresh), fresh)

    def _group(self, ticker: str, settlement: date, fresh: bool) -> Dated[Group]:
        positions = self._pool.start(lambda: self._positions(ticker, fresh=fresh))
        ladders = self._pool.start(lambda: self._reads.ladders(ticker, fresh))
        portfolios, dates = self._portfolios(ticker, fresh)
        benchmarks, benchmarks_as_of = self._benchmarks(portfolios, fresh)
        rows, cash = positions.result(), ladders.result()
        members = {portfolio.portfolio_ticker for portfolio in portfolios}
        strangers = {row.portfolio_ticker for row in rows.value} - members
        if strangers and not fresh:  # the group may have changed since its members were read
            return self._group(ticker, settlement, fresh=True)
        if strangers:
            named = ", ".join(sorted(strangers)[:5])
            raise Malformed(f"Aladdin gives positions of {named} in group {ticker}, but does not list them as members.")
        book = translate.Book(portfolios, rows.value, cash.value, benchmarks)
        accounts = self._assembled.accounts(ticker, book, settlement)
        oldest = min(*dates, benchmarks_as_of, rows.as_of, cash.as_of)
        return Dated(Group(ticker, accounts), oldest, self._source)

    def tree(self, ticker: str, *, fresh: bool = False) -> Dated[GroupTree]:
        """See `orders.ports.Market.tree`."""
        tree, as_of = self._groups.tree(ticker, fresh)
        return Dated(tree, as_of, self._source)

    def find_groups(self, text: str, limit: int = 20) -> Dated[tuple[PortfolioFound, ...]]:
        """See `orders.ports.Market.find_groups`."""
        found, as_of = self._groups.find(text, limit)
        return Dated(found, as_of, self._source)

    def bond(self, asset_id: str, *, fresh: bool = False) -> Dated[Bond]:
        """See `orders.ports.Market.bond`. The price is that of the newest position row known; `fresh` reads the group
        it came from again, and takes no other row than those just read: where none has a price, there is none. A bond
        no group holds has no price."""
        known = self._known.newest(asset_id)
        if fresh and known is not None:
            read = self._positions(known[2], fresh=True)
            seen = seen_in(read, asset_id)
            known = None if seen is None else (seen, read.as_of, known[2])
        parts = self._parts({asset_id: known}, fresh)
        if asset_id not in parts.value:
            raise NotFound(f"Aladdin knows no security {asset_id}.")
        terms, risk, row = parts.value[asset_id]
        bond = bonds.bond(terms, risk, row)
        return Dated(bond, parts.as_of, self._source, bonds.doubts(bond, row))

    def find(self, text: str, groups: Collection[str], limit: int = 50) -> Dated[tuple[Bond, ...]]:
        """See `orders.ports.Market.find`. A bond that cannot be traded for want of terms is left out of a list, and is
        the error when it is all there is."""
        ages, gaps = self._searchable(groups)
        found = self._matching(text.strip(), groups, limit)
        parts = self._parts({asset_id: self._known.newest(asset_id) for asset_id in found}, fresh=False)
        made: list[Bond] = []
        faults: list[Malformed] = []
        for asset_id in found:
            if asset_id not in parts.value:
                log.warning("bond_without_terms", asset_id=asset_id)
                continue
            try:
                made.append(bonds.bond(*parts.value[asset_id]))
            except Malformed as error:
                log.warning("bond_incomplete", asset_id=asset_id, error=str(error))
                faults.append(error)
        if faults and not made:
            raise faults[0]
        return Dated(tuple(made), min([parts.as_of, *ages]), self._source, gaps)

    def searchable(self, groups: Collection[str]) -> Dated[int]:
        """See `orders.ports.Market.searchable`."""
        ages, gaps = self._searchable(groups)
        self._known.carrying("", groups)  # puts them into the index now, which the first key should not wait for
        return Dated(len(set(groups)) - len(gaps), min(ages, default=self._clock.now()), self._source, gaps)

    def suggest(self, text: str, groups: Collection[str], limit: int = MOST_SUGGESTED) -> Suggested:
        """See `orders.ports.Market.suggest`."""
        if exact := self._known.carrying(text, groups):
            return Suggested(self._told(exact[:limit]), exact=len(exact) == 1)
        identifier = identifiers.recognise(text)
        # of seven characters are the beginnings of many CUSIPs too, one in ten with a check digit that fits
        whole = identifier is not None and identifier.valid and identifier.kind != "SEDOL"
        return Suggested(self._told(self._known.ranked(text, groups, limit, begun=True)), elsewhere=whole)

    def at_hand(self, asset_ids: Collection[str]) -> Mapping[str, BondFound]:
        """See `orders.ports.Market.at_hand`."""
        return {bond.asset_id: bond for bond in self._told(asset_ids)}

    def _told(self, asset_ids: Collection[str]) -> tuple[BondFound, ...]:
        return tuple(bond for asset_id in asset_ids if (bond := self._known.told(asset_id)) is not None)

    def _searchable(self, groups: Collection[str]) -> tuple[list[datetime], tuple[str, ...]]:
        """Make sure the bonds of these groups are known; when each group was read, and a sentence for each that cannot
        be: it must not keep the bonds of the others from being found. An outage is an error."""
        within = self._config.freshness.holdings_searched
        oldest = self._clock.now() - timedelta(seconds=within)
        read_at = {group: self._known.read_at(group) for group in sorted(set(groups))}
        stale = [group for group, at in read_at.items() if at is None or at <= oldest]
        started = {group: self._pool.start(partial(self._positions, group, within=within)) for group in stale}
        ages = [at for group, at in read_at.items() if at and group not in stale]
        gaps: list[str] = []
        for group, read in started.items():
            try:
                ages.append(read.result().as_of)
            except (NotFound, NotPermitted, Malformed) as error:
                gaps.append(f"{group} was not searched. {error}")
        return ages, tuple(gaps)

    def _matching(self, text: str, groups: Collection[str], limit: int) -> tuple[str, ...]:
        """Asset ids of what `text` may mean, best first. What we know is asked before Aladdin is."""
        if exact := self._known.carrying(text, groups):
            return exact[:limit]
        identifier = identifiers.recognise(text)
        if identifier is not None and identifier.valid:
            for kind in identifier.listed_as:
                if found := self._identified(identifier.value, kind):
                    return found
        if hits := self._known.ranked(text, groups, limit):
            return hits
        if not identifiers.looks_like_identifier(text):
            return ()
        unlisted = identifier is None or not identifier.valid  # then it may be a number of Aladdin's own
        if unlisted and (found := self._identified(text.upper(), identifiers.ALADDIN)):
            return found
        corrections = identifier.corrections if identifier is not None else ()
        near = self._known.near(text, corrections, groups)
        raise _not_found(text, identifier, tuple(dict.fromkeys([*near, *corrections]))[:5])

    def _identified(self, value: str, kind: str) -> tuple[str, ...]:
        """The asset id the master has for an identifier; nothing when it has none."""
        security = self._reads.identified(value, kind)
        if security is None:
            return ()
        self._known.note_terms({security.asset_id: security})
        return (security.asset_id,)

    def _portfolios(self, ticker: str, fresh: bool) -> tuple[tuple[wire.Portfolio, ...], tuple[datetime, ...]]:
        """Details of the group's accounts, each once, and when the two reads were made."""
        nodes, as_of = self._groups.nodes(ticker, fresh)
        members = translate.member_accounts(nodes)
        details = self._reads.portfolios(members, fresh)
        by_id = {portfolio.id: portfolio for portfolio in details.value if portfolio.id in members}
        if missing := [node.portfolio_ticker for number, node in members.items() if number not in by_id]:
            raise Malformed(f"Aladdin gives no details of {', '.join(sorted(missing)[:5])}, of group {ticker}.")
        return tuple(by_id.values()), (as_of, details.as_of)

    def _benchmarks(self, portfolios: Sequence[wire.Portfolio], fresh: bool) -> tuple[dict[str, Benchmark], datetime]:
        """Each account's benchmark with its measures: those of the settings, else those of the index's analytics."""
        today, given = self._clock.today(), self._config.benchmark_measures
        index = {p.portfolio_ticker: translate.benchmark_id(p, today) for p in portfolios}
        asked = {name for account, name in index.items() if name and account not in given}
        risks = self._reads.analytics(asked, fresh)
        benchmarks: dict[str, Benchmark] = {}
        for portfolio in portfolios:
            account, name = portfolio.portfolio_ticker, index[portfolio.portfolio_ticker]
            if account in given:
                benchmarks[account] = Benchmark(name or "settings", given[account])
            elif name:
                risk = bonds.risk_in(risks.value.get(name), portfolio.currency_code)
                benchmarks[account] = Benchmark(name, bonds.measures(risk))
        return benchmarks, risks.as_of

    def _parts(
        self, known: Mapping[str, tuple[Seen, datetime, str] | None], fresh: bool
    ) -> Read[dict[str, tuple[wire.Security, wire.AssetRisk | None, Seen | None]]]:
        """What each of these bonds is made of, the row that is known of it among that; an asset the master does not
        know is absent."""
        risks = self._pool.start(lambda: self._reads.analytics(known.keys(), fresh))
        terms = self._reads.securities(known.keys(), fresh)
        self._known.note_terms(terms.value)
        risk = risks.result()
        seen = {a: found for a, found in known.items() if found is not None}
        parts = {a: (t, risk.value.get(a), seen[a][0] if a in seen else None) for a, t in terms.value.items()}
        ages = [terms.as_of, risk.as_of, *(as_of for _, as_of, _ in seen.values())]
        return Read(parts, min(ages), min(terms.on, risk.on))

    def _positions(
        self, group: str, *, fresh: bool = False, within: float | None = None
    ) -> Read[tuple[wire.Position, ...]]:
        read = self._reads.positions(group, fresh, within)
        self._known.note(group, read)
        return read


def _not_found(text: str, identifier: Identifier | None, close: tuple[str, ...]) -> NotFound:
    """The error for an identifier nothing carries, with what may have been meant."""
    sentence = f"No security is known as {text}." if identifier is None else str(identifier)
    return NotFound(f"{sentence} Did you mean {' or '.join(close)}?" if close else sentence, close)
