"""The judge: what a trained model is worth on labelled messages, whether the corpus is sound, and the race.

Light on purpose, so that the command line starts fast: the work is in `evaluate`, `corpus` and `race`, imported when
they are called.
"""

from bot.nlu.judge._problem import JudgeError

__all__ = ["JudgeError"]
