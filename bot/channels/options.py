"""Options of a channel in credentials.yml."""

import os
from typing import Any, TypeVar

from pydantic import BaseModel, Extra, Field, ValidationError

from bot.settings import SettingsError

_Model = TypeVar("_Model", bound=BaseModel)


class Options(BaseModel):
    """Keys that all platforms' channels have."""

    answer_timeout: float = Field(60, gt=0)
    speech: str | None = "bot.speech.voice.recognise"
    public_url: str = ""

    class Config:
        extra = Extra.forbid


def read_options(model: type[_Model], channel: str, credentials: dict[str, Any] | None) -> _Model:
    """The options under `channel` (its dotted path), checked.

    Raises:
        SettingsError: naming each missing, unknown or wrong key, in Chinese.
    """
    try:
        return model(**(credentials or {}))
    except ValidationError as error:
        missing = [str(e["loc"][0]) for e in error.errors() if e["type"] == "value_error.missing"]
        wrong = [
            f"{e['loc'][0]}（{e['msg']}）" if str(e["type"]) == "value_error" else str(e["loc"][0])
            for e in error.errors()
            if e["type"] != "value_error.missing"
        ]
        problems = "；".join(
            part
            for part in (
                f"缺少 {'、'.join(missing)}" if missing else "",
                f"这些设置不对：{'、'.join(wrong)}" if wrong else "",
            )
            if part
        )
        known = "、".join(model.__fields__)
        raise SettingsError(f"credentials.yml 的 {channel} {problems}。可用的设置：{known}") from None


def filled(value: str) -> str:
    """`value` of a secret that must be there, for validators.

    Raises:
        ValueError: it is empty, or still the name of a variable that nobody set.
    """
    if not value.strip():
        raise ValueError("不能为空")
    if value.startswith("${") and value.endswith("}") and value[2:-1] not in os.environ:
        raise ValueError(f"环境变量 {value[2:-1]} 没有设置")
    return value
