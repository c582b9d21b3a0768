"""The published request bodies, as far as they are acted on. Unknown fields are dropped, as the real server does."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Text64 = Annotated[str, Field(max_length=64)]


class Body(BaseModel):
    """camelCase on the wire; an int64 may come as a string or as a number."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, coerce_numbers_to_str=True)


class Paged(Body):
    page_size: int | None = None
    page_token: str | None = None


class PortfolioIds(Body):
    portfolio_ids: Annotated[list[str], Field(max_length=500)] = []


class PortfolioQuery(Body):
    portfolio_ids: PortfolioIds | None = None
    portfolio_group: str = ""


class FilterPortfolios(Paged):
    portfolio_query: PortfolioQuery


class CashLadderQuery(Body):
    portfolio_group_tickers: Annotated[list[str], Field(min_length=1, max_length=100)]
    cash_date: date
    include_intraday_trades_cash_impact: bool = True
    include_intraday_auth_and_active_orders_cash_impact: bool = True
    include_intraday_open_orders_cash_impact: bool = True


class FilterLadders(Body):
    cash_ladder_query: CashLadderQuery


class PortfolioReference(Body):
    portfolio_id: str = ""
    portfolio_ticker: str = ""


class OrderDetailBody(Body):
    portfolio_reference: PortfolioReference
    quantity: Decimal
    strategy_id: int | None = None


class AssetReference(Body):
    snp_cusip: str = ""
    cins: str = ""
    isin: str = ""
    sedol: str = ""


class ExternalReference(Body):
    external_id1: Annotated[str, Field(alias="externalId1", max_length=64)] = ""
    external_id2: Annotated[str, Field(alias="externalId2", max_length=64)] = ""
    account_code: str = ""


class OrderComment(Body):
    order_comment_key: str = ""
    order_comment_value: str = ""


class CustomField(Body):
    custom_field_label: str = ""
    custom_field_value: Text64 = ""


class OrderBody(Body):
    """An order to create, or with `id` the fields of one to change."""

    id: str = ""
    asset_id: str = ""
    asset_reference: AssetReference | None = None
    transaction_type: str = ""
    order_type: str = ""
    trading_limit_type: str = ""
    trading_limit_value: Decimal | None = None
    settle_date: date | None = None
    trade_date: date | None = None
    basket_id: Text64 = ""
    pm_instruction: str = ""
    face: Decimal | None = None
    order_details: list[OrderDetailBody] = []
    external_order_reference: ExternalReference = ExternalReference()
    order_comments: list[OrderComment] = []
    order_custom_fields: Annotated[list[CustomField], Field(max_length=20)] = []
    expiration_type: str = ""
    expiration_date: date | None = None


class PostOrderConfig(Body):
    what_if: bool
    run_compliance: bool = True
    compliance_timeout: Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?s$")] = "0s"  # 0: as long as it takes

    @property
    def compliance_seconds(self) -> float:
        return float(self.compliance_timeout.removesuffix("s"))


class PostOrder(Body):
    post_order_config: PostOrderConfig
    order: OrderBody


class BatchPostOrders(Body):
    post_order_config: PostOrderConfig
    orders: Annotated[list[OrderBody], Field(min_length=1, max_length=1000)]


class CancelOrder(Body):
    order_id: str = ""
    external_reference: ExternalReference = ExternalReference()
    order_comments: list[OrderComment] = []

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if bool(self.order_id) == bool(self.external_reference.external_id1):
            raise ValueError("give either orderId or externalReference.externalId1")
        return self


class BatchCancelOrders(Body):
    requests: Annotated[list[CancelOrder], Field(min_length=1, max_length=500)]


class OrderIds(Body):
    ids: Annotated[list[str], Field(min_length=1, max_length=30_000)]


class ExternalIdCriterion(Body):
    external_id1: Annotated[str, Field(alias="externalId1", min_length=1, max_length=64)]
    account_code: str = ""


class ExternalIdsGroup(Body):
    external_id1s: Annotated[list[str], Field(alias="externalId1s", min_length=1)]
    account_code: str = ""


class ExternalIdList(Body):
    external_ids_groups: Annotated[list[ExternalIdsGroup], Field(min_length=1)]

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if sum(len(group.external_id1s) for group in self.external_ids_groups) > 10_000:
            raise ValueError("at most 10000 external identifiers can be asked for")
        return self


class PortfolioAndStatus(Body):
    portfolio_ids: Annotated[list[str], Field(min_length=1, max_length=20)]
    order_statuses: list[str] = []


class BasketIds(Body):
    """Baskets opened on a day, or of portfolios: one of the two must be said."""

    basket_ids: Annotated[list[str], Field(min_length=1)]
    port_status_option: PortfolioAndStatus | None = None
    order_date: date | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.port_status_option is None) == (self.order_date is None):
            raise ValueError("give either orderDate or portStatusOption")
        return self


class PortfolioGroupCriterion(Body):
    portfolio_group_ticker: Annotated[str, Field(min_length=1)]
    order_statuses: list[str] = []
    asset_ids: list[str] = []


class FilterTime(Body):
    filter_date: date
    hour: Annotated[int, Field(ge=0, le=23)] = 0
    minute: Annotated[int, Field(ge=0, le=59)] = 0

    @property
    def moment(self) -> datetime:
        """Without a zone: UTC on the world's business calendar."""
        return datetime.combine(self.filter_date, time(self.hour, self.minute))


class ModifiedTimeRange(Body):
    start_time_range: FilterTime
    end_time_range: FilterTime | None = None


class ModifiedTimeCriterion(Body):
    portfolio_id: str = ""
    portfolio_group_ticker: str = ""
    modified_time_range: ModifiedTimeRange


class OrderQuery(Body):
    order_id_criterion: OrderIds | None = None
    external_id_criterion: ExternalIdCriterion | None = None
    external_id_list_criterion: ExternalIdList | None = None
    portfolio_group_criterion: PortfolioGroupCriterion | None = None
    basket_id_criterion: BasketIds | None = None
    portfolio_modified_time_criterion: ModifiedTimeCriterion | None = None


class FilterOrders(Paged):
    query: OrderQuery


class OrderIdQuery(Body):
    portfolio_group_criterion: PortfolioGroupCriterion | None = None
    basket_id_criterion: BasketIds | None = None


class FilterOrderIds(Paged):
    query: OrderIdQuery
