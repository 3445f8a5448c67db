"""The upkeep of all stores together: migrations, retention, erasing a person, backup and restore.

The only room that knows the tables of all others; none of them imports it.
"""

from bot.upkeep.problems import UpkeepError

__all__ = ["UpkeepError"]
