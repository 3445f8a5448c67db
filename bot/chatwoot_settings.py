"""Where people answer: at the own desk or in Chatwoot; the section `desk` of endpoints.yml."""

from typing import Any, Literal

from pydantic import BaseModel, Extra, Field, root_validator


class DeskEndpoint(BaseModel):
    """`type` "own" needs nothing else; "chatwoot" needs the rest, secrets as ${ENVIRONMENT_VARIABLES}.

    `token` is an administrator's; with `bot_token`, an agent bot's, conversations are opened as that bot's hand-over.

    `webhook_secret` is what Chatwoot signs its webhooks with; versions that do not sign get a `webhook_token` at the
    end of the webhook's address instead. `timeout` is in seconds, for one call.
    """

    type: Literal["own", "chatwoot"] = "own"
    url: str = ""
    account_id: int = Field(default=0, ge=0)
    inbox_id: int = Field(default=0, ge=0)
    token: str = Field(default="", repr=False)
    bot_token: str = Field(default="", repr=False)
    webhook_secret: str = Field(default="", repr=False)
    webhook_token: str = Field(default="", repr=False)
    timeout: float = Field(default=10.0, gt=0)

    class Config:
        extra = Extra.forbid

    @root_validator(skip_on_failure=True)
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["type"] != "chatwoot":
            return values
        if not values["url"].startswith(("http://", "https://")):
            raise ValueError("type 是 chatwoot 时要写 url，如 https://chat.example.com")
        missing = [name for name in ("account_id", "inbox_id", "token") if not values[name]]
        if missing:
            raise ValueError(f"type 是 chatwoot 时还要写 {'、'.join(missing)}")
        if not values["webhook_secret"] and len(values["webhook_token"]) < 16:
            raise ValueError("要写 webhook_secret；Chatwoot 版本太旧没有签名时，写至少 16 位的 webhook_token")
        values["url"] = values["url"].rstrip("/")
        return values
