"""What a check found: where, how bad, and in Chinese what to do."""

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Level = Literal["error", "hint"]
MARKS: dict[Level, str] = {"error": "✗", "hint": "·"}


@dataclass(frozen=True, order=True)
class Finding:
    """One problem.

    Attributes:
        file: path relative to the project, with `/`.
        line: counted from 1; 0 when the file as a whole is meant.
        level: an `error` stops `make check`, a `hint` does not.
        kind: a fixed English name, one a kind of problem.
        text: in Chinese, what is wrong and what to do.
    """

    file: str
    line: int
    level: Level
    kind: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{MARKS[self.level]} {place}  {self.text}"

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def meant(name: str, known: Iterable[str]) -> str:
    """“，是不是想写 …？” for the known name that looks most like `name`; "" when none does."""
    near = difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.72)
    return f"，是不是想写 {near[0]}？" if near else ""
