"""Settings of the shop's services: the numbers of data/operations.yml and the sections of endpoints.yml."""

import re
from typing import Any, Literal

from pydantic import BaseModel, Extra, Field, root_validator, validator

_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")


class _Strict(BaseModel):
    class Config:
        extra = Extra.forbid


class AfterSale(_Strict):
    """Windows in days after signing (protection: after paying), promises in hours."""

    return_days: int = Field(default=7, ge=0)
    quality_days: int = Field(default=15, ge=0)
    exchange_days: int = Field(default=15, ge=0)
    protection_days: int = Field(default=7, ge=0)
    no_return: list[str] = []
    sealed_only: list[str] = ["食品", "美妆"]
    review_hours: int = Field(default=24, ge=1)
    urge_hours: int = Field(default=24, ge=1)
    callback_hours: int = Field(default=2, ge=1)
    invoice_hours: int = Field(default=24, ge=1)
    refund_days: dict[str, int] = {"wechat": 1, "alipay": 1, "card": 5}
    refund_days_other: int = Field(default=7, ge=0)
    photo_max_mb: int = Field(default=5, ge=1, le=20)
    photos_per_ticket: int = Field(default=6, ge=1)


class Identity(_Strict):
    """The check by order number and phone: tries inside a window, and how long a right answer counts."""

    tries_per_account: int = Field(default=5, ge=1)
    tries_per_order: int = Field(default=10, ge=1)
    window_minutes: int = Field(default=60, ge=1)
    grant_minutes: int = Field(default=30, ge=1)


class PayMethod(_Strict):
    """A way to pay for orders from `min_fen` to `max_fen` (None: no limit), not in `not_for` (categories)."""

    id: Literal["wechat", "alipay", "card", "instalment", "transfer", "cod", "gift_card"]
    min_fen: int = Field(default=0, ge=0)
    max_fen: int | None = Field(default=None, ge=0)
    not_for: list[str] = []


class Instalment(_Strict):
    """A plan with a fee in each period; the fee is `fee_bp` ten-thousandths of the principal."""

    periods: int = Field(ge=2, le=36)
    fee_bp: int = Field(ge=0, le=1000)
    min_fen: int = Field(default=0, ge=0)


class Payment(_Strict):
    """How customers may pay."""

    methods: list[PayMethod] = [PayMethod(id="wechat"), PayMethod(id="alipay"), PayMethod(id="card")]
    instalments: list[Instalment] = []


class Shipping(_Strict):
    """Weights in grams of goods whose page names none."""

    default_grams: dict[str, int] = {}
    other_grams: int = Field(default=1000, ge=1)


class _Fixed(_Strict):
    """What never changes, and so has a hash."""

    class Config:
        frozen = True


class SystemEndpoint(_Fixed):
    """Where one of the shop's systems lives; times in seconds, `total_seconds` with all repetitions."""

    type: Literal["local", "http"] = "local"
    url: str = ""
    token: str = Field(default="", repr=False)
    connect_seconds: float = Field(default=1.0, gt=0, le=3)
    read_seconds: float = Field(default=1.5, gt=0, le=3)
    total_seconds: float = Field(default=2.8, gt=0, le=3)
    tries: int = Field(default=3, ge=1, le=5)
    breaker_failures: int = Field(default=5, ge=1)
    breaker_seconds: float = Field(default=15, gt=0)

    @validator("url")
    def _is_url(cls, value: str) -> str:
        if value and not _URL.fullmatch(value):
            raise ValueError("不是网址，请写成 https://erp.example.com/api 这样")
        return value.rstrip("/")

    @root_validator(skip_on_failure=True)
    def _http_has_url(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["type"] == "http" and not values["url"]:
            raise ValueError("type 是 http 时要写 url")
        return values


class Systems(_Fixed):
    """The shop's systems; orders and after-sale share tables, so they are local or HTTP together."""

    inventory: SystemEndpoint = SystemEndpoint()
    orders: SystemEndpoint = SystemEndpoint()
    logistics: SystemEndpoint = SystemEndpoint()
    crm: SystemEndpoint = SystemEndpoint()
    after_sale: SystemEndpoint = SystemEndpoint()

    @root_validator(skip_on_failure=True)
    def _orders_with_after_sale(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["orders"].type != values["after_sale"].type:
            raise ValueError("orders 和 after_sale 要么都是 local，要么都是 http")
        return values


class EventSettings(_Strict):
    """The `events` section of endpoints.yml: what events pass on their way to the store.

    Nothing (`store`), RabbitMQ (`url` as amqp://…) or Kafka (`url` as host:port).
    `queue` is RabbitMQ's queue or Kafka's topic; `kafka` holds options of librdkafka, as for SASL.
    """

    type: Literal["store", "rabbitmq", "kafka"] = "store"
    url: str = ""
    queue: str = "dianxiaoer.events"
    kafka: dict[str, Any] = {}

    @root_validator(skip_on_failure=True)
    def _has_url(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["type"] != "store" and not values["url"]:
            raise ValueError(f"type 是 {values['type']} 时要写 url")
        return values


class Kpi(_Strict):
    """Targets and windows of the figures."""

    first_response_seconds: float = Field(default=15, gt=0)
    solved_percent: float = Field(default=85, ge=0, le=100)
    conversion_percent: float = Field(default=12, ge=0, le=100)
    csat: float = Field(default=4.2, ge=1, le=5)
    attribution_hours: float = Field(default=24, gt=0)
    repeat_hours: float = Field(default=72, gt=0)
    alert_contacts: int = Field(default=20, ge=1)
    digest_at: str = Field(default="09:00", regex=r"^([01]\d|2[0-3]):[0-5]\d$")


class Digest(_Strict):
    """The `digest` section of endpoints.yml: where the daily digest goes; nowhere by default."""

    webhook: str = Field(default="", repr=False)
    format: Literal["wecom", "feishu", "dingtalk", "json"] = "json"
    email: list[str] = []
    sender: str = ""
    smtp_host: str = ""
    smtp_port: int = 465
    smtp_user: str = ""
    smtp_password: str = Field(default="", repr=False)

    @root_validator(skip_on_failure=True)
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["webhook"] and not _URL.fullmatch(values["webhook"].split("?")[0]):
            raise ValueError("webhook 应为 https:// 开头的网址")
        if values["email"] and not (values["smtp_host"] and values["sender"]):
            raise ValueError("写了 email 时还要写 smtp_host 和 sender")
        return values
