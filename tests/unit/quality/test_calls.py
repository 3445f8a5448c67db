"""Calls: the list, the speakers, import once."""

from datetime import date, datetime
from pathlib import Path

import pytest

from bot.quality import calls
from bot.quality.figures import agents, criteria
from bot.quality.inspection import inspect_day
from bot.quality.inspector import Inspector
from bot.quality.outside import find, keep, outside_of
from bot.quality.problems import CallsError
from bot.quality.report import as_markdown, report_of
from bot.quality.talk import Line, Talk
from bot.quality.transcript import transcript
from bot.settings import Settings
from bot.speech.hearing import Heard

HEARD = [
    Heard(0.5, 2.0, "left", "您好，很高兴为您服务"),
    Heard(2.5, 4.0, "right", "我的电话是13812345678"),
    Heard(4.2, 6.0, "left", "好的，感谢您的来电"),
]


def listed(tmp_path: Path, *rows: str, head: str = "file,agent,time,phone") -> Path:
    (tmp_path / "one.wav").write_bytes(b"RIFF")
    path = tmp_path / "calls.csv"
    path.write_text("\n".join([head, *rows]), encoding="utf-8-sig")
    return path


def test_a_call_is_kept_once_with_personal_data_masked(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "hear", lambda _settings, _path: HEARD)
    path = listed(tmp_path, "one.wav,lin,2026-11-24 14:30:00,13812345678")
    said: list[str] = []
    assert calls.import_calls(settings, path, said.append) == (1, 0)
    assert calls.import_calls(settings, path, said.append) == (0, 0)
    assert "以前导入过" in said[-1]
    (recorded,) = calls.read_list(path)
    kept = find(settings.events_url, recorded.id)
    assert kept is not None
    row, talk = kept
    assert row.customer == "138****5678"
    assert "13812345678" not in str(row.lines)
    assert [(line.side, line.agent) for line in talk.lines] == [("agent", "lin"), ("customer", ""), ("agent", "lin")]
    assert talk.lines[0].at.isoformat() == "2026-11-24T06:30:00.500000+00:00"


def test_waiting_in_a_call_counts_from_the_end_of_the_question(settings: Settings, inspector: Inspector) -> None:
    recorded = calls.Recorded(Path(__file__), "lin", calls.clock.now(), "")
    long_question = [Heard(0, 70, "right", "有货吗"), Heard(72, 73, "left", "您好，有的")]
    (found,) = inspector.inspect([calls.as_talk(recorded, long_question, "left")])
    assert found.verdicts["response_gap"] == "pass"


def test_where_nobody_can_tell_who_speaks_somebody_said_it(
    settings: Settings, inspector: Inspector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_channel = [
        Heard(0, 1, "mono", "防水吗"),
        Heard(2, 3, "mono", "急什么，自己看"),
        Heard(90, 92, "mono", "我要打12315"),
        Heard(93, 95, "mono", "您的情况我登记了，转给主管"),
        Heard(96, 97, "mono", "今天给您回电"),
    ]
    monkeypatch.setattr(calls, "hear", lambda _settings, _path: one_channel)
    path, said, day = listed(tmp_path, "one.wav,lin,2026-11-24 14:30:00,"), [], date(2026, 11, 24)
    assert calls.import_calls(settings, path, said.append) == (1, 0)
    assert "单声道分不出谁说的" in said[0]
    assert inspect_day(settings, inspector, day) == 1
    (recorded,) = calls.read_list(path)
    told = transcript(settings, f"{recorded.id}:1")
    assert told is not None and told.score is None and told.agent == ""
    judged = {name: verdict for name, verdict in told.verdicts.items() if verdict != "na"}
    assert judged == {
        "apology": "fail",
        "forbidden": "fail",
        "response_gap": "fail",
        "risk_language": "pass",
        "risk_escalated": "pass",
    }
    assert {one.side for one in told.findings} == {"someone"} and not any(one.points for one in told.findings)
    assert transcript(settings, f"{recorded.id}:1", agent="lin") is None, "it is not held against her"
    assert not agents(settings.events_url, day, day) and not criteria(settings.events_url, day, day)
    report = as_markdown(report_of(settings, inspector.rules, day))
    assert "1 通电话是单声道" in report and "有人说“急什么”" in report


def test_calls_of_one_channel_kept_as_a_customers_before_stay_out(settings: Settings) -> None:
    at = calls.clock.as_utc(datetime(2026, 11, 24, 6, 30))
    talk = Talk("old:1", "old", "phone", [Line(1, "customer", at, "有货吗"), Line(2, "customer", at, "有")], "call")
    keep(settings.events_url, [talk], "old.wav")
    assert [one for batch in outside_of(settings, date(2026, 11, 24)) for one in batch] == []


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("no.wav,lin,2026-11-24 14:30:00,", "第 2 行：没有录音 no.wav"),
        ("one.wav,,2026-11-24 14:30:00,", "第 2 行：没有写客服"),
        ("one.wav,lin,昨天下午,", "第 2 行：时间请写成"),
    ],
)
def test_a_mistake_in_the_list_is_told_with_its_line(tmp_path: Path, row: str, says: str) -> None:
    with pytest.raises(CallsError, match=says):
        list(calls.read_list(listed(tmp_path, row)))


def test_a_list_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallsError, match="缺少 agent 列"):
        list(calls.read_list(listed(tmp_path, "one.wav,2026-11-24", head="file,time")))
