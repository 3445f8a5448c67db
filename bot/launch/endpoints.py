"""The endpoints file that the Rasa server gets: the shop's endpoints.yml with this machine's ports and folders."""

from pathlib import Path
from typing import Any

import yaml

from bot.settings import TRACKER_STORE, Settings, endpoints_file, read_yaml


def runtime_endpoints(settings: Settings) -> Path:
    """Write `var/endpoints.yml`: action server's port and our tracker store's database follow the settings.

    An action server on another machine and a tracker store of another kind stay as endpoints.yml has them.
    """
    endpoints: dict[str, Any] = read_yaml(endpoints_file()) or {}
    action = endpoints.get("action_endpoint") or {}
    if "127.0.0.1:5055" in action.get("url", ""):
        action["url"] = f"http://127.0.0.1:{settings.action_port}/webhook"
    if action and settings.actions_module:
        action["actions_module"] = settings.actions_module
    tracker = endpoints.get("tracker_store") or {}
    if tracker.get("type") == TRACKER_STORE:
        tracker["url"] = settings.tracker_url
    settings.var.mkdir(parents=True, exist_ok=True)
    path = settings.var / "endpoints.yml"
    path.write_text(yaml.safe_dump(endpoints, allow_unicode=True), encoding="utf8")
    path.chmod(0o600)  # the variables' values, passwords among them, stand in it
    return path
