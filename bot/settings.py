"""Settings of the house: where things lie, which databases serve, and the numbers a manager may change.

Sources, later ones win: the defaults here, `endpoints.yml` (only the sections named in `Settings`; Rasa reads the
others), and for the address of a process its environment variable.
"""

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, Extra, Field, ValidationError, validator

from bot.mood_settings import Emotion
from bot.service_settings import AfterSale, Identity, Payment, Shipping, Systems

ROOT = Path(__file__).resolve().parent.parent

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.*-]+(:\d+)?")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class SettingsError(ValueError):
    """A setting is missing or wrong; the message is in Chinese and says what to do."""


class _Strict(BaseModel):
    class Config:
        extra = Extra.forbid


class Confidence(_Strict):
    """When the bot trusts its understanding."""

    threshold: float = Field(default=0.85, ge=0, le=1)
    failures_before_handoff: int = Field(default=3, ge=1)
    worth_asking: float = Field(default=0.2, ge=0, le=1)


class Orders(_Strict):
    """Limits of an order placed in the chat."""

    max_quantity: int = Field(default=20, ge=1)
    low_stock: int = Field(default=5, ge=0)
    pay_minutes: int = Field(default=1440, ge=1)


class Web(_Strict):
    """The customer's web page and its channel."""

    shop_name: str = Field(default="店小二", min_length=1, max_length=20)
    message_max_length: int = Field(default=500, ge=50, le=5000)
    messages_per_minute: int = Field(default=30, ge=1)
    embed_on: list[str] = []

    @validator("embed_on", each_item=True)
    def _is_origin(cls, value: str) -> str:
        # The value goes into a security header: an origin and nothing else.
        if not _ORIGIN.fullmatch(value):
            raise ValueError(f"“{value}”不是网站地址，请写成 https://www.example.com 这样，结尾不带斜杠")
        return value


class Operations(_Strict):
    """data/operations.yml: every number that a manager may change."""

    timezone: str = "Asia/Shanghai"
    confidence: Confidence = Confidence()
    emotion: Emotion = Emotion()
    orders: Orders = Orders()
    web: Web = Web()
    after_sale: AfterSale = AfterSale()
    identity: Identity = Identity()
    payment: Payment = Payment()
    shipping: Shipping = Shipping()

    @validator("timezone")
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as error:
            raise ValueError(f"没有“{value}”这个时区，请写成 Asia/Shanghai 这样") from error
        return value


class Settings(BaseModel):
    """What every room may ask for."""

    var: Path = ROOT / "var"
    shop_url: str = ""
    chat_url: str = ""
    web_host: str = "127.0.0.1"
    web_port: int = 8000
    rasa_port: int = 5005
    action_port: int = 5055
    operations: Operations = Operations()
    systems: Systems = Systems()

    @validator("shop_url", "chat_url", always=True)
    def _embedded_default(cls, value: str, values: dict[str, Any], field: Any) -> str:
        return value or f"sqlite:///{values['var']}/{field.name.removesuffix('_url')}.db"


def read_yaml(path: Path) -> Any:
    """The content of a YAML file with `${NAME}` replaced from the environment.

    Raises:
        SettingsError: the file is missing or no YAML, or a variable is not set.
    """

    def variable(match: re.Match[str]) -> str:
        try:
            return os.environ[match.group(1)]
        except KeyError:
            raise SettingsError(f"{path.name} 用到环境变量 {match.group(1)}，但它没有设置，请先 export 它") from None

    try:
        text = path.read_text(encoding="utf8")
    except FileNotFoundError:
        raise SettingsError(f"缺少文件 {path}，请从版本库恢复它") from None
    lines = [line if line.lstrip().startswith("#") else _VARIABLE.sub(variable, line) for line in text.splitlines()]
    try:
        return yaml.safe_load("\n".join(lines))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"第 {mark.line + 1} 行" if mark else ""
        raise SettingsError(f"{path.name} {place}不是正确的 YAML：{getattr(error, 'problem', error)}") from None


def load_operations(path: Path) -> Operations:
    """Read data/operations.yml.

    Raises:
        SettingsError: naming each wrong key.
    """
    try:
        return Operations(**(read_yaml(path) or {}))
    except ValidationError as error:
        problems = "；".join(f"{'.'.join(map(str, e['loc']))}：{_in_chinese(e)}" for e in error.errors())
        raise SettingsError(f"{path.name} 有误：{problems}") from None


def _load_systems(section: Any) -> Systems:
    try:
        return Systems.parse_obj(section)
    except ValidationError as error:
        problems = "；".join(f"{'.'.join(map(str, e['loc']))}：{_in_chinese(e)}" for e in error.errors())
        raise SettingsError(f"endpoints.yml 的 systems 有误：{problems}") from None


def _in_chinese(error: Mapping[str, Any]) -> str:
    context = error.get("ctx") or {}
    known = {
        "value_error.extra": "没有这个设置项，请检查拼写",
        "value_error.number.not_ge": f"不能小于 {context.get('limit_value')}",
        "value_error.number.not_le": f"不能大于 {context.get('limit_value')}",
        "value_error.number.not_gt": f"应大于 {context.get('limit_value')}",
        "value_error.missing": "缺少这一项",
        "type_error.integer": "应为整数",
        "type_error.list": "应为列表",
        "type_error.dict": "应为若干“名称: 值”",
        "type_error.float": "应为数字",
        "value_error.const": f"应为 {'、'.join(map(str, context.get('permitted') or []))} 之一",
    }
    return known.get(error["type"], error["msg"])


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    endpoints = read_yaml(ROOT / "endpoints.yml") or {}
    values: dict[str, Any] = {"operations": load_operations(ROOT / "data" / "operations.yml")}
    for field, section in {"shop_url": "shop_store", "chat_url": "chat_store"}.items():
        if section in endpoints:
            values[field] = (endpoints[section] or {}).get("url", "")
    values["systems"] = _load_systems(endpoints.get("systems") or {})
    for field in ("var", "shop_url", "chat_url", "web_host", "web_port", "rasa_port", "action_port"):
        value = os.environ.get(f"DIANXIAOER_{field.upper()}")
        if value:
            values[field] = value
    try:
        settings = Settings(**values)
    except ValidationError as error:
        names = "、".join(f"DIANXIAOER_{str(e['loc'][0]).upper()}" for e in error.errors())
        raise SettingsError(f"环境变量有误：{names}，端口应为整数") from None
    settings.var.mkdir(parents=True, exist_ok=True)
    return settings
