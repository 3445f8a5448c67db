"""Erasing a person: nothing is left anywhere, nobody else is touched, and it can be broken off and done again."""

import gzip
import json

import pytest
from sqlalchemy import select, text, update

from bot import cli
from bot.chatwoot.tables import Erasure
from bot.clock import now
from bot.conversations.tables import Conversation, Message
from bot.db import engine_for, reading, writing
from bot.insight.tables import ContactRow
from bot.settings import Settings
from bot.shop import Access
from bot.shop import privacy as shop_privacy
from bot.shop.service_tables import InvoiceRow
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderRow
from bot.upkeep import UpkeepError, erasing, requests
from bot.upkeep.person import needles, resolve
from bot.upkeep.requests import erase, run_waiting
from bot.upkeep.searching import search
from bot.upkeep.tables import ErasureRow
from tests.unit.upkeep.conftest import with_mariadb
from tests.unit.upkeep.traces import account, chat, everything, identifiers, leave_traces


def spelled(word: str) -> list[str]:
    return [word, json.dumps(word)[1:-1]]


def left(settings: Settings, number: int) -> list[str]:
    """The lines in which something of the customer still stands."""
    lines = everything(settings).splitlines()
    return [line for line in lines if any(form in line for word in identifiers(number) for form in spelled(word))]


@with_mariadb
def test_nothing_is_left_and_nobody_else_is_touched(lived_in: Settings) -> None:
    others = left(lived_in, 2)
    assert len(left(lived_in, 1)) > 25 and len(others) > 25
    proof = erase(lived_in, "C1")
    assert left(lived_in, 1) == [] and left(lived_in, 2) == others
    assert proof.clean and proof.after == {} and sum(proof.before.values()) > 25
    assert not (lived_in.var / "media" / "media-file-of-customer-1").exists()
    assert (lived_in.var / "media" / "media-file-of-customer-2").exists()
    assert [path.name[-5] for path in (lived_in.var / "uploads").iterdir()] == ["2"]
    with reading(lived_in.chat_url) as session:  # what the bridge will delete in Chatwoot
        assert session.scalars(select(Erasure.contact_id)).all() == [1]
    assert proof.erased["chatwoot_contacts"] == 1


def test_what_the_law_wants_stays_without_a_name(lived_in: Settings) -> None:
    proof = erase(lived_in, "C1")
    assert proof.kept == {"订单": 1, "发票": 1}
    with reading(lived_in.shop_url) as session:
        order = session.get(OrderRow, "DX1")
        assert (order.amount_fen, order.phone, order.address, order.customer_id) == (100, None, None, "C1")
        assert session.get(InvoiceRow, "F1").title == "欧阳测一" and session.get(InvoiceRow, "F1").email is None
    with reading(lived_in.events_url) as session:
        # Yesterday's figures stay what they were.
        contacts = session.scalars(select(ContactRow).order_by(ContactRow.customer)).all()
        assert len(contacts) == 2 and contacts[0].order_fen == 100 and "C1" not in [c.customer for c in contacts]


@pytest.mark.parametrize("by", ["customer", "conversation", "account"])
def test_a_person_is_found_by_any_name(lived_in: Settings, by: str) -> None:
    ways = {
        "customer": {"who": "C1"}, "conversation": {"who": chat(1)},
        "account": {"channel": "wechat", "account": account(1)},
    }  # fmt: skip
    assert resolve(lived_in, **ways[by]) == resolve(lived_in, "C1")
    with pytest.raises(UpkeepError, match="没有编号为"):
        resolve(lived_in, "nobody")


def test_a_guest_is_erased_by_the_account(lived_in: Settings) -> None:
    with writing(lived_in.shop_url) as session:
        session.execute(AccountRow.__table__.delete().where(AccountRow.customer_id == "C1"))
        session.execute(update(OrderRow).where(OrderRow.no == "DX1").values(customer_id=None))
        session.execute(text("UPDATE service_tickets SET customer_id = NULL WHERE no = 'S1'"))
        session.execute(text("UPDATE customers SET name = '别人', phone = '17000000009' WHERE id = 'C1'"))
    others = left(lived_in, 2)
    erase(lived_in, channel="wechat", account=account(1))
    assert [line for line in left(lived_in, 1) if "欧阳" not in line and "\\u6b27" not in line] == []
    assert left(lived_in, 2) == others


def test_open_orders_come_first(lived_in: Settings) -> None:
    with writing(lived_in.shop_url) as session:
        session.execute(update(OrderRow).where(OrderRow.no == "DX1").values(status="shipped"))
    before = everything(lived_in)
    with pytest.raises(UpkeepError, match="订单 1 笔"):
        erase(lived_in, "C1")
    assert everything(lived_in) == before


