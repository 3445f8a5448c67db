"""The house's encoder as the knowledge base uses it."""

import numpy as np
import pytest

from bot.knowledge import shared_encoder
from bot.nlu.encoder import Encoder


def test_a_question_that_was_just_understood_is_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    text, aspect = "午夜色的这款能不能七天无理由", "这款能不能七天无理由"
    (understood,) = Encoder.load(threads=1).encode([text])  # as Rasa's featurizer does
    computed: list[int] = []
    original = Encoder._computed

    def counted(self: Encoder, parts: list[list[object]], outputs: list[str]) -> object:
        computed.extend(map(len, parts))
        return original(self, parts, outputs)  # type: ignore[arg-type]

    monkeypatch.setattr(Encoder, "_computed", counted)
    found = shared_encoder().sentences([text, aspect])
    assert computed == [1]  # the aspect alone
    assert np.array_equal(found[0], understood.sentence)
    assert shared_encoder().sentences([]).shape == (0, found.shape[1])
