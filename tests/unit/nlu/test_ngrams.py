"""Character n-grams: one message at a time they are the same as for the corpus that they were learned from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.nlu.ngrams import CharNgrams, normalise

TEXTS = ["有货吗", "有货吗？", "退款  什么时候到账", "退款到账了没", "ＯＫ ok", "好好好的", "", "\n\t "]
NGRAMS, ROWS = CharNgrams.learn(TEXTS, (1, 3), 1)


def _dense(text: str) -> np.ndarray:
    columns, values = NGRAMS.row(text)
    dense = np.zeros(len(NGRAMS.idf), np.float32)
    dense[columns] = values
    return dense


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_a_message_is_the_row_that_it_was_in_training(number: int) -> None:
    np.testing.assert_allclose(_dense(TEXTS[number]), ROWS[number].toarray()[0], atol=1e-6)


@given(st.text(alphabet="有货吗退款到账好 \u3000\nＯok？🙂", max_size=12))
def test_any_other_message_is_what_scikit_learn_makes_of_it(text: str) -> None:
    reference = TfidfVectorizer(analyzer="char", preprocessor=normalise, ngram_range=(1, 3), sublinear_tf=True)
    expected = reference.fit(TEXTS).transform([text]).toarray()[0]
    np.testing.assert_allclose(_dense(text), expected, atol=1e-6)


def test_texts_without_a_repeated_ngram_are_learned_all_the_same() -> None:
    ngrams, rows = CharNgrams.learn(["甲", "乙"], (1, 1), 2)
    assert rows.shape == (2, 2) and set(ngrams.columns) == {"甲", "乙"}


@pytest.mark.parametrize(
    ("text", "plain"), [("Ｗｉｆｉ", "wifi"), ("ＯＫ！", "ok!"), ("①个", "1个"), ("a \n b", "a b")]
)
def test_full_width_forms_count_as_plain_ones(text: str, plain: str) -> None:
    assert normalise(text) == plain
