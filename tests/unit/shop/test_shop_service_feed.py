"""The feed's files of the services, the settings of the systems, and a database that does not answer."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from service_shop import SERVICES
from small_shop import FEED, Feed, beijing
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from bot.clock import freeze
from bot.db import reading, writing
from bot.service_settings import Systems
from bot.settings import ROOT, SettingsError, _load_section, get_settings, load_operations, read_yaml
from bot.shop import Access, Refused, SystemDown, import_folder, order_views, upgrade_and_seed
from bot.shop.adapters import build_systems, running
from bot.shop.adapters.local import LocalOrders
from bot.shop.aftersale.cancel import cancel
from bot.shop.aftersale.protection import protect_price
from bot.shop.aftersale.refunds import refunds
from bot.shop.aftersale.requests_of_help import urge
from bot.shop.aftersale.returns import request_return
from bot.shop.aftersale.tickets import tickets
from bot.shop.aftersale.warranty import request_repair
from bot.shop.customers import coupons
from bot.shop.service_tables import RefundRow, TicketRow


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("size_charts.csv", "P2,M,weight,60,50", "high 应大于 low"),
        ("size_charts.csv", "P2,M,age,1,2", "不在可选值里"),
        ("size_charts.csv", "P2,M,height,a,2", "不小于 0 的数"),
        ("size_charts.csv", "P99,M,height,1,2", "没有“P99”"),
        ("shipping_rules.csv", "BJ,天津市,快递,是,,4,2,1000,6,1000,2,99", "days_max 不应小于 days_min"),
        ("shipping_rules.csv", "BJ,天津市,快递,对,,1,2,1000,6,1000,2,99", "应写 是 或 否"),
        ("shipping_rules.csv", "BJ,天津市,快递,是,,1,2,1000,6,0,2,99", "不小于 1"),
        ("coupons.csv", "Y9,K1,C99,2026-06-01,,", "没有“C99”"),
        ("product_origins.csv", "P9,源,证,,批,检", "没有“P9”"),
        ("promotions.csv", "X,折扣,discount,percent=120,2026-01-01,2027-01-01,,", "percent 应在 0 到 100"),
        ("promotions.csv", "X,折扣,discount,percent=90|nth=0,2026-01-01,2027-01-01,,", "nth 应不小于 1"),
        ("promotions.csv", "X,满减,reduction,over_fen=1|minus_fen=1|nth=2,2026-01-01,2027-01-01,,", "rule 应写"),
    ],
)
def test_wrong_rows_are_told_with_file_and_line(service_url: str, feed: Feed, name: str, line: str, words: str) -> None:
    content = {name: SERVICES[name].splitlines()[0] + f"\n{line}\n"}
    (bad,) = import_folder(service_url, feed(content, only=True)).rejected
    assert (bad.file, bad.line) == (name, 2)
    assert words in bad.reason


def test_a_feed_without_the_new_columns_is_still_read(empty_url: str, feed: Feed) -> None:
    upgrade_and_seed(empty_url, feed(FEED), progress=lambda line: None)
    order = order_views.find_order(empty_url, "DX1")
    assert order is not None
    assert (order.city, order.shipping_fen, order.pay_method) == (None, 0, None)


def test_tickets_and_refunds_come_with_the_start_of_their_history(service_url: str, feed: Feed) -> None:
    content = {
        "service_tickets.csv": "no,kind,order_no,sku,quantity,customer_id,channel,account,status,reason,note,"
        "created_at,promised_at\nSH1,return,A4,P2-1,1,C1,web,w1,approved,no_reason,,2026-06-05T10:00:00+08:00,\n",
        "refunds.csv": "no,order_no,ticket_no,kind,amount,channel,stage,created_at,expected_at\n"
        "TK1,A4,SH1,return,86.19,wechat,waiting_return,2026-06-05T10:00:00+08:00,\n",
    }
    for _ in range(2):  # the next day's feed brings them again
        assert import_folder(service_url, feed(content, only=True)).rejected == []
    owner = Access("web", "w1", "C1")
    assert [(step.at, step.status) for step in tickets(service_url, owner, "A4")[0].history] == [
        (beijing("2026-06-05 10:00"), "approved")
    ]
    assert [step.status for step in refunds(service_url, owner, "A4")[0].history] == ["waiting_return"]


@pytest.fixture(scope="module")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('services')}/shop.db"
    with freeze(beijing("2026-06-10 10:00")):
        upgrade_and_seed(url, progress=lambda line: None)
    return url


GUIDE = Access("rest", "demo-customer", "C0231")


@pytest.mark.parametrize(
    ("number", "attempt", "rule"),
    [
        (1, lambda url, no: urge(url, GUIDE, no, key="k", preview=True), "urge_unpaid"),
        (2, lambda url, no: cancel(url, GUIDE, no, key="k", preview=True), ""),
        (3, lambda url, no: cancel(url, GUIDE, no, key="k", preview=True), ""),
        (3, lambda url, no: request_return(url, GUIDE, no, sku="P5004-01", key="k", preview=True), "not_signed"),
        (4, lambda url, no: request_return(url, GUIDE, no, sku="P2008-01", key="k", preview=True), ""),
        (5, lambda url, no: request_return(url, GUIDE, no, sku="P2004-01", key="k", preview=True), "return_window"),
        (
            7,
            lambda url, no: request_return(url, GUIDE, no, sku="P3001-01", opened=True, key="k", preview=True),
            "return_opened",
        ),
        (8, lambda url, no: request_return(url, GUIDE, no, sku="P3008-01", key="k", preview=True), "return_excluded"),
        (9, lambda url, no: protect_price(url, GUIDE, no, key="k", preview=True), ""),
        (10, lambda url, no: cancel(url, GUIDE, no, key="k", preview=True), "order_closed"),
        (13, lambda url, no: request_repair(url, GUIDE, no, sku="P5005-01", key="k", preview=True), "warranty_over"),
        (12, lambda url, no: request_repair(url, GUIDE, no, sku="P1006-01", key="k", preview=True), ""),
        (14, lambda url, no: request_return(url, GUIDE, no, sku="P2002-01", key="k", preview=True), "in_service"),
    ],
)
def test_the_demo_customer_shows_the_rules(
    demo_url: str, number: int, attempt: Callable[[str, str], Any], rule: str
) -> None:
    no = f"DX8{number:011d}"
    if not rule:
        attempt(demo_url, no)
        return
    with pytest.raises(Refused) as refused:
        attempt(demo_url, no)
    assert refused.value.rule == rule


def test_the_demo_has_refunds_tickets_and_coupons(demo_url: str) -> None:
    with reading(demo_url) as session:
        kinds = set(session.scalars(select(TicketRow.kind)))
        stages = set(session.scalars(select(RefundRow.stage)))
        assert session.scalar(select(func.max(TicketRow.created_at))) < beijing("2026-06-10 10:00")
    assert {"return", "repair", "problem", "complaint"} <= kinds
    assert {"waiting_return", "processing", "arrived"} <= stages
    assert [coupon.promotion_id for coupon in coupons(demo_url, GUIDE) if coupon.claimed] == ["CP-BEAUTY"]
    newcomer = Access("rest", "demo-newcomer", "C0232")
    assert "CP-NEW" in {coupon.promotion_id for coupon in coupons(demo_url, newcomer)}


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"orders": {"type": "http"}}, "要写 url"),
        ({"orders": {"type": "soap"}}, "应为 local、http 之一"),
        ({"crm": {"type": "http", "url": "ftp://x"}}, "不是网址"),
        ({"crm": {"type": "http", "url": "http://x", "total_seconds": 5}}, "不能大于 3"),
        ({"crm": {"type": "http", "url": "http://x", "tries": 0}}, "不能小于 1"),
        ({"crm": {"adress": "x"}}, "没有这个设置项"),
        ({"orders": {"type": "http", "url": "http://x"}}, "要么都是"),
        ({"crm": "http"}, "应为若干"),
    ],
)
def test_wrong_systems_are_told(section: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as wrong:
        _load_section({"systems": section}, "systems", Systems)
    assert "systems" in str(wrong.value)


def test_the_default_is_the_shops_own_database(service_url: str) -> None:
    shop = build_systems(service_url, get_settings().systems)
    assert isinstance(shop.orders, LocalOrders)
    assert _load_section({}, "systems", Systems) == Systems()
    assert (
        _load_section({"systems": {"crm": {"type": "http", "url": "https://x/api/"}}}, "systems", Systems).crm.url
        == "https://x/api"
    )


def test_operations_are_as_the_file_says(tmp_path: Path) -> None:
    """Every number of the shop's services in data/operations.yml is known, and a wrong one is refused."""
    path = tmp_path / "operations.yml"
    known = read_yaml(ROOT / "data" / "operations.yml")
    assert {"after_sale", "identity", "payment", "shipping"} <= set(known)
    path.write_text("after_sale: {return_days: -1}\nidentity: {tries: 3}\npayment: {methods: [{id: gold}]}\n")
    with pytest.raises(SettingsError, match="不能小于 0") as wrong:
        load_operations(path)
    for words in ("identity.tries", "payment.methods.0.id"):
        assert words in str(wrong.value)


