"""The read calls: portfolio groups, portfolios, positions and the cash ladder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from aladdin.simulator.catalog import Catalog
from aladdin.simulator.protocol import Answer, bad_request, known, not_found, page, read_body
from aladdin.simulator.published import GROUPS, LADDER, PORTFOLIOS, POSITIONS
from aladdin.simulator.requests import FilterLadders, FilterPortfolios
from aladdin.simulator.world import VIEWS, View, World

MOST_ROWS = 50_000
MOST_PORTFOLIOS = 500
MOST_FOUND = 1000


class Reads:
    """The endpoints over one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._catalog: Catalog = world.catalog
        self._book = world.book

    def routes(self) -> list[Route]:
        group = f"{GROUPS}/portfolioGroups"
        relations = "isChildOf", "isDescendantOf", "isParentOf", "isAncestorOf"
        return [
            Route(f"{group}/{{ticker}}/members", self.members),
            Route(f"{group}/{{ticker}}/node", self.node),
            Route(f"{group}/{{ticker}}/parents", self.parents),
            Route(f"{group}/{{ticker}}/ancestors", self.ancestors),
            *(Route(f"{group}/{{one}}/{relation}/{{other}}", self.relation) for relation in relations),
            Route(f"{PORTFOLIOS}/portfolios:filter", self.filter_portfolios, methods=["POST"]),
            Route(f"{PORTFOLIOS}/portfolios:search", self.search_portfolios),
            Route(f"{POSITIONS}/position", self.positions),
            Route(f"{LADDER}/ladders:filter", self.ladder, methods=["POST"]),
        ]

    async def members(self, request: Request) -> Answer:
        ticker = request.path_params["ticker"]
        if ticker not in self._book.groups:
            raise not_found(f"there is no portfolio group {ticker!r}")
        return self._nodes(self._catalog.members(ticker))

    async def node(self, request: Request) -> Answer:
        return Answer(self._node(self._named(request.path_params["ticker"])))

    async def parents(self, request: Request) -> Answer:
        return self._nodes(self._catalog.parents(self._named(request.path_params["ticker"])))

    async def ancestors(self, request: Request) -> Answer:
        return self._nodes(self._catalog.ancestors(self._named(request.path_params["ticker"])))

    async def relation(self, request: Request) -> Answer:
        """Whether `one` is in `other`, or holds it: directly, or through subgroups."""
        one, other = (self._named(request.path_params[name]) for name in ("one", "other"))
        relation = request.url.path.split("/")[-2]
        inner, outer = (one, other) if relation in ("isChildOf", "isDescendantOf") else (other, one)
        direct = relation in ("isChildOf", "isParentOf")
        above = self._catalog.parents(inner) if direct else self._catalog.ancestors(inner)
        return Answer({"result": outer in above})

    def _named(self, ticker: str) -> str:
        if self._catalog.accounts(ticker) is None:
            raise not_found(f"there is no portfolio or portfolio group {ticker!r}")
        return ticker

    def _nodes(self, tickers: Iterable[str]) -> Answer:
        return Answer({"nodes": [self._node(ticker) for ticker in tickers]})

    def _node(self, ticker: str) -> dict[str, Any]:
        return {
            "portfolioId": self._catalog.number(ticker),
            "portfolioTicker": ticker,
            "parentPortfolioIds": self._numbers(self._catalog.parents(ticker)),
            "childPortfolioIds": self._numbers(self._catalog.children(ticker)),
        }

    def _numbers(self, tickers: Iterable[str]) -> list[str]:
        return [str(self._catalog.number(ticker)) for ticker in tickers]

    async def filter_portfolios(self, request: Request) -> Answer:
        body = await read_body(request, FilterPortfolios)
        query = body.portfolio_query
        if (query.portfolio_ids is None) == (not query.portfolio_group):
            raise bad_request("portfolioQuery: give either portfolioIds or portfolioGroup")
        if query.portfolio_ids is not None:
            named = [self._catalog.ticker(number) for number in query.portfolio_ids.portfolio_ids]
            tickers = [ticker for ticker in named if ticker is not None]
        else:
            members = self._catalog.accounts(query.portfolio_group)
            if members is None:
                raise not_found(f"there is no portfolio group {query.portfolio_group!r}")
            tickers = list(members)
        numbered = sorted({self._catalog.number(ticker): ticker for ticker in tickers}.items())
        shown, token = page(
            numbered, lambda item: item[0], body.page_size, MOST_PORTFOLIOS, body.page_token, body.portfolio_query
        )
        return Answer({"portfolios": [self._portfolio(ticker) for _, ticker in shown]} | known(nextPageToken=token))

    def _portfolio(self, ticker: str) -> dict[str, Any]:
        portfolio = self._book.portfolios.get(ticker)
        if portfolio is None:
            return self._summary(ticker)
        benchmark = portfolio.benchmark
        assigned = {
            "id": benchmark,
            "benchmarkPortfolioId": benchmark,
            "benchmarkType": "PRIMARY",
            "benchmarkOrder": 1,
        }
        return self._summary(ticker) | {"benchmarkAssignments": [assigned] if benchmark else []}

    def _summary(self, ticker: str) -> dict[str, Any]:
        portfolio = self._book.portfolios.get(ticker)
        return {
            "id": str(self._catalog.number(ticker)),
            "portfolioTicker": ticker,
            "portfolioName": portfolio.name if portfolio else ticker,
            "currencyCode": portfolio.currency if portfolio else self._book.currency,
        }

    async def search_portfolios(self, request: Request) -> Answer:
        text = request.query_params.get("searchString", "").casefold()
        rows = request.query_params.get("maxRows", str(MOST_FOUND))
        kind = request.query_params.get("searchType", "SEARCH_TYPE_UNSPECIFIED")
        if not text:
            raise bad_request("searchString is required")
        if not rows.isdecimal() or not 0 < int(rows) <= MOST_FOUND:
            raise bad_request(f"maxRows must be a number from 1 to {MOST_FOUND}, not {rows!r}")
        if kind not in ("SEARCH_TYPE_UNSPECIFIED", "SEARCH_TYPE_PORTFOLIO"):
            raise bad_request(f"searchType {kind!r} is not kept here: use SEARCH_TYPE_PORTFOLIO")
        every = [*self._book.groups, *self._book.portfolios]
        summaries = [self._summary(ticker) | {"isPortfolioGroup": ticker in self._book.groups} for ticker in every]
        searched = ("id", "portfolioTicker", "portfolioName")
        found = [row for row in summaries if any(text in row[field].casefold() for field in searched)]
        return Answer({"searchPortfolios": found[: int(rows)]})

    async def positions(self, request: Request) -> Answer:
        # A '+' that was not escaped in the address arrives as a space.
        view = VIEWS.get(request.query_params.get("posType", "EOD").replace(" ", "+"))
        if view is None:
            raise bad_request(f"posType must be one of {', '.join(VIEWS)}")
        rows = self._world.positions(self._port_group(request.query_params.get("portGroup", "")), view)
        return Answer(rows[:MOST_ROWS])

    def _port_group(self, expression: str) -> list[str]:
        """The accounts of `A,B,-C`: those of A and B without those of C."""
        names = [name.strip() for name in expression.split(",") if name.strip()]
        if not names:
            raise bad_request("portGroup is required: tickers joined by commas, a leading '-' takes one away")
        chosen: dict[str, None] = {}
        for sign, name in sorted(
            ((name.startswith("-"), name.removeprefix("-")) for name in names), key=lambda n: n[0]
        ):
            for account in self._catalog.accounts(self._named(name)) or ():
                if sign:
                    chosen.pop(account, None)
                else:
                    chosen[account] = None
        return list(chosen)

    async def ladder(self, request: Request) -> Answer:
        query = (await read_body(request, FilterLadders)).cash_ladder_query
        if query.cash_date < self._book.as_of:
            raise bad_request(f"cashDate {query.cash_date} is before the business date {self._book.as_of}")
        view = View(
            trades=query.include_intraday_trades_cash_impact,
            open_orders=query.include_intraday_open_orders_cash_impact,
            authorized_orders=query.include_intraday_auth_and_active_orders_cash_impact,
        )
        accounts = self._port_group(",".join(query.portfolio_group_tickers))
        moves = self._world.moves(frozenset(accounts), view)
        return Answer(
            {
                "portfolioCurrencyLadders": [
                    self._ladder_row(account) | {"settleDateBalances": self._world.balances(account, moves[account])}
                    for account in accounts
                ]
            }
        )

    def _ladder_row(self, account: str) -> dict[str, Any]:
        portfolio = self._book.portfolios[account]
        return {
            "portfolioTicker": account,
            "portfolioName": portfolio.name,
            "portfolioBaseCurrencyCode": portfolio.currency,
            "cashBalanceSecurityCurrencyCode": portfolio.currency,
            "sodNav": portfolio.nav,
            "intradayNav": portfolio.nav,
        }
