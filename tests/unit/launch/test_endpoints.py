"""The endpoints that the Rasa server gets."""

from pathlib import Path

import pytest
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.utils.endpoints import read_endpoint_config

from bot import settings
from bot.launch import endpoints
from bot.launch.endpoints import runtime_endpoints
from bot.runtime.trackers import WindowTrackerStore
from bot.settings import ROOT, Settings, SettingsError, get_settings


def test_the_tracker_store_lies_where_the_settings_say(tmp_path: Path) -> None:
    path = runtime_endpoints(Settings(var=tmp_path))
    config = read_endpoint_config(str(path), "tracker_store")
    store = TrackerStore.create(config, Domain.empty())
    assert isinstance(store, WindowTrackerStore) and store.url == f"sqlite:///{tmp_path}/tracker.db"
    assert (tmp_path / "tracker.db").exists() and path.stat().st_mode & 0o077 == 0


def test_a_store_of_another_kind_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "endpoints.yml").write_text("tracker_store: {type: SQL, dialect: sqlite, db: other.db}\n")
    monkeypatch.setattr(endpoints, "endpoints_file", lambda: tmp_path / "endpoints.yml")
    path = runtime_endpoints(Settings(var=tmp_path / "var"))
    assert read_endpoint_config(str(path), "tracker_store").kwargs["db"] == "other.db"


def test_actions_run_in_rasa_unless_told_otherwise() -> None:
    assert get_settings().actions_module == "actions"
    endpoint = read_endpoint_config(str(ROOT / "endpoints.yml"), "action_endpoint")
    assert endpoint.kwargs["actions_module"] == "actions"


def test_a_profile_with_action_servers_can_do_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "endpoints.yml").write_text("action_endpoint: {url: 'http://actions:5055/webhook'}\n")
    monkeypatch.setattr(endpoints, "endpoints_file", lambda: tmp_path / "endpoints.yml")
    for module in ("", "actions"):
        path = runtime_endpoints(Settings(var=tmp_path / "var", actions_module=module))
        assert read_endpoint_config(str(path), "action_endpoint").kwargs.get("actions_module", "") == module
    monkeypatch.setattr(settings, "endpoints_file", lambda: tmp_path / "endpoints.yml")
    monkeypatch.setenv("DIANXIAOER_ACTIONS_MODULE", "actions")
    get_settings.cache_clear()
    try:
        assert get_settings().actions_module == "actions"
    finally:
        get_settings.cache_clear()


@pytest.mark.parametrize("name", ["actons", "actions.nothing.here", "..x"])
def test_a_module_of_actions_that_is_not_there_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "endpoints.yml").write_text(f"action_endpoint: {{actions_module: {name}}}\n")
    monkeypatch.setattr(settings, "endpoints_file", lambda: tmp_path / "endpoints.yml")
    get_settings.cache_clear()
    try:
        with pytest.raises(SettingsError, match=f"没有 actions_module 写的 {name}"):
            get_settings()
    finally:
        get_settings.cache_clear()
