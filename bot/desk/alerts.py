"""What agent and supervisor must see at once: risk words of data/risk_words.yml, a customer's falling mood."""

import unicodedata
from functools import lru_cache
from pathlib import Path

from bot import conversations
from bot.conversations import Store
from bot.settings import ROOT, SettingsError, read_yaml

PATH = ROOT / "data" / "risk_words.yml"
_BATCH = 500


@lru_cache(maxsize=2)
def risk_words(path: Path = PATH) -> tuple[str, ...]:
    """The words.

    Raises:
        SettingsError: the file is missing or not as it should be.
    """
    content = read_yaml(path) or {}
    words = content.get("risk_words") if isinstance(content, dict) else None
    if not isinstance(words, list) or not all(str(word).strip() for word in words):
        raise SettingsError(f"{path.name} 应写成 risk_words: [词, 词]")
    return tuple(_fold(str(word)) for word in words)


def words_in(text: str) -> list[str]:
    """The risk words in `text`, whatever its width, case and blanks."""
    folded = _fold(text)
    return [word for word in risk_words() if word in folded]


class Watch:
    """Reads the customers' messages as they come and raises alerts; one process does so at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = conversations.last_event(store)

    def look(self) -> None:
        """Go through what came since the last look."""
        while news := conversations.events_after(self._store, self._last, limit=_BATCH):
            written = [
                (e.conversation_id, e.data["number"])
                for e in news
                if e.kind == "message" and e.data.get("author") == "customer" and e.conversation_id
            ]
            for (conversation, number), message in conversations.messages(self._store, written).items():
                found = words_in(str(message.content.get("text") or ""))
                if found:
                    conversations.alert(self._store, conversation, number, reason="risk_word", words=found)
            self._last = news[-1].number


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())
