"""The stock flow over REST on the running servers, and what it leaves in the shop's tables."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.shop import availability, find_order
from tests.running import Suite

pytestmark = pytest.mark.e2e

LAST_ONE = "P1001-02"  # iPhone 14 128G 星光色, one left in the demo shop


def _number(text: str) -> str | None:
    found = re.search(r"DX\d+", text)
    return found.group() if found else None


def _available(suite: Suite, sku: str, warehouse: str) -> int:
    options = availability(suite.shop_url, sku).options
    return sum(option.available for option in options if option.warehouse_name == warehouse)


def test_ask_confirm_resolve(suite: Suite) -> None:
    sender = uuid.uuid4().hex
    sku, before = "P1001-06", 0
    assert "您想要哪一种" in suite.hear(sender, "iPhone 14有现货吗？")
    asked = suite.hear(sender, "256G 蓝色")
    assert asked.startswith("您咨询的是iPhone 14 256G 蓝色版本吗？当前北京仓库有")
    assert asked.endswith("台现货，预计今日18:00前可发货。")
    before = _available(suite, sku, "北京仓库")
    assert f"有{before}台现货" in asked
    assert "需要我为您生成订单吗？现在下单可享12期免息" in suite.hear(sender, "是的")
    number = _number(suite.hear(sender, "是的"))
    order = find_order(suite.shop_url, number or "")
    assert order and order.status == "pending_payment" and order.account == sender
    assert [(line.sku, line.quantity) for line in order.lines] == [(sku, 1)]
    assert _available(suite, sku, "北京仓库") == before - 1


@pytest.mark.parametrize("way_out", ["算了", "不买了", "先不用了"])
def test_leaving_orders_nothing(suite: Suite, way_out: str) -> None:
    sender = uuid.uuid4().hex
    suite.hear(sender, "iPhone 14 256G 午夜色有货吗")
    suite.hear(sender, "是的")
    assert _number(suite.hear(sender, way_out)) is None
    assert _number(suite.hear(sender, "是的")) is None


def test_a_question_in_the_middle_and_the_way_back(suite: Suite) -> None:
    sender = uuid.uuid4().hex
    asked = suite.hear(sender, "iPhone 14 256G有现货吗")
    aside = suite.hear(sender, "可以开发票吗")
    assert "发票" in aside and aside.endswith(asked)
    assert "需要我为您生成订单吗" in suite.hear(sender, "是的")


def test_two_customers_want_the_last_one(suite: Suite) -> None:
    senders = [uuid.uuid4().hex for _ in range(2)]
    for sender in senders:
        assert "1台现货" in suite.hear(sender, "iPhone 14 128G 星光色有货吗").replace("仅剩", "")
        assert "需要我为您生成订单吗" in suite.hear(sender, "是的")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda sender: suite.hear(sender, "是的"), senders))
    assert sorted(bool(_number(answer)) for answer in answers) == [False, True]
    refusal = next(answer for answer in answers if not _number(answer))
    assert "抱歉" in refusal and "刚刚被" in refusal
    assert availability(suite.shop_url, LAST_ONE).total == 0


@pytest.mark.parametrize(
    "payload", ['/inform{"sku": "NO-SUCH"}', "/affirm", '/inform{"offer": "x", "confirmed": true}']
)
def test_no_payload_orders_without_the_question(suite: Suite, payload: str) -> None:
    sender = uuid.uuid4().hex
    for text in (payload, "/affirm", "/affirm"):
        assert _number(suite.hear(sender, text)) is None
