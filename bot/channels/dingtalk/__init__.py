"""DingTalk (钉钉) robots."""

from bot.channels.dingtalk.channel import DingTalk

__all__ = ["DingTalk"]
