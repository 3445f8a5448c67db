"""The supervisor over processes that die."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.launch import leftovers, supervise
from bot.launch.supervise import LONGEST_PAUSE, OF_LATE, Server
from bot.settings import Settings


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Server]:
    server = Server("测试服务", [sys.executable, "-c", "import time; time.sleep(600)"], 0, "", "", tmp_path / "log")
    yield server
    server.signal(signal.SIGKILL)


def kill(server: Server) -> None:
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(20)


def test_one_that_dies_is_started_again_after_ever_longer_pauses(child: Server) -> None:
    child.start()
    kill(child)
    assert child.pause() == 0
    child.start_again()
    assert not child.failed()
    kill(child)
    for deaths, pause in ((1, 2.0), (2, 4.0), (4, 16.0), (9, LONGEST_PAUSE)):
        child.restarted = [time.monotonic()] * deaths
        assert pause - 2 < child.pause() <= pause


def test_deaths_long_ago_do_not_count(child: Server) -> None:
    child.start()
    child.restarted = [time.monotonic() - OF_LATE - 1] * 9
    kill(child)
    assert child.pause() == 0


def test_one_that_cannot_stay_does_not_take_the_others_with_it(
    child: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Server("坏的服务", [sys.executable, "-c", "print('坏了')"], 0, "", "", tmp_path / "broken")
    monkeypatch.setattr(supervise, "get_settings", lambda: Settings(var=tmp_path))
    times = []

    def sleep(_seconds: float) -> None:
        times.append(time.monotonic())
        if len(broken.restarted) >= 2:
            raise KeyboardInterrupt
        time.sleep(0.05)

    # Not the function itself: threads of the process sleep as well.
    monkeypatch.setattr(supervise, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    child.start()
    broken.start()
    with pytest.raises(KeyboardInterrupt):
        supervise.watch([child, broken])
    assert not child.failed() and "坏的服务意外退出，已重新启动（5 分钟里第 2 次）" in capsys.readouterr().out


def test_what_it_has_started_itself_goes_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    server = Server("测试服务", [sys.executable, "-c", code], 0, "", "", tmp_path / "log")
    server.start()
    try:
        deadline = time.monotonic() + 60
        while not (text := server.log.read_text()).strip():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        grandchild = int(text)
        kill(server)
        server.start_again()
        while _alive(grandchild):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        server.signal(signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


SUPERVISOR = """
import subprocess, sys, time
from pathlib import Path
from bot.launch import leftovers
from bot.settings import Settings
settings = Settings(var=Path(sys.argv[1]))
code = "import signal, sys, time; sys.argv[1] == 'deaf' and signal.signal(15, signal.SIG_IGN); time.sleep(600)"
servers = [subprocess.Popen([sys.executable, "-c", code, word], start_new_session=True) for word in ("polite", "deaf")]
time.sleep(0.5)
leftovers.note(settings, [server.pid for server in servers])
print(*(server.pid for server in servers), flush=True)
time.sleep(600)
"""


def test_servers_of_a_killed_supervisor_are_ended_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_SECONDS", 1.0)
    settings = Settings(var=tmp_path)
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(tmp_path)], stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        servers = [int(word) for word in supervisor.stdout.readline().split()]
        try:
            assert leftovers.end_leftovers(settings) == 0  # somebody watches them
            assert all(map(_alive, servers))
            supervisor.kill()
            supervisor.wait(20)
            assert all(map(_alive, servers))
            assert leftovers.end_leftovers(settings) == 2
            assert not any(map(_alive, servers))
            assert leftovers.end_leftovers(settings) == 0
        finally:
            for pid in servers:
                if _alive(pid):
                    os.kill(pid, signal.SIGKILL)


def test_a_number_that_another_process_has_now_is_left_alone(child: Server, tmp_path: Path) -> None:
    child.start()
    assert child.process is not None
    settings = Settings(var=tmp_path)
    note = {"supervisor": [2**22 - 1, 1], "servers": [[child.process.pid, 1]]}
    (tmp_path / "servers.json").write_text(json.dumps(note))
    assert leftovers.end_leftovers(settings) == 0 and not child.failed()


def test_blas_stays_on_one_thread_in_the_servers_of_a_turn_and_nowhere_else(tmp_path: Path) -> None:
    children = {child.name: child for child in supervise.servers(Settings(var=tmp_path))}
    show = [sys.executable, "-c", "import os; print(os.environ.get('OPENBLAS_NUM_THREADS'))"]
    said = {}
    for name, child in children.items():
        child.command = show
        child.start()
        assert child.process is not None
        child.process.wait(20)
        said[name] = child.log.read_text().strip()
    expected = supervise.LONE_BLAS["OPENBLAS_NUM_THREADS"]
    assert list(said) == ["动作服务", "Rasa 服务", "网页服务", "定时任务"]
    assert {said[name] for name in ("动作服务", "Rasa 服务", "网页服务")} == {expected}
    assert said["定时任务"] == str(os.environ.get("OPENBLAS_NUM_THREADS"))


def test_where_rasa_runs_the_actions_itself_they_have_no_server(tmp_path: Path) -> None:
    names = [child.name for child in supervise.servers(Settings(var=tmp_path, actions_module="actions"))]
    assert names == ["Rasa 服务", "网页服务", "定时任务"]
