"""Every after-sale flow from the request to the tables: asked, confirmed with the figures, done once."""

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.db import reading
from bot.settings import get_settings
from bot.shop import find_order
from bot.shop.service_tables import InvoiceRow, PhotoRow, ProtectionRow, RefundRow, TicketRow
from tests.dialogue import Reply, Talk

Customer = Callable[..., Talk]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 64).decode()


def order(number: int) -> str:
    return f"DX8{number:011d}"


def tickets(shop: str, **wanted: Any) -> list[TicketRow]:
    with reading(shop) as session:
        rows = session.scalars(select(TicketRow).order_by(TicketRow.created_at)).all()
    return [row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())]


def count(shop: str, table: Any) -> int:
    with reading(shop) as session:
        return int(session.scalar(select(func.count()).select_from(table)) or 0)


async def said(talk: Talk, *lines: Any) -> Reply:
    """The reply to the last of `lines`: (words, intent) or a payload."""
    for line in lines:
        reply = await talk.say(*line) if isinstance(line, tuple) else await talk.say(line)
    return reply


async def finished(talk: Talk) -> bool:
    """Whether no flow is open and nothing but the order talked about is kept."""
    return await talk.active_form() is None and set(await talk.memory()) <= {"current_order", "handover"}


YES = ("是的", "affirm")


async def test_cancel_before_payment_and_before_shipping(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"取消订单{order(1)}", "cancel_order"))
    assert "还没付款" in reply.text and list(reply.buttons) == ["确认", "先不办"]
    assert "已取消" in (await said(talk, YES)).text and find_order(shop, order(1)).status == "cancelled"
    reply = await said(talk, (f"{order(2)}也取消", "cancel_order"))
    assert "退¥599.00到银行卡，预计11月29日前到账" in reply.text
    assert "已取消，¥599.00" in (await said(talk, ("取消吧", "cancel_order"))).text
    assert find_order(shop, order(2)).status == "refunding" and await finished(talk)


async def test_a_shipped_order_is_intercepted(customer: Customer, shop: str) -> None:
    talk = customer()
    assert "可以请快递拦截" in (await said(talk, (f"取消{order(3)}", "cancel_order"))).text
    reply = await said(talk, YES)
    (ticket,) = tickets(shop, kind="intercept", order_no=order(3))
    assert ticket.no in reply.text and "明日10:00前有结果" in reply.text


async def test_return_without_a_reason(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(4)}想退货", "return_goods"))
    assert "原因" in reply.text and "不想要了" in reply.buttons
    assert "一共买了2件" in (await said(talk, reply.buttons["不想要了"])).text
    reply = await said(talk, ("1件", "inform"))
    assert "退1件" in reply.text and "退您¥239.00" in reply.text and "运费由您承担" in reply.text
    reply = await said(talk, ("退吧", "return_goods"))
    (ticket,) = tickets(shop, kind="return", order_no=order(4))
    assert ticket.no in reply.text
    assert (ticket.status, ticket.quantity, ticket.reason) == ("approved", 1, "no_reason") and await finished(talk)


async def test_words_that_say_all_need_one_question(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(5)}羽绒服质量有问题我要退货", "return_goods"))
    assert "在处理了" in reply.text  # a repair is under way
    reply = await said(talk, (f"{order(9)}手机坏了要退货", "return_goods"))
    assert "因“质量问题”退1件" in reply.text and "运费由我们承担" in reply.text
    await said(talk, YES)
    (ticket,) = tickets(shop, kind="return", order_no=order(9))
    assert (ticket.status, ticket.reason) == ("submitted", "quality") and "坏了" in ticket.note


async def test_a_seal_is_asked_for_only_where_it_matters(customer: Customer, shop: str) -> None:
    talk = customer()
    assert "拆封了吗" in (await said(talk, (f"{order(7)}不喜欢想退货", "return_goods"))).text
    assert "退您¥99.80" in (await said(talk, ("没有", "deny"), ("都退", "return_goods"))).text
    await said(talk, YES)
    assert [row.quantity for row in tickets(shop, kind="return", order_no=order(7))] == [2]


