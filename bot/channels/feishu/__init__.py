"""Feishu (飞书) robots."""

from bot.channels.feishu.channel import Feishu

__all__ = ["Feishu"]
