"""Questions grouped by meaning."""

from collections import Counter

import numpy as np
from sklearn.cluster import AgglomerativeClustering

from bot.knowledge.vectors import SentenceEncoder, unit

MOST = 1500  # distinct questions that are compared pairwise; rarer ones beyond stay alone
ALIKE = 0.93  # likeness in meaning of two questions in one group, on average


def group_alike(texts: Counter[str], encoder: SentenceEncoder) -> list[list[str]]:
    """Groups of texts that mean the same, the commonest text of each group first, the commonest group first."""
    common = [text for text, _ in texts.most_common()]
    compared, rare = common[:MOST], common[MOST:]
    groups: list[list[str]] = [[text] for text in compared]
    if len(compared) > 1:
        vectors = unit(np.asarray(encoder.sentences(compared), np.float64))
        model = AgglomerativeClustering(
            n_clusters=None, affinity="cosine", linkage="average", distance_threshold=1 - ALIKE
        )
        labels = model.fit_predict(vectors)
        groups = [[t for t, label in zip(compared, labels, strict=True) if label == one] for one in sorted({*labels})]
    groups += [[text] for text in rare]
    return sorted(groups, key=lambda group: (-sum(texts[text] for text in group), group[0]))
