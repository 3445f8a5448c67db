"""Texts compared by meaning with the bundled encoder, and by their letters where there is none."""

from collections.abc import Iterator

import pytest

from bot.nlu import likeness as module
from bot.nlu.encoder import EncoderError
from bot.nlu.likeness import likeness
from bot.settings import get_settings


@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("什么时候发货", "几时能发货呀", True),
        ("我的快递到哪了", "快递现在走到哪里了", True),
        ("为什么取消我的订单", "订单怎么被取消了", True),
        ("怎么还不发货", "到底什么时候才发货", True),
        ("能便宜点吗", "优惠券怎么用", False),
        ("可以分期吗", "支持货到付款吗", False),
        ("保修多久", "维修点在哪里", False),
        ("改一下地址", "能改收件人电话吗", False),
    ],
)
def test_the_threshold_parts_the_same_question_from_another(one: str, other: str, same: bool) -> None:
    limit = get_settings().operations.emotion.same_question
    assert (likeness(one, other) >= limit) is same
    assert likeness(one, other) == pytest.approx(likeness(other, one), abs=1e-5)


@pytest.fixture
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(**_options: object) -> None:
        raise EncoderError("没有编码器")

    module._encoder.cache_clear()
    monkeypatch.setattr(module.Encoder, "load", fail)
    yield
    module._encoder.cache_clear()


def test_without_an_encoder_only_equal_texts_are_alike(no_encoder: None, caplog: pytest.LogCaptureFixture) -> None:
    assert likeness("有货吗", "有没有货") == 0.0 and likeness("有货吗", "有货吗") == 1.0
    assert likeness("在吗", "有人吗") == 0.0
    assert caplog.text.count("没有编码器") == 1
