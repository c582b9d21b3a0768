"""Each published read as a method: what is asked, how it is paged, how long its answer may be used again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import structlog
from pydantic import BaseModel

from aladdin import wire
from aladdin.cache import AnswerCache, Entry
from aladdin.config import AladdinConfig
from aladdin.transport import Answer, Call, Transport
from orders.errors import Malformed, NotFound
from orders.ports import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")
A = TypeVar("A", bound=BaseModel)

GROUPS = "/api/portfolio/configuration/portfolio-group/v1/portfolioGroups"
PORTFOLIOS = "/api/portfolio/setup/portfolio-toolkit/v1/portfolios:filter"
POSITIONS = "/api/portfolio-mgmt/positions/v1/position"
LADDERS = "/api/portfolio-management/cash/cash-ladder/v2/ladders:filter"
ANALYTICS = "/api/portfolio-mgmt/security-analytics/v2/assets"
MASTER = "/api/reference-data/securities/v1/security-master"

MOST_POSITIONS = 50_000  # rows; an answer that long is cut off
_PORTFOLIOS_A_QUERY = 500
_ASSETS_A_QUERY = 100  # keeps the address well under what proxies accept


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A value, when it was read (UTC), and the business date it was read on."""

    value: T
    as_of: datetime
    on: date


class Reads:
    """The reads, each through the cache. `fresh` reads past it. Every method may raise `NotPermitted`, `NotFound` or
    any `OutsideError`."""

    def __init__(
        self, config: AladdinConfig, transport: Transport, cache: AnswerCache, clock: Clock, world: str
    ) -> None:
        self._config = config
        self._transport = transport
        self._cache = cache
        self._clock = clock
        # One cache directory may serve several worlds, and several credentials that may see different things.
        self._traded_at: datetime | None = None
        self._world = hashlib.sha256(f"{world}|{config.url}|{config.client_id}".encode()).hexdigest()[:16]

    def members(self, group: str, fresh: bool = False) -> Read[tuple[wire.Node, ...]]:
        """A group's nodes, subgroups among them."""
        call = Call("GET", f"{GROUPS}/{quote(group, safe='')}/members", f"reading the members of group {group}")
        return self._kept(
            f"members|{call.key}",
            self._config.freshness.members,
            fresh,
            lambda: self._transport.read(call),
            lambda answer: _shaped(wire.Members, answer, f"the members of group {group}").nodes,
        )

    def portfolios(self, ids: Collection[str], fresh: bool = False) -> Read[tuple[wire.Portfolio, ...]]:
        """Names, currencies and benchmarks of the portfolios with these numbers."""
        chunks = _chunks(sorted(ids), _PORTFOLIOS_A_QUERY)
        reads = [self._portfolios(chunk, fresh) for chunk in chunks]
        return Read(tuple(p for read in reads for p in read.value), *self._oldest(reads))

    def _portfolios(self, ids: Sequence[str], fresh: bool) -> Read[tuple[wire.Portfolio, ...]]:
        body = {"portfolioQuery": {"portfolioIds": {"portfolioIds": list(ids)}}, "pageSize": self._config.page_size}
        call = Call("POST", PORTFOLIOS, "reading portfolio details", body=body)
        return self._kept(
            f"portfolios|{call.key}",
            self._config.freshness.portfolios,
            fresh,
            lambda: self.pages(call),
            lambda answer: tuple(
                portfolio
                for page in _shaped(tuple[wire.Portfolios, ...], answer, "portfolio details")
                for portfolio in page.portfolios
            ),
        )

    def positions(
        self, group: str, fresh: bool = False, within: float | None = None
    ) -> Read[tuple[wire.Position, ...]]:
        """The whole group's book with live orders counted; an answer up to `within` seconds old will do. `Malformed`
        when Aladdin cut it off."""
        params = {"portGroup": group, "posType": "SOD+Trades+Orders"}
        call = Call("GET", POSITIONS, f"reading the positions of group {group}", params=params)
        return self._kept(
            f"positions|{group}",  # the group is all that varies in this request
            self._since_order(self._config.freshness.positions) if within is None else within,
            fresh,
            lambda: self._transport.read(call),
            lambda answer: _rows(answer, group),
        )

    def groups_at_hand(self) -> tuple[str, ...]:
        """The groups whose positions are still in the cache, however old."""
        prefix = f"{self._world}|positions|"
        return tuple(key.removeprefix(prefix) for key in self._cache.keys(prefix))

    def positions_at_hand(self, group: str) -> Read[tuple[wire.Position, ...]] | None:
        """A group's positions as last read, if they are still in the cache."""
        return self._at_hand(f"positions|{group}", None, lambda answer: _rows(answer, group))

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
        return self._kept(
            f"cash|{call.key}",
            self._since_order(self._config.freshness.cash),
            fresh,
            lambda: self._transport.read(call),
            lambda answer: _shaped(wire.Ladders, answer, f"the cash of {group}").portfolio_currency_ladders,
        )

    def analytics(self, asset_ids: Collection[str], fresh: bool = False) -> Read[dict[str, wire.AssetRisk]]:
        """Risk figures by asset id; an asset without any is absent."""
        return self._assets(
            "analytics", asset_ids, self._config.freshness.analytics, fresh, wire.AssetRisk, self._risks
        )

    def _risks(self, asset_ids: Sequence[str]) -> Mapping[str, wire.AssetRisk]:
        call = Call("GET", ANALYTICS, "reading analytics", params={"assetId": ",".join(asset_ids)})
        return _shaped(wire.Analytics, self._transport.read(call), "analytics").risk_by_asset_id

    def securities(self, asset_ids: Collection[str], fresh: bool = False) -> Read[dict[str, wire.Security]]:
        """Terms by asset id; an unknown asset is absent."""
        return self._assets("master", asset_ids, self._config.freshness.master, fresh, wire.Security, self._terms)

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
        as_of, on = self._moment()
        found = next(iter(self._terms([identifier], kind).values()), None)
        if found is not None:
            self._keep(f"master|{found.asset_id}", Read(found.model_dump_json(by_alias=True), as_of, on))
        return found

    def securities_at_hand(self) -> dict[str, wire.Security]:
        """Every security looked up before and still in the cache, by asset id."""
        prefix = f"{self._world}|master|"
        ids = [key.removeprefix(prefix) for key in self._cache.keys(prefix)]
        found = {asset_id: self._at_hand(f"master|{asset_id}", None, _model(wire.Security)) for asset_id in ids}
        return {asset_id: read.value for asset_id, read in found.items() if read is not None}

    def order_sent(self) -> None:
        """An order of ours changes holdings and cash: answers from before it serve the search alone."""
        self._traded_at = self._clock.now()

    def _since_order(self, freshness: float) -> float:
        """`freshness`, but no further back than our last order; in seconds."""
        if self._traded_at is None:
            return freshness
        return min(freshness, (self._clock.now() - self._traded_at).total_seconds())

    def pages(self, call: Call) -> Answer:
        """A paged call to its end; the text is a JSON array of its pages."""
        texts: list[str] = []
        token = ""
        while True:
            body = {**(call.body or {}), **({"pageToken": token} if token else {})}
            answer = self._transport.read(replace(call, body=body))
            texts.append(answer.text)
            following = _shaped(wire.Page, answer, call.doing).next_page_token
            if not following:
                return Answer(f"[{','.join(texts)}]", answer.reference)
            if following == token:
                raise Malformed(f"Aladdin gave the same page twice while {call.doing}.", answer.reference)
            token = following

    def _assets(
        self,
        resource: str,
        asset_ids: Collection[str],
        freshness: float,
        fresh: bool,
        shape: type[A],
        fetch: Callable[[Sequence[str]], Mapping[str, A]],
    ) -> Read[dict[str, A]]:
        """Kept asset by asset, so that a list and a single look-up share what they know; asked in batches."""
        kept = (
            {a: self._at_hand(f"{resource}|{a}", freshness, _model(shape)) for a in set(asset_ids)} if not fresh else {}
        )
        reads = {asset_id: read for asset_id, read in kept.items() if read is not None}
        missing = sorted(set(asset_ids) - set(reads))
        for chunk in _chunks(missing, _ASSETS_A_QUERY):
            as_of, on = self._moment()
            for asset_id, value in fetch(chunk).items():
                reads[asset_id] = Read(value, as_of, on)
                self._keep(f"{resource}|{asset_id}", Read(value.model_dump_json(by_alias=True), as_of, on))
        return Read({asset_id: read.value for asset_id, read in reads.items()}, *self._oldest(reads.values()))

    def _kept(
        self, key: str, freshness: float, fresh: bool, fetch: Callable[[], Answer], value: Callable[[Answer], T]
    ) -> Read[T]:
        """The kept answer while it is fresh enough, else a new one, kept once it has proved readable."""
        if not fresh and (read := self._at_hand(key, freshness, value)) is not None:
            return read
        as_of, on = self._moment()
        answer = fetch()
        result = value(answer)
        self._keep(key, Read(answer.text, as_of, on))
        return Read(result, as_of, on)

    def _at_hand(self, key: str, freshness: float | None, value: Callable[[Answer], T]) -> Read[T] | None:
        entry = self._cache.get(f"{self._world}|{key}")
        if entry is None or (freshness is not None and self._clock.now() - entry.as_of >= timedelta(seconds=freshness)):
            return None
        try:
            return Read(value(Answer(entry.text, "")), entry.as_of, entry.on)
        except Malformed as error:  # kept by a version that read other fields
            log.warning("cache_entry_outdated", key=key[:200], error=str(error))
            return None

    def _keep(self, key: str, read: Read[str]) -> None:
        self._cache.put(f"{self._world}|{key}", Entry(read.value, read.as_of, read.on))

    def _moment(self) -> tuple[datetime, date]:
        return self._clock.now(), self._clock.today()

    def _oldest(self, reads: Collection[Read[Any]]) -> tuple[datetime, date]:
        """The age of a whole is that of its oldest part; of nothing, it is now."""
        now, today = self._moment()
        return min((r.as_of for r in reads), default=now), min((r.on for r in reads), default=today)


def _shaped(shape: type[T], answer: Answer, what: str) -> T:
    return wire.parse(shape, answer.json(), what, answer.reference)


def _model(shape: type[A]) -> Callable[[Answer], A]:
    return lambda answer: _shaped(shape, answer, "a kept security")


def _rows(answer: Answer, group: str) -> tuple[wire.Position, ...]:
    rows = _shaped(tuple[wire.Position, ...], answer, f"the positions of group {group}")
    if len(rows) >= MOST_POSITIONS:
        raise Malformed(
            f"Group {group} has {len(rows):,} positions or more: Aladdin cuts the answer off at {MOST_POSITIONS:,}. "
            "Work with its subgroups instead: add them to the groups in the settings.",
            answer.reference,
        )
    return rows


def _chunks(items: Sequence[str], size: int) -> list[Sequence[str]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
