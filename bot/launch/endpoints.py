"""The endpoints file that the Rasa server gets: the shop's endpoints.yml with this machine's ports and folders."""

from pathlib import Path
from typing import Any

import yaml

from bot.settings import ROOT, Settings, read_yaml


def runtime_endpoints(settings: Settings) -> Path:
    """Write `var/endpoints.yml`: action server's port and embedded tracker store follow the settings.

    An action server on another machine and a tracker store on a database server stay as endpoints.yml has them.
    """
    endpoints: dict[str, Any] = read_yaml(ROOT / "endpoints.yml") or {}
    action = endpoints.get("action_endpoint") or {}
    if "127.0.0.1:5055" in action.get("url", ""):
        action["url"] = f"http://127.0.0.1:{settings.action_port}/webhook"
    tracker = endpoints.get("tracker_store") or {}
    if tracker.get("dialect") == "sqlite" and str(tracker.get("db", "")).startswith("var/"):
        tracker["db"] = str(settings.var / str(tracker["db"]).removeprefix("var/"))
    path = settings.var / "endpoints.yml"
    path.write_text(yaml.safe_dump(endpoints, allow_unicode=True), encoding="utf8")
    path.chmod(0o600)  # the variables' values, passwords among them, stand in it
    return path
