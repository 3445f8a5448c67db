"""`make bench-turn`: how long a turn takes that calls an action, on this machine, with everything as in `make run`."""

import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import requests

from bot.launch.ports import free_ports
from bot.launch.problems import LaunchError
from bot.launch.steps import create_databases, newest_model, say
from bot.launch.supervise import HOST, Server, servers, start, stop
from bot.launch.timed import ACTION, CALL, PARSE, POLICIES, STORE, VARIABLE
from bot.launch.turns import conversations
from bot.settings import ROOT, get_settings

ROUNDS, WARM_UP = 20, 2  # conversations; those to warm up are not counted
AIM_MS = 60
LISTENING = "action_validate_slot_mappings"  # runs at every message: not what makes a turn one that calls an action
PARTS = {PARSE: "听懂", POLICIES: "选动作", CALL: "调用动作", STORE: "存取会话"}


@dataclass
class Turn:
    """One message and its answer.

    Attributes:
        step: what kind of message.
        ms: from sending it to having the whole answer, over REST.
        cpu_ms: what both servers computed meanwhile; counted in steps of 10 ms, so only sums mean something.
        parts: milliseconds by kind (`bot.launch.timed`).
        actions: the actions called, in order.
    """

    step: str
    ms: float
    cpu_ms: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """Milliseconds of the turns that called an action beside the one that listens to every message."""

    turns: int
    median_ms: float
    p95_ms: float
    mean_ms: float
    cpu_ms: float
    parts_ms: dict[str, float]
    steps_ms: dict[str, float]
    slowest: list[str]
    load: tuple[float, float]
    cores: int


def bench_turn(rounds: int = ROUNDS, *, as_json: bool = False) -> Report:
    """Start the servers, play `rounds` conversations, print and return the figures.

    Raises:
        LaunchError: there is no model, a server does not start, or the bot does not answer.
    """
    if newest_model() is None:
        raise LaunchError("还没有模型，请先运行 make train")
    with tempfile.TemporaryDirectory(prefix="dianxiaoer-bench-") as folder:
        turns, load = _measure(Path(folder), rounds, quiet=as_json)
    report = summarize(turns, load)
    print(json.dumps(asdict(report), ensure_ascii=False, indent=2) if as_json else in_words(report))
    return report


def _measure(var: Path, rounds: int, *, quiet: bool) -> tuple[list[Turn], tuple[float, float]]:
    times = var / "times.jsonl"
    times.touch()
    share_built(var)
    names = ("WEB", "RASA", "ACTION")
    os.environ |= {f"DIANXIAOER_{n}_PORT": str(p) for n, p in zip(names, free_ports(3), strict=True)}
    os.environ |= {"DIANXIAOER_VAR": str(var), VARIABLE: str(times)}
    get_settings.cache_clear()
    tell = (lambda _text: None) if quiet else say
    tell("准备一份示例店铺……")
    create_databases(progress=lambda _line: None)
    children = [child for child in timed_servers(servers(get_settings())) if "bot.launch.timed" in child.command]
    before = os.getloadavg()[0]
    try:
        start(children, progress=tell)
        tell(f"对话 {rounds} 段……")
        spoken = _talk(f"http://{HOST}:{get_settings().rasa_port}/webhooks/rest/webhook", rounds, children)
    except requests.RequestException as error:
        raise LaunchError(_with_logs(f"机器人没有回应（{type(error).__name__}）", children)) from None
    finally:
        stop(children)
    lines = [json.loads(line) for line in times.read_text(encoding="utf8").splitlines()]
    return with_parts(spoken, lines), (before, os.getloadavg()[0])


def timed_servers(children: Iterable[Server]) -> list[Server]:
    """The servers of `make run`, Rasa and actions each with its notes of time."""
    modules = {"bot.launch.rasa_server": "rasa", "bot.launch.action_server": "actions"}
    found = list(children)
    for child in found:
        for place, word in enumerate(child.command):
            if word in modules:
                child.command[place : place + 1] = ["bot.launch.timed", modules[word]]
                break
    return found


def share_built(var: Path) -> None:
    """Let servers with their data in `var` use the encoders that are built already."""
    for built in ("encoders", "finetuned"):
        found = ROOT / "var" / built
        if found.exists():
            (var / built).symlink_to(found.resolve())


