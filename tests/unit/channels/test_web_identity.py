"""Embedding with a signed identity: anonymous visitors become known, and nobody opens another customer's chat."""

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.identity import read_identity

KEY = "k" * 32


def token(
    customer: Any = "C1", key: str = KEY, *, lives: int = 600, issued: float = 0, algorithm: str = "HS256"
) -> str:
    now = int(issued or time.time())
    return jwt.encode({"sub": customer, "iat": now, "exp": now + lives}, key, algorithm=algorithm)


async def opened(page: Any, server: Any, identity: str | None) -> str:
    answer = await page.open(server, **({"metadata": {"identity": identity}} if identity else {}))
    assert answer["ok"]
    await page.until(lambda: page.session_id)
    return str(page.session_id)


async def test_an_anonymous_visitor_becomes_known_and_keeps_the_chat(
    serve: Callable[..., Any], page: Callable[[], Any]
) -> None:
    server = await serve(credentials={"identity_key": KEY})
    visitor = page()
    session = await opened(visitor, server, None)
    await visitor.say("我还没登录")
    await visitor.until(lambda: "回：我还没登录" in visitor.texts())
    await visitor.close()
    known = page()
    known.session_id = session
    assert await opened(known, server, token("C1")) == session
    await known.until(lambda: known.texts() == ["我还没登录", "回：我还没登录"])


@pytest.mark.parametrize(
    "other",
    [None, token("C2"), token("C1", "x" * 32), token("C1", lives=90_000)],
    ids=["nobody", "another customer", "another key", "lives too long"],  # a token in the name differs each second
)
async def test_a_known_customers_chat_opens_for_nobody_else(
    serve: Callable[..., Any], page: Callable[[], Any], other: str | None
) -> None:
    server = await serve(credentials={"identity_key": KEY})
    owner = page()
    session = await opened(owner, server, token("C1"))
    await owner.say("我的订单号是 123")
    await owner.close()
    stranger = page()
    stranger.session_id = session
    await stranger.open(server, **({"metadata": {"identity": other}} if other else {}))
    await stranger.until(lambda: stranger.session_id != session)
    assert stranger.texts() == []


async def test_an_expired_token_reopens_its_own_chat(serve: Callable[..., Any], page: Callable[[], Any]) -> None:
    server = await serve(credentials={"identity_key": KEY})
    session = await opened(page(), server, token("C1"))
    later = page()
    later.session_id = session
    assert await opened(later, server, token("C1", issued=time.time() - 7200)) == session
    assert await opened(page(), server, token("C1", issued=time.time() - 7200)) != session


def test_tokens_that_do_not_count() -> None:
    now = int(time.time())
    assert read_identity(KEY, token()) is not None
    wrong = [
        token(key="y" * 32),
        token(lives=3601),
        token(lives=-10),
        token(customer="有 空格"),
        token(algorithm="HS512"),
        jwt.encode({"sub": "C1", "iat": now, "exp": now + 60}, "", algorithm="none"),
        jwt.encode({"sub": "C1", "exp": now + 60}, KEY),
        jwt.encode({"sub": "C1", "iat": now}, KEY),
        token(issued=now + 600),
        "",
        None,
        5,
        "a.b.c",
    ]
    assert [read_identity(KEY, each) for each in wrong] == [None] * len(wrong)
    assert read_identity("", token(key="z" * 32)) is None


@fuzzed
@given(st.text(max_size=80) | st.binary(max_size=40) | st.none())
def test_anything_else_is_nobody(value: Any) -> None:
    assert read_identity(KEY, value) is None
