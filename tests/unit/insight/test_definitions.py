"""The page about the figures says what the code computes."""

import pytest

from bot.insight.definitions import PAGE, table, with_table
from bot.service_settings import Kpi
from bot.settings import SettingsError, get_settings


def test_the_page_has_the_definitions_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf8")
    assert with_table(page, get_settings().operations.kpi) == page, "请运行 python -m bot kpis --table"


def test_a_target_of_the_settings_is_in_the_table() -> None:
    assert "| ≤ 9.0 秒 |" in table(Kpi(first_response_seconds=9))


def test_a_page_without_the_place_is_told() -> None:
    with pytest.raises(SettingsError, match="没有"):
        with_table("# 报表", Kpi())