async def test_a_database_that_fails_is_a_system_that_is_down(
    service_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    def slow(*_: Any) -> None:
        time.sleep(0.5)

    monkeypatch.setattr(order_views, "orders_for", broken)
    with pytest.raises(SystemDown, match="orders"):
        await LocalOrders(service_url).mine(Access("web", "w1"))
    monkeypatch.setattr(running, "SECONDS", 0.1)
    monkeypatch.setattr(order_views, "orders_for", slow)
    started = time.monotonic()
    with pytest.raises(SystemDown, match="超时"):
        await LocalOrders("postgresql://127.0.0.1/far").mine(Access("web", "w1"))
    assert time.monotonic() - started < 0.4


async def test_a_file_that_another_process_writes_to_for_long_is_a_system_that_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(url: str, *_: Any) -> list[Any]:
        with writing(url) as session:
            session.execute(text("SELECT 1"))
            return []

    url = f"sqlite:///{tmp_path}/shop.db"
    monkeypatch.setattr(order_views, "orders_for", write)
    monkeypatch.setattr(running, "SECONDS", 0.1)
    assert await LocalOrders(url).mine(Access("web", "w1")) == []
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SystemDown, match="超时"):
            await LocalOrders(url).mine(Access("web", "w1"))
        other.execute("ROLLBACK")
    assert await LocalOrders(url).mine(Access("web", "w1")) == []
