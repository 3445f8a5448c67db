"""Where the loop finds the corpus and the models, and where it works."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bot.settings import ROOT, Settings


@dataclass(frozen=True)
class Project:
    """The folders of one shop; the defaults are this project's own.

    Attributes:
        settings: the stores, and `var` where the loop works.
        root: has config.yml, domain.yml, data/ and, in tests/nlu, the fixed sets.
        nlu_only: train without stories and rules.
    """

    settings: Settings
    root: Path = ROOT
    nlu_only: bool = False

    @property
    def url(self) -> str:
        """The store of drawn messages and models: the event store's."""
        return self.settings.events_url

    @property
    def corpus(self) -> Path:
        return self.root / "data" / "nlu"

    @property
    def fixed(self) -> Path:
        """The held-out lines that every model is measured on."""
        return self.root / "tests" / "nlu"

    @property
    def models(self) -> Path:
        """What a server loads: the newest archive here."""
        return self.root / "models"

    @property
    def work(self) -> Path:
        return self.settings.var / "learning"

    @property
    def pending(self) -> Path:
        """Approved lines that no released model knows yet."""
        return self.work / "pending"

    @property
    def candidates(self) -> Path:
        return self.work / "candidates"

    def live_model(self) -> Path | None:
        """The archive that a server would load, or None."""
        return max(self.models.glob("*.tar.gz"), key=lambda file: file.stat().st_mtime, default=None)

    def data_hash(self) -> str:
        """SHA-256 over the configuration, the domain and all training files, pending ones included."""
        digest = hashlib.sha256()
        files = [self.root / "config.yml", self.root / "domain.yml"]
        for folder in (self.root / "data" / "nlu", self.root / "data" / "stories", self.root / "data" / "rules"):
            files += sorted(folder.rglob("*.yml"))
        for file in [*files, *sorted(self.pending.rglob("*.yml"))]:
            if file.is_file():
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()
