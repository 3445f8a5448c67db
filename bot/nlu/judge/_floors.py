"""Floors for CI: figures that must be reached."""

from bot.nlu.judge._problem import JudgeError
from bot.nlu.judge._scores import Scores

# short name -> figure, and whether more is better
_FIGURES = {
    "base": ("base_accuracy", True),
    "business": ("business_accuracy", True),
    "business_f1": ("business_macro_f1", True),
    "emotion": ("emotion_macro_f1", True),
    "coverage": ("coverage", True),
    "precision": ("precision", True),
    "ece": ("ece", False),
    "ms": ("parse_ms_median", False),
}


def parse_floors(text: str) -> dict[str, float]:
    """`base=0.9,business=0.8` as a dictionary; `ece` and `ms` are ceilings.

    Raises:
        JudgeError: an unknown name, or no number.
    """
    floors = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, value = part.partition("=")
        if name.strip() not in _FIGURES:
            raise JudgeError(f"--floor 里的“{name.strip()}”不认识，可用的有：{'、'.join(_FIGURES)}")
        try:
            floors[name.strip()] = float(value)
        except ValueError:
            raise JudgeError(f"--floor 里的“{part}”应写成 {name.strip()}=0.9 这样") from None
    return floors


def check_floors(scores: Scores, floors: dict[str, float]) -> None:
    """Raise JudgeError, naming each figure that misses its floor; a figure that could not be computed misses it."""
    missed = []
    for name, floor in floors.items():
        figure, more_is_better = _FIGURES[name]
        value = getattr(scores, figure)
        if value is None:
            missed.append(f"{name} 算不出来（文件或模型里没有这一项）")
        elif value < floor if more_is_better else value > floor:
            missed.append(f"{name} 是 {value:.4f}，{'低于' if more_is_better else '高于'}要求的 {floor:g}")
    if missed:
        raise JudgeError(f"没有达到要求：{'；'.join(missed)}")
