"""A customer asks in the chat what the shop knows of her and has it erased: by the page, through every process."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import socketio
from sqlalchemy import inspect, text

from bot.conversations.log import conversation_of
from bot.db import engine_for, writing
from bot.settings import Settings
from bot.shop.trade_tables import AccountRow
from bot.upkeep.stores import TITLES, databases
from tests.running import PROFILE, Suite

pytestmark = pytest.mark.e2e

CUSTOMER, NAME, PHONE = "C0233", "安若平", "17000000233"  # of the demo shop: everything bought has arrived
WITH_OPEN_ORDERS = "C0231"
SECRET = "门铃密码QX7731"  # words of her own that nobody else has ever said
SECONDS = 180  # a turn's end, a look of the daily process once a minute, and the work itself


class Page:
    """The customer's page, as the browser's script talks to the server."""

    def __init__(self, suite: Suite) -> None:
        self._socket = socketio.Client(reconnection=False)
        self._confirmed: list[str] = []
        self._heard: dict[int, dict[str, Any]] = {}
        self._socket.on("session_confirm", self._confirmed.append)
        self._socket.on("bot_uttered", lambda message: self._heard.update({message["id"]: message}))
        self._socket.connect(suite.web, transports=["polling"])
        assert self._socket.call("session_request", {}, timeout=30) == {"ok": True}
        self.session = self._confirmed[0]
        self.until("您好", 0)  # the greeting

    def say(self, words: str, answer: str) -> str:
        """Say something, and what the bot answers; `answer` must stand in it."""
        before = max(self._heard, default=0)
        told = {"session_id": self.session, "message": words, "client_id": f"page-{time.time_ns()}"}
        assert self._socket.call("user_uttered", told, timeout=30)["ok"]
        return self.until(answer, before)

    def until(self, answer: str, after: int) -> str:
        deadline = time.monotonic() + 30
        while True:
            heard = "\n".join(m.get("text", "") for number, m in sorted(self._heard.items()) if number > after)
            if answer in heard:
                return heard
            assert time.monotonic() < deadline, f"expected {answer!r}, heard: {heard}"
            time.sleep(0.05)

    def close(self) -> None:
        self._socket.eio.disconnect(abort=True)  # not after the answer to the request that is open


@contextmanager
def page_of(suite: Suite, customer: str) -> Iterator[Page]:
    """A page of somebody whom the embedding shop has told us to be that customer."""
    page = Page(suite)
    with writing(suite.shop_url) as session:
        account = conversation_of(page.session)
        session.add(AccountRow(channel="webchat", account=account, customer_id=customer))
    try:
        yield page
    finally:
        page.close()


def stores(suite: Suite) -> Settings:
    if suite.shop_url.startswith("sqlite"):
        return Settings(var=suite.var)
    return Settings(var=suite.var, **dict.fromkeys(TITLES, suite.shop_url))


def traces(suite: Suite, words: list[str]) -> list[str]:
    """Where one of the words stands: any value of any table, any file but the databases' own."""
    spelled = [form.encode() for word in words for form in {word, json.dumps(word)[1:-1]}]
    found = []
    for title, url in databases(stores(suite)).items():
        with engine_for(url).connect() as connection:
            for table in inspect(connection).get_table_names():
                if table == "upkeep_erasures" and PROFILE == "cluster":
                    continue  # events come through a queue: the request knows her until a second look ten minutes on
                for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                    line = "\n".join(map(str, row)).encode()
                    if any(word in line for word in spelled):
                        found.append(f"{title}/{table}")
    for path in suite.var.rglob("*"):
        skipped = ".db" in path.name or "encoders" in path.parts or "speech" in path.parts
        if not skipped and path.is_file() and any(word in _content(path) for word in spelled):
            found.append(str(path.relative_to(suite.var)))
    return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def test_what_is_remembered_is_shown_erased_on_request_and_nowhere_any_more(suite: Suite) -> None:
    with page_of(suite, CUSTOMER) as page:
        account = conversation_of(page.session)
        words = [NAME, PHONE, SECRET, account]
        page.say(f"我叫{NAME}，电话{PHONE}，{SECRET}，请问什么时候发货", "")
        told = page.say("你们存了我什么信息", "店里记着您的这些信息")
        assert "姓名 安**，手机 170****0233" in told and "聊天记录" in told and PHONE not in told
        page.say("把我的信息删掉", "确定要删除吗")
        page.say("算了", "没有删除")
        tables = {place.rpartition("/")[2] for place in traces(suite, words)}
        assert {"customers", "conversation_messages", "conversations", "tracker_turns", "events_log"} <= tables
        page.say("删除我的信息", "确定要删除吗")
        page.say("是的", "已经删除")
        deadline = time.monotonic() + SECONDS
        # The proof is written after a last search.
        while (left := traces(suite, words)) or not list((suite.var / "erasures").glob("*.json")):
            assert time.monotonic() < deadline, left
            time.sleep(2)
        proofs = [json.loads(path.read_text("utf8")) for path in (suite.var / "erasures").glob("*.json")]
        assert [proof["clean"] for proof in proofs] == [True] and proofs[0]["kept"]["订单"] == 5
        assert sum(proofs[0]["before"].values()) > 5
    # Somebody who comes back is a stranger.
    stranger = Page(suite)
    stranger.say("你们存了我什么信息", "没有关联顾客资料")
    stranger.close()


def test_with_an_order_under_way_it_says_so_and_keeps_everything(suite: Suite) -> None:
    with page_of(suite, WITH_OPEN_ORDERS) as page:
        before = traces(suite, ["顾小满", "17000000231"])
        told = page.say("删除我的信息", "您还有没办完的事")
        assert "办完之后再说" in told and "订单 0 笔" not in told
        assert set(before) <= set(traces(suite, ["顾小满", "17000000231"])) and before
