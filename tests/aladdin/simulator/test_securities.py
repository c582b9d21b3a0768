"""The security master by every identifier, and analytics that are absent rather than zero."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.aladdin.simulator.samples import ANALYTICS, AS_OF, MASTER, Caller, exact


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [("ALADDIN_SEC_ID", "BOND1"), ("CUSIP", "037833AK6"), ("ISIN", "us037833ak68"), ("SEDOL", "B8YYQN7")],
)
def test_terms_are_found_by_each_identifier(caller: Caller, kind: str, identifier: str) -> None:
    answer = exact(caller.get(MASTER, assetId=identifier, assetIdType=kind))
    terms = answer["assetByAssetId"]["BOND1"]
    assert (terms["cusip"], terms["ticker"], terms["currency"], terms["country"]) == ("037833AK6", "ACME", "USD", "US")
    assert (terms["coupon"], terms["coupFreq"], terms["maturity"]) == (Decimal("4.25"), 2, "2033-05-03")
    assert (terms["minTrdSize"], terms["minLotSize"], terms["flag144a"]) == (200000, 1000, "Y")
    assert (terms["smSecGroup"], terms["smSecType"], terms["ratingSet"]) == ("Industrial", "Corporate", {"SP": "A+"})
    assert {"code": "I", "identifier": "US037833AK68"} in terms["cusipAliasSet"]
    assert {"code": "C", "identifier": "B8YYQN7"} in terms["cusipAliasSet"]
    assert answer["errors"] == {}


@pytest.mark.parametrize("kind", ["CINS", "RIC", "LOANX_ID", "LIN", "ISIN"])
def test_an_unknown_identifier_is_an_error_beside_the_known(caller: Caller, kind: str) -> None:
    answer = exact(caller.get(MASTER, assetId="NOWHERE", assetIdType=kind))
    assert answer["assetByAssetId"] == {}
    assert answer["errors"]["NOWHERE"]["code"] == "NOT_FOUND"
    mixed = exact(caller.get(MASTER, assetId="NOWHERE,PLAIN", assetIdType="ALADDIN_SEC_ID"))
    assert (list(mixed["assetByAssetId"]), list(mixed["errors"])) == (["PLAIN"], ["NOWHERE"])


def test_an_unknown_kind_of_identifier_is_refused(caller: Caller) -> None:
    answer = caller.get(MASTER, assetId="BOND1", assetIdType="TICKER")
    assert answer.status_code == 400
    assert "assetIdType" in answer.json()["message"]
    assert caller.get(MASTER, assetIdType="ISIN").status_code == 400


def test_analytics_carry_their_own_date(caller: Caller) -> None:
    risk = exact(caller.get(ANALYTICS, assetId="BOND1,IDX"))["riskByAssetId"]
    bond = risk["BOND1"]["riskByCurrency"]["USD"]
    assert (bond["oad"], bond["durationModified"], bond["spreadDur"]) == (
        Decimal("6.61"),
        Decimal("6.61"),
        Decimal("6.42"),
    )
    assert (bond["oas"], bond["accruedInterest"], bond["riskDate"]) == (
        Decimal("-12.5"),
        Decimal("1.5347222"),
        "2025-09-11",
    )
    index = risk["IDX"]["riskByCurrency"]["USD"]
    assert (index["spreadDur"], index["riskDate"]) == (Decimal("5.9"), AS_OF)


def test_an_asset_without_analytics_is_absent_and_an_unknown_one_an_error(caller: Caller) -> None:
    answer = exact(caller.get(ANALYTICS, assetId="PLAIN,NOWHERE"))
    assert answer["riskByAssetId"] == {}
    assert list(answer["errors"]) == ["NOWHERE"]


def test_analytics_older_than_the_date_asked_for_need_a_tolerance(caller: Caller) -> None:
    assert exact(caller.get(ANALYTICS, assetId="BOND1", riskDate=AS_OF))["riskByAssetId"] == {}
    assert "BOND1" in exact(caller.get(ANALYTICS, assetId="BOND1", riskDate=AS_OF, dateTolerance="1"))["riskByAssetId"]
    assert caller.get(ANALYTICS, assetId="BOND1", riskDate="yesterday").status_code == 400
    assert caller.get(ANALYTICS, assetId="BOND1", dateTolerance="-1").status_code == 400
