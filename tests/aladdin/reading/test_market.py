"""The market over real HTTP: what is asked, how often, and what comes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import cycle
from typing import Any

import pytest

from aladdin.client import Aladdin
from aladdin.reading import reads
from aladdin.reading.cache import AnswerCache
from allocation.model import Benchmark, Measures, Metric
from orders.errors import Malformed, NotFound, Unavailable
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Reply

FRIDAY, TUESDAY = date(2026, 11, 20), date(2026, 11, 24)


def test_a_group_is_read_whole_in_five_calls(desk: Desk) -> None:
    read = desk.client.group("G/1", TUESDAY)
    assert [account.id for account in read.value.accounts] == ["ACC1", "ACC2"]
    first, second = read.value.accounts
    assert (first.name, first.currency) == ("Name of ACC1", "USD")
    assert (first.nav, first.cash) == (Decimal(9_900_000), Decimal(250_000))
    assert first.benchmark == Benchmark("IDX", Measures(5.1, 5.5, 80.0))
    assert first.exposures[Metric.ASD].value == pytest.approx(2 * 0.1 * 4.2 - 5.1)
    assert second.benchmark is None
    assert second.exposures[Metric.ASD].reason == "no benchmark is assigned"
    assert (read.as_of, read.source) == (desk.clock.now(), "small")
    assert len(desk.server.calls()) == 5
    (positions,) = desk.server.calls("/position")
    assert dict(positions.query) == {"portGroup": "G/1", "posType": "SOD+Trades+Orders"}
    (ladder,) = desk.server.calls("ladders:filter")
    query = ladder.json()["cashLadderQuery"]
    assert (query["portfolioGroupTickers"], query["cashDate"]) == (["G/1"], "2026-11-20")
    assert all(query[name] for name in query if name.startswith("includeIntraday"))


@pytest.mark.parametrize("flat", [True, False])
def test_nested_groups_are_flattened_and_each_account_comes_once(desk: Desk, flat: bool) -> None:
    desk.world.flat = flat
    read = desk.client.group("TOP", TUESDAY)
    assert [account.id for account in read.value.accounts] == ["ACC1", "ACC2", "ACC3"]
    assert len(desk.server.calls("/members")) == (1 if flat else 2)


def test_portfolio_details_are_read_page_by_page(desk: Desk) -> None:
    desk.client.group("TOP", TUESDAY)
    pages = [asked.json() for asked in desk.server.calls("portfolios:filter")]
    assert [page.get("pageToken") for page in pages] == [None, "2"]
    assert {page["pageSize"] for page in pages} == {2}


def test_a_page_token_that_repeats_is_an_error_and_not_an_endless_loop(desk: Desk) -> None:
    desk.world.override["portfolios:filter"] = lambda _asked: Reply({"portfolios": [], "nextPageToken": "again"})
    with pytest.raises(Malformed, match="same page twice"):
        desk.client.group("TOP", TUESDAY)


@pytest.mark.parametrize(
    ("tokens", "asked", "said"), [("abc", 4, "same page twice"), ("abcdefg", 5, "5 pages, and no end of them")]
)
def test_page_tokens_that_go_round_or_never_end_are_an_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tokens: str, asked: int, said: str
) -> None:
    monkeypatch.setattr(reads, "_MOST_PAGES", 5)
    pages = (Reply({"portfolios": [], "nextPageToken": token}) for token in cycle(tokens))
    desk.world.override["portfolios:filter"] = lambda _asked: next(pages)
    with pytest.raises(Malformed, match=said):
        desk.client.group("TOP", TUESDAY)
    assert len(desk.server.calls("portfolios:filter")) == asked


def test_an_unknown_group_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="reading the members of group NOPE"):
        desk.client.group("NOPE", TUESDAY)


def test_a_second_read_comes_from_the_cache_with_its_first_date(desk: Desk) -> None:
    first = desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(10)
    asked = len(desk.server.calls())
    second = desk.client.group("G/1", TUESDAY)
    assert len(desk.server.calls()) == asked
    assert second == first


def test_positions_and_cash_are_read_again_after_their_time_and_the_oldest_part_dates_the_whole(desk: Desk) -> None:
    first = desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(31)
    second = desk.client.group("G/1", TUESDAY)
    assert len(desk.server.calls("/position")) == len(desk.server.calls("ladders:filter")) == 2
    assert len(desk.server.calls("/members")) == 1
    assert second.as_of == first.as_of


def test_fresh_reads_past_every_cache(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    asked = len(desk.server.calls())
    desk.clock.pass_seconds(1)
    assert desk.client.group("G/1", TUESDAY, fresh=True).as_of == desk.clock.now()
    assert len(desk.server.calls()) == 2 * asked


def test_positions_that_aladdin_cut_off_are_an_error_and_are_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "MOST_POSITIONS", 3)
    for _ in range(2):
        with pytest.raises(Malformed, match="Group G/1 has 3 positions or more"):
            desk.client.group("G/1", TUESDAY)
    assert len(desk.server.calls("/position")) == 2


def test_an_unreadable_answer_is_not_kept(desk: Desk) -> None:
    broken = {"left": 1}

    def once(_asked: Any) -> Reply | None:
        broken["left"] -= 1
        return Reply('[{"portfolioTicker": "ACC1"}]') if broken["left"] >= 0 else None

    desk.world.override["/position"] = once
    with pytest.raises(Malformed, match=r"\[0\]\.assetId"):
        desk.client.group("G/1", TUESDAY)
    assert len(desk.client.group("G/1", TUESDAY).value.accounts) == 2


def test_a_group_that_changed_since_its_members_were_read_is_read_again(desk: Desk) -> None:
    small = Reply({"nodes": [{"portfolioId": 1001, "portfolioTicker": "ACC1"}]})
    replies = iter([small])
    desk.world.override["/members"] = lambda _asked: next(replies, None)
    assert len(desk.client.group("G/1", TUESDAY).value.accounts) == 2
    desk.world.override["/members"] = lambda _asked: small
    with pytest.raises(Malformed, match="positions of ACC2 in group G/1"):
        desk.client.group("G/1", TUESDAY, fresh=True)


def test_an_account_without_details_is_an_error_and_not_left_out(desk: Desk) -> None:
    desk.world.override["portfolios:filter"] = lambda _asked: Reply({"portfolios": []})
    with pytest.raises(Malformed, match="no details of ACC1, ACC2, of group G/1"):
        desk.client.group("G/1", TUESDAY)


def test_benchmark_measures_may_come_from_the_settings(desk: Desk) -> None:
    given = {"ACC1": Measures(1.0), "ACC2": Measures(2.0)}
    client = desk.another(benchmark_measures=given)
    first, second = client.group("G/1", TUESDAY).value.accounts
    assert first.benchmark == Benchmark("IDX", Measures(1.0))
    assert second.benchmark == Benchmark("settings", Measures(2.0))
    assert desk.server.calls("/assets") == []
    client.close()


def test_a_passing_fault_in_one_part_does_not_show(desk: Desk) -> None:
    failing = iter([Reply(status=503), Reply(hang_up=True)])
    desk.world.override["/position"] = lambda _asked: next(failing, None)
    assert len(desk.client.group("G/1", TUESDAY).value.accounts) == 2


def test_a_lasting_fault_in_one_part_is_the_groups_error(desk: Desk) -> None:
    desk.world.override["ladders:filter"] = lambda _asked: Reply(status=500)
    with pytest.raises(Unavailable, match="reading the cash of group G/1"):
        desk.client.group("G/1", TUESDAY)


def test_a_bond_takes_its_price_from_a_group_read_before(desk: Desk) -> None:
    assert desk.client.bond("38141GYB4").value.price is None
    desk.client.group("G/1", TUESDAY)
    read = desk.client.bond("38141GYB4")
    bond = read.value
    assert (bond.price, bond.price_date) == (Decimal("98.5"), FRIDAY)
    assert (bond.measures, bond.measures_date) == (Measures(5.1, 5.5, 80.0), date(2026, 11, 19))
    assert (bond.label, bond.isin, bond.min_piece) == ("GS 2.615 04/22/32", "US38141GYB49", 2000)


def test_a_price_read_yesterday_is_dated_yesterday_even_after_a_restart(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(86_400 * 3)
    desk.clock.day = date(2026, 11, 23)
    client = desk.another()
    read = client.bond("38141GYB4")
    assert (read.value.price, read.value.price_date) == (Decimal("98.5"), FRIDAY)
    assert read.as_of == datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    client.close()


def test_a_fresh_bond_reads_price_terms_and_measures_again(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    desk.client.bond("38141GYB4")
    desk.world.price = "97"
    desk.clock.pass_seconds(1)
    read = desk.client.bond("38141GYB4", fresh=True)
    assert read.value.price == 97
    assert read.as_of == desk.clock.now()


@pytest.mark.parametrize("sold", [False, True])
def test_a_fresh_bond_has_the_price_of_a_row_just_read_or_none(desk: Desk, sold: bool) -> None:
    """The group whose price was newest gives none now; another's, read hours ago, must not pass for today's."""
    desk.client.group("TOP", TUESDAY)
    desk.clock.pass_seconds(6 * 3600)
    desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(60)
    row = desk.world._row("ACC1", "037833BY5" if sold else "38141GYB4") | {"price": None}
    desk.world.override["/position"] = lambda asked: Reply([row]) if asked.query["portGroup"] == "G/1" else None
    read = desk.client.bond("38141GYB4", fresh=True)
    assert (read.value.price, read.value.price_date, read.as_of) == (None, None, desk.clock.now())
    again = desk.client.bond("38141GYB4", fresh=True)  # what another group says now is today's
    assert (again.value.price, again.as_of) == (Decimal("98.5"), desk.clock.now())


def test_what_had_to_be_assumed_of_a_bond_travels_with_it(desk: Desk) -> None:
    (note,) = desk.client.bond("38141GYB4").notes
    assert note.startswith("Aladdin tells no factor of GS 2.615 04/22/32: it is taken to be 1")


def test_accounts_of_subgroups_that_come_without_positions_have_no_metric(desk: Desk) -> None:
    desk.world.override["/position"] = lambda _asked: Reply([desk.world._row("ACC3", "46647PDH6")])
    first, second, third = desk.client.group("TOP", TUESDAY).value.accounts
    for empty in (first, second):
        assert {exposure.value for exposure in empty.exposures.values()} == {None}
        assert "no positions, but only 2.5% of its NAV is cash" in empty.exposures[Metric.SPREAD_DURATION].reason
    assert third.exposures[Metric.SPREAD_DURATION].value is not None


def test_a_group_that_cannot_be_searched_is_named_and_the_others_are_searched(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "MOST_POSITIONS", 4)
    read = desk.client.find("goldman", ["G/1", "TOP"])
    assert [bond.ticker for bond in read.value] == ["GS"]
    (note,) = read.notes
    assert note.startswith("TOP was not searched. Group TOP has 4 positions or more")


def test_what_is_suggested_while_typing_asks_aladdin_nothing(desk: Desk) -> None:
    groups = desk.client.searchable(["G/1"])
    assert groups.value == 1
    asked = len(desk.server.calls())
    found = desk.client.find("gs 2.615", ["G/1"]).value
    now = len(desk.server.calls())
    assert now > asked, "a search does"
    for text in ("g", "gs 2", "zebra", "38141", "037833", "0378331", "03783310", "US0378331005", "000000000"):
        desk.client.suggest(text, ["G/1"])
    assert desk.client.at_hand([bond.asset_id for bond in found]).keys() == {bond.asset_id for bond in found}
    assert len(desk.server.calls()) == now


def test_a_whole_identifier_is_told_from_one_that_is_being_typed(desk: Desk) -> None:
    desk.client.searchable(["G/1"])
    (bond, *_) = desk.client.suggest("gs", ["G/1"]).bonds
    known = desk.client.suggest(bond.asset_id.lower(), ["G/1"])
    assert known.exact
    assert known.bonds == (bond,)
    assert not known.elsewhere
    assert desk.client.suggest("594918BW3", ["G/1"]).elsewhere
    assert not desk.client.suggest("594918BW", ["G/1"]).elsewhere
    assert not desk.client.suggest("594918BW4", ["G/1"]).elsewhere, "its check digit does not fit"


def test_an_unknown_bond_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no security NOPE"):
        desk.client.bond("NOPE")


def test_words_find_the_bonds_of_the_groups_with_two_look_ups(desk: Desk) -> None:
    read = desk.client.find("goldman", ["G/1", "TOP"])
    assert [bond.label for bond in read.value] == ["GS 2.615 04/22/32"]
    assert read.value[0].price == Decimal("98.5")
    assert read.value[0].measures == Measures(5.1, 5.5, 80.0)
    assert len(desk.server.calls("/position")) == 2
    (master,), (analytics,) = desk.server.calls("security-master"), desk.server.calls("/assets")
    assert master.query["assetId"] == analytics.query["assetId"] == "38141GYB4"
    desk.client.find("golman sachs", ["G/1", "TOP"])
    desk.client.bond("38141GYB4")
    assert len(desk.server.calls()) == 4


def test_a_search_sees_only_the_groups_asked_for(desk: Desk) -> None:
    desk.client.group("TOP", TUESDAY)
    assert desk.client.find("JPM", ["G/1"]).value == ()
    assert [bond.ticker for bond in desk.client.find("JPM", ["TOP"]).value] == ["JPM"]


def test_no_more_bonds_are_looked_up_than_shown(desk: Desk) -> None:
    assert len(desk.client.find("2032", ["TOP"], limit=1).value) == 1
    assert [asked.query["assetId"] for asked in desk.server.calls("security-master")] == ["38141GYB4"]


@pytest.mark.parametrize("typed", ["92343VGN8", " us92343vgn82 "])
def test_an_identifier_nobody_holds_is_found_in_the_master_and_by_words_afterwards(desk: Desk, typed: str) -> None:
    (bond,) = desk.client.find(typed, ["G/1"]).value
    assert (bond.ticker, bond.price) == ("VZ", None)
    asked = len(desk.server.calls())
    assert desk.client.find("verizon", ["G/1"]).value == (bond,)
    assert desk.client.find("US92343VGN82", ["G/1"]).value == (bond,)
    assert len(desk.server.calls()) == asked
    client = desk.another()
    assert client.find("verizon", ["G/1"]).value == (bond,)
    client.close()


def test_a_mistyped_identifier_names_the_ones_that_may_be_meant(desk: Desk) -> None:
    with pytest.raises(NotFound, match="US38141GYB44 is not a valid ISIN") as raised:
        desk.client.find("US38141GYB44", ["G/1"])
    assert raised.value.close[0] == "US38141GYB49"


def test_a_valid_identifier_of_nothing_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="No security has the CUSIP 037833100"):
        desk.client.find("037833100", ["G/1"])


def test_words_that_match_nothing_find_nothing(desk: Desk) -> None:
    assert desk.client.find("zebra crossing", ["G/1"]).value == ()


def test_a_bond_without_trade_sizes_is_left_out_of_a_list_and_an_error_by_itself(desk: Desk) -> None:
    def without_sizes(asked: Any) -> Reply:
        reply = desk.world._master(asked)
        reply.body["assetByAssetId"].get("38141GYB4", {}).pop("minTrdSize", None)
        return reply

    desk.world.override["security-master"] = without_sizes
    assert [bond.ticker for bond in desk.client.find("group", ["TOP"]).value] == ["JPM"]
    with pytest.raises(Malformed, match="no smallest trade"):
        desk.client.find("goldman", ["G/1"])


def test_two_worlds_in_one_cache_do_not_meet(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    asked = len(desk.server.calls())
    other = Aladdin(desk.server.config(page_size=2), AnswerCache(desk.directory), desk.clock, "another book")
    assert other.group("G/1", TUESDAY).source == "another book"
    assert len(desk.server.calls()) == 2 * asked
    other.close()
