"""A message that is handed to Rasa twice is handled once, and answered alike."""

from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.runtime.once import answer_to, looking, repeating


class Processor:
    """As Rasa's: looks the message up in the tracker that it has loaded, and answers it."""

    def __init__(self) -> None:
        self.tracker = DialogueStateTracker.from_events("c", [])

    @repeating
    async def handle_message(self, message: UserMessage) -> list[dict[str, Any]] | None:
        await self.handle_with_tracker(message, self.tracker)
        buttons = [{"title": "好", "payload": "/affirm"}]
        for said in ({"text": f"回：{message.text}", "buttons": buttons}, {"text": "还要什么？"}):
            await message.output_channel.send_response("c", dict(said))
            rest = {key: value for key, value in said.items() if key != "text"}
            self.tracker.update(BotUttered(str(said["text"]), rest))
        return message.output_channel.messages

    @looking
    async def handle_with_tracker(self, message: UserMessage, tracker: DialogueStateTracker) -> None:
        tracker.update(UserUttered(message.text, message_id=message.message_id))


async def say(processor: Processor, text: str, message_id: str) -> Any:
    return await processor.handle_message(UserMessage(text, CollectingOutputChannel(), "c", message_id=message_id))


async def test_the_second_time_the_same_is_said_and_nothing_done() -> None:
    processor = Processor()
    first = await say(processor, "买手机", "c-1")
    before = len(processor.tracker.events)
    assert await say(processor, "买手机", "c-1") == first and len(first) == 2 and first[0]["buttons"]
    assert len(processor.tracker.events) == before
    other = await say(processor, "买手机", "c-2")  # the same words are another message
    assert len(processor.tracker.events) == before + 3 and other == first


async def test_an_earlier_message_gets_its_own_answer() -> None:
    processor = Processor()
    first = await say(processor, "一", "c-1")
    await say(processor, "二", "c-2")
    assert await say(processor, "一", "c-1") == first


def test_a_message_without_an_answer_is_known_too() -> None:
    tracker = DialogueStateTracker.from_events("c", [UserUttered("/session_start", message_id="c-1-s")])
    assert answer_to(tracker, "c-1-s") == [] and answer_to(tracker, "c-1") is None
