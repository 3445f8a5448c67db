"""Imports: all or nothing per file, reasons in Chinese, orders in the chat survive."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from service_shop import SERVICES
from small_shop import FEED, Feed, beijing

from bot.clock import freeze
from bot.db import engine_for, migration_config, upgrade
from bot.shop import (
    FeedError,
    availability,
    catalogue_version,
    find_order,
    import_folder,
    load_catalogue,
    place_order,
    price_of,
    upgrade_and_seed,
)
from bot.shop.feed import DEMO
from bot.shop.feed_cells import moment
from bot.shop.feed_services import FEED_FILES
from bot.shop.tables import Base

STOCK = "sku,warehouse_id,on_hand,restock_date\n"
PRICE = "sku,valid_from,price,list_price,market_price\n"
PROMOTION = "id,name,kind,rule,starts_at,ends_at,categories,skus\n"


def test_seeding_fills_once(empty_url: str, feed: Feed) -> None:
    lines: list[str] = []
    upgrade_and_seed(empty_url, feed(), progress=lines.append)
    version = catalogue_version(empty_url)
    assert any("variants.csv：8 行" in line for line in lines)
    upgrade_and_seed(empty_url, feed({"products.csv": "id\n"}), progress=lines.append)
    assert catalogue_version(empty_url) == version == 1


def test_a_wrong_folder_seeds_nothing_and_the_right_one_later_does(empty_url: str, feed: Feed) -> None:
    wrong = feed({"stock.csv": f"{STOCK}P1-1,BJ,-3,\nP1-2,MARS,1,\n"})
    with pytest.raises(FeedError) as failure:
        upgrade_and_seed(empty_url, wrong, progress=lambda line: None)
    assert "stock.csv 第 2 行：on_hand：“-3”应为不小于 0 的整数" in str(failure.value)
    assert "stock.csv 第 3 行：warehouse_id：没有“MARS”" in str(failure.value)
    assert load_catalogue(empty_url).products == {}
    upgrade_and_seed(empty_url, feed(), progress=lambda line: None)
    assert availability(empty_url, "P1-2").total == 72


def test_an_empty_folder_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="没有店铺数据"):
        import_folder(url, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("stock.csv", "sku,on_hand\nP1-1,1\n", 1, "缺少列 restock_date、warehouse_id"),
        ("stock.csv", "sku,warehouse_id,on_hand,restock_date,colour\nP1-1,BJ,1,,x\n", 1, "没有 colour 这样的列"),
        ("stock.csv", f"{STOCK}P1-1,BJ\n", 2, "应有 4 列，实有 2 列"),
        ("stock.csv", f"{STOCK}P1-1,BJ,1,\nP1-1,BJ,2,\n", 3, "与第 2 行重复"),
        ("stock.csv", f"{STOCK}P1-1,BJ,两件,\n", 2, "整数"),
        ("stock.csv", f"{STOCK}P1-1,BJ,1,明天\n", 2, "不是时间"),
        ("stock.csv", "", 1, "文件是空的"),
        ("stock.csv", f'{STOCK}"P1-1,BJ,1,\n', 2, "不是正确的 CSV"),
        ("prices.csv", f"{PRICE}P1-1,2026-01-01,12.345,20,20\n", 2, "最多两位小数"),
        ("prices.csv", f"{PRICE}P1-1,2026-01-01,免费,20,20\n", 2, "不是金额"),
        ("prices.csv", f"{PRICE}P1-1,2026-01-01,NaN,20,20\n", 2, "金额"),
        ("prices.csv", f"{PRICE}P1-1,2026-01-01,0,20,20\n", 2, "应大于 0"),
        ("prices.csv", f"{PRICE}P1-1,2026-13-01,1,20,20\n", 2, "不是时间"),
        ("variants.csv", "sku,product_id,label,attributes\nN1,P9,红,colour=红\n", 2, "没有“P9”"),
        ("variants.csv", "sku,product_id,label,attributes\nN1,P1,红,colour\n", 2, "名称=值"),
        ("variants.csv", f"sku,product_id,label,attributes\n{'N' * 49},P1,红,colour=红\n", 2, "最多 48 个字"),
        ("variants.csv", "sku,product_id,label,attributes\n,P1,红,colour=红\n", 2, "不能为空"),
        (
            "warehouses.csv",
            "id,name,city,cut_off,ship_by,working_days,regions\nX,某仓,某地,25:00,18:00,1,\n",
            2,
            "不是钟点",
        ),
        (
            "warehouses.csv",
            "id,name,city,cut_off,ship_by,working_days,regions\nX,某仓,某地,16:00,18:00,,\n",
            2,
            "工作日",
        ),
        ("customers.csv", "id,name,phone,city,created_at\nC9,某,123,北京,2026-01-01\n", 2, "不是手机号"),
        ("promotions.csv", f"{PROMOTION}Z,某,lottery,periods=1,2026-01-01,2027-01-01,,\n", 2, "不在可选值里"),
        ("promotions.csv", f"{PROMOTION}Z,某,interest_free,periods=1,2026-01-01,2027-01-01,,\n", 2, "min_fen"),
        ("promotions.csv", f"{PROMOTION}Z,某,gift,over_fen=1,2026-01-01,2027-01-01,,P1|P1-2|P7\n", 2, "没有“P7”"),
        ("promotions.csv", f"{PROMOTION}Z,某,gift,over_fen=1,2027-01-01,2026-01-01,,\n", 2, "应晚于"),
    ],
)
def test_bad_rows_are_named_with_file_line_and_reason(
    url: str, feed: Feed, name: str, content: str, line: int, reason: str
) -> None:
    version = catalogue_version(url)
    summary = import_folder(url, feed({name: content}, only=True))
    (bad,) = summary.rejected
    assert (bad.file, bad.line) == (name, line)
    assert reason in bad.reason
    assert summary.rows == {}
    assert catalogue_version(url) == version


def test_a_file_in_another_encoding_is_refused(url: str, feed: Feed) -> None:
    folder = feed(only=True)
    (folder / "cities.csv").write_bytes("name,province\n北京,北京市\n".encode("gbk"))
    assert "UTF-8" in import_folder(url, folder).rejected[0].reason


def test_one_bad_row_refuses_its_file_but_not_the_others(url: str, feed: Feed) -> None:
    stock = f"{STOCK}P1-1,BJ,50,\nP9-9,BJ,1,\n"
    summary = import_folder(
        url, feed({"stock.csv": stock, "prices.csv": f"{PRICE}P1-1,2026-06-01,4500,5000,5000\n"}, only=True)
    )
    assert [str(bad) for bad in summary.rejected] == ["stock.csv 第 3 行：sku：没有“P9-9”，请先在对应的文件里加上它"]
    assert summary.rows == {"prices.csv": 1}
    assert availability(url, "P1-1").total == 3
    assert price_of(url, "P1-1").price_fen == 450000


def test_a_daily_stock_feed_keeps_what_customers_were_promised(any_url: str, feed: Feed) -> None:
    placed = place_order(any_url, channel="web", account="g", sku="P1-1", quantity=2, idempotency_key="k")
    summary = import_folder(
        any_url, feed({"stock.csv": f"\ufeff{STOCK}P1-1,BJ,1,2026-07-01\nP1-2,BJ,10,\n"}, only=True)
    )
    assert not summary.rejected
    assert availability(any_url, "P1-1").total == 0  # counted 1, promised 2
    assert availability(any_url, "P1-2", "北京").options[0].available == 10
    order = find_order(any_url, placed.no)
    assert order is not None
    assert order.status == "pending_payment"


def test_importing_the_same_folder_twice_changes_no_figures(any_url: str, feed: Feed) -> None:
    before = {sku: availability(any_url, sku).total for sku in load_catalogue(any_url).variants}
    assert not import_folder(any_url, feed()).rejected
    assert {sku: availability(any_url, sku).total for sku in load_catalogue(any_url).variants} == before


@pytest.mark.parametrize(
    ("cell", "local_time"),
    [
        ("2026-06-01T08:00:00+08:00", "2026-06-01 08:00"),
        ("2026-06-01T00:00:00Z", "2026-06-01 08:00"),
        ("2026-06-01 08:00", "2026-06-01 08:00"),
        ("2026-06-01", "2026-06-01 00:00"),
        ("D-3T14:20", "2026-06-07 14:20"),
        ("D+2", "2026-06-12 00:00"),
        ("D-0T09:00", "2026-06-10 09:00"),
    ],
)
def test_times_are_absolute_or_relative_to_the_day_of_the_import(cell: str, local_time: str) -> None:
    assert moment(cell) == beijing(local_time)


def test_the_relative_day_is_the_shops_not_utcs() -> None:
    with freeze(beijing("2026-06-10 00:30")):  # still the 9th in UTC
        assert moment("D-1T10:00") == beijing("2026-06-09 10:00")


def test_migrations_make_exactly_the_models(any_url: str) -> None:
    with engine_for(any_url).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "alembic_version_shop", "compare_type": False}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_can_be_taken_back(postgres_url: str, mysql_url: str, empty_url: str) -> None:
    from alembic import command

    for url in (postgres_url, mysql_url, empty_url):
        upgrade(url, "shop")
        command.downgrade(migration_config(url, "shop"), "base")
        upgrade(url, "shop")
        assert catalogue_version(url) == 0


def test_every_table_of_the_small_shop_was_read(url: str) -> None:
    files = {spec.name for spec in FEED_FILES}
    assert files == {path.name for path in DEMO.glob("*.csv")}
    assert set(FEED | SERVICES) == files - {"service_tickets.csv", "refunds.csv"}
