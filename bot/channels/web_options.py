"""Options of the web page's channel in credentials.yml."""

from typing import Any

from pydantic import BaseModel, Extra, Field, ValidationError, validator

from bot.channels.identity import SHORTEST_KEY
from bot.settings import SettingsError


class WebOptions(BaseModel):
    """The keys under `bot.channels.web.WebChat`; those of Rasa's socket channel keep their names.

    `initial_payload` is what Rasa gets when a conversation begins ("" for nothing), `image_payload` what it gets of a
    picture, whose path stands in the message's metadata under "photos". `own_proxies` counts the trusted
    proxies in front of Rasa (the web server is one), to find the customer's address in X-Forwarded-For. `identity_key`
    signs the identities of customers whom the embedding shop knows (see `bot.channels.identity`).
    """

    user_message_evt: str = "user_uttered"
    bot_message_evt: str = "bot_uttered"
    namespace: str | None = None
    socketio_path: str = "/socket.io"
    metadata_key: str = "metadata"
    jwt_key: str | None = None
    jwt_method: str = "HS256"
    initial_payload: str = "/greet"
    image_payload: str = "/inform"
    sessions_per_minute: int = Field(60, ge=1)
    answer_timeout: float = Field(60, gt=0)
    own_proxies: int = Field(1, ge=0)
    identity_key: str = Field("", repr=False)

    @validator("identity_key")
    def _long_enough(cls, value: str) -> str:
        if value and len(value) < SHORTEST_KEY:
            raise ValueError(f"identity_key 至少 {SHORTEST_KEY} 个字符")
        return value

    class Config:
        extra = Extra.forbid

    def of_rasa(self) -> dict[str, Any]:
        """Those options that Rasa's own socket channel takes."""
        ours = {
            "initial_payload",
            "image_payload",
            "sessions_per_minute",
            "answer_timeout",
            "own_proxies",
            "identity_key",
        }
        return self.dict(exclude=ours)


def read_options(credentials: dict[str, Any]) -> WebOptions:
    """The options, checked.

    Raises:
        SettingsError: naming each unknown or wrong key.
    """
    try:
        return WebOptions(**credentials)
    except ValidationError as error:
        keys = "、".join(str(problem["loc"][0]) for problem in error.errors())
        known = "、".join(WebOptions.__fields__)
        raise SettingsError(
            f"credentials.yml 的 bot.channels.web.WebChat 里这些设置不对：{keys}。可用的设置：{known}"
        ) from None
