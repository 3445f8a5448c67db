"""Every endpoint for each role, from one table: a new endpoint without a row fails here."""

import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import clock, conversations
from bot.conversations import Store
from bot.desk import accounts, audit, sessions
from bot.desk.accounts import AccountError
from bot.desk.api import ENDPOINTS
from bot.desk.sessions import SignInRefused

NOON = datetime.fromisoformat("2026-11-24T12:00:00+08:00")
CID = "client-0001"
# (method, path): body, least role, status for who may (the chat is nobody's and ids do not exist, so often no 200)
TABLE: dict[tuple[str, str], tuple[Any, str | None, int]] = {
    ("POST", "/session"): ({"name": "nobody", "password": "x"}, None, 401),
    ("DELETE", "/session"): (None, "agent", 200),
    ("GET", "/me"): (None, "agent", 200),
    ("POST", "/password"): ({"old": "wrong", "new": "a-good-new-password"}, "agent", 409),
    ("PUT", "/presence"): ({"presence": "away"}, "agent", 200),
    ("GET", "/colleagues"): (None, "agent", 200),
    ("GET", "/accounts"): (None, "admin", 200),
    ("POST", "/accounts"): ({"id": "x!", "name": "新人"}, "admin", 409),
    ("PATCH", "/accounts/{id}"): ({"name": "新名"}, "admin", 404),
    ("POST", "/accounts/{id}/password"): (None, "admin", 404),
    ("GET", "/audit"): (None, "admin", 200),
    ("GET", "/conversations"): (None, "agent", 200),
    ("GET", "/conversations/{id}"): (None, "agent", 404),
    ("GET", "/conversations/{id}/messages"): (None, "agent", 404),
    ("GET", "/conversations/{id}/customer"): (None, "agent", 404),
    ("GET", "/conversations/{id}/suggestions"): (None, "agent", 404),
    ("POST", "/conversations/{id}/claim"): ({}, "agent", 404),
    ("POST", "/conversations/{id}/messages"): ({"text": "x", "client_id": CID}, "agent", 404),
    ("POST", "/conversations/{id}/notes"): ({"text": "x", "client_id": CID}, "agent", 404),
    ("POST", "/conversations/{id}/whisper"): ({"text": "x", "client_id": CID}, "supervisor", 404),
    ("POST", "/conversations/{id}/barge-in"): (None, "supervisor", 404),
    ("POST", "/conversations/{id}/transfer"): ({"category": "presale"}, "agent", 404),
    ("PUT", "/conversations/{id}/tags"): ({"tags": []}, "agent", 404),
    ("POST", "/conversations/{id}/close"): ({}, "agent", 404),
    ("POST", "/conversations/{id}/give-back"): (None, "agent", 404),
    ("POST", "/conversations/{id}/read"): ({"number": 1}, "agent", 404),
    ("GET", "/tickets"): (None, "agent", 200),
    ("POST", "/tickets/{id}/take"): (None, "agent", 404),
    ("POST", "/images"): (None, "agent", 415),
    ("GET", "/phrases"): (None, "agent", 200),
    ("POST", "/phrases"): ({"title": "x", "text": "y"}, "agent", 200),
    ("PUT", "/phrases/{id}"): ({"title": "x", "text": "y"}, "agent", 404),
    ("DELETE", "/phrases/{id}"): (None, "agent", 404),
    ("GET", "/lookup"): (None, "agent", 200),
    ("GET", "/overview"): (None, "supervisor", 200),
    ("GET", "/events"): (None, "agent", 400),
}
BEFORE_CHANGE = {("DELETE", "/session"), ("GET", "/me"), ("POST", "/password")}


def test_every_endpoint_has_a_row_and_every_row_an_endpoint() -> None:
    assert {(e.method, e.path.removeprefix("/api/desk")) for e in ENDPOINTS} == set(TABLE)


def test_every_endpoint_is_described() -> None:
    from bot.settings import ROOT

    written = (ROOT / "docs" / "api" / "desk.md").read_text(encoding="utf8")
    described = set(re.findall(r"^\| (GET|POST|PUT|PATCH|DELETE) (/[^ ?|]*)", written, re.M))
    assert described == set(TABLE)
    from bot.desk.api.problems import MESSAGES

    assert set(re.findall(r"^\| (\d+) \| `(\w+)`", written, re.M)) == {(str(s), c) for c, (s, _) in MESSAGES.items()}


async def test_each_role_gets_what_the_table_says_and_nothing_more(desk: Any) -> None:
    people = {role: await desk.person(role, role) for role in accounts.ROLES}
    order = sorted(TABLE.items(), key=lambda row: row[0] == ("DELETE", "/session"))  # sign out last
    for (method, path), (body, least, status) in order:
        for role, person in people.items():
            answer = await person.ask(method, path.replace("{id}", "999"), body)
            allowed = least is None or accounts.ROLES.index(role) >= accounts.ROLES.index(least)
            assert answer.status == (status if allowed else 403), (method, path, role, await answer.text())
            if not allowed:
                assert (await answer.json())["error"] == "forbidden"
            elif status >= 400:
                told = await answer.json()
                assert re.search(r"[\u4e00-\u9fff]", told["message"]) and "Traceback" not in told["message"]


