"""The Feishu robot's connector: `bot.channels.feishu.Feishu` in credentials.yml."""

from typing import Any

from pydantic import Field, validator
from rasa.core.channels.channel import InputChannel
from sanic.request import Request
from sanic.response import HTTPResponse, json, raw

from bot.channels.api import ApiError
from bot.channels.connector import Connector, body_of
from bot.channels.feishu.client import FeishuApi
from bot.channels.feishu.protocol import answer_to_button, open_body, read
from bot.channels.feishu.render import messages_of
from bot.channels.incoming import Media
from bot.channels.json_body import text_at
from bot.channels.options import Options, filled, read_options
from bot.channels.outgoing import Outgoing
from bot.channels.pictures import Pictures
from bot.conversations import Outgoing as Delivery

_EXPIRED = "utter_channel_choice_expired"
_PICTURE_SECONDS = 30 * 86400.0


class FeishuOptions(Options):
    """The app's credentials and what its event subscription was set up with; the Encrypt Key is required."""

    app_id: str
    secret: str = Field(repr=False)
    encrypt_key: str = Field(repr=False)
    verification_token: str = Field(repr=False)
    # Feishu signs anew for each delivery; its repetitions after hours carry a new time.
    window: float = Field(3600, gt=0)
    api: str = "https://open.feishu.cn"

    _filled = validator("app_id", "secret", "encrypt_key", "verification_token", allow_reuse=True)(filled)


class Feishu(Connector):
    """Encrypted events in; texts and cards whose buttons come back out."""

    channel = "feishu"
    routes = (("POST", "/webhook", "receive"),)

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls(read_options(FeishuOptions, "bot.channels.feishu.Feishu", credentials))

    def __init__(self, options: FeishuOptions, **given: Any) -> None:
        super().__init__(options, **given)
        self._options = options
        self._api = FeishuApi(options.api, options.app_id, options.secret, self.url)
        self._pictures = Pictures(
            self.url, f"feishu:{options.app_id}", options.public_url, _PICTURE_SECONDS, self._api.upload_image
        )

    async def closed(self) -> None:
        await self._pictures.close()
        await self._api.close()

    async def receive(self, request: Request) -> HTTPResponse:
        """An event, acknowledged once it is stored; the challenge; a pressed button."""
        options, body = self._options, await body_of(request)
        event = open_body(options.encrypt_key, options.verification_token, request.headers, body, options.window)
        if event.get("type") == "url_verification":
            return json({"challenge": text_at(event, "challenge")})
        message = read(options.app_id, event)
        stored = await self.accept(message) if message is not None else None
        if message is not None and message.event == "button":
            shown = str(stored.content.get("text") or "") if stored is not None else self.path.phrase(_EXPIRED)
            return raw(answer_to_button(shown), content_type="application/json") if shown else json({})
        return json({})

    async def deliver(self, delivery: Delivery, outgoing: Outgoing) -> str | None:
        kind, identity = str(delivery.address["receive_id_type"]), str(delivery.address["receive_id"])
        sent: list[str] = []

        async def send(part: tuple[str, dict[str, Any]], key: str) -> None:
            ready = await self._with_uploads(*part)
            if ready is not None:
                sent.append(await self._api.send(kind, identity, *ready, key))

        chat = identity if kind == "chat_id" else ""
        await self.remembered_parts(delivery, messages_of(outgoing, chat), send)
        return sent[-1] if sent else None

    async def _with_uploads(self, kind: str, content: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        if kind != "image":
            return kind, content
        identity = await self._pictures.identity_of(content["url"])
        if identity is not None:
            return "image", {"image_key": identity}
        address = self._pictures.address_of(content["url"])
        return ("text", {"text": address}) if address else None

    async def fetch(self, media: Media) -> bytes:
        message, _, key = media.reference.partition("/")
        if not message or not key:
            raise ApiError("message without a file")
        kind = "image" if key.startswith("img") else "file"
        content, _ = await self._api.resource(message, key, kind, self.largest_media)
        return content
