"""Better every week: what the bot did not understand is drawn, labelled, trained on, compared, and released."""

from bot.learning.labels import LabelError
from bot.learning.project import Project

__all__ = ["LabelError", "Project"]
