"""Settings of the house: where things lie, which databases serve, and the numbers a manager may change.

Sources, later ones win: the defaults here, `endpoints.yml` (only the sections named in `Settings`; Rasa reads the
others), and for the address of a process its environment variable. DIANXIAOER_PROFILE=cluster takes
`endpoints.cluster.yml` instead, any other profile the file of its name.
"""

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, Extra, Field, ValidationError, validator

from bot.channel_settings import Channels
from bot.chatwoot_settings import DeskEndpoint
from bot.customer_settings import Customers
from bot.database_url import is_mysql, with_driver
from bot.desk_settings import Desk
from bot.knowledge_settings import Knowledge, Sync
from bot.learning_settings import Learning
from bot.mistakes import in_chinese
from bot.mood_settings import Emotion
from bot.observing_settings import Traces
from bot.service_settings import AfterSale, Digest, EventSettings, Identity, Kpi, Payment, Shipping, Systems
from bot.speech_settings import Speech
from bot.survey_settings import Survey
from bot.upkeep_settings import Backup, Retention

ROOT = Path(__file__).resolve().parent.parent
TRACKER_STORE = "bot.runtime.trackers.WindowTrackerStore"  # `type` in endpoints.yml

_Section = TypeVar("_Section", bound=BaseModel)
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.*-]+(:\d+)?")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PROFILE = re.compile(r"[a-z][a-z0-9-]*")


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
    image_max_mb: int = Field(default=5, ge=1, le=20)
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
    desk: Desk = Desk()
    survey: Survey = Survey()
    after_sale: AfterSale = AfterSale()
    identity: Identity = Identity()
    payment: Payment = Payment()
    shipping: Shipping = Shipping()
    customers: Customers = Customers()
    knowledge: Knowledge = Knowledge()
    sync: Sync = Sync()
    kpi: Kpi = Kpi()
    learning: Learning = Learning()
    channels: Channels = Channels()
    speech: Speech = Speech()
    backup: Backup = Backup()
    retention: Retention = Retention()

    @validator("timezone")
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as error:
            raise ValueError(f"没有“{value}”这个时区，请写成 Asia/Shanghai 这样") from error
        return value


class BusEndpoint(_Strict):
    """How the processes wake each other: "local" on one machine, "redis" on several, "process" within one alone."""

    type: Literal["local", "redis", "process"] = "local"
    url: str = Field(default="", repr=False)

    @validator("url", always=True)
    def _redis_has_url(cls, value: str, values: dict[str, Any]) -> str:
        if values.get("type") == "redis" and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("type 是 redis 时要写 url，如 redis://127.0.0.1:6379/0")
        return value


class Settings(BaseModel):
    """What every room may ask for."""

    var: Path = ROOT / "var"
    credentials: Path = ROOT / "credentials.yml"  # the channels' keys and options
    shop_url: str = ""
    chat_url: str = ""
    events_url: str = ""
    knowledge_url: str = ""
    tracker_url: str = ""
    web_host: str = "127.0.0.1"
    web_port: int = 8000
    rasa_port: int = 5005
    action_port: int = 5055
    rasa_copies: int = Field(default=0, ge=0)  # behind nginx; 0 for what the profile says; see bot/launch/rows.py
    operations: Operations = Operations()
    systems: Systems = Systems()
    # The shop's last, see bot/shop/privacy.py.
    privacy_rooms: list[str] = ["bot.upkeep.rooms.EverywhereRoom", "bot.shop.personal_data.ShopRoom"]
    events: EventSettings = EventSettings()
    digest: Digest = Digest()
    bus: BusEndpoint = BusEndpoint()
    desk: DeskEndpoint = DeskEndpoint()
    rasa_url: str = ""  # where the web server finds Rasa
    actions_module: str = ""  # the package of actions that Rasa runs itself; "" where an action server does
    own_proxies: int | None = None  # trusted proxies in front of web and Rasa servers alike, where nginx stands there
    traces: Traces = Traces()
    log: Literal["text", "json"] = "text"

    @validator("rasa_url", always=True)
    def _on_this_machine(cls, value: str, values: dict[str, Any]) -> str:
        return value.rstrip("/") or f"http://127.0.0.1:{values.get('rasa_port')}"

    @validator("shop_url", "chat_url", "events_url", "knowledge_url", "tracker_url", always=True)
    def _embedded_default(cls, value: str, values: dict[str, Any], field: Any) -> str:
        url = with_driver(value or f"sqlite:///{values['var']}/{field.name.removesuffix('_url')}.db")
        if field.name != "shop_url" and is_mysql(url):
            raise ValueError("MySQL、MariaDB 只能放店铺数据（shop_store），这里请用 PostgreSQL 或 SQLite")
        return url


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


