"""WeCom apps (企业微信应用)."""

from bot.channels.wecom.channel import WeCom

__all__ = ["WeCom"]
