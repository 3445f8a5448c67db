"""The desk's HTTP and WebSocket API; docs/api/desk.md describes it for who builds pages on it."""

from bot.desk.api.endpoints import ENDPOINTS, Endpoint
from bot.desk.api.setup import add_desk

__all__ = ["ENDPOINTS", "Endpoint", "add_desk"]