def _load_section(endpoints: Mapping[str, Any], name: str, model: type[_Section]) -> _Section:
    try:
        return model.parse_obj(endpoints.get(name) or {})
    except ValidationError as error:
        problems = "；".join(f"{'.'.join(map(str, e['loc']))}：{_in_chinese(e)}" for e in error.errors())
        raise SettingsError(f"endpoints.yml 的 {name} 有误：{problems}") from None


def _actions_module(endpoints: Mapping[str, Any]) -> str:
    configured = (endpoints.get("action_endpoint") or {}).get("actions_module")
    name = os.environ.get("DIANXIAOER_ACTIONS_MODULE") or str(configured or "")
    try:
        found = not name or find_spec(name) is not None
    except (ImportError, ValueError):
        found = False
    if not found:
        raise SettingsError(f"endpoints.yml 的 action_endpoint：没有 actions_module 写的 {name}，动作一般在 actions")
    return name


def _in_chinese(error: Mapping[str, Any]) -> str:
    return in_chinese(error, value_error_extra="没有这个设置项，请检查拼写")


def endpoints_file() -> Path:
    """The file of addresses: endpoints.yml, or that of the profile that DIANXIAOER_PROFILE names.

    Raises:
        SettingsError: there is no such profile.
    """
    profile = os.environ.get("DIANXIAOER_PROFILE", "")
    if not profile:
        return ROOT / "endpoints.yml"
    path = ROOT / f"endpoints.{profile}.yml"
    if not _PROFILE.fullmatch(profile) or not path.is_file():
        known = "、".join(sorted(file.name.split(".")[1] for file in ROOT.glob("endpoints.*.yml")))
        raise SettingsError(f"没有“{profile}”这个配置（PROFILE），可以写：{known}；不写就是单机")
    return path


def endpoints_files(root: Path = ROOT) -> list[Path]:
    """endpoints.yml and those of the profiles, of which a shop may add its own."""
    return sorted(root.glob("endpoints*.yml"))


def _wrong_settings(error: ValidationError, stores: Mapping[str, str]) -> str:
    addresses = [found for found in error.errors() if found["loc"][0] in stores]
    if addresses:
        places = {str(found["loc"][0]): found["msg"] for found in addresses}
        return "；".join(
            f"endpoints.yml 的 {stores[field]}（或环境变量 DIANXIAOER_{field.upper()}）：{problem}"
            for field, problem in places.items()
        )
    names = "、".join(f"DIANXIAOER_{str(e['loc'][0]).upper()}" for e in error.errors())
    return f"环境变量有误：{names}，端口、层数和台数应为整数，台数不小于 0，日志应为 text 或 json"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    endpoints = read_yaml(endpoints_file()) or {}
    values: dict[str, Any] = {"operations": load_operations(ROOT / "data" / "operations.yml")}
    stores = {"shop_url": "shop_store", "chat_url": "chat_store", "events_url": "event_store"}
    stores["knowledge_url"] = "knowledge_store"
    if (endpoints.get("tracker_store") or {}).get("type") == TRACKER_STORE:
        stores["tracker_url"] = "tracker_store"
    for field, section in stores.items():
        if section in endpoints:
            values[field] = (endpoints[section] or {}).get("url", "")
    values["systems"] = _load_section(endpoints, "systems", Systems)
    values["events"] = _load_section(endpoints, "events", EventSettings)
    values["digest"] = _load_section(endpoints, "digest", Digest)
    values["bus"] = _load_section(endpoints, "bus", BusEndpoint)
    values["desk"] = _load_section(endpoints, "desk", DeskEndpoint)
    values["traces"] = _load_section(endpoints, "traces", Traces)
    values["actions_module"] = _actions_module(endpoints)
    ports = ("web_host", "web_port", "rasa_port", "action_port")
    fields = ("var", "credentials", *stores, *ports, "rasa_copies", "rasa_url", "own_proxies", "log")
    for field in fields:
        value = os.environ.get(f"DIANXIAOER_{field.upper()}")
        if value:
            values[field] = value
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(_wrong_settings(error, stores)) from None
    settings.var.mkdir(parents=True, exist_ok=True)
    return settings
