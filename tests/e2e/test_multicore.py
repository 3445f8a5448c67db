"""`make run PROFILE=multicore`: two Rasa servers on embedded databases answer as one."""

import json
import os
import re
import shutil
import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.shop import find_order
from tests.running import PROFILE, Suite, start

_NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(PROFILE), reason="自己启动多核的配置"),
    pytest.mark.skipif(not _NGINX and not os.environ.get("CI"), reason="没有安装 nginx（make services）"),
]


@pytest.fixture(scope="module")
def multicore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """Its own suite with two Rasa servers, whatever the machine has."""
    var = Path(tmp_path_factory.mktemp("multicore"))
    started = start(var, DIANXIAOER_PROFILE="multicore", DIANXIAOER_RASA_COPIES="2")
    try:
        yield started
    finally:
        started.stop()


def _ordered(suite: Suite, sender: str) -> str:
    """Asks for a thing, says yes twice; the number of the order."""
    assert "现货" in suite.hear(sender, "iPhone 14 256G 蓝色有现货吗？")
    assert "生成订单" in suite.hear(sender, "是的")
    found = re.search(r"DX\d+", suite.hear(sender, "是的"))
    assert found
    return found.group()


def _answers(suite: Suite) -> Counter[str]:
    """How many messages went to which Rasa server, of nginx's own log."""
    lines = (suite.var / "nginx" / "access.log").read_text(encoding="utf8").splitlines()
    found = [json.loads(line) for line in lines]
    return Counter(one["to"] for one in found if one["path"] == "/webhooks/rest/webhook")


def _logs(suite: Suite) -> str:
    return "".join(path.read_text(encoding="utf8") for path in (suite.var / "log").glob("rasa-*.log"))


def test_both_servers_answer_and_every_customer_has_one_order(multicore: Suite) -> None:
    senders = [uuid.uuid4().hex for _ in range(6)]
    with ThreadPoolExecutor(len(senders)) as pool:
        numbers = list(pool.map(lambda sender: _ordered(multicore, sender), senders))
    assert len(set(numbers)) == len(senders)
    for sender, number in zip(senders, numbers, strict=True):
        order = find_order(multicore.shop_url, number)
        assert order and order.account == sender
    assert len(_answers(multicore)) == 2, _answers(multicore)


def test_what_one_customer_says_at_once_is_answered_one_by_one(multicore: Suite) -> None:
    sender = uuid.uuid4().hex
    products = ["iPhone 14 256G", "iPhone 13 128G"] * 4
    with ThreadPoolExecutor(len(products)) as pool:
        heard = list(pool.map(lambda product: multicore.hear(sender, f"请问{product}现在多少钱？"), products))
    for answer, product in zip(heard, products, strict=True):
        assert product.split(" ")[1] in answer and "¥" in answer
    assert "Two processes handled" not in _logs(multicore)


def test_the_other_one_goes_on_when_one_is_killed(multicore: Suite) -> None:
    sender = uuid.uuid4().hex
    assert "现货" in multicore.hear(sender, "iPhone 14 256G 蓝色有现货吗？")
    killed = multicore.children()[0]
    os.kill(killed, signal.SIGKILL)
    while Path(f"/proc/{killed}").exists():  # what it has taken in its last moments nobody may send again
        time.sleep(0.05)
    assert "生成订单" in multicore.hear(sender, "是的")
    assert re.search(r"DX\d+", multicore.hear(sender, "是的"))
