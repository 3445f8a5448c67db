"""`bot bench-turn` by pieces: what it says, what it measures, what it makes of it."""

import asyncio
from pathlib import Path

import pytest

from bot.launch.bench_turn import LISTENING, Turn, in_words, summarize, timed_servers, with_parts
from bot.launch.problems import LaunchError
from bot.launch.supervise import servers
from bot.launch.timed import ACTION, CALL, PARSE, Line, timed
from bot.launch.turns import conversations
from bot.settings import Settings


def test_no_question_of_a_run_is_asked_twice() -> None:
    questions = [text for talk in conversations(20) for _, text in talk if text != "是的"]
    unique = set(questions)
    repeated = [q for q in unique if questions.count(q) > 1]
    assert len(unique) >= 80 and all("订单" in q or "快递" in q or "东西" in q for q in repeated)


def test_functions_and_coroutines_are_timed_and_still_do_their_work() -> None:
    class Worker:
        async def wait(self, json: dict[str, str]) -> str:
            await asyncio.sleep(0.02)
            return json["next_action"]

        def fail(self) -> None:
            raise ValueError("no")

    lines: list[Line] = []
    timed(Worker, "wait", CALL, lines.append, lambda *_, **k: k["json"]["next_action"])
    timed(Worker, "fail", PARSE, lines.append)
    assert asyncio.run(Worker().wait(json={"next_action": "action_a"})) == "action_a"
    with pytest.raises(ValueError, match="no"):
        Worker().fail()
    (kind, name, began, seconds), (other, *_) = lines
    assert (kind, name, other) == (CALL, "action_a", PARSE) and 0.015 <= seconds < 1 and began > 1e9


def test_a_call_inside_one_of_its_kind_counts_once() -> None:
    class Store:
        async def save(self) -> None:
            await self.read()

        async def read(self) -> None:
            await asyncio.sleep(0)

    lines: list[Line] = []
    timed(Store, "save", "store", lines.append, lambda *_: "save")
    timed(Store, "read", "store", lines.append, lambda *_: "read")
    store = Store()

    async def run() -> None:
        await store.save()
        await store.read()

    asyncio.run(run())
    assert [line[1] for line in lines] == ["save", "read"]


def test_notes_go_to_the_turn_in_which_they_were_made() -> None:
    spoken = [(Turn("价格", 100.0), 1000.0), (Turn("下单", 50.0), 1001.0)]
    lines = [
        [PARSE, "", 999.0, 0.5],  # the warming up
        [PARSE, "", 1000.01, 0.02],
        [CALL, LISTENING, 1000.03, 0.01],
        [CALL, "action_answer_price", 1000.05, 0.03],
        [ACTION, "action_answer_price", 1000.06, 0.02],
        [CALL, LISTENING, 1001.01, 0.01],
        [PARSE, "", 1002.0, 0.5],  # after the last turn
    ]
    first, second = with_parts(spoken, lines)
    assert first.parts == pytest.approx({PARSE: 20.0, CALL: 40.0, ACTION: 20.0})
    assert first.actions == [LISTENING, "action_answer_price"] and second.actions == [LISTENING]


def test_only_turns_that_call_an_action_count() -> None:
    turns = [Turn("价格", float(ms), 10.0, {PARSE: 5.0}, [LISTENING, "action_x"]) for ms in range(1, 101)]
    report = summarize([*turns, Turn("谢谢", 9999.0, 0.0, {}, [LISTENING])], (0.5, 0.7))
    assert (report.turns, report.median_ms, report.p95_ms) == (100, 50.5, 96.0)
    assert report.parts_ms[PARSE] == 5.0 and report.steps_ms == {"价格": 50.5} and report.load == (0.5, 0.7)
    text = in_words(report)
    assert "中位数 50.5 ms" in text and "目标是中位数不超过 60 ms：达到" in text and "正忙" not in text
    assert "机器正忙" in in_words(summarize(turns, (99.0, 99.0)))


def test_a_bot_that_calls_nothing_is_told() -> None:
    with pytest.raises(LaunchError, match="没有一轮调用了动作"):
        summarize([Turn("谢谢", 1.0, 0.0, {}, [LISTENING])], (0.0, 0.0))


def test_the_servers_of_make_run_are_the_ones_measured(tmp_path: Path) -> None:
    def timed(settings: Settings) -> list[str]:
        children = timed_servers(servers(settings))
        return [" ".join(child.command) for child in children if "bot.launch.timed" in child.command]

    (alone,) = timed(Settings(var=tmp_path, actions_module="actions"))
    assert "-m bot.launch.timed rasa --interface 127.0.0.1 --port 5005" in alone
    commands = timed(Settings(var=tmp_path))
    assert len(commands) == 2
    assert "-m bot.launch.timed actions --host 127.0.0.1 --port 5055" in commands[0]
    assert "-m bot.launch.timed rasa --interface 127.0.0.1 --port 5005" in commands[1]
