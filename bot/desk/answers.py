"""The memory of good answers: what agents said before, found by the meaning of the question they answered."""

import logging
import threading
import time
from functools import lru_cache

import numpy as np

from bot import conversations
from bot.conversations import Store
from bot.desk.asked import Asked
from bot.desk.meaning import vectors
from bot.events import mask_text

_LOG = logging.getLogger(__name__)
_PAIRS = 2000
_FRESH_SECONDS = 60.0
_PATIENCE_SECONDS = 0.1  # a reply that comes late is no help: the answers learnt so far must do
_BATCH = 64
_FEW = 5
_ALIKE = 0.3  # from here on two questions are about the same; unrelated ones lie around 0


class Answers:
    """Learns beside the questions, in a thread of its own; nothing personal is kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._learnt_at = float("-inf")
        self._learning: threading.Thread | None = None
        self._vectors: dict[str, np.ndarray] = {}
        # (question, answer, conversation) and the questions' vectors (n, d): replaced together
        self._memory: tuple[list[tuple[str, str, str]], np.ndarray] = ([], np.zeros((0, 0), np.float32))

    def like(self, asked: Asked) -> list[tuple[str, str, float]]:
        """(answer, conversation, likeness of the questions 0 to 1), the best few; not those of this conversation.

        Raises:
            EncoderError: there is no encoder.
        """
        self._keep_learning()
        known, matrix = self._memory
        if not known:
            return []
        scores = matrix @ asked.vector
        found: dict[str, tuple[str, str, float]] = {}
        for place in np.argsort(-scores)[: 4 * _FEW]:
            _question, answer, conversation = known[place]
            if scores[place] >= _ALIKE and conversation != asked.conversation_id:
                found.setdefault(answer, (answer, conversation, float(min(1.0, scores[place]))))
        return list(found.values())[:_FEW]

    def _keep_learning(self) -> None:
        with self._lock:
            running = self._learning is not None and self._learning.is_alive()
            if not running and time.monotonic() - self._learnt_at >= _FRESH_SECONDS:
                self._learnt_at = time.monotonic()
                self._learning = threading.Thread(target=self._learn_or_log, daemon=True, name="good-answers")
                self._learning.start()
        if self._learning is not None:
            self._learning.join(_PATIENCE_SECONDS)

    def _learn_or_log(self) -> None:
        try:
            self.learn()
        except Exception as error:  # the desk works without
            _LOG.warning("Good answers could not be learnt: %s", str(error)[:200])

    def learn(self) -> None:
        """Take in what has become a good answer, and forget what is none any more."""
        pairs = conversations.good_answers(self._store, _PAIRS)
        known = [(mask_text(question), mask_text(answer), chat) for question, answer, chat in pairs]
        asked = list(dict.fromkeys(question for question, _, _ in known))
        new = [question for question in asked if question not in self._vectors]
        kept = {question: self._vectors[question] for question in asked if question in self._vectors}
        for start in range(0, len(new), _BATCH):
            part = new[start : start + _BATCH]
            kept |= dict(zip(part, vectors(part), strict=True))
        self._vectors = kept
        rows = [kept[question] for question, _, _ in known] or [np.zeros(0)]
        self._memory = (known, np.stack(rows).astype(np.float32))


@lru_cache(maxsize=4)
def answers_of(store: Store) -> Answers:
    """The one memory of this process for a store."""
    return Answers(store)
