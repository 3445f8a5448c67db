"""The spool loses nothing: not over a failing store, a kill, a full process list of leftovers."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.events.spool import Spool, SpoolClosed


def eventually(check: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.02)
    return check()


def test_lines_arrive_in_order_and_files_go(tmp_path: Path) -> None:
    got: list[bytes] = []
    spool = Spool(tmp_path, got.extend)
    for number in range(200):
        spool.append(str(number).encode())
    assert eventually(lambda: len(got) == 200)
    spool.close()
    assert got == [str(n).encode() for n in range(200)]
    assert list(tmp_path.iterdir()) == []


def test_a_closed_spool_leaves_descriptors_alone(tmp_path: Path) -> None:
    got: list[bytes] = []
    spool = Spool(tmp_path / "spool", got.extend)
    spool.append(b"1")
    before = spool._file
    spool.close()
    strangers = [os.open(tmp_path / f"{n}", os.O_CREAT | os.O_RDWR) for n in range(8)]
    assert before in strangers  # the system gives the lowest number again
    with pytest.raises(SpoolClosed):
        spool.append(b"2")
    assert spool.flush()
    spool.close()
    for file in strangers:
        assert os.fstat(file).st_size == 0
        os.close(file)
    assert got == [b"1"] and list((tmp_path / "spool").iterdir()) == []


def test_a_store_that_fails_gets_the_lines_later_in_order(tmp_path: Path) -> None:
    got: list[bytes] = []
    down = [True]

    def deliver(lines: list[bytes]) -> None:
        if down[0]:
            raise ConnectionError("away")
        got.extend(lines)

    spool = Spool(tmp_path, deliver)
    spool.append(b"1")
    assert not spool.flush()
    spool.append(b"2")
    assert not spool.flush()
    down[0] = False
    assert spool.flush()
    assert got == [b"1", b"2"]
    spool.close()


def test_what_was_not_taken_waits_for_the_next_process(tmp_path: Path) -> None:
    def refuse(_lines: list[bytes]) -> None:
        raise ConnectionError("away")

    spool = Spool(tmp_path, refuse)
    spool.append(b"kept")
    spool.close()
    got: list[bytes] = []
    second = Spool(tmp_path, got.extend)
    assert eventually(lambda: got == [b"kept"])
    second.close()


def test_a_killed_process_loses_no_line(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from bot.events.spool import Spool
        def refuse(lines): raise ConnectionError
        spool = Spool(Path(sys.argv[1]), refuse)
        for number in range(10_000_000):
            spool.append(str(number).encode())
            print(number, flush=True)
        """
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        while int(child.stdout.readline()) < 500:
            pass
        got: list[bytes] = []
        alive = Spool(tmp_path, got.extend)
        time.sleep(0.2)
        assert got == []  # the files of a living process are its own
        alive.close()
        os.kill(child.pid, signal.SIGKILL)
        told = [500, *(int(line) for line in child.stdout)]
    second = Spool(tmp_path, got.extend)
    assert eventually(lambda: len(got) > told[-1])
    second.close()
    assert sorted(map(int, got))[: told[-1] + 1] == list(range(told[-1] + 1))


def test_recording_is_quick_while_the_store_hangs(tmp_path: Path) -> None:
    def hang(_lines: list[bytes]) -> None:
        time.sleep(0.5)

    spool = Spool(tmp_path, hang)
    spool.append(b"0")
    time.sleep(0.1)
    took = []
    for _ in range(200):
        began = time.perf_counter()
        spool.append(b"x" * 500)
        took.append(time.perf_counter() - began)
    spool.close()
    assert sorted(took)[100] < 0.005


def test_a_full_disk_keeps_no_line_from_being_delivered(tmp_path: Path) -> None:
    """RLIMIT_FSIZE is what a full disk looks like to a process: the write is cut short, the next one fails."""
    script = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        from bot.events.spool import Spool
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        got, open_ = [], [False]
        def deliver(lines):
            if not open_[0]: raise ConnectionError
            got.extend(lines)
        spool = Spool(Path(sys.argv[1]), deliver)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        for number in range(300): spool.append(f"{number:07d}".encode())
        open_[0] = True
        assert spool.flush()
        for number in range(300, 600): spool.append(f"{number:07d}".encode())
        spool.close()
        assert got == [f"{number:07d}".encode() for number in range(600)], len(got)
        """
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_its_process_delivers_meanwhile_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")  # listed, and not there when it is looked at
    (tmp_path / "left.jsonl").write_bytes(b"left\n")
    got: list[bytes] = []
    spool = Spool(tmp_path, got.extend)
    assert eventually(lambda: got == [b"left"])
    spool.append(b"new")
    assert eventually(lambda: got == [b"left", b"new"])
    spool.close()
