"""Headless Chromium, and the real servers around a throwaway model: web, Rasa, and the suite's own actions."""

import contextlib
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
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from urllib3.exceptions import HTTPError

from bot.db import engine_for
from bot.shop import upgrade_and_seed
from tests.running import MONDAY_MORNING, free_ports

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "results" / "screenshots"
MODEL = Path(__file__).parent / "model"
START_SECONDS = 180
GONE = (WebDriverException, HTTPError)  # what selenium says of a browser that a test has closed itself
_OPENED = pytest.StashKey[list[webdriver.Chrome]]()
SPEED = 10  # the shop's clock at the desk's tests against the real one
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Any:
    """A test that fails leaves pictures of its pages in results/screenshots."""
    report = yield
    if report.when == "call" and report.failed:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(item.stash.get(_OPENED, [])):
            with contextlib.suppress(*GONE):
                page.save_screenshot(str(SCREENSHOTS / f"failed-{item.name}-{number}.png"))
    return report


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Iterator[Callable[..., webdriver.Chrome]]:
    """Makes browsers, each with its own profile: `browser(width=…, height=…)`; all are closed at the end."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        missing("没有 Chromium 或 chromedriver，请安装 chromium 和 chromium-driver")
    opened = request.node.stash[_OPENED] = []
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
        with contextlib.suppress(*GONE):
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
    action_port: int
    more: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def start(self, *names: str) -> None:
        """Start "web", "rasa", "actions" side by side and wait until they answer."""
        rasa = f"-m rasa run -i 127.0.0.1 -p {self.rasa_port} --credentials {MODEL}/credentials.yml -m {self.model}"
        servers = {
            "web": ("-m bot.launch.web_server", self.web_port, "/health"),
            "rasa": (f"{rasa} --endpoints {MODEL}/endpoints.yml", self.rasa_port, "/"),
            "actions": (f"-m bot.launch.action_server --port {self.action_port}", self.action_port, "/health"),
        }
        for name in names:
            with (self.var / f"{name}.log").open("ab") as log:
                command = [sys.executable, *servers[name][0].split()]
                # The actions are found where the command is run, as in a checkout.
                folder = ROOT if name == "actions" else self.var
                self.running[name] = subprocess.Popen(
                    command, cwd=folder, env=self.environment(), stdout=log, stderr=log
                )
        for name in names:
            self._wait(name, f"http://127.0.0.1:{servers[name][1]}{servers[name][2]}")

    def stop(self, *names: str) -> None:
        for name in names:
            self.running[name].terminate()
        for name in names:
            self.running.pop(name).wait(20)

    def environment(self) -> dict[str, str]:
        """What the servers are started with; `more` may be changed before the next start."""
        ports = {"WEB_PORT": self.web_port, "RASA_PORT": self.rasa_port, "ACTION_PORT": self.action_port}
        ours = {f"DIANXIAOER_{name}": str(value) for name, value in {**ports, "VAR": self.var}.items()}
        return {**os.environ, **ours, **self.more, "PYTHONPATH": str(ROOT), "RASA_TELEMETRY_ENABLED": "false"}

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
def tiny_model(tmp_path_factory: Any) -> Path:
    """The small model of `tests/browser/model`."""
    if not (ROOT / "bot/web/dist/index.html").is_file():
        missing("网页还没有构建，请先运行 python -m bot web")
    var = tmp_path_factory.mktemp("model")
    train = (
        f"-m rasa train --config {MODEL}/config.yml --domain {MODEL}/domain.yml --data {MODEL}/data.yml "
        f"--out {var} --fixed-model-name tiny"
    )
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "PYTHONPATH": str(ROOT)}
    trained = subprocess.run([sys.executable, *train.split()], cwd=var, env=environment, capture_output=True, text=True)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    return Path(var / "tiny.tar.gz")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: Any, tiny_model: Path) -> Iterator[Shop]:
    """The web server and Rasa with the small model."""
    running = Shop(tmp_path_factory.mktemp("shop"), tiny_model, *free_ports(3))
    try:
        running.start("rasa", "web")
        yield running
    finally:
        running.stop(*running.running)


@pytest.fixture(scope="module")
def desk_shop(tmp_path_factory: Any, tiny_model: Path) -> Iterator[Shop]:
    """A shop with goods, orders and the suite's actions, for people at its desk; its clock runs ten times as fast."""
    running = Shop(tmp_path_factory.mktemp("desk"), tiny_model, *free_ports(3))
    running.more = {"DIANXIAOER_NOW": MONDAY_MORNING, "DIANXIAOER_CLOCK_SPEED": f"{SPEED}@{time.time()}"}
    url = f"sqlite:///{running.var}/shop.db"
    upgrade_and_seed(url, progress=lambda *_: None)
    engine_for(url).dispose()
    try:
        running.start("rasa", "web", "actions")
        yield running
    finally:
        running.stop(*running.running)
