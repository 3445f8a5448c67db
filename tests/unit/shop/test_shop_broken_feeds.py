"""Feeds as they really arrive broken: each told clearly, none of them changing the database."""

import time
from pathlib import Path

import pytest
from small_shop import FEED, Feed
from sqlalchemy import text

from bot.db import engine_for
from bot.shop import availability, import_folder, upgrade_and_seed

S = "sku,warehouse_id,on_hand,restock_date\n"
P = "sku,valid_from,price,list_price,market_price\n"
M = "id,name,kind,rule,starts_at,ends_at,categories,skus\n"
GOOD = f"{S}P1-1,BJ,7,\nP1-2,BJ,8,\n"
JSON = '[{"sku": "P1-1", "warehouse_id": "BJ", "on_hand": 7, "restock_date": null}'

# (file, content, line, words of the reason)
BROKEN: dict[str, tuple[str, str | bytes, int, str]] = {
    "GBK": ("cities.csv", "name,province\n北京,北京市\n".encode("gbk"), 1, "不是 UTF-8"),
    "GB18030 with a rare character": ("cities.csv", "name,province\n㐀城,北京市\n".encode("gb18030"), 1, "不是 UTF-8"),
    "Big5": ("cities.csv", "name,province\n臺北,臺灣省\n".encode("big5"), 1, "不是 UTF-8"),
    "UTF-16 with a mark": ("stock.csv", GOOD.encode("utf-16"), 1, "UTF-16"),
    "UTF-16 without a mark": ("stock.csv", GOOD.encode("utf-16-le"), 1, "NUL"),
    "UTF-32": ("stock.csv", GOOD.encode("utf-32"), 1, "UTF-16"),
    "Latin-1": ("cities.csv", "name,province\nZürich,Zürich\n".encode("latin-1"), 1, "第 2 行起"),
    "a cut UTF-8 character": ("cities.csv", "name,province\n北京,北京市\n".encode()[:-2], 1, "不是 UTF-8"),
    "a spreadsheet": ("stock.csv", b"PK\x03\x04\x14\x00rest", 1, "xlsx"),
    "gzip": ("stock.csv", b"\x1f\x8b\x08\x00rest", 1, "gzip"),
    "NUL": ("stock.csv", f"{S}P1-1,BJ,7\x00,\n", 1, "第 2 行含有空字符"),
    "nothing": ("stock.csv", "", 1, "文件是空的"),
    "white space": ("stock.csv", "\n \n\n", 1, "缺少列"),
    "only a mark": ("stock.csv", "\ufeff", 1, "文件是空的"),
    "HTML": ("stock.csv", "<!DOCTYPE html><html><body>请登录</body></html>", 1, "网页"),
    "an XML error": ("stock.csv", '<?xml version="1.0"?><Error>AccessDenied</Error>', 1, "XML"),
    "a plain message": ("stock.csv", "Internal Server Error", 1, "缺少列"),
    "JSON in a CSV": ("stock.csv", f"{JSON}]", 1, "缺少列"),
    "semicolons": ("stock.csv", GOOD.replace(",", ";"), 1, "分号"),
    "tabs": ("stock.csv", GOOD.replace(",", "\t"), 1, "制表符"),
    "bars": ("stock.csv", GOOD.replace(",", "|"), 1, "竖线"),
    "full-width commas": ("stock.csv", GOOD.replace(",", "，"), 1, "全角逗号"),
    "no header": ("stock.csv", "P1-1,BJ,7,\n", 1, "缺少列"),
    "a missing column": ("stock.csv", "sku,warehouse_id,on_hand\nP1-1,BJ,7\n", 1, "缺少列 restock_date"),
    "an extra column": ("stock.csv", f"{S[:-1]},note\nP1-1,BJ,7,,x\n", 1, "没有 note 这样的列"),
    "a renamed column": ("stock.csv", S.replace("on_hand", "qty") + "P1-1,BJ,7,\n", 1, "缺少列 on_hand，没有 qty"),
    "a Chinese header": ("stock.csv", "货号,仓库,数量,补货日期\nP1-1,BJ,7,\n", 1, "缺少列"),
    "a column twice": ("stock.csv", "sku,sku,warehouse_id,on_hand\nP1-1,P1-1,BJ,7\n", 1, "sku 出现了两次"),
    "a short row": ("stock.csv", f"{S}P1-1,BJ,7\n", 2, "应有 4 列，实有 3 列"),
    "a long row": ("stock.csv", f"{S}P1-1,BJ,7,,9\n", 2, "应有 4 列，实有 5 列"),
    "negative stock": ("stock.csv", f"{S}P1-1,BJ,-3,\n", 2, "on_hand：“-3”应为不小于 0"),
    "half a unit": ("stock.csv", f"{S}P1-1,BJ,1.5,\n", 2, "on_hand：“1.5”应为"),
    "too much stock": ("stock.csv", f"{S}P1-1,BJ,99999999999,\n", 2, "on_hand"),
    "stock in words": ("stock.csv", f"{S}P1-1,BJ,很多,\n", 2, "on_hand：“很多”"),
    "full-width digits": ("stock.csv", f"{S}P1-1,BJ,７,\n", 2, "on_hand"),
    "no stock figure": ("stock.csv", f"{S}P1-1,BJ,,\n", 2, "on_hand"),
    "an unknown sku": ("stock.csv", f"{S}P1-1,BJ,7,\nP9-9,BJ,1,\n", 3, "没有“P9-9”"),
    "an unknown warehouse": ("stock.csv", f"{S}P1-1,火星,7,\n", 2, "没有“火星”"),
    "a key twice": ("stock.csv", f"{GOOD}P1-1,BJ,9,\n", 4, "与第 2 行重复：P1-1、BJ"),
    "an impossible day": ("stock.csv", f"{S}P1-1,BJ,7,2026-02-30\n", 2, "不是时间"),
    "a spreadsheet's day": ("stock.csv", f"{S}P1-1,BJ,7,46183\n", 2, "不是时间"),
    "half a file": ("stock.csv", f"{GOOD}P1-3,S", 4, "应有 4 列，实有 2 列"),
    "an open quote": ("stock.csv", f'{S}"P1-1,BJ,7,\nP1-2,BJ,8,\n', 3, "只传了一半"),
    "text after a quote": ("stock.csv", f'{S}"P1-1"x,BJ,7,\n', 2, "引号"),
    "a huge field": ("stock.csv", f"{S}{'x' * 200_000},BJ,7,\n", 2, "一格超过"),
    "a long key": ("variants.csv", f"sku,product_id,label,attributes\n{'N' * 49},P1,红,colour=红\n", 2, "最多 48 个字"),
    "a price in words": ("prices.csv", f"{P}P1-1,2026-06-01,面议,5000,5000\n", 2, "不是金额"),
    "a price with a sign": ("prices.csv", f"{P}P1-1,2026-06-01,￥4999,5000,5000\n", 2, "不是金额"),
    "a price of nothing": ("prices.csv", f"{P}P1-1,2026-06-01,0,5000,5000\n", 2, "应大于 0"),
    "a tenth of a fen": ("prices.csv", f"{P}P1-1,2026-06-01,1.001,5000,5000\n", 2, "两位小数"),
    "an infinite price": ("prices.csv", f"{P}P1-1,2026-06-01,Infinity,5000,5000\n", 2, "金额"),
    "a thousands' comma": ("prices.csv", f'{P}P1-1,2026-06-01,"4,999",5000,5000\n', 2, "不是金额"),
    "an offer that ends first": ("promotions.csv", f"{M}Z,某,gift,over_fen=1,2027-01-01,2026-01-01,,\n", 2, "应晚于"),
    "an offer without its rule": ("promotions.csv", f"{M}Z,某,reduction,,2026-01-01,2027-01-01,,\n", 2, "over_fen"),
    "an offer of no known kind": ("promotions.csv", f"{M}Z,某,lottery,,2026-01-01,2027-01-01,,\n", 2, "可选值"),
    "an offer for nothing": ("promotions.csv", f"{M}Z,某,gift,over_fen=1,2026-01-01,2027-01-01,,X\n", 2, "没有“X”"),
    "half a JSON": ("stock.json", JSON[:-5], 1, "不完整"),
    "a JSON without its end": ("stock.json", JSON, 1, "断了"),
    "a JSON object": ("stock.json", '{"data": []}', 1, "不是 JSON 列表"),
    "a JSON of numbers": ("stock.json", "[1, 2]", 1, "每一项应为"),
    "a JSON with other names": ("stock.json", '[{"sku": "P1-1", "qty": 3}]', 1, "没有 qty 这样的项"),
    "a JSON in GBK": ("cities.json", '[{"name": "北京", "province": "北京市"}]'.encode("gbk"), 1, "不是 UTF-8"),
    "a JSON with a fraction": ("stock.json", JSON.replace("7", "7.5") + "]", 1, "on_hand：“7.5”"),
}


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with engine_for(url).connect() as connection:
        names = [row[0] for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))]
        return {name: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {name}"))), key=repr) for name in names}


def test_there_are_fifty_of_them() -> None:
    assert len(BROKEN) >= 50


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_feed_is_told_and_changes_nothing(url: str, tmp_path: Path, case: str) -> None:
    name, content, line, words = BROKEN[case]
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = contents(url)
    summary = import_folder(url, folder)
    assert contents(url) == before
    assert summary.rows == {} and summary.rejected
    assert (summary.rejected[0].file, summary.rejected[0].line) == (name, line)
    assert words in summary.rejected[0].reason
    assert all(len(bad.reason) < 300 for bad in summary.rejected)


@pytest.mark.parametrize("content", [f"\ufeff{GOOD}", GOOD.replace("\n", "\r\n"), GOOD.rstrip("\n"), f"{GOOD}\n\n"])
def test_what_spreadsheets_write_is_taken(url: str, feed: Feed, content: str) -> None:
    assert import_folder(url, feed({"stock.csv": content}, only=True)).rejected == []
    assert availability(url, "P1-1").total == 7


@pytest.mark.slow
def test_a_feed_of_a_hundred_thousand_rows_takes_less_than_a_minute(empty_url: str, feed: Feed) -> None:
    skus = [f"B{number}" for number in range(50_000)]
    variants = "".join(f"{sku},P1,规格 {sku},colour=色{sku}\n" for sku in skus)
    first = {
        "variants.csv": FEED["variants.csv"] + variants,
        "stock.csv": S + "".join(f"{sku},{w},5,\n" for sku in skus for w in ("BJ", "SH")),
    }
    upgrade_and_seed(empty_url, feed(first), progress=lambda line: None)
    rows = "".join(f"{sku},{w},{number % 9},\n" for number, sku in enumerate(skus) for w in ("BJ", "SH"))
    folder = feed({"stock.csv": S + rows}, only=True)
    began = time.process_time()  # the machine may be busy with other work
    summary = import_folder(empty_url, folder)
    assert time.process_time() - began < 60
    assert summary.rows == {"stock.csv": 100_000} and not summary.rejected
    assert len(summary.changes["stock.csv"].changed) + summary.changes["stock.csv"].same == 100_000
    assert availability(empty_url, "B7").total == 14