async def test_without_signing_in_nothing_is_open(desk: Any) -> None:
    for (method, path), (body, least, _) in TABLE.items():
        if least is not None:
            answer = await desk.client.request(method, "/api/desk" + path.replace("{id}", "1"), json=body)
            assert answer.status == 401, (method, path)
    assert (await desk.client.get("/api/desk/nothing")).status == 404
    assert (await desk.client.get("/api/desk/me", cookies={"desk_session": "x" * 43})).status == 401


async def test_changes_need_the_token_and_the_own_origin(desk: Any) -> None:
    anna = await desk.person("anna")
    for (method, path), (body, least, _) in TABLE.items():
        if method == "GET" or least is None:
            continue
        path = path.replace("{id}", "1")
        for headers, error in (
            ({"X-CSRF-Token": ""}, "bad_csrf"),
            ({"X-CSRF-Token": "ü"}, "bad_csrf"),
            ({"X-CSRF-Token": secrets.token_urlsafe(24)}, "bad_csrf"),
            ({"Origin": "https://evil.example.com"}, "bad_origin"),
            ({"Origin": "null"}, "bad_origin"),
        ):
            answer = await anna.ask(method, path, body, headers=headers)
            assert (answer.status, (await answer.json())["error"]) == (403, error), (method, path, headers)
    for origin in ({"Origin": "https://evil.example.com"}, {}):
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", **origin}
        answer = await anna.client.get("/api/desk/events", headers=upgrade)
        assert answer.status == 403
    foreign = {"Origin": "https://evil.example.com"}
    assert (await anna.sign_in(**foreign)).status == 403


async def test_a_one_time_password_opens_only_its_own_change(desk: Any) -> None:
    boss = await desk.person("root", "admin")
    made = await boss.post("/accounts", id="Anna", name="安娜", skills=["presale"])
    from desk_people import Person

    anna = Person(desk.client.server, "anna")
    desk.people.append(anna)
    assert (await anna.sign_in(made["one_time_password"])).status == 200
    for (method, path), (body, least, _) in TABLE.items():
        if least is not None and (method, path) not in BEFORE_CHANGE:
            answer = await anna.ask(method, path.replace("{id}", "1"), body)
            assert (answer.status, (await answer.json())["error"]) == (403, "must_change_password"), (method, path)
    assert (await anna.get("/me"))["must_change_password"] is True
    for weak in ("short", made["one_time_password"], "a" * 12, "x" * 201):
        assert (await anna.ask("POST", "/password", {"old": made["one_time_password"], "new": weak})).status in (
            400,
            409,
        )
    await anna.post("/password", old=made["one_time_password"], new=anna.password)
    assert (await anna.get("/me"))["agent"]["skills"] == ["presale"]
    assert (await anna.sign_in(made["one_time_password"])).status == 401
    assert (await anna.sign_in()).status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/conversations/1/messages", {"text": "x"}),
        ("/conversations/1/messages", {"text": "x", "client_id": "短"}),
        ("/conversations/1/messages", {"client_id": CID}),
        ("/conversations/1/messages", {"text": "x", "image": "0" * 64 + ".png", "client_id": CID}),
        ("/conversations/1/messages", {"text": "x", "client_id": CID, "author": "bot"}),
        ("/conversations/1/messages", {"text": {"$ne": 1}, "client_id": CID}),
        ("/conversations/1/messages", {"image": "../../etc/passwd", "client_id": CID}),
        ("/conversations/1/notes", {"text": "   ", "client_id": CID}),
        ("/conversations/1/messages", ["text"]),
        ("/phrases", {"title": "x" * 65, "text": "y"}),
        ("/session", {"name": "x" * 65, "password": "y"}),
        ("/session", {"name": "anna"}),
    ],
)
async def test_malformed_bodies_are_refused(desk: Any, path: str, body: Any) -> None:
    anna = await desk.person("anna")
    answer = await anna.ask("POST", path, body)
    assert answer.status == 400 and (await answer.json())["error"] == "bad_request"


async def test_bodies_that_are_no_json_or_too_long(desk: Any) -> None:
    anna = await desk.person("anna")
    headers = {"Origin": anna.origin, "X-CSRF-Token": anna.csrf}
    url = "/api/desk/phrases"
    plain = await anna.client.post(url, data=b"title=x", headers={**headers, "Content-Type": "text/plain"})
    broken = await anna.client.post(url, data=b"{", headers={**headers, "Content-Type": "application/json"})
    nul = await anna.client.post(url, data=b"\xff", headers={**headers, "Content-Type": "application/json"})
    long = await anna.ask("POST", "/phrases", {"title": "x", "text": "y" * 70_000})
    assert [plain.status, broken.status, nul.status, long.status] == [400, 400, 400, 413]
    for query in ("after=x", "before=-1", "limit=1e9", "after=99999999999999999999"):
        assert (await anna.ask("GET", f"/conversations/{desk.chat()}/messages?{query}")).status == 400


