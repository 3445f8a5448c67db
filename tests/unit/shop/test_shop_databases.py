"""What every kind of database must keep alike: how texts compare, times, long texts, and who loses a lock."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.schema import CreateTable

from bot.db import engine_for, reading, repeated, writing
from bot.settings import Settings, SettingsError, get_settings
from bot.shop import upgrade_and_seed
from bot.shop.offer_tables import SizeRow
from bot.shop.tables import Base, ProductRow, StockRow
from bot.shop.trade_tables import AccountRow, CustomerRow

EMOJI = "👩‍👩‍👧𠮷🎁"


def test_accounts_that_differ_in_a_letter_are_two(any_url: str) -> None:
    """Case, trailing blank, accent, width: what MySQL's usual comparison takes for the same."""
    names = ["wx-a", "WX-a", "wx-A", "wx-a ", "wx-á", "ｗx-a"]
    with writing(any_url) as session:
        for name in names:
            session.add(AccountRow(channel="wechat", account=name, customer_id="C1"))
    with reading(any_url) as session:
        rows = select(AccountRow.account).where(AccountRow.channel == "wechat", AccountRow.account != "x1")
        for name in names:
            assert session.scalars(rows.where(AccountRow.account == name)).all() == [name]
        assert session.scalars(rows.where(AccountRow.account.in_(["WX-A", "wx-a  "]))).all() == []
        assert len(session.execute(rows.distinct()).all()) == len(names)


def test_times_keep_their_microseconds_and_are_utc(any_url: str) -> None:
    moment = datetime(2026, 3, 29, 1, 59, 59, 999_999, timezone.utc)
    with writing(any_url) as session:
        session.get(CustomerRow, "C1").created_at = moment
    with reading(any_url) as session:
        assert session.get(CustomerRow, "C1").created_at == moment
        assert session.scalars(select(CustomerRow.id).where(CustomerRow.created_at < moment)).all() == []
        assert session.scalars(select(CustomerRow.id).where(CustomerRow.created_at <= moment)).all() == ["C1"]


def test_emoji_and_rare_characters_are_kept(any_url: str) -> None:
    with writing(any_url) as session:
        row = session.get(ProductRow, "P1")
        row.name, row.description, row.parameters = EMOJI, EMOJI, {EMOJI: [EMOJI, '\\"%s']}
    with reading(any_url) as session:
        row = session.get(ProductRow, "P1")
        assert (row.name, row.description, row.parameters) == (EMOJI, EMOJI, {EMOJI: [EMOJI, '\\"%s']})
        assert session.scalars(select(ProductRow.id).where(ProductRow.name == EMOJI)).all() == ["P1"]


def test_json_keeps_the_order_of_its_keys(any_url: str) -> None:
    wanted = {"容量": "128G", "b": None, "a": True, "颜色": 1.5}
    with writing(any_url) as session:
        session.get(ProductRow, "P1").parameters = wanted
    with reading(any_url) as session:
        assert list(session.get(ProductRow, "P1").parameters.items()) == list(wanted.items())


def test_long_texts_and_fine_figures_are_kept(any_url: str) -> None:
    long = "很长的说明" * 20_000  # 300 KB in UTF-8
    with writing(any_url) as session:
        session.get(ProductRow, "P1").description = long
        session.add(SizeRow(product_id="P2", size="M", measure="height", low=165.123456789, high=1234567.25))
    with reading(any_url) as session:
        assert session.get(ProductRow, "P1").description == long
        size = session.get(SizeRow, ("P2", "M", "height"))
        assert (size.low, size.high) == (165.123456789, 1234567.25)


@pytest.fixture(params=["postgresql", "mariadb"])
def server_url(request: pytest.FixtureRequest, feed: Any) -> str:
    """The small shop on each kind of database that checks lengths and has locks of rows."""
    url: str = request.getfixturevalue({"postgresql": "postgres_url", "mariadb": "mysql_shop"}[request.param])
    upgrade_and_seed(url, feed(), progress=lambda line: None)
    return url


@pytest.mark.parametrize("values", [{"name": "长" * 121}, {"name": EMOJI * 30, "category": "手机"}])
def test_what_does_not_fit_is_refused_and_nothing_is_cut_off(server_url: str, values: dict[str, str]) -> None:
    with pytest.raises(DataError), writing(server_url) as session:
        session.execute(update(ProductRow).where(ProductRow.id == "P1").values(**values))
    with reading(server_url) as session:
        assert session.get(ProductRow, "P1").name == "星河 7"


def test_a_broken_rule_of_the_tables_is_no_database_that_is_away(any_url: str) -> None:
    with pytest.raises(IntegrityError), writing(any_url) as session:
        session.execute(update(StockRow).where(StockRow.sku == "P1-1").values(reserved=4, on_hand=3))


def test_a_column_that_is_missing_is_no_database_that_is_away(server_url: str) -> None:
    with pytest.raises(ProgrammingError), reading(server_url) as session:
        session.execute(text("SELECT no_such_column FROM customers"))


