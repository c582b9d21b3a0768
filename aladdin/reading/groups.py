"""Nested groups: all that is in one, the tree it makes, and the groups that a text may mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from graphlib import CycleError, TopologicalSorter

from aladdin import wire
from aladdin.reading.pool import ReadPool
from aladdin.reading.reads import Read, Reads
from orders.errors import Malformed, NotFound, NotPermitted
from orders.model import GroupTree, PortfolioFound
from orders.ports import Clock

_LOOKED_INTO = 5  # groups found whose members are read before they are shown: each costs a call


class Groups:
    """What is in a portfolio group. Aladdin has no call that lists all groups, so they are named or searched for."""

    def __init__(self, reads: Reads, clock: Clock, pool: ReadPool) -> None:
        self._reads = reads
        self._clock = clock
        self._pool = pool

    def nodes(self, ticker: str, fresh: bool = False) -> tuple[tuple[wire.Node, ...], datetime]:
        """All that is in the group, down to the last account, each once, and when the oldest part of it was read. A
        subgroup whose children are not listed is read as well: it is not published how deep the list goes. `Malformed`
        when a group contains itself, or a child is nowhere listed."""
        nodes: dict[str, wire.Node] = {}
        oldest: list[datetime] = []
        ahead, done = [ticker], set[str]()
        while ahead:
            group = ahead.pop()
            if group in done:
                continue
            done.add(group)
            read = self._reads.members(group, fresh)
            oldest.append(read.as_of)
            nodes |= {node.portfolio_id: node for node in read.value}
            ahead += [n.portfolio_ticker for n in read.value if not set(n.child_portfolio_ids) <= nodes.keys()]
        _children_first(ticker, nodes)
        return tuple(nodes.values()), min(oldest)

    def tree(self, ticker: str, fresh: bool = False) -> tuple[GroupTree, datetime]:
        """The group with the groups inside it, sorted by ticker, and when the oldest part of it was read. Raises what
        `nodes` does. A group that is empty cannot be told from an account: only having children makes a group."""
        members, as_of = self.nodes(ticker, fresh)
        # Which members are directly in it, only its own node says: an account may be in a subgroup as well.
        root = self._reads.node(ticker, fresh)
        nodes = {node.portfolio_id: node for node in members} | {root.value.portfolio_id: root.value}
        trees: dict[str, GroupTree] = {}
        for number in _children_first(ticker, nodes):
            node = nodes[number]
            inside = [nodes[child] for child in dict.fromkeys(node.child_portfolio_ids)]
            groups = sorted((n for n in inside if n.child_portfolio_ids), key=lambda n: n.portfolio_ticker)
            accounts = sorted(n.portfolio_ticker for n in inside if not n.child_portfolio_ids)
            trees[number] = GroupTree(
                node.portfolio_ticker, tuple(trees[n.portfolio_id] for n in groups), tuple(accounts)
            )
        return trees[root.value.portfolio_id], min(as_of, root.as_of)

    def find(self, text: str, limit: int) -> tuple[tuple[PortfolioFound, ...], datetime]:
        """The groups whose number, ticker or name has `text` in it, best first, and when the oldest part was read.

        Aladdin's search says of each portfolio whether it is a group (`isPortfolioGroup`); where it does not, a group
        is what has members. Groups without members and terminated ones are left out. To keep calls few only five
        are looked into, those first of which Aladdin does not say; the rest is taken at its word, or left out.
        """
        wanted = text.strip()
        if not wanted:
            return (), self._clock.now()
        found = self._reads.portfolios_named(wanted)
        possible = {h.portfolio_ticker: h for h in found.value if _may_be_group(h, self._clock.today())}
        ranked = sorted(possible.values(), key=lambda hit: _resemblance(wanted.casefold(), hit))
        shown = [hit for hit in ranked if hit.is_portfolio_group][:limit]
        unsure = [hit for hit in ranked if hit.is_portfolio_group is None]
        looked_into = [*unsure, *shown][:_LOOKED_INTO]
        members = self._members([hit.portfolio_ticker for hit in looked_into])
        settled = {hit.portfolio_ticker for hit in shown} - {hit.portfolio_ticker for hit in looked_into}
        settled |= {ticker for ticker, read in members.items() if read.value}
        groups = [PortfolioFound(h.portfolio_ticker, h.portfolio_name) for h in ranked if h.portfolio_ticker in settled]
        return tuple(groups[:limit]), min([found.as_of, *(read.as_of for read in members.values())])

    def _members(self, tickers: Sequence[str]) -> dict[str, Read[tuple[wire.Node, ...]]]:
        """The members of these groups, by ticker; without those that are no groups, or none that we may see."""
        started = {ticker: self._pool.start(partial(self._reads.members, ticker)) for ticker in tickers}
        reads: dict[str, Read[tuple[wire.Node, ...]]] = {}
        for ticker, read in started.items():
            try:
                reads[ticker] = read.result()
            except (NotFound, NotPermitted):
                continue
        return reads


def _children_first(group: str, nodes: Mapping[str, wire.Node]) -> Iterable[str]:
    """The numbers of these nodes, each after its children. `Malformed` when one is missing, or in itself."""
    for node in nodes.values():
        for child in node.child_portfolio_ids:
            if child not in nodes:
                raise Malformed(
                    f"Aladdin says that group {node.portfolio_ticker} holds portfolio {child}, but does not list it "
                    f"among the members of {group}. Ask Aladdin's support to mend the group."
                )
    try:
        return tuple(TopologicalSorter({n: node.child_portfolio_ids for n, node in nodes.items()}).static_order())
    except CycleError as error:
        circle = " > ".join(nodes[number].portfolio_ticker for number in reversed(error.args[1]))
        raise Malformed(
            f"In Aladdin a group inside {group} contains itself: {circle}. Its accounts cannot be told until that is "
            "mended there."
        ) from error


def _may_be_group(hit: wire.PortfolioHit, today: date) -> bool:
    return hit.is_portfolio_group is not False and (hit.termination_date is None or hit.termination_date > today)


def _resemblance(text: str, hit: wire.PortfolioHit) -> tuple[int, str]:
    """Sorts the best first: the ticker itself, its start, the start of the name or of a word in it, anything else."""
    ticker, name = hit.portfolio_ticker.casefold(), hit.portfolio_name.casefold()
    tests = (ticker == text, ticker.startswith(text), name.startswith(text), f" {text}" in name, text in ticker)
    return next((n for n, holds in enumerate(tests) if holds), len(tests)), hit.portfolio_ticker
