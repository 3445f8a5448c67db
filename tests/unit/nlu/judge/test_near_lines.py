"""Near-duplicates and families of lines."""

from collections.abc import Sequence

import numpy as np
import pytest

from bot.nlu.judge._frames import frames
from bot.nlu.judge._near import Pair, families, near_pairs


def test_the_encoder_has_the_last_word() -> None:
    seen: list[str] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        seen.extend(texts)
        return np.array([[1.0, 0.0] if "发票" in text else [0.0, 1.0] for text in texts])

    texts = ["发票开了吗", "开发票了吗", "开放了吗", "完全不同"]
    assert near_pairs(texts, encode, 0.9) == [Pair(1.0, 0, 1)]
    assert "完全不同" not in seen  # shares nothing, so it costs nothing


@pytest.mark.parametrize("texts", [[], ["你好"], ["你", "好"]])
def test_few_lines_have_no_pairs(texts: list[str]) -> None:
    assert near_pairs(texts, lambda t: np.ones((len(t), 2)), 0.9) == []


def test_pairs_join_into_families() -> None:
    pairs = [Pair(0.99, 1, 2), Pair(0.98, 7, 9), Pair(0.98, 2, 5)]
    assert families(pairs) == [[1, 2, 5], [7, 9]]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["手机怎么退货呢", "电脑怎么退货呢", "衣服怎么退货呢"], [("…怎么退货呢", [0, 1, 2])]),
        (["手机怎么退货呢", "电脑怎么退货呢", "怎么退"], []),  # two may share a frame
        (["手机好", "电脑好", "衣服好"], []),  # the frame is too small a part
        (
            ["一号仓还有多少货", "二号仓还有多少货", "三号仓还有多少货", "四号仓有没有货"],
            [("…号仓还有多少货", [0, 1, 2])],
        ),
    ],
)
def test_frames_need_three_lines_and_most_of_the_words(texts: list[str], expected: list) -> None:
    assert frames(texts) == expected
