"""Inspection of every chat and call, of bot and agents: rules in YAML, findings with quotes, reports, appeals.

Light on purpose, so that the command line starts fast.
"""

from bot.quality.problems import AppealError, CallsError, MarkedError

__all__ = ["AppealError", "CallsError", "MarkedError"]