def test_broken_off_it_is_taken_up_again(lived_in: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(erasing, "_quality", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(lived_in, "C1")
    assert left(lived_in, 1) != []
    (proof,) = run_waiting(lived_in, lambda _row: True)
    assert proof.clean and left(lived_in, 1) == []
    with reading(lived_in.chat_url) as session:
        (row,) = session.scalars(select(ErasureRow)).all()
        assert row.state == "done" and row.person == {}
    assert run_waiting(lived_in, lambda _row: True) == []
    assert erase(lived_in, "C1").clean  # once more does no harm


def test_asked_in_the_chat_it_goes_everywhere_once_the_turn_is_over(
    lived_in: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = Access("wechat", account(1), "C1")
    assert ("chat", 3) in [
        (t.kind, t.figures.get("number")) for t in shop_privacy.remembered(lived_in.shop_url, access)
    ]
    with writing(lived_in.chat_url) as session:
        session.execute(
            update(Message).where(Message.conversation_id == chat(1), Message.number == 2).values(state="waiting")
        )
    shop_privacy.erase(lived_in.shop_url, access)
    assert run_waiting(lived_in) == []  # too early
    monkeypatch.setattr(requests, "AFTER_TURN", -1.0)
    with writing(lived_in.chat_url) as session:
        session.execute(update(ErasureRow).values(not_before=0.0))
        session.execute(update(Message).values(state="waiting"))
        session.execute(update(ErasureRow).values(not_before=requests.time.time() - 1))
    assert run_waiting(lived_in) == []  # the bot is answering
    with writing(lived_in.chat_url) as session:
        session.execute(update(Message).values(state="done"))
        # What the turn itself wrote.
        session.add(
            Message(
                conversation_id=chat(1), number=5, author="bot", content={"text": "已经删除"}, created_at=now(),
            )
        )  # fmt: skip
    (proof,) = run_waiting(lived_in)
    assert proof.clean and left(lived_in, 1) == []
    with reading(lived_in.chat_url) as session:
        assert session.get(Conversation, chat(1)) is None


@with_mariadb
def test_tables_and_files_that_nobody_knows_are_searched_and_cleaned(lived_in: Settings) -> None:
    with engine_for(lived_in.shop_url).begin() as connection:
        connection.execute(text("CREATE TABLE plugin_notes (id INTEGER PRIMARY KEY, words TEXT, body JSON)"))
        if connection.dialect.name == "mysql":  # the alphabet of an older program
            connection.execute(text("ALTER TABLE plugin_notes MODIFY words TEXT CHARACTER SET gbk"))
        words = {"w": f"联系{identifiers(1)[0]}", "b": json.dumps({"deep": [identifiers(1)[0], identifiers(2)[0]]})}
        connection.execute(text("INSERT INTO plugin_notes VALUES (1, :w, :b)"), words)
    (lived_in.var / "archive").mkdir()
    archive = lived_in.var / "archive" / "messages.jsonl.gz"
    with gzip.open(archive, "wt", encoding="utf8") as file:
        file.write("".join(json.dumps({"conversation_id": chat(n)}) + "\n" for n in (1, 2)))
    erase(lived_in, "C1")
    with engine_for(lived_in.shop_url).connect() as connection:
        row = connection.execute(text("SELECT words, body FROM plugin_notes")).one()
        body = row.body if isinstance(row.body, dict) else json.loads(row.body)
        assert row.words == "联系已删除" and body == {"deep": ["已删除", identifiers(2)[0]]}
    with gzip.open(archive, "rt", encoding="utf8") as file:
        assert [json.loads(line)["conversation_id"] for line in file] == [chat(2)]


def test_what_cannot_be_removed_fails_loudly_and_is_tried_again(
    lived_in: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine_for(lived_in.chat_url).begin() as connection:
        connection.execute(text("CREATE TABLE keyless (words TEXT)"))
        connection.execute(text("INSERT INTO keyless VALUES (:w)"), {"w": identifiers(1)[1]})
    monkeypatch.setattr("bot.commands.upkeep.get_settings", lambda: lived_in)
    assert cli.main(["erase", "C1"]) == 1
    problem = capsys.readouterr().err
    assert "没有删干净" in problem and "keyless" in problem
    with engine_for(lived_in.chat_url).begin() as connection:
        connection.execute(text("DROP TABLE keyless"))
    assert cli.main(["erase", "--waiting"]) == 0
    assert left(lived_in, 1) == []


def test_a_dry_run_changes_nothing(
    lived_in: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.commands.upkeep.get_settings", lambda: lived_in)
    before = everything(lived_in)
    assert cli.main(["erase", "C1", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "tracker_turns | 1 | （试运行）" in told and everything(lived_in) == before
    assert cli.main(["erase", "C1"]) == 0
    told = capsys.readouterr().out
    assert "tracker_turns | 1 | 0 |" in told and "依法保存" in told
    (path,) = (lived_in.var / "erasures").iterdir()
    kept = path.read_text(encoding="utf8")
    assert json.loads(kept)["clean"] and not any(word in kept for word in identifiers(1))


def test_a_name_or_phone_of_two_customers_is_not_taken_from_the_other(lived_in: Settings) -> None:
    with writing(lived_in.shop_url) as session:
        for number in (1, 2):
            session.get(CustomerRow, f"C{number}").name = "欧阳测一"
            session.get(CustomerRow, f"C{number}").phone = "17000000001"
    words, notes = needles(lived_in, resolve(lived_in, "C1"))
    kinds = {needle.kind for needle in words}
    assert "会话" in kinds and not kinds & {"姓名", "电话"}
    assert len(notes) == 2
    erase(lived_in, "C1")
    with reading(lived_in.shop_url) as session:
        assert (session.get(CustomerRow, "C2").name, session.get(CustomerRow, "C2").phone) == (
            "欧阳测一",
            "17000000001",
        )


def test_an_empty_house_is_searched_too(house: Settings) -> None:
    leave_traces(house, 1)
    words, _ = needles(house, resolve(house, "C1"))
    assert sum(search(house, words).values()) > 25
