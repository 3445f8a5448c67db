"""The proof of an erasure: what was found before, what was erased, what is found after; numbers, never contents."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.settings import Settings
from bot.upkeep.searching import Place

Found = Mapping[Place, int]


@dataclass(frozen=True)
class Proof:
    """`number` is that of the request, 0 for a dry run; `kept` what the law makes the shop keep, without a name."""

    number: int
    subject: str
    before: Found
    erased: Mapping[str, int] = field(default_factory=dict)
    scrubbed: Found = field(default_factory=dict)
    after: Found = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    done_at: datetime | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing was found after it."""
        return not self.after

    def to_json(self) -> dict[str, Any]:
        """The report that is kept."""
        return {
            "number": self.number,
            "subject": self.subject,
            "done_at": self.done_at.isoformat() if self.done_at else None,
            "clean": self.clean,
            "before": _told(self.before),
            "erased": dict(self.erased),
            "scrubbed": _told(self.scrubbed),
            "after": _told(self.after),
            "kept": dict(self.kept),
            "notes": list(self.notes),
        }

    def as_table(self) -> str:
        """The report for people."""
        places = sorted({*self.before, *self.scrubbed, *self.after}, key=lambda p: (p.database, p.table))
        lines = ["| 库 | 表 | 删除前有几行 | 删除后 |", "|---|---|---:|---:|"]
        after = (lambda place: str(self.after.get(place, 0))) if self.number else (lambda _place: "（试运行）")
        lines += [f"| {p.database} | {p.table} | {self.before.get(p, 0)} | {after(p)} |" for p in places]
        if self.erased:
            done = "，".join(f"{name} {count}" for name, count in self.erased.items() if count)
            lines.append(f"\n删除或匿名：{done or '没有'}")
        if any(self.kept.values()):
            lines.append("依法保存、已去掉身份：" + "，".join(f"{name} {count}" for name, count in self.kept.items()))
        lines += [f"注意：{note}" for note in self.notes]
        return "\n".join(lines)


def path_of(settings: Settings, proof: Proof) -> Path:
    """Where the report is kept; numbers alone may come again after a restore."""
    return settings.var / "erasures" / f"{proof.number:06d}-{proof.subject[:8]}.json"


def write(settings: Settings, proof: Proof) -> Path:
    """Keep the report in `var/erasures`; where."""
    path = path_of(settings, proof)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf8") as file:
        json.dump(proof.to_json(), file, ensure_ascii=False, indent=2)
    partial.replace(path)
    return path


def _told(found: Found) -> dict[str, int]:
    return {f"{place.database}/{place.table}": count for place, count in found.items()}
