"""Tools for conversation designers: checks of their files, the table of intents, a look at the understanding."""

from bot.designer.check import CheckFailed, check, check_project
from bot.designer.findings import Finding

__all__ = ["CheckFailed", "Finding", "check", "check_project"]
