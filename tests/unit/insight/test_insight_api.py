"""The management pages' API on a small store."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from openpyxl import load_workbook

from bot import clock
from bot.db import writing
from bot.events import add
from bot.insight import api
from bot.insight.alerts import watch
from bot.insight.api import add_routes
from bot.insight.peers import import_peers
from bot.knowledge.tables import AskedRow
from bot.settings import Settings
from tests.unit.insight.conftest import answers, asks, beijing, order, told

PERIOD = {"from": "2026-11-20", "to": "2026-11-24"}


@pytest_asyncio.fixture
async def client(settings: Settings, tmp_path: Path) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    add(
        settings.events_url,
        [
            asks("24 10:00:00"), answers("24 10:00:20"),
            asks("24 11:00:00", "ask_refund", "aftersale", "c2"), answers("24 11:00:01", "c2"),
            told("rating", "24 11:00:09", "c2", stars=1, solved=False),
        ],
    )  # fmt: skip
    order(settings.shop_url, "DX1", "24 10:30:00", 9900, paid_at=beijing("24 10:31:00"))
    app = web.Application()
    file = tmp_path / "experiments.yml"
    add_routes(app, settings, lambda _m, _p, _role, handler: handler, experiments_file=file, patience=60)
    with clock.freeze(beijing("24 20:00:00")):
        async with TestClient(TestServer(app)) as running:
            yield running


async def get(client: TestClient, path: str, **query: str) -> dict:  # type: ignore[type-arg]
    answer = await client.get(f"/api/insight{path}", params=query)
    assert answer.status == 200, await answer.text()
    return await answer.json()  # type: ignore[no-any-return]


async def test_overview_compares_with_the_period_before(client: TestClient) -> None:  # type: ignore[type-arg]
    told_ = await get(client, "/overview", **PERIOD)
    values = {figure["key"]: figure for figure in told_["figures"]}
    assert (told_["contacts"], told_["contacts_before"]) == (2, 0)
    assert values["first_response"]["value"] == 10.5
    assert values["first_response"]["met"] is True
    assert values["solved"]["met"] is False
    assert [day["day"] for day in told_["days"]] == ["2026-11-24"]
    assert told_["repurchase"] == {"value": 0.0, "before": None}
    only = await get(client, "/overview", base="aftersale", **PERIOD)
    assert only["contacts"] == 1


async def test_drill_down_to_the_words(client: TestClient) -> None:  # type: ignore[type-arg]
    looks = {"all": 2, "slow": 1, "unsolved": 1, "low_rated": 1, "ordered": 1, "handed_off": 0, "breached": 0}
    for look, count in looks.items():
        assert (await get(client, "/contacts", look=look, **PERIOD))["count"] == count, look
    (line,) = (await get(client, "/contacts", look="low_rated", **PERIOD))["contacts"]
    told_ = await get(client, f"/contacts/{line['conversation_id']}")
    assert [event["kind"] for event in told_["events"]] == ["message.customer", "message.bot", "rating"]
    assert (await client.get("/api/insight/contacts/none")).status == 404


async def test_mistakes_are_told(client: TestClient) -> None:  # type: ignore[type-arg]
    for path, query in [
        ("/overview", {"from": "yesterday"}),
        ("/overview", {"from": "2026-11-25", "to": "2026-11-24"}),
        ("/breakdown", {"by": "agent; drop table"}),
        ("/contacts", {"look": "odd"}),
        ("/contacts", {"page": "0"}),
        ("/interviews", {"month": "november"}),
    ]:
        answer = await client.get(f"/api/insight{path}", params=query)
        assert answer.status == 400
        assert (await answer.json())["message"]


async def test_exports(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.get("/api/insight/export", params={"by": "intent", **PERIOD})
    text = (await answer.read()).decode("utf-8-sig")
    assert text.splitlines()[0].startswith(",来访,首次响应（秒）")
    assert {line.split(",")[0] for line in text.splitlines()[1:]} == {"有没有货", "退款"}
    answer = await client.get("/api/insight/export", params={"format": "xlsx", **PERIOD})
    sheet = load_workbook(BytesIO(await answer.read())).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][:3] == ["2026-11-24", 2, 10.5]


async def test_peers_gaps_become_improvements_once(client: TestClient, settings: Settings, tmp_path: Path) -> None:  # type: ignore[type-arg]
    file = tmp_path / "peers.csv"
    head = "month,shop,conversion_percent,response_seconds,repurchase_percent"
    file.write_text(f"{head}\n2026-11,甲,20,2,50\n2026-11,乙,10,4,40\n2026-11,丙,8,1,30\n", encoding="utf8")
    assert import_peers(settings.events_url, file) == 3
    told_ = await get(client, "/peers")
    standing = {s["measure"]: s for s in told_["standings"]}
    assert (standing["conversion_percent"]["own"], standing["conversion_percent"]["rank"]) == (100.0, 1)
    assert (standing["response_seconds"]["rank"], standing["response_seconds"]["of"]) == (4, 4)
    assert standing["response_seconds"]["gap"] == pytest.approx(10.5 - 2)
    for entered in (2, 0):  # slow and nobody came back; the second time all of it is there
        answer = await client.post("/api/insight/improvements/propose/peers")
        assert (await answer.json())["entered"] == entered
    first, *_ = (await get(client, "/improvements"))["improvements"]
    changed = {"id": first["id"], "title": first["title"], "owner": "小林", "due": "2026-12-01", "status": "doing"}
    answer = await client.post("/api/insight/improvements", json=changed)
    assert (await answer.json())["due"] == "2026-12-01"
    for wrong, status in [
        ({"title": ""}, 400),
        ({"title": "x", "due": "soon"}, 400),
        ({"title": "x", "priority": 9}, 400),
        ({"title": "x", "status": "gone"}, 400),
        ({"id": "1", "title": "x"}, 400),
        ({"id": 999, "title": "x"}, 404),
        ({"title": "x", "colour": "red"}, 400),
    ]:
        assert (await client.post("/api/insight/improvements", json=wrong)).status == status, wrong


async def test_interviews_worksheet(client: TestClient) -> None:  # type: ignore[type-arg]
    drawn = (await get(client, "/interviews", month="2026-11"))["drawn"]
    assert len(drawn) == 2
    answer = await client.get("/api/insight/interviews", params={"month": "2026-11", "format": "xlsx"})
    sheet = load_workbook(BytesIO(await answer.read())).active
    assert sheet is not None
    assert sheet.max_row == 3
    assert sheet["F2"].value == "机器人"


async def test_experiments_are_told_with_their_verdict(client: TestClient, tmp_path: Path) -> None:  # type: ignore[type-arg]
    variants = "variants: {a: {title: 旧, value: utter_a}, b: {title: 新, value: utter_b}}"
    written = f"w:\n  title: 欢迎\n  place: welcome\n  {variants}\n"
    (tmp_path / "experiments.yml").write_text(written, encoding="utf8")
    assert (await get(client, "/experiments"))[0]["verdict"]["outcome"] == "draft"  # type: ignore[index]
    assert (await client.post("/api/insight/experiments/w/start")).status == 200
    (told_,) = await get(client, "/experiments")
    assert (told_["status"], told_["verdict"]["outcome"]) == ("running", "too_few")  # type: ignore[index]
    assert (await client.post("/api/insight/experiments/w/promote", json={"variant": "c"})).status == 400
    assert (await client.post("/api/insight/experiments/w/promote", json={"variant": "b"})).status == 200
    (told_,) = await get(client, "/experiments")
    assert (told_["status"], told_["winner"]) == ("stopped", "b")  # type: ignore[index]


async def test_why_conversations_went_to_a_person(client: TestClient, settings: Settings) -> None:  # type: ignore[type-arg]
    requested = told("handoff.requested", "24 11:00:05", "c2", reason="request_human")
    add(settings.events_url, [requested, told("handoff.assigned", "24 11:00:25", "c2", agent="lin", wait_ms=20_000)])
    (line,) = (await get(client, "/reasons", **PERIOD))["reasons"]
    assert line == {"reason": "request_human", "contacts": 1, "wait_ms": 20_000}
    assert (await get(client, "/reasons", base="presale", **PERIOD))["reasons"] == []


async def test_alerts_of_the_last_days(client: TestClient, settings: Settings) -> None:  # type: ignore[type-arg]
    settings.operations.kpi.alert_contacts = 1
    watch(settings)
    alerts = {alert["figure"]: alert for alert in (await get(client, "/alerts"))["alerts"]}
    assert (alerts["csat"]["value"], alerts["csat"]["target"], alerts["csat"]["sent"]) == (1.0, 4.2, False)
    assert alerts["csat"]["day"] == "2026-11-24"


async def test_badly_answered_questions_become_improvements(
    client: TestClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[type-arg]
) -> None:
    class Encoder:
        dimension = 2

        def sentences(self, texts: list[str]) -> list[list[float]]:
            return [[1.0, 0.0] if "刻字" in text else [0.0, 1.0] for text in texts]

    monkeypatch.setattr(api, "shared_encoder", Encoder)
    with writing(settings.knowledge_url) as session:
        for text in ("能刻字吗", "能刻字吗", "可以刻字么", "有门店吗"):
            none = {"outcome": "none", "score": 0.1, "conversation": "c"}
            session.add(AskedRow(at=beijing("24 10:00:00"), text=text, **none))
    found = await get(client, "/faq", days="7")
    assert (found["ready"], found["asked"]) == (True, 4)
    assert [(line["question"], line["asked"]) for line in found["unanswered"]] == [("能刻字吗", 3), ("有门店吗", 1)]
    assert (await client.get("/api/insight/faq", params={"days": "0"})).status == 400
    for entered in (2, 0):
        answer = await client.post("/api/insight/improvements/propose/faq?days=7")
        assert (await answer.json())["entered"] == entered
    first = (await get(client, "/improvements"))["improvements"][0]
    assert (first["title"], first["source"], first["priority"]) == ("补一条知识：能刻字吗", "faq", 2)