async def test_exchange_for_another_size_and_for_the_same(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(4)}换一个", "exchange_goods"))
    assert "想换成哪一种" in reply.text and "同款换新" in reply.buttons
    other = next(title for title in reply.buttons if title != "同款换新")
    reply = await said(talk, reply.buttons[other], ("一件", "inform"))
    assert other in reply.text and "新的先给您留着" in reply.text
    await said(talk, YES)
    (ticket,) = tickets(shop, kind="exchange", order_no=order(4))
    assert ticket.details["new_sku"] != ticket.sku and ticket.quantity == 1
    reply = await said(talk, (f"{order(12)}换货", "exchange_goods"), ("同款", "inform"))
    assert "为什么要换" in reply.text
    reply = await said(talk, ("有坏点", "report_item_problem"), YES)
    (ticket,) = tickets(shop, kind="exchange", order_no=order(12))
    assert (ticket.reason, ticket.details["new_sku"], ticket.details["freight_by"]) == ("quality", ticket.sku, "shop")


async def test_change_of_address(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(1)}地址改成北京市滨河路99号2单元吧", "change_order"))
    assert "改成：北京滨河路99号2单元" in reply.text and "需要补¥4.00" in reply.text
    await said(talk, YES)
    changed = find_order(shop, order(1))
    assert (changed.city, changed.address) == ("北京", "北京滨河路99号2单元") and await finished(talk)


async def test_change_of_variant_and_quantity(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(1)}换成黑色 XL", "change_order"))
    assert "改成素野重磅纯棉T恤 黑色 XL，1件" in reply.text
    await said(talk, YES)
    assert "XL" in find_order(shop, order(1)).lines[0].label
    reply = await said(talk, (f"{order(1)}改数量", "change_order"), ("3件", "inform"))
    assert "改成3件" in reply.text
    await said(talk, YES)
    assert find_order(shop, order(1)).lines[0].quantity == 3


async def test_other_changes_go_to_a_person_with_everything(customer: Customer) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(1)}收件人改成李四", "change_order"))
    assert "转接" in reply.text and f"订单号：{order(1)}" in reply.text and "要改的：其他" in reply.text
    note = (await talk.slots())["handover"]
    assert note["flow"] == "change_form" and note["collected"]["order_number"] == order(1)
    assert "李四" in note["collected"]["note"] and await finished(talk)


async def test_price_protection_pays_once(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(9)}降价了补差价", "price_protection"))
    assert "付了¥8,079.00，之后最低降到¥7,699.00，可以补您¥380.00，退到银行卡" in reply.text
    before = count(shop, ProtectionRow)
    assert "¥380.00退到银行卡" in (await said(talk, YES)).text
    assert count(shop, ProtectionRow) == before + 1
    assert "已经补过了" in (await said(talk, ("再补一次", "price_protection"))).text
    assert count(shop, ProtectionRow) == before + 1


async def test_invoice_and_another_title(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(12)}开发票", "ask_invoice"))
    assert "要开哪种发票" in reply.text
    reply = await said(talk, reply.buttons["企业电子普票"], ("上海顺风科技有限公司", "inform"))
    assert "税号" in reply.text
    assert "不对" in (await said(talk, ("91350100M000100Y44", "inform"))).text
    assert "邮箱" in (await said(talk, ("91350100M000100Y43", "inform"))).text
    reply = await said(talk, ("a@example.com", "inform"))
    assert (
        "企业电子普票：抬头“上海顺风科技有限公司”，税号91350100M000100Y43，金额¥3,799.00，发到a@example.com"
        in reply.text
    )
    await said(talk, YES)
    with reading(shop) as session:
        (row,) = session.scalars(select(InvoiceRow).where(InvoiceRow.order_no == order(12))).all()
    assert (row.kind, row.title, row.email) == ("company", "上海顺风科技有限公司", "a@example.com")
    reply = await said(talk, ("发票开好了吗", "ask_invoice"))
    assert f"发票{row.no}开具中" in reply.text
    reply = await said(talk, reply.buttons["改抬头"], ("北京顺风科技有限公司 91350100M000100Y43", "inform"))
    assert "抬头改成“北京顺风科技有限公司”" in reply.text
    await said(talk, YES)
    with reading(shop) as session:
        assert session.get(InvoiceRow, row.no).title == "北京顺风科技有限公司"
    assert await finished(talk)


