"""Kinds of rude words in data/quality.yml, and polite sentences that look like them."""

import pytest

from bot.quality.inspector import Inspector
from bot.quality.reader import load_rules
from tests.unit.quality.conftest import NoMeaning
from tests.unit.quality.talks import talk


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector(load_rules(), NoMeaning())


@pytest.mark.parametrize(
    "said",
    [
        "百度一下不就有了",
        "您问快递去吧",
        "锅又不是我摔坏的",
        "我还能怎么办",
        "我们也只是干活的",
        "您这是来碰瓷的吧",
        "我看是您自己没用对",
        "您事儿真多",
        "至于吗，一个杯子",
        "一般人都知道要先泡水",
        "人家都没这样",
        "你懂不懂手表",
        "您太胖了，所以穿不上",
        "想告就告",
        "举报呗",
        "吓唬谁",
        "不喜欢就别买呗",
        "行了行了",
    ],
)
def test_a_rude_sentence_is_found(inspector: Inspector, said: str) -> None:
    found = inspector.inspect([talk("c 0 怎么回事", f"a 5 {said}")])[0].found["forbidden"]
    assert found.verdict == "fail"
    assert found.quote in said


@pytest.mark.parametrize(
    "said",
    [
        "您确定是这个地址吗",
        "给您添麻烦了，您别太着急",
        "说明书里都写了步骤，我给您截图",
        "照片您随时发给我",
        "这款不掉色，这两色都不会掉",
        "您是不是想问保修",
        "大家都说好用，您放心",
        "发票抬头和税号您报给我",
        "这边帮您登记，请您不要着急",
        "欢迎您常来",
        "我怕您等久了，先跟您说一声",
    ],
)
def test_a_polite_sentence_is_not(inspector: Inspector, said: str) -> None:
    found = inspector.inspect([talk("c 0 怎么回事", f"a 5 {said}")])[0].found["forbidden"]
    assert found.verdict == "pass", found.quote
