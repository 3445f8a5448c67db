"""The house's encoder as the knowledge base uses it."""

import numpy as np
import pytest

from bot.knowledge import shared_encoder
from bot.nlu.encoder import Encoder


def test_what_was_asked_before_is_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, aspect = "午夜色的这款能不能七天无理由", "星光色的这款能不能七天无理由", "这款能不能七天无理由"
    before = shared_encoder().sentences([first, aspect])
    computed: list[int] = []
    original = Encoder._computed

    def counted(self: Encoder, parts: list[list[object]], outputs: list[str]) -> object:
        computed.extend(map(len, parts))
        return original(self, parts, outputs)  # type: ignore[arg-type]

    monkeypatch.setattr(Encoder, "_computed", counted)
    found = shared_encoder().sentences([second, aspect])
    assert computed == [1]  # the aspect is known
    assert np.array_equal(found[1], before[1]) and not np.array_equal(found[0], before[0])
    assert shared_encoder().sentences([]).shape == (0, found.shape[1])
