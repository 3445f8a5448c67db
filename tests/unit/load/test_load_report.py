"""The table of the load test and its place in the page."""

import math
from pathlib import Path

import pytest

from bot.launch.load.report import BEGIN, END, Contender, Row, table, write_table
from bot.launch.load.search import Figures
from bot.launch.problems import LaunchError
from bot.launch.timed import CALL, TURN


def contender(name: str, best: float, parts: dict[str, float] | None = None) -> Contender:
    rows = [
        Row(
            share,
            Figures(share * best, 100, 1, share * best, 40.0, 200.0, math.inf, False),
            {"Rasa 服务 1": 20.0, "Rasa 服务 2": 5.0, "压测程序": 1.0},
            0.25,
            parts or {},
        )
        for share in (0.25, 0.5, 0.75, 1.0)
    ]
    return Contender(name, best, tuple(rows))


def test_it_has_the_ratio_the_rows_the_cpu_and_the_parts() -> None:
    ours = contender("店小二", 52.0, {TURN: 40.0, CALL: 15.0})
    told = table([contender("Rasa 模板", 10.0), ours, contender("多核", 80.0)], 8.0, 2)
    assert "Rasa 模板 10.0 轮/秒；店小二 52.0 轮/秒，是它的 **5.2 倍**；多核 80.0 轮/秒，是它的 **8.0 倍**。" in told
    assert "| 店小二 | 26.0 | 50% | 40 | 200 | — | 100 | 1 | 0.25 |" in told
    assert "- 店小二（52.0 轮/秒时）：Rasa 服务 25.0（40 轮/秒），压测程序 1.0" in told
    assert told.count("时间花在哪里") == 1 and "| 15.0 |" in told and "| 40.0 |" in told


def test_a_bot_without_a_rate_has_no_ratio() -> None:
    told = table([Contender("Rasa 模板", 0.0, ()), contender("店小二", 5.0)], 8.0, 2)
    assert "倍" not in told and "| Rasa 模板 | 0 |" in told


def test_the_page_keeps_everything_else(tmp_path: Path) -> None:
    page = tmp_path / "operations.md"
    page.write_text(f"# 运维\n\n{BEGIN}\n旧的\n{END}\n\n后面\n", encoding="utf8")
    write_table(page, "新的")
    write_table(page, "更新的")
    assert page.read_text(encoding="utf8") == f"# 运维\n\n{BEGIN}\n更新的\n{END}\n\n后面\n"
    assert list(tmp_path.iterdir()) == [page]


def test_a_page_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "operations.md"
    page.write_text(f"{END} {BEGIN}", encoding="utf8")
    with pytest.raises(LaunchError, match="没有"):
        write_table(page, "新的")
    assert page.read_text(encoding="utf8") == f"{END} {BEGIN}"
