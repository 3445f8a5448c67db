"""Character n-grams of a text, weighted by tf-idf: a whole corpus at once, or one message in microseconds."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

_SPACES = re.compile(r"\s\s+")


def normalise(text: str) -> str:
    """Full-width and compatibility forms as their plain ones, in lower case; several spaces as one."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text).lower())


class CharNgrams:
    """n-grams of `lengths` (shortest, longest) characters; rows of tf-idf have length 1."""

    def __init__(self, lengths: tuple[int, int], columns: Mapping[str, int], idf: np.ndarray) -> None:
        """`columns`: n-gram -> column; `idf`: (columns,) weights."""
        self.lengths = lengths
        self.columns = dict(columns)
        self.idf = np.asarray(idf, np.float32)

    @classmethod
    def learn(
        cls, texts: Sequence[str], lengths: tuple[int, int], min_df: int
    ) -> tuple["CharNgrams", sparse.csr_matrix]:
        """The n-grams that stand in at least `min_df` of `texts` (n), and the texts as rows (n, columns)."""
        vectorizer = TfidfVectorizer(
            analyzer="char",
            preprocessor=normalise,
            ngram_range=lengths,
            sublinear_tf=True,
            min_df=min_df,
            dtype=np.float32,
        )
        try:
            rows = vectorizer.fit_transform(texts)
        except ValueError:  # so few lines that no n-gram repeats
            rows = vectorizer.set_params(min_df=1).fit_transform(texts)
        return cls(lengths, {gram: int(at) for gram, at in vectorizer.vocabulary_.items()}, vectorizer.idf_), rows

    def row(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Columns and values of one text, the same as `learn` gives; a matrix costs far more for a single message."""
        plain = normalise(text)
        shortest, longest = self.lengths
        counts = Counter(
            plain[start : start + length]
            for length in range(shortest, longest + 1)
            for start in range(len(plain) - length + 1)
        )
        known = [(self.columns[gram], count) for gram, count in counts.items() if gram in self.columns]
        if not known:
            return np.zeros(0, int), np.zeros(0, np.float32)
        columns, count = np.array(known).T
        values = (1 + np.log(count)) * self.idf[columns]
        return columns, (values / np.linalg.norm(values)).astype(np.float32)
