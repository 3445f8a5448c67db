"""Commands of speech."""

from argparse import Namespace
from pathlib import Path

from bot.commands.parsing import Commands
from bot.settings import get_settings
from bot.speech import SpeechError


def _transcribe(arguments: Namespace) -> None:
    from bot.speech.hearing import as_text, hear

    settings = get_settings()
    if not arguments.files and not arguments.calls:
        raise SpeechError("请写上录音文件，或用 --calls 导入一批电话")
    if arguments.calls:
        from bot.db import upgrade
        from bot.quality.calls import import_calls

        upgrade(settings.events_url, "quality")
        new, failed = import_calls(settings, arguments.calls)
        print(
            f"✓ 导入 {new} 通电话{f'，{failed} 通没有成功' if failed else ''}；质检：python -m bot quality --day 日期"
        )
    for path in arguments.files:
        if len(arguments.files) > 1:
            print(f"== {path.name}")
        print(as_text(hear(settings, path), settings.operations.speech.agent_channel))


def _bench(arguments: Namespace) -> None:
    from bot.speech.bench import bench

    bench(get_settings(), arguments.file)


def add_to(commands: Commands) -> None:
    """`transcribe`, `bench-speech`."""
    hearing = commands.add("transcribe", "录音转文字，带时间；双声道分开客服和顾客", _transcribe)
    hearing.add_argument("files", type=Path, nargs="*", metavar="录音", help="wav、mp3、m4a、amr 等")
    hearing.add_argument(
        "--calls", type=Path, metavar="LIST.csv", help="导入一批电话去质检：列名 file、agent、time、phone，录音放在旁边"
    )
    speed = commands.add("bench-speech", "合成 50 句话再识别：字错率和实时率", _bench)
    speed.add_argument("--file", type=Path, metavar="FILE.txt", help="一行一句，默认 tests/speech/sentences.txt")
