"""Each published read as a method: what is asked, how it is paged, how long its answer may be used again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

from aladdin import wire
from aladdin.config import AladdinConfig
from aladdin.http.transport import Answer, Call, Transport
from aladdin.reading.cache import AnswerCache
from aladdin.reading.kept import Kept, Read, Resource
from orders.errors import Malformed, NotFound
from orders.ports import Clock
from watch import accounts

__all__ = ["Read", "Reads"]

T = TypeVar("T")

GROUPS = "/api/portfolio/configuration/portfolio-group/v1/portfolioGroups"
PORTFOLIOS = "/api/portfolio/setup/portfolio-toolkit/v1/portfolios:filter"
SEARCH = "/api/portfolio/setup/portfolio-toolkit/v1/portfolios:search"
POSITIONS = "/api/portfolio-mgmt/positions/v1/position"
LADDERS = "/api/portfolio-management/cash/cash-ladder/v2/ladders:filter"
ANALYTICS = "/api/portfolio-mgmt/security-analytics/v2/assets"
MASTER = "/api/reference-data/securities/v1/security-master"

MOST_POSITIONS = 50_000  # rows; an answer that long is cut off
_PORTFOLIOS_A_QUERY = 500
_MOST_PAGES = 200  # of one answer
_TRADED = "order sent"
_PORTFOLIOS_FOUND = 1000  # the most a search may give: accounts are among them, and must not crowd the groups out


class Reads:
    """The reads, each through what is kept. `fresh` reads past it. Every method may raise `NotPermitted`, `NotFound` or
    any `OutsideError`."""

    def __init__(
        self, config: AladdinConfig, transport: Transport, cache: AnswerCache, clock: Clock, world: str
    ) -> None:
        self._config = config
        self._transport = transport
        self._clock = clock
        self._kept = Kept(transport, cache, clock, f"{world}|{config.url}|{config.identity}")

    def members(self, group: str, fresh: bool = False) -> Read[tuple[wire.Node, ...]]:
        """A group's nodes, subgroups among them."""
        doing = f"the members of group {group}"
        call = Call("GET", f"{GROUPS}/{quote(group, safe='')}/members", f"reading {doing}")
        read = self._one("members", call, lambda answer: _shaped(wire.Members, answer, doing).nodes, fresh)
        for node in read.value:
            if not node.child_portfolio_ids:
                accounts.met(node.portfolio_ticker)
        return read

    def node(self, group: str, fresh: bool = False) -> Read[wire.Node]:
        """The group itself, with what is directly in it."""
        doing = f"what is directly in group {group}"
        call = Call("GET", f"{GROUPS}/{quote(group, safe='')}/node", f"reading {doing}")
        return self._one("members", call, lambda answer: _shaped(wire.Node, answer, doing), fresh)

    def portfolios_named(self, text: str) -> Read[tuple[wire.PortfolioHit, ...]]:
        """The portfolios and groups whose number, ticker or name has `text` in it, in Aladdin's order."""
        params = {"searchString": text, "searchType": "SEARCH_TYPE_PORTFOLIO", "maxRows": str(_PORTFOLIOS_FOUND)}
        call = Call("GET", SEARCH, f"searching the portfolios for {text}", params=params)
        return self._one(
            "portfolios", call, lambda answer: _shaped(wire.PortfolioHits, answer, "the search").search_portfolios
        )

    def _one(self, freshness: str, call: Call, value: Callable[[Answer], T], fresh: bool = False) -> Read[T]:
        """The answer to one call, kept under the whole request for as long as the settings have it for `freshness`."""
        resource = Resource(freshness, call.path, getattr(self._config.freshness, freshness))
        return self._kept.read(resource, call.key, lambda: self._transport.read(call), value, fresh)

    def portfolios(self, ids: Collection[str], fresh: bool = False) -> Read[tuple[wire.Portfolio, ...]]:
        """Names, currencies and benchmarks of the portfolios with these numbers."""
        # Asking by group instead would take as many pages, and whether subgroups count there is not published.
        chunks = _chunks(sorted(ids), _PORTFOLIOS_A_QUERY)
        reads = [self._portfolios(chunk, fresh) for chunk in chunks]
        found = tuple(p for read in reads for p in read.value)
        for portfolio in found:
            accounts.met(portfolio.portfolio_ticker, portfolio.portfolio_name)
        return Read(found, *self._kept.oldest(reads))

    def _portfolios(self, ids: Sequence[str], fresh: bool) -> Read[tuple[wire.Portfolio, ...]]:
        body = {"portfolioQuery": {"portfolioIds": {"portfolioIds": list(ids)}}, "pageSize": self._config.page_size}
        call = Call("POST", PORTFOLIOS, "reading portfolio details", body=body)
        return self._kept.read(
            Resource("portfolios", call.path, self._config.freshness.portfolios),
            call.key,
            lambda: self.pages(call),
            lambda answer: tuple(
                portfolio
                for page in _shaped(tuple[wire.Portfolios, ...], answer, "portfolio details")
                for portfolio in page.portfolios
            ),
            fresh,
        )

    def positions(
        self,
        of: str | Collection[str],
        fresh: bool = False,
        within: float | None = None,
        *,
        without: Collection[str] = (),
        kind: wire.PosType = wire.PosType.SOD_TRADES_ORDERS,
    ) -> Read[tuple[wire.Position, ...]]:
        """The whole book of the groups or accounts `of`, but for those of `without`, in one call; by default with live
        orders counted. With `within`, an answer up to so many seconds old will do, be it from before our last order.
        `Malformed` when Aladdin cut it off, `NotFound` for a name that it cannot be asked for."""
        asked = _port_group(of, without)
        params = {"portGroup": asked, "posType": kind.value}
        call = Call("GET", POSITIONS, f"reading the positions of group {asked}", params=params)
        after = self._traded_at() if within is None and kind.moves_with_orders else None
        return self._kept.read(
            Resource("positions", call.path, self._config.freshness.positions if within is None else within, after),
            f"{kind}|{asked}",
            lambda: self._transport.read(call),
            lambda answer: _rows(answer, asked),
            fresh,
        )

    def groups_at_hand(self) -> tuple[str, ...]:
        """The groups whose positions, live orders counted, are still in the cache by themselves, however old."""
        asked = (request.partition("|") for request in self._kept.requests("positions"))
        return tuple(name for kind, _, name in asked if kind == wire.PosType.SOD_TRADES_ORDERS and "," not in name)

    def positions_at_hand(self, group: str) -> Read[tuple[wire.Position, ...]] | None:
        """A group's positions as last read, live orders counted, if they are still in the cache."""
        return self._kept.at_hand(
            f"positions|{wire.PosType.SOD_TRADES_ORDERS}|{group}", lambda answer: _rows(answer, group)
        )

    def ladders(self, group: str, fresh: bool = False) -> Read[tuple[wire.Ladder, ...]]:
        """The group's cash by account, currency and settlement date, with the effect of trades and live orders."""
        query = {
            "portfolioGroupTickers": [group],
            "cashDate": self._clock.today().isoformat(),
            "includeIntradayTradesCashImpact": True,
            "includeIntradayAuthAndActiveOrdersCashImpact": True,
            "includeIntradayOpenOrdersCashImpact": True,
        }
        call = Call("POST", LADDERS, f"reading the cash of group {group}", body={"cashLadderQuery": query})
        return self._kept.read(
            Resource("cash", call.path, self._config.freshness.cash, self._traded_at()),
            call.key,
            lambda: self._transport.read(call),
            lambda answer: _shaped(wire.Ladders, answer, f"the cash of {group}").portfolio_currency_ladders,
            fresh,
        )

    def analytics(self, asset_ids: Collection[str], fresh: bool = False) -> Read[dict[str, wire.AssetRisk]]:
        """Risk figures by asset id; an asset without any is absent."""
        resource = Resource("analytics", ANALYTICS, self._config.freshness.analytics)
        absence = self._config.freshness.absence
        return self._kept.assets(resource, asset_ids, wire.AssetRisk, self._risks, absence, fresh)

    def _risks(self, asset_ids: Sequence[str]) -> Mapping[str, wire.AssetRisk]:
        call = Call("GET", ANALYTICS, "reading analytics", params={"assetId": ",".join(asset_ids)})
        return _shaped(wire.Analytics, self._transport.read(call), "analytics").risk_by_asset_id

    def securities(self, asset_ids: Collection[str], fresh: bool = False) -> Read[dict[str, wire.Security]]:
        """Terms by asset id; an unknown asset is absent."""
        resource = Resource("master", MASTER, self._config.freshness.master)
        absence = self._config.freshness.absence
        return self._kept.assets(resource, asset_ids, wire.Security, self._terms, absence, fresh, may_come=True)

    def _terms(self, asset_ids: Sequence[str], kind: str = "ALADDIN_SEC_ID") -> Mapping[str, wire.Security]:
        params = {"assetId": ",".join(asset_ids), "assetIdType": kind}
        call = Call("GET", MASTER, f"looking up {asset_ids[0] if len(asset_ids) == 1 else 'securities'}", params=params)
        try:
            answer = self._transport.read(call)
        except NotFound:
            return {}
        found = _shaped(wire.SecurityMaster, answer, "the security master").asset_by_asset_id
        return {key: s if s.asset_id else s.model_copy(update={"asset_id": key}) for key, s in found.items()}

    def identified(self, identifier: str, kind: str) -> wire.Security | None:
        """The security with this CUSIP, ISIN or SEDOL (`kind`), kept like any other; None when there is none."""

        def fetch() -> wire.Security | None:
            as_of, on = self._clock.now(), self._clock.today()
            found = next(iter(self._terms([identifier], kind).values()), None)
            if found is not None:
                self._kept.note_asset("master", found.asset_id, Read(found, as_of, on))
            return found

        return self._kept.shared(f"master|{kind}|{identifier}", fetch)

    def securities_at_hand(self) -> dict[str, wire.Security]:
        """Every security looked up before and still in the cache, by asset id."""
        return self._kept.securities("master", wire.Security)

    def shared(self, what: str, read: Callable[[], T], fresh: bool = False) -> T:
        """What several reads come to, made once for all who ask for it at the same time. Who asks after an order of
        ours does not share what was begun before it."""
        return self._kept.shared(f"{what}|{self._traded_at()}", read, fresh)

    def order_sent(self) -> None:
        """An order of ours changes holdings and cash: answers from before it serve the search alone, in the process of
        the screens too, which is not the one that sends."""
        self._kept.mark(_TRADED)

    def _traded_at(self) -> datetime | None:
        return self._kept.marked(_TRADED)

    def pages(self, call: Call) -> Answer:
        """A paged call to its end; the text is a JSON array of its pages."""
        texts: list[str] = []
        token, tokens = "", set[str]()
        while len(texts) < _MOST_PAGES:
            body = {**(call.body or {}), **({"pageToken": token} if token else {})}
            answer = self._transport.read(replace(call, body=body))
            texts.append(answer.text)
            following = _shaped(wire.Page, answer, call.doing).next_page_token
            if not following:
                return Answer(f"[{','.join(texts)}]", answer.reference)
            if following in tokens:
                raise Malformed(f"Aladdin gave the same page twice while {call.doing}.", answer.reference)
            tokens.add(following)
            token = following
        raise Malformed(f"Aladdin gave {_MOST_PAGES} pages, and no end of them, while {call.doing}.", answer.reference)


def _shaped(shape: type[T], answer: Answer, what: str) -> T:
    return wire.parse(shape, answer.json(), what, answer.reference)


def _rows(answer: Answer, group: str) -> tuple[wire.Position, ...]:
    rows = _shaped(tuple[wire.Position, ...], answer, f"the positions of group {group}")
    if len(rows) >= MOST_POSITIONS:
        raise Malformed(
            f"Group {group} has {len(rows):,} positions or more: Aladdin cuts the answer off at {MOST_POSITIONS:,}. "
            "Work with its subgroups instead: add them to the groups in the settings.",
            answer.reference,
        )
    return rows


def _port_group(of: str | Collection[str], without: Collection[str]) -> str:
    """The names as the call takes them: A,B,-C. One request is one text, whatever order its names came in."""
    plus = {of} if isinstance(of, str) else set(of)
    for name in sorted(plus | set(without)):
        if not name.strip() or "," in name or name.startswith("-"):
            raise NotFound(f"No group can be called {name!r}: a ticker has no comma in it and does not begin with '-'.")
    return ",".join([*sorted(plus), *(f"-{name}" for name in sorted(without))])


def _chunks(items: Sequence[str], size: int) -> list[Sequence[str]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