async def test_a_problem_with_photos(customer: Customer, shop: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(get_settings(), "var", tmp_path)
    talk = customer()
    assert "照片" in (await said(talk, (f"{order(7)}少发了一袋", "report_item_problem"))).text
    reply = await talk.say("[图片]", "", guesses={"chitchat": 0.3}, photos=[PNG, f"data:image/png;base64,{PNG}"])
    assert "少件漏发，照片2张" in reply.text
    reply = await said(talk, YES)
    (ticket,) = tickets(shop, kind="problem", order_no=order(7))
    assert ticket.no in reply.text and ticket.reason == "missing"
    assert count(shop, PhotoRow) == 1  # the same picture twice
    assert len(list((tmp_path / "photos").iterdir())) == 1 and await finished(talk)


async def test_photos_that_the_web_page_stored(customer: Customer, shop: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(get_settings(), "var", tmp_path)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "picture-0123456789").write_bytes(base64.b64decode(PNG))
    talk = customer()
    await said(talk, (f"{order(7)}少发了一袋", "report_item_problem"))
    reply = await talk.say("/inform", "inform", photos=["/media/picture-0123456789", "/media/gone-0123456789ab"])
    assert "少件漏发，照片2张" in reply.text
    await said(talk, YES)
    assert count(shop, PhotoRow) == 1


async def test_a_photo_that_nobody_asked_for_is_noticed(customer: Customer, shop: str) -> None:
    reply = await customer().say("/inform", "inform", photos=["/media/picture-0123456789"])
    assert "图片收到了" in reply.text


async def test_a_problem_without_photos_and_a_bad_one(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(7)}收到的东西不太行", "report_item_problem"))
    assert "哪种情况" in reply.text
    reply = await said(talk, ("包装压坏了", "complain_quality"), ("没有照片", "deny"), YES)
    (ticket,) = tickets(shop, kind="problem", order_no=order(7))
    assert ticket.no in reply.text and ticket.reason == "damaged" and count(shop, PhotoRow) == 0
    bad = base64.b64encode(b"GIF89a" + b"0" * 20).decode()
    await said(talk, (f"{order(12)}屏幕碎了", "report_item_problem"))
    await talk.say("[图片]", "inform", photos=[bad, "no base64 at all!", 5])
    reply = await said(talk, YES)
    assert "登记好了" in reply.text and "只收 JPG、PNG、WebP" in reply.text and count(shop, PhotoRow) == 0


async def test_repair_under_warranty(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(15)}保修多久", "ask_warranty"))
    assert "整机三年，保到2029年11月17日" in reply.text
    reply = await said(talk, next(iter(reply.buttons.values())))
    assert "可以免费维修" in reply.text
    await said(talk, YES)
    assert tickets(shop, kind="repair", order_no=order(15)) and await finished(talk)


async def test_a_ticket_is_taken_back(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, ("SH800000000029到哪一步了", "check_service_ticket"))
    assert "退货 SH800000000029" in reply.text and "已通过" in reply.text
    reply = await said(talk, reply.buttons["撤销这个申请"])
    assert "要撤销退货申请SH800000000029" in reply.text
    assert "已撤销" in (await said(talk, YES)).text
    assert [row.status for row in tickets(shop, no="SH800000000029")] == ["withdrawn"]
    with reading(shop) as session:
        refund = session.scalars(select(RefundRow).where(RefundRow.ticket_no == "SH800000000029")).one()
    assert refund.stage == "withdrawn" and await finished(talk)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        (f"取消{order(2)}", "cancel_order"),
        (f"{order(15)}不想要了退货", "return_goods"),
        (f"{order(12)}换成512G 白色", "exchange_goods"),
        (f"{order(1)}地址改成上海人民路100号", "change_order"),
        (f"{order(9)}补差价", "price_protection"),
    ],
)
@pytest.mark.parametrize("last", [("先不办", "deny"), ("算了", "deny"), ("不用了", "deny"), ("再见", "goodbye")])
async def test_no_and_stop_change_nothing(
    customer: Customer, shop: str, text: str, intent: str, last: tuple[str, str]
) -> None:
    talk, number = customer(), re.search(r"DX\d+", text).group()
    before = find_order(shop, number), count(shop, TicketRow), count(shop, RefundRow)
    assert "确认" in (await said(talk, (text, intent))).text
    assert (await said(talk, last)).text and await finished(talk)
    assert (find_order(shop, number), count(shop, TicketRow), count(shop, RefundRow)) == before