def test_connections_that_the_server_has_ended_are_made_anew(mysql_shop: str) -> None:
    users = "SELECT id FROM information_schema.processlist WHERE db = database()"
    with engine_for(mysql_shop).connect() as one, engine_for(mysql_shop).connect() as other:
        mine = one.exec_driver_sql("SELECT connection_id()").scalar()
        assert other.exec_driver_sql("SELECT 1").scalar() == 1
        idle = [number for number in one.exec_driver_sql(users).scalars() if number != mine]
        other.close()
        for number in idle:
            one.exec_driver_sql(f"KILL {number}")
    assert idle
    for _ in range(3):
        with reading(mysql_shop) as session, reading(mysql_shop) as another:
            assert session.scalars(select(CustomerRow.id)).all() == another.scalars(select(CustomerRow.id)).all()


def test_a_transaction_sees_what_others_have_committed_since(server_url: str) -> None:
    with reading(server_url) as session:
        assert session.scalar(select(CustomerRow.name).where(CustomerRow.id == "C1")) == "王测试"
        with writing(server_url) as other:
            other.get(CustomerRow, "C1").name = "王新名"
        assert session.scalar(select(CustomerRow.name).where(CustomerRow.id == "C1")) == "王新名"


@pytest.mark.parametrize("nested", [False, True])
def test_who_loses_a_deadlock_tries_again(server_url: str, nested: bool) -> None:
    both_hold_one, tries = threading.Barrier(2), []

    @repeated
    def sell(first: str, second: str) -> None:
        tries.append(first)
        with writing(server_url) as session:
            _take(session, first)
            if len(tries) <= 2:
                both_hold_one.wait(10)
            if nested:
                with session.begin_nested():
                    _take(session, second)
            else:
                _take(session, second)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(sell, *pair) for pair in (("P1-1", "P2-1"), ("P2-1", "P1-1"))]:
            done.result(30)
    assert len(tries) == 3
    with reading(server_url) as session:
        rows = select(StockRow.reserved).where(StockRow.sku.in_(["P1-1", "P2-1"]), StockRow.warehouse_id == "BJ")
        assert sorted(session.scalars(rows)) == [2, 4]  # DX2 holds two of P2-1


def _take(session: Any, sku: str) -> None:
    row = update(StockRow).where(StockRow.sku == sku, StockRow.warehouse_id == "BJ")
    session.execute(row.values(reserved=StockRow.reserved + 1).execution_options(synchronize_session=False))


def test_a_lock_that_takes_too_long_is_waited_for_again(mysql_shop: str, feed: Any) -> None:
    upgrade_and_seed(mysql_shop, feed(), progress=lambda line: None)
    tries: list[int] = []

    @repeated
    def move() -> None:
        tries.append(1)
        with writing(mysql_shop) as session:
            session.execute(text("SET SESSION innodb_lock_wait_timeout = 1"))
            session.execute(update(CustomerRow).where(CustomerRow.id == "C1").values(city="苏州"))

    with ThreadPoolExecutor(1) as threads, writing(mysql_shop) as session:
        session.get(CustomerRow, "C1", with_for_update=True)
        waiting = threads.submit(move)
        while len(tries) < 2 and not waiting.done():
            time.sleep(0.05)
        session.rollback()
        waiting.result(10)
    assert len(tries) == 2
    with reading(mysql_shop) as session:
        assert session.get(CustomerRow, "C1").city == "苏州"
    engine_for(mysql_shop).dispose()  # its connection has another patience


def test_a_server_that_is_away_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    @repeated
    def read() -> None:
        tries.append(1)
        with reading("mysql://root@127.0.0.1:1/none") as session:
            session.execute(select(CustomerRow.id))

    with pytest.raises(OperationalError):
        read()
    assert len(tries) == 1


@pytest.mark.parametrize(("is_mariadb", "collation"), [(True, "utf8mb4_nopad_bin"), (False, "utf8mb4_0900_bin")])
def test_every_table_says_itself_how_it_compares(is_mariadb: bool, collation: str) -> None:
    dialect = mysql.dialect(is_mariadb=is_mariadb)
    for table in Base.metadata.sorted_tables:
        statement = str(CreateTable(table).compile(dialect=dialect))
        assert statement.endswith(f"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation}")
        words = {word.rstrip(",") for word in statement.split()}
        assert not {"DATETIME", "FLOAT", "TEXT", "JSON"} & words, table.name


@pytest.mark.parametrize("address", ["mysql://a:b@h:1/s", "mariadb://a:b@h:1/s", "mysql+pymysql://a:b@h:1/s"])
def test_an_address_gets_its_driver(address: str) -> None:
    assert Settings(shop_url=address).shop_url == "mysql+pymysql://a:b@h:1/s"


@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        ("SHOP", "mysql+asyncmy://root:hidden@127.0.0.1/shop", r"shop_store.*没有 asyncmy 这个驱动，请写成 mysql://"),
        ("CHAT", "mysql://root:hidden@127.0.0.1/chat", r"chat_store.*只能放店铺数据"),
        ("KNOWLEDGE", "mariadb://root:hidden@127.0.0.1/k", r"knowledge_store.*请用 PostgreSQL 或 SQLite"),
    ],
)
def test_an_address_that_cannot_serve_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str, said: str
) -> None:
    monkeypatch.setenv(f"DIANXIAOER_{name}_URL", address)
    get_settings.cache_clear()
    with pytest.raises(SettingsError, match=said) as caught:
        get_settings()
    assert "hidden" not in str(caught.value)
    get_settings.cache_clear()
