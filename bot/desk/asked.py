"""What a customer asked, with what it takes to find replies."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bot.conversations import Store
from bot.desk.meaning import vectors
from bot.settings import Settings


@dataclass
class Asked:
    """The customer's last message `said`, for the agent `account_id`; `vector` is its meaning, (d,)."""

    said: str
    conversation_id: str
    account_id: str
    store: Store
    settings: Settings

    @cached_property
    def vector(self) -> np.ndarray:
        return vectors([self.said])[0]
