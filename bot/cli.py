"""The one command line of the suite: `python -m bot COMMAND`."""

import argparse
import sys
from collections.abc import Sequence

from bot.commands import (
    designer,
    desk,
    insight,
    knowledge,
    learning,
    quality,
    runtime,
    serving,
    shop,
    speech,
    understanding,
    upkeep,
)
from bot.commands.parsing import Commands
from bot.designer import CheckFailed
from bot.desk.accounts import AccountError
from bot.insight.peers import PeerError
from bot.insight.sending import DigestError
from bot.launch import LaunchError
from bot.learning import LabelError
from bot.nlu.finetune import FinetuneError
from bot.nlu.judge import JudgeError
from bot.quality import CallsError, MarkedError
from bot.settings import SettingsError
from bot.shop import FeedError
from bot.speech import SpeechError
from bot.upkeep import UpkeepError

# What a user can put right: one line that says how, no traceback.
PROBLEMS = (
    AccountError,
    CallsError,
    CheckFailed,
    DigestError,
    FeedError,
    FinetuneError,
    JudgeError,
    LabelError,
    LaunchError,
    MarkedError,
    PeerError,
    SettingsError,
    SpeechError,
    UpkeepError,
)


def build_parser() -> argparse.ArgumentParser:
    """The parser with every command; each sets `run` to a function of the parsed arguments."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="店小二：中文网店客服套件")
    commands = Commands(parser)
    rooms = (
        serving,
        designer,
        understanding,
        shop,
        knowledge,
        insight,
        quality,
        speech,
        learning,
        desk,
        runtime,
        upkeep,
    )
    for room in rooms:
        room.add_to(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; a known problem is one line, not a traceback."""
    parsed = build_parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except PROBLEMS as error:
        print(f"\n✗ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已停止", file=sys.stderr)
        return 130
    return 0
