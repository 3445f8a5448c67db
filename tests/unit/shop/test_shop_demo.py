"""The demo shop reads like a real one, and its promised stock is there."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from small_shop import beijing
from sqlalchemy import func, select

from bot.clock import freeze, local, now
from bot.db import reading
from bot.shop import (
    ORDER_STATUSES,
    availability,
    demo,
    import_folder,
    interest_free_periods,
    load_catalogue,
    price_of,
    upgrade_and_seed,
)
from bot.shop.feed import DEMO
from bot.shop.tables import Base, StockRow
from bot.shop.trade_tables import CustomerRow, OrderLineRow, OrderRow, ParcelRow


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('demo')}/shop.db"
    with freeze(beijing("2026-06-10 10:00")):
        upgrade_and_seed(url, progress=lambda line: None)
    return url


def test_it_is_as_large_as_a_shop(shop: str) -> None:
    catalogue = load_catalogue(shop)
    assert len(catalogue.products) >= 66
    assert len(catalogue.variants) >= 200
    assert len(catalogue.warehouses) == 4
    categories = Counter(product.category for product in catalogue.products.values())
    assert set(categories) == {"手机", "服饰", "食品", "母婴", "家电", "美妆"}
    assert min(categories.values()) >= 10
    with reading(shop) as session:
        assert (session.scalar(select(func.count()).select_from(CustomerRow)) or 0) >= 200
        assert (session.scalar(select(func.count()).select_from(OrderRow)) or 0) >= 1000
        assert set(session.scalars(select(OrderRow.status))) == set(ORDER_STATUSES)


def test_the_tour_of_the_readme_can_be_walked(shop: str) -> None:
    (variant,) = load_catalogue(shop).narrow("P1001", storage="256G", colour="午夜色")
    best = availability(shop, variant.sku).best
    assert best is not None
    assert (best.warehouse_name, best.available) == ("北京仓库", 32)
    assert best.ship_by == beijing("2026-06-10 18:00")
    assert interest_free_periods(shop, variant.sku) == 12


def test_every_stock_situation_occurs(shop: str) -> None:
    stocks = {sku: availability(shop, sku) for sku in load_catalogue(shop).variants}
    sold_out = [stock for stock in stocks.values() if stock.best is None]
    assert len(sold_out) >= 5
    assert all(stock.restock_date for stock in sold_out)
    assert sum(stock.total == 1 for stock in stocks.values()) >= 3
    assert sum({o.warehouse_id for o in s.options} in ({"SH"}, {"GZ"}, {"CD"}) for s in stocks.values()) >= 5


def test_every_variant_has_a_price_with_history_and_every_product_a_picture(shop: str) -> None:
    catalogue = load_catalogue(shop)
    for sku in catalogue.variants:
        price = price_of(shop, sku)
        assert len(price.history) >= 2
        assert price.list_fen >= price.price_fen
    missing = [p.id for p in catalogue.products.values() if not (DEMO / "images" / p.image).is_file()]
    assert missing == []


def test_the_newest_order_is_from_yesterday_and_nothing_lies_in_the_future(shop: str) -> None:
    with reading(shop) as session:
        newest = session.scalar(select(func.max(OrderRow.created_at)))
        assert newest is not None
        assert local(newest).date() == beijing("2026-06-09 00:00").date()
        for column in (OrderRow.paid_at, OrderRow.shipped_at, OrderRow.delivered_at):
            assert session.scalar(select(func.max(column))) < now()
        steps = [step["time"] for traces in session.scalars(select(ParcelRow.traces)) for step in traces]
        assert max(steps) < now().isoformat()


def test_amounts_are_the_sum_of_their_lines_and_reservations_belong_to_open_orders(shop: str) -> None:
    with reading(shop) as session:
        sums = dict(
            session.execute(
                select(OrderLineRow.order_no, func.sum(OrderLineRow.price_fen * OrderLineRow.quantity)).group_by(
                    OrderLineRow.order_no
                )
            ).all()
        )
        for order in session.scalars(select(OrderRow)):
            assert order.amount_fen + order.discount_fen - order.shipping_fen == sums[order.no]
        held = session.scalar(
            select(func.sum(OrderLineRow.quantity))
            .join(OrderRow, OrderRow.no == OrderLineRow.order_no)
            .where(OrderRow.status.in_(["pending_payment", "paid"]))
        )
        assert session.scalar(select(func.sum(StockRow.reserved))) == held


def test_people_are_invented(shop: str) -> None:
    with reading(shop) as session:
        assert all(phone.startswith("1700000") for phone in session.scalars(select(CustomerRow.phone)))


def test_the_demo_needs_no_corrections(shop: str) -> None:
    assert import_folder(shop, DEMO).notes == []


def test_the_generator_writes_the_committed_files(tmp_path: Path) -> None:
    for name in ("products", "variants", "cities", "stock", "prices", "shipping_rules"):
        shutil.copy(DEMO / f"{name}.csv", tmp_path)
    demo.Demo(tmp_path).run()
    generated = ("customers", "accounts", "orders", "order_lines", "parcels", "coupons", "service_tickets", "refunds")
    for name in generated:
        assert (tmp_path / f"{name}.csv").read_bytes() == (DEMO / f"{name}.csv").read_bytes()
        assert (DEMO / f"{name}.csv").stat().st_size < 400_000


def test_on_mariadb_it_is_row_by_row_the_same(shop: str, mysql_shop: str) -> None:
    upgrade_and_seed(mysql_shop, progress=lambda line: None)
    for table in Base.metadata.sorted_tables:
        with reading(shop) as one, reading(mysql_shop) as other:
            rows = [sorted(map(repr, session.execute(select(table)))) for session in (one, other)]
        assert rows[0] == rows[1], table.name
