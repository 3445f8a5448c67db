"""Chatwoot instead of the own desk: handed-over conversations go there, agents' replies come back."""

from bot.chatwoot.setup import add_chatwoot

__all__ = ["add_chatwoot"]
