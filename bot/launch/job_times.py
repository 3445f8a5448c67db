"""When each task of the clock was last done without an error, kept in the database: its process serves no numbers."""

import logging

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot import clock
from bot.channels.shared import set_value
from bot.channels.shared_tables import Value
from bot.db import reading
from bot.settings import Settings

logger = logging.getLogger(__name__)

_PREFIX = "job:"


def succeeded(settings: Settings, job: str) -> None:
    """The task has just looked whether it was due, and done what was; a database that is away forgets it."""
    try:
        set_value(settings.chat_url, f"{_PREFIX}{job}", f"{clock.now().timestamp():.0f}")
    except SQLAlchemyError as error:
        logger.warning("The time of %s was not kept: %s", job, type(error).__name__)


def last_successes(url: str) -> dict[str, float]:
    """Task → when it was last done without an error (seconds since 1970)."""
    query = select(Value.key, Value.value).where(Value.key.startswith(_PREFIX, autoescape=True))
    with reading(url) as session:
        return {row.key.removeprefix(_PREFIX): float(row.value) for row in session.execute(query)}
