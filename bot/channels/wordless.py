"""How the bot hears of pictures, voice messages and files: by an intent of its own, as a fact, or not at all."""

from collections.abc import Collection

from bot.channels.speech import UNHEARD

PICTURE = "/sent_image"
_FACT = "/inform"  # the intent whose action and forms take what a message brings without words
# What is said to a bot's customer when its domain has no intent for the message.
SAYING = {PICTURE: "utter_channel_image", UNHEARD: "utter_channel_voice", "/sent_file": "utter_channel_file"}
PICTURE_FAILED = "utter_channel_image_failed"


def as_intent(text: str, intents: Collection[str]) -> str | None:
    """`text` as a bot with these `intents` understands it; None when it cannot hear of such a message.

    A picture is a fact for a bot that has none but `inform`: the question that asked for it takes it.
    """
    if text not in SAYING or text.removeprefix("/") in intents:
        return text
    return _FACT if text == PICTURE and _FACT.removeprefix("/") in intents else None
