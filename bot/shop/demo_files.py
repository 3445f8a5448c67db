"""Reading and writing the demo's CSV files."""

import csv
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def read(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the folder."""
    with open(folder / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(folder: Path, name: str, rows: list[Row]) -> None:
    """The rows as a CSV file of the folder."""
    with open(folder / name, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
