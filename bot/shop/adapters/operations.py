"""Every call to an outside system: its path, what goes out, what comes back; client and document are made from it."""

from dataclasses import dataclass, field
from typing import Any

from bot.shop.service_views import (
    AddressChange,
    Cancellation,
    Coupon,
    Customer,
    Invoice,
    ItemChange,
    Photo,
    Protection,
    Refund,
    SkuStock,
    Ticket,
    Warranty,
)
from bot.shop.trade_views import Order, Parcel, PlacedOrder
from bot.shop.views import Availability


@dataclass(frozen=True)
class PhoneCheck:
    """Whether a phone belongs to an order."""

    matches: bool


@dataclass(frozen=True)
class Operation:
    """One call; `body` and `query` map a name to (type, whether it must be there).

    `changes` marks what needs an idempotency key; `previews` what can be asked for as a preview; `personal` what names
    the account that asks.
    """

    name: str
    system: str
    method: str
    path: str
    summary: str
    answer: type
    many: bool = False
    query: dict[str, tuple[type, bool]] = field(default_factory=dict)
    body: dict[str, tuple[type, bool]] = field(default_factory=dict)
    changes: bool = False
    previews: bool = False
    personal: bool = True


def _ask(name: str, system: str, path: str, summary: str, answer: type, **more: Any) -> Operation:
    return Operation(name, system, "GET", path, summary, answer, **more)


def _change(name: str, system: str, path: str, summary: str, answer: type, **more: Any) -> Operation:
    return Operation(name, system, "POST", path, summary, answer, **({"changes": True, "previews": True} | more))


TEXT, WHOLE = (str, True), (int, True)
MAYBE_TEXT, MAYBE_WHOLE, MAYBE = (str, False), (int, False), (bool, False)
A, O = "after_sale", "orders"  # noqa: E741

OPERATIONS = {
    operation.name: operation
    for operation in (
        _ask("availability", "inventory", "/inventory/{sku}", "一个规格在各仓库的库存", Availability,
             query={"city": MAYBE_TEXT}, personal=False),
        _ask("stock", "inventory", "/inventory", "多个规格的库存和价格；sku 可重复", SkuStock, many=True,
             query={"sku": TEXT}, personal=False),
        _ask("mine", O, "/orders", "账号的订单，新的在前", Order, many=True, query={"limit": MAYBE_WHOLE}),
        _ask("find", O, "/orders/{no}", "一个订单", Order),
        Operation("phone_matches", O, "POST", "/orders/{no}/phone-check", "手机号后四位是否相符；没有订单也答 false",
                  PhoneCheck, body={"last4": TEXT}, personal=False),
        _change("place", O, "/orders", "下单并占用库存", PlacedOrder, previews=False,
                body={"sku": TEXT, "quantity": WHOLE, "warehouse_id": MAYBE_TEXT, "city": MAYBE_TEXT,
                      "coupon_id": MAYBE_TEXT}),
        _change("cancel", O, "/orders/{no}/cancellation", "取消订单；已发货的拦截包裹", Cancellation,
                body={"reason": MAYBE_TEXT}),
        _change("change_address", O, "/orders/{no}/address", "发货前改地址", AddressChange,
                body={"city": TEXT, "address": TEXT}),
        _change("change_item", O, "/orders/{no}/items", "发货前改规格或数量", ItemChange,
                body={"sku": TEXT, "new_sku": TEXT, "quantity": MAYBE_WHOLE}),
        _ask("parcels", "logistics", "/orders/{no}/parcels", "订单的包裹和轨迹，旧的在前", Parcel, many=True,
             personal=False),
        _ask("identify", "crm", "/customers", "账号所属的客户；游客答 404", Customer,
             query={"channel": TEXT, "account": TEXT}, personal=False),
        _ask("coupons", "crm", "/coupons", "客户未用的券和可领的券", Coupon, many=True),
        _change("claim_coupon", "crm", "/coupons", "领券，每人一张", Coupon, previews=False,
                body={"promotion_id": TEXT}),
        _change("request_return", A, "/orders/{no}/returns", "退货退款", Ticket,
                body={"sku": TEXT, "quantity": WHOLE, "reason": TEXT, "opened": MAYBE, "note": MAYBE_TEXT}),
        _change("request_exchange", A, "/orders/{no}/exchanges", "换货", Ticket,
                body={"sku": TEXT, "new_sku": TEXT, "quantity": WHOLE, "reason": TEXT, "note": MAYBE_TEXT}),
        _change("request_repair", A, "/orders/{no}/repairs", "保修期内维修", Ticket,
                body={"sku": TEXT, "note": MAYBE_TEXT}),
        _change("report_problem", A, "/orders/{no}/problems", "发错、少件、破损、质量问题", Ticket,
                body={"sku": TEXT, "reason": TEXT, "note": MAYBE_TEXT}),
        _change("urge", A, "/orders/{no}/urges", "催单，答复里有承诺时间", Ticket),
        _change("open_ticket", A, "/tickets", "投诉、建议、回电", Ticket, previews=False,
                body={"kind": TEXT, "note": TEXT, "order_no": MAYBE_TEXT, "phone": MAYBE_TEXT}),
        _change("withdraw", A, "/tickets/{no}/withdrawal", "撤销服务单", Ticket),
        _change("add_photo", A, "/tickets/{no}/photos", "给服务单加照片（Base64）", Photo, previews=False,
                body={"content": TEXT}),
        _ask("tickets", A, "/tickets", "账号的服务单，新的在前", Ticket, many=True, query={"order_no": MAYBE_TEXT}),
        _ask("ticket", A, "/tickets/{no}", "一个服务单和它的经过", Ticket),
        _ask("refunds", A, "/orders/{no}/refunds", "订单的退款和进度，新的在前", Refund, many=True),
        _change("protect_price", A, "/orders/{no}/price-protection", "价格保护，补差价", Protection),
        _change("request_invoice", A, "/orders/{no}/invoices", "开发票，每类一张", Invoice,
                body={"kind": TEXT, "title": TEXT, "tax_no": MAYBE_TEXT, "email": MAYBE_TEXT}),
        _change("change_invoice", A, "/invoices/{no}/title", "开具前改抬头", Invoice,
                body={"title": TEXT, "tax_no": MAYBE_TEXT}),
        _ask("invoices", A, "/orders/{no}/invoices", "订单的发票，新的在前", Invoice, many=True),
        _ask("warranty", A, "/orders/{no}/warranty", "商品的保修期", Warranty, query={"sku": TEXT}),
    )
}  # fmt: skip
