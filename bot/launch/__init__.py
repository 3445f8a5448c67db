"""Getting the suite ready and keeping its processes running on one machine."""

from bot.launch.problems import LaunchError
from bot.launch.steps import STEPS, prepare
from bot.launch.supervise import up

__all__ = ["STEPS", "LaunchError", "prepare", "up"]
