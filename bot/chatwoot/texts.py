"""What people read in Chatwoot."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot import clock
from bot.clock import as_utc, local

_WHO = {"customer": "顾客", "bot": "机器人", "agent": "客服", "system": "系统", "note": "备注"}
_FACTS = {"reason": "原因", "text": "顾客的话", "unclear": "没听懂的", "emotion": "情绪", "emotion_score": "情绪分"}
_KINDS = {"image": "[图片]", "voice": "[语音]", "template": "[卡片]"}
_LONGEST = 20_000  # characters of a note


def of(content: Mapping[str, Any]) -> str:
    """A message's content as a line of text."""
    attachment = content.get("attachment")
    kind = attachment.get("type") if isinstance(attachment, dict) else None
    picture = _KINDS.get(str(kind), "[文件]") if kind else ""
    return " ".join(part for part in (str(content.get("text") or ""), picture) if part) or "[无文字]"


def note(conversation: Any, messages: Iterable[Any], number: int) -> str:
    """The private note of a hand-over: what the bot collected, and what was said."""
    facts = dict(conversation.note or {})
    collected = facts.pop("collected", None) or {}
    lines = [f"店小二转人工 · {conversation.channel} · 会话 {conversation.id} · {number}"]
    lines += [f"{_FACTS[key]}：{_plain(facts[key])}" for key in _FACTS if facts.get(key)]
    lines += [f"{key}：{_plain(value)}" for key, value in collected.items()]
    said = [
        f"{local(as_utc(m.created_at)):%m-%d %H:%M} {_WHO.get(m.author, m.author)}：{of(m.content)}" for m in messages
    ]
    head = "\n".join(lines)
    while said and len(head) + sum(len(line) + 1 for line in said) > _LONGEST:
        said.pop(0)  # the newest matter most
    return head + ("\n\n" + "\n".join(said) if said else "")


def left(owner: str) -> str:
    """Why the conversation is not Chatwoot's any more."""
    what = {"bot": "会话回到机器人", "closed": "会话已结束", "agent": "会话由店小二客服台接管"}[owner]
    return f"{what}（{local(clock.now()):%m-%d %H:%M:%S}）"


def reply(message: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> str:
    """An agent's words as the customer gets them, with links to the attachments that are no pictures."""
    links = [str(one.get("data_url")) for one in others if one.get("data_url")]
    return "\n".join([str(message.get("content") or ""), *links]).strip()


def _plain(value: Any) -> str:
    return "、".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
