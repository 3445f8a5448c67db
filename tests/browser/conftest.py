"""Headless Chromium, and the real web server and Rasa server around a throwaway model."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.running import free_ports

ROOT = Path(__file__).resolve().parents[2]
MODEL = Path(__file__).parent / "model"
START_SECONDS = 180
FLAGS = ["headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"]
FLAGS += ["disable-component-update", "disable-sync", "disable-dev-shm-usage", "lang=zh-CN"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


def missing(what: str) -> None:
    """Skip the test for want of `what`; on CI fail, because there it must not go unnoticed."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture
def browser() -> Iterator[Callable[..., webdriver.Chrome]]:
    """Makes browsers, each with its own profile: `browser(width=…, height=…)`; all are closed at the end."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        missing("没有 Chromium 或 chromedriver，请安装 chromium 和 chromium-driver")
    opened: list[webdriver.Chrome] = []
    profiles: list[str] = []

    def make(width: int = 1280, height: int = 860) -> webdriver.Chrome:
        options = Options()
        options.binary_location = str(chromium)
        profiles.append(tempfile.mkdtemp(prefix="chromium"))
        for flag in FLAGS:
            options.add_argument(f"--{flag}")
        options.add_argument(f"--user-data-dir={profiles[-1]}")
        opened.append(webdriver.Chrome(options=options, service=Service(driver)))
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        opened[-1].execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        return opened[-1]

    yield make
    for each in opened:
        each.quit()
    for profile in profiles:
        shutil.rmtree(profile, ignore_errors=True)


@dataclass
class Shop:
    """The running servers; `url` is the customer's address."""

    var: Path
    model: Path
    web_port: int
    rasa_port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def start(self, name: str) -> None:
        """Start "web" or "rasa" and wait until it answers."""
        rasa = f"-m rasa run -i 127.0.0.1 -p {self.rasa_port} --credentials {MODEL}/credentials.yml -m {self.model}"
        arguments = "-m bot.desk" if name == "web" else f"{rasa} --endpoints {MODEL}/endpoints.yml"
        with (self.var / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *arguments.split()], cwd=self.var, env=self._environment(), stdout=log, stderr=log
            )
        address = f"{self.url}/health" if name == "web" else f"http://127.0.0.1:{self.rasa_port}/"
        self._wait(name, address)

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        process.wait(20)

    def _environment(self) -> dict[str, str]:
        names = {"VAR": self.var, "WEB_PORT": self.web_port, "RASA_PORT": self.rasa_port}
        ours = {f"DIANXIAOER_{name}": str(value) for name, value in names.items()}
        return {**os.environ, **ours, "PYTHONPATH": str(ROOT), "RASA_TELEMETRY_ENABLED": "false"}

    def _wait(self, name: str, address: str) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.running[name].poll() is None:
            try:
                urllib.request.urlopen(address, timeout=2).close()
                return
            except OSError:
                time.sleep(0.2)
        pytest.fail(f"{name} 没有启动：\n" + (self.var / f"{name}.log").read_text(encoding="utf8")[-3000:])


@pytest.fixture(scope="session")
def shop(tmp_path_factory: Any) -> Iterator[Shop]:
    """The web server and Rasa with the small model of `tests/browser/model`."""
    if not (ROOT / "bot/web/dist/index.html").is_file():
        missing("网页还没有构建，请先运行 python -m bot web")
    var = tmp_path_factory.mktemp("shop")
    train = (
        f"-m rasa train --config {MODEL}/config.yml --domain {MODEL}/domain.yml --data {MODEL}/data.yml "
        f"--out {var}/models --fixed-model-name tiny"
    )
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *train.split()], cwd=var, env=environment, check=True, capture_output=True)
    running = Shop(var, var / "models" / "tiny.tar.gz", *free_ports(2))
    try:
        running.start("rasa")
        running.start("web")
        yield running
    finally:
        for name in list(running.running):
            running.stop(name)
