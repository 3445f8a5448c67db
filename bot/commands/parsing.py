"""What the commands of every room are made with."""

import argparse
from collections.abc import Callable
from datetime import date

Run = Callable[[argparse.Namespace], None]


class Commands:
    """Adds commands, or the commands of a group (`python -m bot corpus check`)."""

    def __init__(self, parser: argparse.ArgumentParser, required: bool = True) -> None:
        self._group = parser.add_subparsers(title="命令", metavar="命令", required=required)

    def add(self, name: str, help_: str, run: Run) -> argparse.ArgumentParser:
        """A command that calls `run` with the parsed arguments."""
        command = self._group.add_parser(name, help=help_, description=help_)
        command.set_defaults(run=run)
        return command

    def group(self, name: str, help_: str, run: Run | None = None) -> "Commands":
        """A command with commands of its own; `run`, where given, serves the bare name."""
        command = self._group.add_parser(name, help=help_, description=help_)
        if run is not None:
            command.set_defaults(run=run)
        return Commands(command, required=run is None)


def days(text: str) -> int:
    """An argument: how many days, 1 to 3660."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 3660:
        raise argparse.ArgumentTypeError("天数应为 1 到 3660 的整数")
    return int(text)


def copies(text: str) -> int:
    """An argument: how many, 1 to 1000."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError("份数应为 1 到 1000 的整数")
    return int(text)


def day(text: str) -> date:
    """An argument: a date as ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}”不是日期，请写成 2026-11-25 这样") from None
