"""Run in the copy of the project that has the guide's examples: train, talk, run its test stories; prints JSON.

`python -m tests.unit.designer.play_guide FOLDER` with the copy as working directory; FOLDER is for what it makes.
"""

import asyncio
import json
import sys
from pathlib import Path

from bot.settings import ROOT, get_settings
from bot.shop import upgrade_and_seed
from tests.dialogue import Bot, Reply, train_dialogue
from tests.unit.designer.guide import Line, conversations


async def play(bot: Bot, lines: list[Line]) -> list[str]:
    """What the bot answers to each line of the customer's."""
    talk, reply, said = bot.talk(), Reply(), []
    for line in lines:
        if line.who == "顾客" and line.button:
            reply = await talk.press(reply, line.text)
        elif line.who == "顾客":
            reply = await talk.say(line.text, line.intent, feeling=line.feeling)
        else:
            continue
        said.append(reply.text)
    return said


async def main(folder: Path) -> None:
    get_settings().shop_url = f"sqlite:///{folder}/shop.db"
    upgrade_and_seed(get_settings().shop_url, progress=lambda _line: None)
    bot = Bot(train_dialogue(folder))
    said = [await play(bot, lines) for lines in conversations()]
    from rasa.core.test import test

    stories = str(ROOT / "tests" / "stories" / "test_my_shop.yml")
    report = await test(stories, bot.agent, out_directory=str(folder), disable_plotting=True)
    Path(folder, "played.json").write_text(
        json.dumps({"said": said, "stories": report["report"]["conversation_accuracy"]}, ensure_ascii=False),
        encoding="utf8",
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
