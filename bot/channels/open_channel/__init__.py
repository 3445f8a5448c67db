"""The open channel: a signed JSON webhook for shop platforms that need an adapter of the shop's own."""

from bot.channels.open_channel.channel import OpenChannel

__all__ = ["OpenChannel"]
