"""BlackRock's own SDK, in its own process and environment, works with the simulator as with the real thing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from aladdin.simulator.tokens import TOKEN_PATH
from tests.aladdin.simulator.program import Served
from tests.conformance import sdk
from tests.conformance.conftest import CREDENTIALS

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def report(served: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the SDK understood of the simulator's answers, by subject."""
    folder = tmp_path_factory.mktemp("sdk")
    script = Path(__file__).with_name("conversation.py")
    ended = subprocess.run(
        [str(sdk.interpreter()), str(script), str(folder / "report.json")],
        cwd=folder,
        env=surroundings(served, folder),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    read: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return read


def surroundings(served: Served, home: Path) -> dict[str, str]:
    """The SDK reads its settings from the environment as it is imported."""
    grant = {"grant_type": "client_credentials", "client_id": served.client_id, "client_secret": served.client_secret}
    signed_in = httpx.post(f"{served.url}{TOKEN_PATH}", data=grant, trust_env=False).json()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "NO_PROXY": "127.0.0.1",
        "defaultWebServer": served.url,
        "ASDK_API__AUTH_TYPE": "OAuth",
        "ASDK_API__AUTH_FLOW_TYPE": "client_credentials",
        "ASDK_API__OAUTH__CLIENT_ID": served.client_id,
        "ASDK_API__OAUTH__CLIENT_SECRET": served.client_secret,
        "ASDK_API__TOKEN": CREDENTIALS["api_key"],
        "API_KEY": CREDENTIALS["api_key"],
        "BASIC_USER": CREDENTIALS["username"],
        "BASIC_PASSWORD": CREDENTIALS["password"],
        "REFRESH_TOKEN": signed_in["refresh_token"],
    }


def posted(answer: Any) -> Any:
    """The one order of an answer to a post or a cancel."""
    (result,) = answer["results"]
    assert "error" not in result, result
    return result["output"].get("order", result["output"])


def test_it_reads_groups_within_groups(report: dict[str, Any]) -> None:
    tickers = [node["portfolioTicker"] for node in report["members"]["nodes"]]
    assert tickers == ["CORE", "DELTA", "TINY", "ALPHA", "BRAVO"]
    assert len(report["node"]["childPortfolioIds"]) == 3
    assert [node["portfolioTicker"] for node in report["parents"]["nodes"]] == ["CORE"]
    assert [node["portfolioTicker"] for node in report["ancestors"]["nodes"]] == ["CORE", "WIDE"]
    assert (report["child"], report["descendant"]) == ({"result": False}, {"result": True})


def test_it_reads_portfolios_page_by_page(report: dict[str, Any]) -> None:
    pages = [[portfolio["portfolioTicker"] for portfolio in page["portfolios"]] for page in report["portfolios"]]
    assert pages == [["ALPHA", "BRAVO"], ["DELTA", "TINY"], ["CORE"]]
    assert len(report["portfolios of a group"]["portfolios"]) == 2
    assert len(report["search"]["searchPortfolios"]) == 3


def test_it_reads_the_cash_ladder(report: dict[str, Any]) -> None:
    rows = {row["portfolioTicker"]: row for row in report["ladder"]["portfolioCurrencyLadders"]}
    assert rows.keys() == {"ALPHA", "BRAVO"}
    assert rows["BRAVO"]["settleDateBalances"][0]["cashBalance"] == 25_000_000.55


def test_it_posts_orders_once_each(report: dict[str, Any]) -> None:
    assert not {"id", "orderStatus"} & posted(report["what-if"]).keys()
    orders = [posted(answer) for answer in report["posted"]]
    assert len({order["id"] for order in orders}) == 3
    assert {order["orderStatus"] for order in orders} == {"Open"}
    assert orders[0]["externalOrderReference"] == {"externalId1": "sdk-0", "accountCode": "77"}
    assert report["unknown asset"]["results"][0]["error"]["code"] == 5


def test_it_finds_them_by_every_criterion_and_in_two_pages(report: dict[str, Any]) -> None:
    orders = [posted(answer)["id"] for answer in report["posted"]]
    pages = [[order["id"] for order in page["orders"]] for page in report["pages"]]
    assert pages == [orders[:2], orders[2:]]
    assert [order["id"] for order in report["by reference"]["orders"]] == [orders[1]]
    for way in ("by basket", "live in group", "modified since"):
        assert [order["id"] for order in report[way]["orders"]] == orders, way
    assert report["ids"]["orderIds"] == orders


def test_it_modifies_one_and_follows_it_to_the_last_fill(report: dict[str, Any]) -> None:
    changed, filled = posted(report["modified"]), report["filled"]
    assert (changed["face"], changed["tradingLimitValue"], len(changed["orderDetails"])) == (400_000, 99.5, 1)
    assert (filled["orderStatus"], filled["fillAmount"]) == ("Booked", 400_000)
    assert filled["orderDetails"][0]["quantityBooked"] == 400_000


def test_it_cancels_by_number_and_by_reference(report: dict[str, Any]) -> None:
    by_number, by_reference = posted(report["canceled"]), posted(report["canceled by reference"])
    assert (by_number["orderStatus"], by_reference["orderStatus"]) == ("Canceled", "Canceled")
    assert by_number["orderComments"][-1]["orderCommentValue"] == "no longer wanted"
    assert report["cancel refused"]["results"][0]["error"]["code"] == 9


def test_it_posts_and_cancels_in_batches(report: dict[str, Any]) -> None:
    posts, cancels = report["batch posted"], report["batch canceled"]
    assert posts["done"] is cancels["done"] is True
    assert [result.get("error", {}).get("code") for result in posts["response"]["results"]] == [None, None, 5]
    assert [result.get("error", {}).get("code") for result in cancels["response"]["results"]] == [None, None, 9]


def test_it_meets_errors_as_it_knows_them(report: dict[str, Any]) -> None:
    assert {report[what]["status"] for what in ("not found", "bad request", "unauthorized")} == {404, 400, 401}
    assert report["not found"]["type"] == "NotFoundException"
    assert json.loads(report["not found"]["body"]).keys() == {"code", "message"}


def test_it_signs_in_by_refresh_token_and_by_password(report: dict[str, Any]) -> None:
    assert report["by refresh token"] == report["by password"]
    assert report["by password"]["portfolioTicker"] == "CORE"
