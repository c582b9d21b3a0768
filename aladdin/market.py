"""The market as the desk reads it: a group's accounts, a bond, and the bonds a text may mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from aladdin import identifiers, search, translate, wire
from aladdin.config import AladdinConfig
from aladdin.identifiers import Identifier
from aladdin.known import KnownBonds
from aladdin.reads import Read, Reads
from aladdin.translate import Seen
from allocation.model import Benchmark, Bond
from orders.errors import Malformed, NotFound
from orders.model import Group
from orders.ports import Clock, Dated

log = structlog.get_logger(__name__)

T = TypeVar("T")


class MarketData:
    """The `Market` port over the reads. Reads that do not need each other run side by side."""

    def __init__(self, config: AladdinConfig, reads: Reads, clock: Clock, source: str) -> None:
        self._config = config
        self._reads = reads
        self._clock = clock
        self._source = source
        self._known = KnownBonds(reads)
        self._pool = ThreadPoolExecutor(config.max_workers, thread_name_prefix="aladdin")

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def group(self, ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        """See `orders.ports.Market.group`."""
        positions = self._start(lambda: self._positions(ticker, fresh=fresh))
        ladders = self._start(lambda: self._reads.ladders(ticker, fresh))
        portfolios, dates = self._portfolios(ticker, fresh)
        benchmarks, benchmarks_as_of = self._benchmarks(portfolios, fresh)
        rows, cash = positions.result(), ladders.result()
        members = {portfolio.portfolio_ticker for portfolio in portfolios}
        strangers = {row.portfolio_ticker for row in rows.value} - members
        if strangers and not fresh:  # the group may have changed since its members were read
            return self.group(ticker, settlement, fresh=True)
        if strangers:
            named = ", ".join(sorted(strangers)[:5])
            raise Malformed(f"Aladdin gives positions of {named} in group {ticker}, but does not list them as members.")
        book = translate.Book(portfolios, rows.value, cash.value, benchmarks)
        accounts = translate.accounts(book, settlement, self._config.minimum_coverage)
        oldest = min(*dates, benchmarks_as_of, rows.as_of, cash.as_of)
        return Dated(Group(ticker, accounts), oldest, self._source)

    def bond(self, asset_id: str, *, fresh: bool = False) -> Dated[Bond]:
        """See `orders.ports.Market.bond`. The price is that of the newest position row known; `fresh` reads the group
        it came from again. A bond no group holds has no price."""
        known = self._known.newest(asset_id)
        if fresh and known is not None:
            self._positions(known[2], fresh=True)
        parts = self._parts([asset_id], fresh)
        if asset_id not in parts.value:
            raise NotFound(f"Aladdin knows no security {asset_id}.")
        return Dated(translate.bond(*parts.value[asset_id]), parts.as_of, self._source)

    def find(self, text: str, groups: Collection[str], limit: int = 50) -> Dated[tuple[Bond, ...]]:
        """See `orders.ports.Market.find`. A bond that cannot be traded for want of terms is left out of a list, and is
        the error when it is all there is."""
        ages = self._searchable(groups)
        found = self._matching(text.strip(), groups, limit)
        parts = self._parts(found, fresh=False)
        bonds: list[Bond] = []
        faults: list[Malformed] = []
        for asset_id in found:
            if asset_id not in parts.value:
                log.warning("bond_without_terms", asset_id=asset_id)
                continue
            try:
                bonds.append(translate.bond(*parts.value[asset_id]))
            except Malformed as error:
                log.warning("bond_incomplete", asset_id=asset_id, error=str(error))
                faults.append(error)
        if faults and not bonds:
            raise faults[0]
        return Dated(tuple(bonds), min([parts.as_of, *ages]), self._source)

    def _searchable(self, groups: Collection[str]) -> list[datetime]:
        """Make sure the bonds of these groups are known, and say when each group was read."""
        within = self._config.freshness.holdings_searched
        oldest = self._clock.now() - timedelta(seconds=within)
        read_at = {group: self._known.read_at(group) for group in sorted(set(groups))}
        stale = [group for group, at in read_at.items() if at is None or at <= oldest]
        started = [self._start(partial(self._positions, group, within=within)) for group in stale]
        return [at for group, at in read_at.items() if at and group not in stale] + [s.result().as_of for s in started]

    def _matching(self, text: str, groups: Collection[str], limit: int) -> tuple[str, ...]:
        """Asset ids of what `text` may mean, best first. What we know is asked before Aladdin is."""
        candidates = self._known.candidates(groups)
        if exact := search.by_identifier(text, candidates):
            return exact[:limit]
        identifier = identifiers.recognise(text)
        if identifier is not None and identifier.valid:
            # A CUSIP that starts with a letter is a CINS, and the master may list it under either name.
            kinds = (
                ("CUSIP", "CINS")
                if identifier.kind == "CUSIP" and identifier.value[0].isalpha()
                else (identifier.kind,)
            )
            for kind in kinds:
                if found := self._identified(identifier.value, kind):
                    return found
        if hits := search.rank(text, candidates, limit):
            return hits
        valid = identifier is not None and identifier.valid
        if not valid and identifiers.looks_like_identifier(text):
            if found := self._identified(text, "ALADDIN_SEC_ID"):
                return found
        elif not valid:
            return ()
        raise _not_found(text, identifier, {i for candidate in candidates for i in candidate.identifiers})

    def _identified(self, value: str, kind: str) -> tuple[str, ...]:
        """The asset id the master has for an identifier; nothing when it has none."""
        security = self._reads.identified(value, kind)
        if security is None:
            return ()
        self._known.note_terms({security.asset_id: security})
        return (security.asset_id,)

    def _portfolios(self, ticker: str, fresh: bool) -> tuple[tuple[wire.Portfolio, ...], tuple[datetime, ...]]:
        """Details of the group's accounts, each once, and when the two reads were made."""
        nodes, as_of = self._nodes(ticker, fresh)
        members = translate.member_accounts(nodes)
        details = self._reads.portfolios(members, fresh)
        by_id = {portfolio.id: portfolio for portfolio in details.value if portfolio.id in members}
        if missing := [node.portfolio_ticker for number, node in members.items() if number not in by_id]:
            raise Malformed(f"Aladdin gives no details of {', '.join(sorted(missing)[:5])}, of group {ticker}.")
        return tuple(by_id.values()), (as_of, details.as_of)

    def _nodes(self, ticker: str, fresh: bool) -> tuple[tuple[wire.Node, ...], datetime]:
        """The group's nodes down to the last account: a subgroup whose children are not listed is read as well."""
        nodes: dict[str, wire.Node] = {}
        oldest: list[datetime] = []
        open_groups, closed = [ticker], set[str]()
        while open_groups:
            group = open_groups.pop()
            closed.add(group)
            read = self._reads.members(group, fresh)
            oldest.append(read.as_of)
            nodes |= {node.portfolio_id: node for node in read.value}
            open_groups += [
                node.portfolio_ticker
                for node in read.value
                if not set(node.child_portfolio_ids) <= nodes.keys() and node.portfolio_ticker not in closed
            ]
        return tuple(nodes.values()), min(oldest)

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
                risk = translate.risk_in(risks.value.get(name), portfolio.currency_code)
                benchmarks[account] = Benchmark(name, translate.measures(risk))
        return benchmarks, risks.as_of

    def _parts(
        self, asset_ids: Collection[str], fresh: bool
    ) -> Read[dict[str, tuple[wire.Security, wire.AssetRisk | None, Seen | None]]]:
        """What each bond is made of; an asset the master does not know is absent."""
        risks = self._start(lambda: self._reads.analytics(asset_ids, fresh))
        terms, known = self._reads.securities(asset_ids, fresh), {a: self._known.newest(a) for a in asset_ids}
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

    def _start(self, read: Callable[[], T]) -> Future[T]:
        """Run a read in the pool, under the caller's logging context."""
        return self._pool.submit(copy_context().run, read)


def _not_found(text: str, identifier: Identifier | None, known: Collection[str]) -> NotFound:
    """The error for an identifier nothing carries, with what may have been meant."""
    corrections = identifier.corrections if identifier is not None else ()
    listed = [c for c in corrections if c in known]
    close = tuple(dict.fromkeys([*listed, *identifiers.near(text, known), *corrections]))[:5]
    if identifier is None:
        sentence = f"No security is known as {text}."
    elif identifier.valid:
        sentence = f"No security has the {identifier.kind} {identifier.value}."
    else:
        sentence = f"{identifier.value} is not a valid {identifier.kind}: its check digit does not fit."
    return NotFound(f"{sentence} Did you mean {' or '.join(close)}?" if close else sentence, close)