async def test_agents_read_only_what_is_theirs(desk: Any) -> None:
    anna, bert, boss = await desk.person("anna"), await desk.person("bert"), await desk.person("boss", "supervisor")
    await anna.listen()
    chat = desk.chat("我的秘密")
    await anna.until(lambda: anna.heard("owner", move="claim"))
    bot_only = conversations.open_conversation(desk.store, "webchat", "other")
    for path in (f"/conversations/{chat}", f"/conversations/{chat}/messages", f"/conversations/{chat}/customer"):
        assert (await bert.get(path, 403))["error"] == "forbidden"
        await anna.get(path)
        await boss.get(path)
    await anna.get(f"/conversations/{bot_only}", 403)
    await boss.get(f"/conversations/{bot_only}")
    for box in ("agents", "bot"):
        await anna.get(f"/conversations?box={box}", 403)
        await boss.get(f"/conversations?box={box}")
    await anna.get("/conversations?box=secret", 400)


def test_wrong_passwords_are_counted_for_the_name_and_the_address(store: Store, desk_numbers: Any) -> None:
    password = accounts.create_account(store, "anna", "安娜", "agent")
    with clock.freeze(NOON):
        for _ in range(desk_numbers.sign_in.tries_per_name):
            with pytest.raises(SignInRefused) as refused:
                sessions.sign_in(store, "Anna ", "wrong", "1.1.1.1")
            assert refused.value.wait == 0
        with pytest.raises(SignInRefused) as refused:
            sessions.sign_in(store, "anna", password, "2.2.2.2")
        assert refused.value.wait == 15 * 60
        for number in range(desk_numbers.sign_in.tries_per_address - 5):
            with pytest.raises(SignInRefused):
                sessions.sign_in(store, f"guess{number}", "wrong", "1.1.1.1")
        with pytest.raises(SignInRefused) as refused:
            sessions.sign_in(store, "somebody", "wrong", "1.1.1.1")
        assert refused.value.wait > 0
    with clock.freeze(NOON + timedelta(minutes=16)):
        assert sessions.sign_in(store, "anna", password, "2.2.2.2")[1].account.id == "anna"


def test_a_session_ends_when_idle_when_old_and_when_the_account_is_disabled(store: Store, desk_numbers: Any) -> None:
    password = accounts.create_account(store, "anna", "安娜", "agent")
    accounts.create_account(store, "root", "Root", "admin")
    with clock.freeze(NOON):
        token, me = sessions.sign_in(store, "anna", password, "1.1.1.1")
        other, _ = sessions.sign_in(store, "anna", password, "1.1.1.1")
    idle, hours = desk_numbers.sign_in.idle_minutes, desk_numbers.sign_in.longest_hours
    with clock.freeze(NOON + timedelta(minutes=idle + 1)):
        assert sessions.session_of(store, other) is None
    with clock.freeze(NOON):
        token, me = sessions.sign_in(store, "anna", password, "1.1.1.1")
    for minutes in range(0, hours * 60, 100):
        with clock.freeze(NOON + timedelta(minutes=minutes)):
            assert sessions.session_of(store, token)
    with clock.freeze(NOON + timedelta(hours=hours, minutes=1)):
        assert sessions.session_of(store, token) is None
        token, me = sessions.sign_in(store, "anna", password, "1.1.1.1")
        assert sessions.is_signed_in(store, me.token_hash)
        accounts.change_account(store, "anna", {"disabled": True}, by="root")
        assert sessions.session_of(store, token) is None and not sessions.is_signed_in(store, me.token_hash)
        with pytest.raises(SignInRefused):
            sessions.sign_in(store, "anna", password, "1.1.1.1")


def test_secrets_are_nowhere_in_the_database(store: Store, desk_numbers: Any) -> None:
    password = accounts.create_account(store, "anna", "安娜", "agent")
    token, _ = sessions.sign_in(store, "anna", password, "1.1.1.1")
    path = Path(store.url.removeprefix("sqlite:///"))
    content = b"".join(file.read_bytes() for file in path.parent.glob("chat.db*"))
    assert token.encode() not in content and password.encode() not in content and b"$argon2id$" in content


def test_the_last_admin_stays_and_names_are_checked(store: Store) -> None:
    accounts.create_admin(store, "root")
    for change in ({"role": "agent"}, {"disabled": True}):
        with pytest.raises(AccountError, match="管理员"):
            accounts.change_account(store, "root", change, by="root")
    for bad in ("", "x", "有字", "a b", "A" * 33, "-x", "../x"):
        with pytest.raises(AccountError):
            accounts.create_account(store, bad, "名", "agent")
    with pytest.raises(AccountError, match="已经有人"):
        accounts.create_account(store, "ROOT", "名", "agent")
    accounts.create_account(store, "second", "名", "admin", by="root")
    assert accounts.change_account(store, "root", {"role": "agent"}, by="second").role == "agent"
    assert [line["action"] for line in audit.lines(store.url)][:2] == ["change_account", "create_account"]
