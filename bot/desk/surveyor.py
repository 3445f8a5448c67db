"""Asks customers whose conversation has ended how it was."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from bot import conversations
from bot.conversations import Store

_LOG = logging.getLogger(__name__)


class Surveyor:
    """`step` may run in a thread, in any process, again after any crash."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def step(self) -> None:
        """Ask whoever may be asked now."""
        for conversation in conversations.surveys_due(self._store):
            try:
                conversations.ask_survey(self._store, conversation)
            except (LookupError, SQLAlchemyError):  # forgotten meanwhile, or for the next look
                _LOG.warning("No survey in %s", conversation, exc_info=True)
        conversations.remind_of_surveys(self._store)
