"""What an import did to the rows of one file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Changes:
    """Rows by what they are called; of changed ones also what changed. `same` and `absent` are numbers.

    `absent` rows are in the database but not in the file; they stay as they are.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    same: int = 0
    absent: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.removed)

    def summary(self, examples: int = 3) -> str:
        """In words: 新增 2（甲、乙），变化 1（丙：库存 3 → 5），不变 10."""
        parts = []
        for title, names in (("新增", self.new), ("变化", self.changed), ("删除", self.removed)):
            if names:
                more = "……" if len(names) > examples else ""
                parts.append(f"{title} {len(names)}（{'；'.join(names[:examples])}{more}）")
        if self.same:
            parts.append(f"不变 {self.same}")
        if self.absent:
            parts.append(f"文件里没有、保持原样 {self.absent}")
        return "，".join(parts) or "没有内容"


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The values of `after` that are others than before: name → (old, new)."""
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}


def in_words(found: Mapping[str, tuple[Any, Any]], longest: int = 30) -> str:
    """ "on_hand 3 → 5"; of long values only that they changed."""
    parts = []
    for name, (old, new) in found.items():
        short = max(len(str(old)), len(str(new))) <= longest
        parts.append(f"{name} {_shown(old)} → {_shown(new)}" if short else f"{name} 有改动")
    return "，".join(parts)


def _shown(value: Any) -> str:
    return "空" if value is None or value == "" else str(value)
