"""Files of entries: what is taken, and what is refused with which words."""

import json
from typing import Any

import pytest
from knowledge_kit import Entries, entry

from bot.knowledge import FieldError, Shop, Words, check_fields, fill, import_entries, load_entries
from bot.knowledge.store import FOLDER
from bot.settings import Settings

WORDS = Words(
    "有货（共{number}{unit}）", "仅剩{number}{unit}", "缺货", "没有活动", "{number}小时", "{number}分钟",
    "{warehouse}{days}休息", "每天发货", ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", 1, "文件是空的"),
        ("{}", 1, "不是 JSON 列表"),
        ("<!DOCTYPE html><html></html>", 1, "网页"),
        ('[{"question": "甲", "answer": "乙"', 1, "可能不完整"),
        ('[\n{"question": "甲", "answer": "乙", "tags": [], "update_time": "2026-06-01"},\n{"question": ', 3, "不完整"),
        ('[\n{"question": "甲", "answer": "乙", "tags": [], "update_time": "2026-06-01"}', 2, "断了"),
        ('[{"question": "甲"}]', 1, "缺少 answer、tags、update_time"),
        ("[1]", 1, "每一项应为 {…}"),
        ("[] []", 1, "后面不应再有内容"),
        ('[{"question": "甲", "question": "乙"}]', 1, "写了两次"),
        ("[" * 100_000, 1, "套得太深"),
        ([entry("甲", colour="红")], 1, "没有 colour 这一项"),
        ([entry("")], 1, "question：应为文字，不能为空"),
        ([entry("甲" * 201)], 1, "最多 200 个字"),
        ([entry("甲", "乙" * 1001)], 1, "最多 1000 个字"),
        ([entry("甲", 5)], 1, "answer：应为文字"),
        ([entry("甲", tags="退货")], 1, "tags：应为列表"),
        ([entry("甲", update_time="昨天")], 1, "update_time：“昨天”不是时间"),
        ([entry("甲", update_time=None)], 1, "update_time：不能为空"),
        ([entry("甲", valid_from="2026-02-01", valid_until="2026-01-01")], 1, "valid_until 应晚于"),
        ([entry("甲", id="a b")], 1, "只能用文字"),
        ([entry("甲"), entry("甲")], 1, "重复"),
        ([entry("甲", id="x"), entry("乙", id="x")], 1, "重复：x"),
        ([entry("甲", "见{price:P9}")], 1, "没有单品“P9”"),
        ([entry("甲", "见{weather}")], 1, "没有字段 {weather}，可用的有 price"),
        ([entry("甲", "见{setting:web}")], 1, "没有单个数值“web”"),
        ([entry("甲", "见{price:P1-2")], 1, "花括号没有成对"),
        ([entry("甲", "见{parameter:P1.颜色}")], 1, "P1 没有参数“颜色”，它有 屏幕"),
        ([entry("{price:P1-2}多少钱")], 1, "不能有字段"),
        ([entry("甲", products=["P7"])], 1, "没有商品“P7”"),
    ],
)
def test_a_wrong_file_is_refused_whole_with_place_and_reason(
    settings: Settings, write: Entries, content: Any, line: int, words: str
) -> None:
    kept = write([entry("原来的")], "kept.json")
    import_entries(settings.knowledge_url, settings.shop_url, [kept])
    before = load_entries(settings.knowledge_url)
    summary = import_entries(settings.knowledge_url, settings.shop_url, [write(content)])
    assert (summary.rejected[0].file, summary.rejected[0].line) == ("faq.json", line)
    assert words in summary.rejected[0].reason
    assert summary.files == {}
    assert load_entries(settings.knowledge_url) == before


def test_files_change_their_own_topic_only(settings: Settings, write: Entries) -> None:
    url, shop = settings.knowledge_url, settings.shop_url
    first = import_entries(url, shop, [write([entry("甲"), entry("乙"), entry("丙")]), write([entry("丁")], "b.json")])
    assert sorted(first.files["faq.json"].new) == ["丙", "乙", "甲"]
    second = import_entries(url, shop, [write([entry("甲"), entry("乙", "改过了")])])
    changes = second.files["faq.json"]
    assert (changes.new, changes.changed, changes.removed, changes.same) == ([], ["乙"], ["丙"], 1)
    version, entries = load_entries(url)
    assert (version, [e.question for e in entries]) == (2, ["丁", "甲", "乙"])
    import_entries(url, shop, [write([entry("甲"), entry("乙", "改过了")])])
    assert load_entries(url)[0] == 2, "nothing changed, so nobody needs to index again"


def test_the_same_question_in_two_files_is_told(settings: Settings, write: Entries) -> None:
    import_entries(settings.knowledge_url, settings.shop_url, [write([entry("甲")])])
    summary = import_entries(settings.knowledge_url, settings.shop_url, [write([entry("甲")], "b.json")])
    assert "与 faq.json 里的词条重复" in summary.rejected[0].reason


def test_live_fields_are_filled_from_the_shop(settings: Settings) -> None:
    shop = Shop.fresh(settings.shop_url)
    for text, filled in {
        "{price:P1-2}": "¥5,999.00",
        "{price_from:P1}": "¥4,999.00",
        "{stock:P1-2}": "有货（共72台）",
        "{stock:P1-3}": "仅剩1台",
        "{stock:P1-4}": "缺货",
        "{parameter:P1.屏幕}": "6.1英寸",
        "{promotions:服饰}": "3期免息、满300减40、满150减10",
        "{promotions:P1}": "12期免息、3期免息",
        "{promotions:coupon}": "没有活动",
        "{setting:after_sale.return_days}天": "7天",
        "{minutes:orders.pay_minutes}": "24小时",
        "{cut_offs}": "北京仓库16:00、上海仓库17:00",
        "{rest_days}": "上海仓库周六、周日休息",
        "{pay_limit:cod}": "¥2,000.00",
    }.items():
        check_fields(text, shop)
        assert fill(text, shop, WORDS) == filled


def test_a_field_that_lost_its_goods_is_no_answer(settings: Settings) -> None:
    with pytest.raises(FieldError, match="现在填不出来"):
        fill("{price:GONE}", Shop.fresh(settings.shop_url), WORDS)


def test_the_shops_own_entries_are_many_and_well_formed() -> None:
    found = [e for path in FOLDER.glob("*.json") for e in json.loads(path.read_text(encoding="utf8"))]
    assert len(found) >= 150
    assert len({e["id"] for e in found}) == len({e["question"] for e in found}) == len(found)
    for one in found:
        assert 10 <= len(one["answer"]) <= 300 and one["tags"] and len(one["alike"]) >= 2, one["id"]
        assert one["answer"].count("。") <= 4, one["id"]
