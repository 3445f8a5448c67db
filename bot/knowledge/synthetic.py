"""A large index for measuring speed: made-up questions about made-up goods, with made-up vectors."""

import random
from datetime import datetime, timezone

import numpy as np

from bot.knowledge.entries import Entry
from bot.knowledge.index import Index
from bot.knowledge.vectors import unit

_GOODS = (
    "手机",
    "耳机",
    "衬衫",
    "毛衣",
    "跑鞋",
    "大米",
    "坚果",
    "咖啡",
    "奶粉",
    "空调",
    "冰箱",
    "洗衣机",
    "口红",
    "面膜",
    "香水",
)
_BRANDS = (
    "青禾",
    "云岭",
    "山屿",
    "素野",
    "棉朴",
    "贝萌",
    "禾电",
    "蒸上",
    "净岚",
    "花涧",
    "木白",
    "拂晓",
    "极昼",
    "晨坡",
)
_ASKS = (
    "{brand}{good}{model}怎么清洗保养",
    "{brand}{good}{model}保修多久",
    "{good}{model}开不了机怎么办",
    "{brand}{good}有几种颜色",
    "{brand}{good}{model}和上一代有什么区别",
    "{good}{model}适合多大年龄",
    "{brand}{good}{model}怎么连接手机",
    "{good}{model}多久换一次配件",
    "{brand}{good}{model}能退换吗",
    "{good}{model}放在哪里保存最好",
)
_SAYS = "{brand}{good}{model}请按说明书操作，{number}天内有问题可以联系客服，平时放在阴凉干燥处，每{number}周检查一次。"


def synthetic_index(size: int, dimension: int, seed: int = 7) -> tuple[Index, list[str]]:
    """An index of `size` entries, and some of their questions in random order."""
    rng, words = np.random.default_rng(seed), random.Random(seed)
    when = datetime(2026, 1, 1, tzinfo=timezone.utc)
    entries = []
    for number in range(size):
        parts = {"brand": words.choice(_BRANDS), "good": words.choice(_GOODS), "model": f"x{number % 5000}"}
        question = words.choice(_ASKS).format(**parts)
        entries.append(Entry(f"e{number}", "synthetic", question, _SAYS.format(**parts, number=number % 50), (), when))
    vectors = unit(rng.standard_normal((size, dimension), dtype=np.float32))
    texts = [entry.question for entry in words.sample(entries, min(1000, size))]
    return Index.of_vectors(entries, vectors, vectors, vectors, vectors[:40]), texts
