"""Personal data never enters the event store: phones, cards, identity numbers, e-mails, doors and names are masked."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.events.model import Event

_GAP = r"[ \-—.]?"
_EMAIL = re.compile(r"[\w.+-]+@([\w-]+\.)+[a-z]{2,}", re.IGNORECASE | re.ASCII)
_IDENTITY = re.compile(r"(?<!\d)\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])")
_PHONE = re.compile(rf"(?<!\d)(?:\+?86{_GAP})?(1[3-9]\d){_GAP}\d{{4}}{_GAP}(\d{{4}})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)")
# Order numbers have their letters before them; a bare run this long is a card.
_CARD = re.compile(r"(?<![\dA-Za-z])\d{4}(?:[ -]?\d{4}){2,3}(?:[ -]?\d{1,3})?(?!\d)")
_NUMBER = r"[0-9０-９A-Za-z一二三四五六七八九十百零〇#-]"
_UNIT = "号楼|号院|号|栋|幢|座|单元|室|户|弄"
_DOOR = rf"{_NUMBER}{{1,6}}(?:{_UNIT})(?:{_NUMBER}{{1,6}}(?:{_UNIT}|层|楼)?)*"
_STREET = re.compile(rf"(?<=[路街道巷弄村镇区苑园城寨]){_DOOR}")
_NAMED = "我叫|名字(?:叫|是)?|收[件货]人(?:改成|是|叫)?|姓名|联系人"
_NAME = re.compile(rf"((?:{_NAMED})[：:是]?\s*)([\u4e00-\u9fff]{{2,4}})(?=[，,。.;；\s\d]|$)")

_OWN = ("message_id",)


def mask_text(text: str) -> str:
    """`text` with everything personal replaced; what the sentence asks stays readable."""
    text = _EMAIL.sub("***@***", text)
    text = _IDENTITY.sub("[证件号]", text)
    text = _PHONE.sub(r"\1****\2", text)
    text = _LANDLINE.sub("[电话]", text)
    text = _CARD.sub("[卡号]", text)
    text = _STREET.sub("**号", text)
    return _NAME.sub(lambda found: f"{found[1]}{found[2][0]}**", text)


def mask(value: Any) -> Any:
    """`value` with every text inside it masked; shapes stay."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {name: mask(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [mask(part) for part in value]
    return value


def masked(event: Event) -> Event:
    """`event` as it may be kept: everything personal in its data is masked."""
    # A message's id is made by us of random digits, some of which look like a telephone's or a card's number.
    own = {name: event.data[name] for name in _OWN if name in event.data}
    return replace(event, data={**mask(event.data), **own})
