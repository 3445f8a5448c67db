"""Quick phrases: each agent's own, and those shared by all, which supervisors keep."""

from typing import Any

from pydantic import Field
from sqlalchemy import or_, select

from bot.db import reading, writing
from bot.desk.api.endpoints import Body, Call, endpoint
from bot.desk.api.problems import Problem
from bot.desk.sessions import SignedInAs
from bot.desk.tables import Phrase

_MOST = 200


class QuickPhrase(Body):
    title: str = Field(min_length=1, max_length=64)
    text: str = Field(min_length=1, max_length=2000)
    shared: bool = False


@endpoint("GET", "/phrases")
async def list_phrases(call: Call) -> Any:
    return {"phrases": await call.do(_list, call.store.url, call.me.account.id)}


@endpoint("POST", "/phrases", body=QuickPhrase)
async def add_phrase(call: Call) -> Any:
    return await call.do(_save, call.store.url, call.me, None, call.body)


@endpoint("PUT", "/phrases/{id}", body=QuickPhrase)
async def change_phrase(call: Call) -> Any:
    return await call.do(_save, call.store.url, call.me, _id(call), call.body)


@endpoint("DELETE", "/phrases/{id}")
async def delete_phrase(call: Call) -> Any:
    await call.do(_delete, call.store.url, call.me, _id(call))


def _list(url: str, account_id: str) -> list[dict[str, Any]]:
    mine = or_(Phrase.account_id == account_id, Phrase.account_id.is_(None))
    with reading(url) as session:
        return [_view(row) for row in session.execute(select(Phrase).where(mine).order_by(Phrase.id)).scalars()]


def _save(url: str, me: SignedInAs, phrase_id: int | None, body: QuickPhrase) -> dict[str, Any]:
    if body.shared and not me.may("supervisor"):
        raise Problem("forbidden", "公用的快捷短语由主管维护")
    with writing(url) as session:
        if phrase_id is None:
            mine = select(Phrase).where(Phrase.account_id == me.account.id).with_for_update()
            if len(session.execute(mine).all()) >= _MOST:
                raise Problem("refused", f"快捷短语最多 {_MOST} 条，请先删掉一些")
            row = Phrase()
            session.add(row)
        else:
            row = _own(session.get(Phrase, phrase_id, with_for_update=True), me)
        row.account_id = None if body.shared else me.account.id
        row.title, row.text = body.title, body.text
        session.flush()
        return _view(row)


def _delete(url: str, me: SignedInAs, phrase_id: int) -> None:
    with writing(url) as session:
        session.delete(_own(session.get(Phrase, phrase_id, with_for_update=True), me))


def _own(row: Any, me: SignedInAs) -> Any:
    if row is None or (row.account_id is not None and row.account_id != me.account.id):
        raise Problem("not_found")
    if row.account_id is None and not me.may("supervisor"):
        raise Problem("forbidden", "公用的快捷短语由主管维护")
    return row


def _id(call: Call) -> int:
    number = call.at("id")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise Problem("not_found")
    return int(number)


def _view(row: Any) -> dict[str, Any]:
    return {"id": row.id, "title": row.title, "text": row.text, "shared": row.account_id is None}