def _cpu_seconds(children: Iterable[Server]) -> float:
    """What the servers have computed so far, all threads together."""
    ticks = 0
    for child in children:
        assert child.process is not None
        # Fields 14 and 15 of proc(5); the second one, the name in brackets, may hold spaces.
        fields = Path(f"/proc/{child.process.pid}/stat").read_text(encoding="utf8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _with_logs(what: str, children: Iterable[Server]) -> str:
    """The problem with the ends of the servers' logs, which are gone with their folder."""
    return "\n".join([what, *(f"── {child.name}\n{child.last_words()}" for child in children)])


def _talk(address: str, rounds: int, children: list[Server]) -> list[tuple[Turn, float]]:
    """The turns with the time at which each began."""
    spoken = []
    with requests.Session() as session:
        session.trust_env = False  # the server is on this machine
        for number, conversation in enumerate(conversations(rounds + WARM_UP)):
            for step, message in conversation:
                began, clock = time.time(), time.perf_counter()
                computed = _cpu_seconds(children)
                body = {"sender": f"bench-{number}", "message": message}
                answer = session.post(address, json=body, timeout=30)
                ms = 1000 * (time.perf_counter() - clock)
                if answer.status_code != 200 or not answer.json():
                    what = f"机器人没有回答“{message}”（状态 {answer.status_code}）。模型可能是旧的，请先 make train"
                    raise LaunchError(_with_logs(what, children))
                if number >= WARM_UP:
                    cpu = 1000 * (_cpu_seconds(children) - computed)
                    spoken.append((Turn(step, ms, cpu), began))
    return spoken


def with_parts(spoken: Sequence[tuple[Turn, float]], lines: Iterable[Sequence[Any]]) -> list[Turn]:
    """The turns with what the servers noted between their beginning and the next one's."""
    noted = sorted(lines, key=lambda line: float(line[2]))
    for number, (turn, began) in enumerate(spoken):
        until = spoken[number + 1][1] if number + 1 < len(spoken) else began + turn.ms / 1000
        for kind, name, at, seconds in noted:
            if began <= at < until:
                turn.parts[kind] = turn.parts.get(kind, 0.0) + 1000 * seconds
                turn.actions += [name] if kind == CALL else []
    return [turn for turn, _ in spoken]


def summarize(turns: Sequence[Turn], load: tuple[float, float]) -> Report:
    """The figures of the turns that called an action.

    Raises:
        LaunchError: none did.
    """
    counted = [turn for turn in turns if set(turn.actions) - {LISTENING}]
    if not counted:
        raise LaunchError("没有一轮调用了动作，量不出用时。请用 make run 看看机器人是否正常回答")
    all_ms = sorted(turn.ms for turn in counted)
    by_step: dict[str, list[float]] = defaultdict(list)
    for turn in counted:
        by_step[turn.step].append(turn.ms)
    parts = {kind: statistics.fmean(t.parts.get(kind, 0.0) for t in counted) for kind in (*PARTS, ACTION)}
    slow = sorted(counted, key=lambda turn: -turn.ms)[:3]
    return Report(
        turns=len(counted),
        median_ms=round(statistics.median(all_ms), 1),
        p95_ms=round(all_ms[min(len(all_ms) - 1, int(0.95 * len(all_ms)))], 1),
        mean_ms=round(statistics.fmean(all_ms), 1),
        cpu_ms=round(statistics.fmean(turn.cpu_ms for turn in counted), 1),
        parts_ms={kind: round(ms, 1) for kind, ms in parts.items()},
        steps_ms={step: round(statistics.median(values), 1) for step, values in by_step.items()},
        slowest=[f"{turn.step} {turn.ms:.0f} ms" for turn in slow],
        load=(round(load[0], 2), round(load[1], 2)),
        cores=len(os.sched_getaffinity(0)),
    )


def in_words(report: Report) -> str:
    """The report for people."""
    rest = report.mean_ms - sum(report.parts_ms[kind] for kind in PARTS)
    lines = [
        f"\n调用动作的一轮对话：中位数 {report.median_ms} ms，95% 不超过 {report.p95_ms} ms（{report.turns} 轮，REST）",
        f"目标是中位数不超过 {AIM_MS} ms：{'达到' if report.median_ms <= AIM_MS else '没有达到'}",
        f"平均 {report.mean_ms} ms，其中",
    ]
    for kind, title in PARTS.items():
        inside = f"（动作自己 {report.parts_ms[ACTION]} ms）" if kind == CALL else ""
        lines.append(f"  {title} {report.parts_ms[kind]} ms{inside}")
    lines.append(f"  其余 {rest:.1f} ms")
    lines.append(f"两个服务一轮平均占用处理器 {report.cpu_ms} ms（与机器忙不忙无关）")
    lines.append("各步的中位数：" + "，".join(f"{step} {ms} ms" for step, ms in report.steps_ms.items()))
    lines.append("最慢的三轮：" + "，".join(report.slowest))
    lines.append(
        f"{report.cores} 个核，开始时负载 {report.load[0]}，结束时 {report.load[1]}（Python {sys.version.split()[0]}）"
    )
    if report.load[0] > report.cores:
        lines.append("机器正忙，这次的数字偏大，空闲时再量一次")
    return "\n".join(lines)
