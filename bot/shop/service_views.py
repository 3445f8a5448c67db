"""What the shop tells other rooms of its services: refunds, tickets, invoices, changes, as plain frozen values.

Times are UTC, days local, money fen. The words for codes (…_TEXTS) are Chinese, for replies and pages.
"""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Step:
    """One step of a history; `status` is a code of the thing it belongs to."""

    at: datetime
    status: str
    note: str = ""


@dataclass(frozen=True)
class Refund:
    """Money on its way back; `stage` is a key of REFUND_STAGES, `channel` of PAY_METHODS, `kind` of REFUND_KINDS."""

    no: str
    order_no: str
    kind: str
    amount_fen: int
    channel: str
    stage: str
    created_at: datetime
    expected_at: datetime | None
    history: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Ticket:
    """A service ticket; `kind` is a key of TICKET_KINDS, `status` of TICKET_STATUSES, `reason` of REASONS.

    `promised_at` is when the next step is promised by; `refund_fen` what a return would pay back, `freight_by` who
    pays for sending back (customer or shop), `new_sku` what an exchange sends, `photos` the ids of stored photos.
    """

    no: str
    kind: str
    order_no: str | None
    sku: str | None
    quantity: int
    status: str
    reason: str
    note: str
    created_at: datetime
    promised_at: datetime | None
    refund_fen: int = 0
    freight_by: str = ""
    new_sku: str | None = None
    photos: tuple[str, ...] = ()
    history: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Cancellation:
    """`stage` is cancelled (never shipped) or intercepting (on its way: the carrier is asked to bring it back).

    `refund_fen` comes back; as `refund` at once when cancelled, after the parcel is back when intercepting (`ticket`).
    """

    order_no: str
    stage: str
    refund_fen: int
    refund: Refund | None = None
    ticket: Ticket | None = None


@dataclass(frozen=True)
class AddressChange:
    """The new address; `fee_difference_fen` > 0 is to be paid in addition, < 0 comes back."""

    order_no: str
    city: str
    address: str
    old_address: str | None
    fee_difference_fen: int


@dataclass(frozen=True)
class ItemChange:
    """Another variant of the same product; `difference_fen` > 0 is to be paid in addition, < 0 comes back."""

    order_no: str
    old_sku: str
    new_sku: str
    quantity: int
    difference_fen: int
    amount_fen: int


@dataclass(frozen=True)
class ProtectedLine:
    """What price protection pays for one line: `paid_fen` and `now_fen` are for the whole line."""

    sku: str
    quantity: int
    paid_fen: int
    now_fen: int
    difference_fen: int


@dataclass(frozen=True)
class Protection:
    """A price protection of an order; `until_on` is the last day of its window."""

    order_no: str
    lines: tuple[ProtectedLine, ...]
    amount_fen: int
    until_on: date
    refund: Refund | None = None


@dataclass(frozen=True)
class Invoice:
    """`kind` is a key of INVOICE_KINDS, `status` of INVOICE_STATUSES; `tax_no` only for companies."""

    no: str
    order_no: str
    kind: str
    title: str
    tax_no: str | None
    email: str | None
    amount_fen: int
    status: str
    created_at: datetime
    expected_at: datetime | None


@dataclass(frozen=True)
class Warranty:
    """`terms` as the product page says; `until_on` is the last day, None before the parcel is signed for."""

    order_no: str
    sku: str
    terms: str
    months: int
    until_on: date | None
    covered: bool


@dataclass(frozen=True)
class Photo:
    """A stored picture; `id` is the SHA-256 of its content, `media_type` image/jpeg, image/png or image/webp."""

    id: str
    media_type: str
    size: int


@dataclass(frozen=True)
class Customer:
    """Who an account belongs to."""

    id: str
    name: str
    city: str
    since: datetime
    orders: int


@dataclass(frozen=True)
class Coupon:
    """A customer's coupon, or one still to be claimed (`claimed` False); takes `minus_fen` off from `over_fen`.

    With `percent` (80: 八折) it takes the rest to 100 off instead, at most `minus_fen` if that is not 0. A `personal`
    one belongs to no promotion; it counts for the skus, products and categories in `scope` ("P1001|手机"), with none
    named for all.
    """

    id: str
    promotion_id: str
    name: str
    over_fen: int
    minus_fen: int
    expires_at: datetime
    claimed: bool = True
    percent: int = 0
    personal: bool = False
    scope: str = ""

    def off_fen(self, amount_fen: int) -> int:
        """What it takes off goods of `amount_fen`, cut to the fen: percentages never take more than they say."""
        if not self.percent:
            return min(self.minus_fen, amount_fen)
        off = amount_fen * (100 - self.percent) // 100
        return min(off, self.minus_fen) if self.minus_fen else off


@dataclass(frozen=True)
class SkuStock:
    """What can be sold of a variant."""

    sku: str
    available: int
    price_fen: int


PAY_METHODS = {
    "wechat": "微信支付", "alipay": "支付宝", "card": "银行卡", "instalment": "分期付款", "transfer": "公司转账",
    "cod": "货到付款", "gift_card": "礼品卡",
}  # fmt: skip
REFUND_KINDS = {
    "cancel": "取消订单", "return": "退货", "protection": "价格保护", "items": "修改商品", "shipping": "运费差额",
    "goods": "商品问题补偿",
}  # fmt: skip
REFUND_STAGES = {
    "waiting_return": "待寄回商品", "reviewing": "审核中", "processing": "退款处理中", "arrived": "已到账",
    "rejected": "已拒绝", "withdrawn": "已撤销",
}  # fmt: skip
TICKET_KINDS = {
    "return": "退货", "exchange": "换货", "repair": "维修", "problem": "商品问题", "complaint": "投诉",
    "suggestion": "建议", "urge": "催单", "intercept": "拦截包裹", "callback": "回电",
}  # fmt: skip
TICKET_STATUSES = {
    "submitted": "已提交，待审核", "approved": "已通过", "sent_back": "商品寄回中", "received": "已收到寄回商品",
    "done": "已完成", "rejected": "未通过", "withdrawn": "已撤销",
}  # fmt: skip
REASONS = {
    "no_reason": "七天无理由", "quality": "质量问题", "wrong_item": "发错商品", "missing": "少件漏发",
    "damaged": "商品破损",
    "other": "其他",
}  # fmt: skip
INVOICE_KINDS = {"personal": "个人电子普票", "company": "企业电子普票", "special": "增值税专用发票"}
INVOICE_STATUSES = {"requested": "开具中", "issued": "已开具", "sent": "已发送"}
