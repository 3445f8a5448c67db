"""Each rule of after-sale that refuses is told with its figures, and changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.clock import freeze, now
from bot.db import reading, writing
from bot.settings import get_settings
from bot.shop import RULES, Refused
from bot.shop.adapters import systems
from bot.shop.tables import StockRow
from bot.shop.trade_tables import OrderRow
from tests.dialogue import Talk
from tests.unit.actions.conftest import MORNING
from tests.unit.actions.test_aftersale_flows import YES, Customer, order, said

URGE, CHECK = "urge_delivery", "check_service_ticket"
# rule → what the customer says, and what the reply must hold
TOLD: dict[str, tuple[list[Any], str]] = {
    "not_signed": ([(f"{order(3)}退货", "return_goods")], "现在是“运输中”，签收之后才能办"),
    "order_closed": ([(f"{order(10)}取消", "cancel_order")], "这个订单退款中"),
    "return_window": ([(f"{order(5)}", "return_goods")], ""),  # below, with a clock of its own
    "return_excluded": ([(f"{order(8)}不想要了退货", "return_goods")], "这款商品不支持七天无理由退货"),
    "return_opened": (
        [(f"{order(7)}不喜欢退货", "return_goods"), ("拆开了", "inform"), ("1件", "inform")], "食品类商品拆封后",
    ),
    "quality_window": ([(f"{order(6)}质量有问题退货", "return_goods")], "到11月13日为止（签收后15天）"),
    "exchange_window": ([(f"{order(6)}换货", "exchange_goods")], "换货到11月13日为止"),
    "exchange_other_product": ([(f"{order(12)}换货", "exchange_goods"), ("iPhone 13", "inform")], "只能换同一款商品"),
    "in_service": ([(f"{order(14)}退货", "return_goods")], "服务单SH800000000029"),
    "quantity": ([(f"{order(4)}不想要了退货", "return_goods"), ("5件", "inform")], "最多可以办2件"),
    "cancel_signed": ([(f"取消{order(4)}", "cancel_order")], "已经签收，不能取消了，可以申请退货"),
    "intercept_requested": (
        [(f"取消{order(3)}", "cancel_order"), YES, (f"取消{order(3)}", "cancel_order")], "已经在拦截包裹了，服务单SH",
    ),
    "change_shipped": ([(f"{order(3)}改地址", "change_order")], "订单运输中，已经发货，改不了了"),
    "region_not_served": ([(f"{order(1)}地址改成香港中环路100号", "change_order")], ""),  # below
    "address_too_short": ([(f"{order(1)}改地址", "change_order"), ("北京", "inform")], "写清城市"),  # asked on
    "item_other_product": ([(f"{order(1)}换颜色", "change_order"), ("iPhone 13", "inform")], "只能改成同一款商品"),
    "item_same": ([(f"{order(1)}改数量", "change_order"), ("1件", "inform")], "和订单里现在的一样"),
    "item_stock": ([(f"{order(2)}改数量", "change_order"), ("20件", "inform")], "现在只有"),
    "protection_window": ([(f"{order(5)}补差价", "price_protection")], "价格保护到11月19日为止（付款后7天）"),
    "protection_price": ([(f"{order(4)}补差价", "price_protection")], "您付了¥478.00"),
    "not_paid": ([(f"{order(1)}开发票", "ask_invoice")], "还没付款"),
    "invoice_title": ([(f"{order(4)}开个人发票", "ask_invoice"), ("张", "inform")], "2 到 100 个字"),
    "invoice_tax_no": ([(f"{order(4)}开公司发票", "ask_invoice"), ("12345678", "inform")], "税号“12345678”不对"),
    "invoice_email": (
        [(f"{order(4)}开个人发票", "ask_invoice"), ("张三", "inform"), ("abc@", "inform")], "邮箱“abc@”不对",
    ),
    "warranty_none": ([(f"{order(4)}去哪修", "ask_warranty")], "没有另外的保修期"),
    "warranty_over": ([(f"{order(13)}去哪修", "ask_warranty")], "已经过保"),
    "urge_closed": ([(f"催{order(4)}", URGE)], "这个订单已签收，不用催了"),
    "urge_unpaid": ([(f"催{order(1)}", URGE)], "还没付款"),
    "urged_already": ([(f"催{order(3)}", URGE), (f"催{order(3)}", URGE)], "已经催过了，明日10:00前会处理"),
    "ticket_closed": (
        [("撤销SH800000000029", CHECK), YES, ("撤销SH800000000029", CHECK)], "已撤销，不能撤销了",
    ),
}  # fmt: skip
ELSEWHERE = {
    "return_window", "region_not_served", "exchange_stock", "item_costs_more", "invoice_done", "invoice_issued",
    "protection_done", "photo_type", "photo_size", "photo_count", "callback_phone", "key_reused",
}  # fmt: skip


def test_every_rule_is_tried() -> None:
    others = ("coupon_", "erase_", "privacy_")  # of other rooms
    assert {rule for rule in RULES if not rule.startswith(others)} == set(TOLD) | ELSEWHERE


@pytest.mark.parametrize("rule", [rule for rule, (_, told) in TOLD.items() if told])
async def test_a_refusal_is_told_with_its_figures(customer: Customer, rule: str) -> None:
    lines, told = TOLD[rule]
    reply = await said(customer(), *lines)
    assert told in reply.text and "{" not in reply.text


async def test_the_window_of_a_return_is_over_but_not_for_faults(customer: Customer, shop: str) -> None:
    talk = customer()
    with writing(shop) as session:
        session.execute(update(OrderRow).where(OrderRow.no == order(15)).values(delivered_at=now() - timedelta(days=9)))
    reply = await said(talk, (f"{order(15)}不想要了退货", "return_goods"))
    assert "到11月22日为止（签收后7天）" in reply.text
    assert "因“质量问题”" in (await said(talk, reply.buttons["是质量问题"])).text


async def test_no_delivery_there_asks_for_another_address(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = customer()
    real = type(systems().orders).change_address

    async def refuses(self: Any, access: Any, no: str, **values: Any) -> Any:
        if values["city"] == "深圳":
            raise Refused("region_not_served", city="深圳", category="服饰")
        return await real(self, access, no, **values)

    monkeypatch.setattr(type(systems().orders), "change_address", refuses)
    reply = await said(talk, (f"{order(1)}地址改成深圳市科技路100号", "change_order"))
    assert "送不到深圳" in reply.text and "新的收货地址" in reply.text
    assert "北京学院路30号" in (await said(talk, ("北京学院路30号", "inform"))).text


@pytest.mark.parametrize(("number", "intent"), [(12, "exchange_goods"), (1, "change_order")])
async def test_goods_that_went_meanwhile_are_asked_for_again(
    customer: Customer, shop: str, number: int, intent: str
) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(number)}换规格", intent))
    title, payload = next((t, p) for t, p in reply.buttons.items() if "new_sku" in p and t != "同款换新")
    with writing(shop) as session:
        sku = payload.split('"')[3]
        session.execute(update(StockRow).where(StockRow.sku == sku).values(on_hand=0, reserved=0))
    reply = await said(talk, payload)
    assert "现在只有0件" in reply.text and title not in reply.buttons


async def test_a_paid_order_becomes_no_dearer(customer: Customer, shop: str, stock: Callable[..., None]) -> None:
    stock("P2003-02", 9)
    reply = await said(customer(), (f"{order(2)}改数量", "change_order"), ("2件", "inform"))
    assert "改后要多付¥599.00" in reply.text and "取消订单" in reply.buttons


async def test_an_issued_invoice_keeps_its_title(customer: Customer, shop: str) -> None:
    from bot.shop.service_tables import InvoiceRow

    talk = customer()
    await said(talk, (f"{order(4)}开个人发票", "ask_invoice"), ("张三", "inform"), ("不用", "deny"), YES)
    assert "开具中" in (await said(talk, (f"{order(4)}的发票呢", "ask_invoice"))).text
    with writing(shop) as session:
        session.execute(update(InvoiceRow).values(status="issued"))
    reply = await said(talk, (f"{order(4)}发票改抬头", "ask_invoice"), ("李四", "inform"))
    assert "已经开出" in reply.text
    with reading(shop) as session:
        assert set(session.scalars(select(InvoiceRow.title).where(InvoiceRow.order_no == order(4)))) == {"张三"}


@pytest.mark.parametrize(("setting", "value", "told"), [("photos_per_ticket", 1, ""), ("photo_max_mb", 1, "小于1MB")])
async def test_too_many_and_too_large_pictures(
    customer: Customer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, setting: str, value: int, told: str
) -> None:
    import base64

    monkeypatch.setattr(get_settings(), "var", tmp_path)
    monkeypatch.setattr(get_settings().operations.after_sale, setting, value)
    photos = [base64.b64encode(b"\xff\xd8\xff" + bytes([n]) * (2**20 + 1)).decode() for n in range(2)]
    talk = customer()
    await said(talk, (f"{order(7)}少发了", "report_item_problem"))
    await talk.say("[图片]", "inform", photos=photos)
    assert told in (await said(talk, YES)).text
    stored = list((tmp_path / "photos").iterdir()) if (tmp_path / "photos").exists() else []
    assert len(stored) == (1 if setting == "photos_per_ticket" else 0)


async def test_rules_hold_at_the_yes(customer: Callable[[], Talk], shop: str) -> None:
    talk = customer()
    with freeze(MORNING + timedelta(days=0)):
        assert "确认" in (await said(talk, (f"{order(2)}地址改成上海人民路100号", "change_order"))).text
    with writing(shop) as session:
        session.execute(update(OrderRow).where(OrderRow.no == order(2)).values(status="shipped"))
    assert "已经发货，改不了了" in (await said(talk, YES)).text
    with reading(shop) as session:
        assert session.get(OrderRow, order(2)).address == "上海滨河路88号"
