"""The sync from folders and from a real server; every day, once, whoever runs it."""

import json
import multiprocessing
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from feed_server import FeedSite, feed_site
from knowledge_kit import Entries, PairEncoder, entry
from test_knowledge_entries import WORDS

from bot.clock import freeze, now
from bot.db import reading
from bot.knowledge import CurrentIndex, Shop, daily, fill, load_entries, search
from bot.knowledge import current as current_module
from bot.knowledge.sync import SyncReport, sync
from bot.knowledge.tables import SyncRow
from bot.settings import Settings
from bot.shop import FeedError, availability, catalogue_version, price_of
from bot.shop.feed_http import TOKEN
from tests.unit.shop.small_shop import beijing

STOCK = "sku,warehouse_id,on_hand,restock_date\n"
PRICE = "sku,valid_from,price,list_price,market_price\n"


@pytest.fixture
def site() -> Iterator[FeedSite]:
    with feed_site() as running:
        yield running


@pytest.fixture
def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(settings.operations.sync, "timeout_seconds", 0.5)
    return settings


def folder_of(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "feed"
    (folder / "knowledge").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", "/").replace("_csv", ".csv").replace("_json", ".json")).write_text(content, "utf8")
    return folder


def run(settings: Settings, source: object, encoder: PairEncoder) -> SyncReport:
    return sync(settings, str(source), encoder=lambda: encoder)


def test_the_report_says_what_changed(settings: Settings, tmp_path: Path, encoder: PairEncoder) -> None:
    faq = json.dumps([entry("甲"), entry("乙")], ensure_ascii=False)
    folder = folder_of(tmp_path, stock_csv=f"{STOCK}P1-1,BJ,7,\nP1-2,BJ,32,\nP1-1,SH,4,\n", knowledge__faq_json=faq)
    report = run(settings, folder, encoder)
    assert report.files["stock.csv"].changed == ["P1-1 BJ：on_hand 3 → 7"]
    assert report.files["stock.csv"].new == ["P1-1 SH"]
    assert (report.files["stock.csv"].same, report.files["stock.csv"].absent) == (1, 8)
    assert report.files["knowledge/faq.json"].new == ["甲", "乙"]
    assert "✓ stock.csv：新增 1（P1-1 SH），变化 1（P1-1 BJ：on_hand 3 → 7），不变 1" in report.lines()[0]
    version = catalogue_version(settings.shop_url)
    again = run(settings, folder, encoder)
    assert not any(again.files.values()) and catalogue_version(settings.shop_url) == version


def test_json_files_mean_the_same_as_csv(settings: Settings, tmp_path: Path, encoder: PairEncoder) -> None:
    rows = [{"sku": "P1-1", "warehouse_id": "BJ", "on_hand": 9, "restock_date": None}]
    offer = {
        "id": "N", "name": "新活动", "kind": "reduction", "rule": {"over_fen": 10000, "minus_fen": 500},
        "starts_at": "2026-01-01", "ends_at": "2027-01-01", "categories": ["手机"], "skus": [],
    }  # fmt: skip
    folder = folder_of(tmp_path, stock_json=json.dumps(rows), promotions_json=json.dumps([offer], ensure_ascii=False))
    assert run(settings, folder, encoder).rejected == []
    assert availability(settings.shop_url, "P1-1").total == 9
    assert "新活动" in fill("{promotions:手机}", Shop.fresh(settings.shop_url), WORDS)
    (folder / "stock.csv").write_text(STOCK, "utf8")
    with pytest.raises(FeedError, match="同时有"):
        run(settings, folder, encoder)


def test_one_wrong_file_keeps_the_others(settings: Settings, tmp_path: Path, encoder: PairEncoder) -> None:
    bad = STOCK + "".join(f"NO-{n},BJ,1,\n" for n in range(30))
    folder = folder_of(tmp_path, stock_csv=bad, prices_csv=f"{PRICE}P1-1,2026-06-09,4500,5000,5000\n")
    (folder / "knowledge" / "faq.json").write_text("[{", "utf8")
    report = run(settings, folder, encoder)
    assert {bad.file for bad in report.rejected} == {"stock.csv", "knowledge/faq.json"}
    assert price_of(settings.shop_url, "P1-1").price_fen == 450000
    text = "\n".join(report.lines())
    assert "stock.csv 没有导入，原来的数据不变" in text and "……还有 20 行有误" in text


@pytest.mark.parametrize("source", ["nowhere", "empty", "file.csv"])
def test_a_folder_without_a_feed_is_refused(
    settings: Settings, tmp_path: Path, encoder: PairEncoder, source: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.csv").write_text("x")
    with pytest.raises(FeedError, match="文件夹"):
        run(settings, tmp_path / source, encoder)


def test_an_entry_may_speak_of_goods_of_the_same_sync(settings: Settings, tmp_path: Path, encoder: PairEncoder) -> None:
    variants = "sku,product_id,label,attributes\nP1-9,P1,1T 午夜色,storage=1T|colour=午夜色\n"
    faq = json.dumps([entry("1T有货吗", "1T{stock:P1-9}")], ensure_ascii=False)
    report = run(settings, folder_of(tmp_path, variants_csv=variants, knowledge__faq_json=faq), encoder)
    assert report.rejected == [] and load_entries(settings.knowledge_url)[1][0].question == "1T有货吗"


def test_an_answer_changes_soon_after_a_sync_without_a_restart(
    known: CurrentIndex, settings: Settings, tmp_path: Path, encoder: PairEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running index and the running shop answer with the new figures within the seconds of their own checks."""
    assert current_module.RECHECK_SECONDS <= 2.0, "a minute is promised"
    monkeypatch.setattr(current_module, "RECHECK_SECONDS", 0.0)
    faq = [entry("星河256多少钱", "现价{price:P1-2}，{stock:P1-2}。", id="price")]
    run(settings, folder_of(tmp_path, knowledge__live_json=json.dumps(faq, ensure_ascii=False)), encoder)

    def said() -> str:
        best = search(known, "星河256多少钱").best
        assert best is not None
        return fill(best.answer, Shop.now(settings.shop_url), WORDS)

    assert said() == "现价¥5,999.00，有货（共72台）。"
    faq[0]["answer"] = "今天{price:P1-2}，{stock:P1-2}，欢迎下单。"
    folder = folder_of(
        tmp_path,
        stock_csv=f"{STOCK}P1-2,BJ,1,\nP1-2,SH,0,\n",
        prices_csv=f"{PRICE}P1-2,2026-06-10T09:00,5799,6999,6199\n",
        knowledge__live_json=json.dumps(faq, ensure_ascii=False),
    )
    assert run(settings, folder, encoder).rejected == []
    assert said() == "今天¥5,799.00，仅剩1台，欢迎下单。"


def test_a_feed_over_http_is_fetched_once_and_then_only_when_changed(
    settings: Settings, site: FeedSite, encoder: PairEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.token = "geheim"
    site.files = {"stock.csv": f"{STOCK}P1-1,BJ,7,\n", "knowledge/faq.json": json.dumps([entry("甲")])}
    with pytest.raises(FeedError, match=TOKEN):
        run(settings, site.url, encoder)
    monkeypatch.setenv(TOKEN, "geheim")
    report = run(settings, f"{site.url}/", encoder)
    assert set(report.files) == {"stock.csv", "knowledge/faq.json"}
    assert availability(settings.shop_url, "P1-1").total == 7
    report = run(settings, site.url, encoder)
    assert sorted(report.unchanged) == ["knowledge/faq.json", "stock.csv"] and report.files == {}
    site.files["stock.csv"] = f"{STOCK}P1-1,BJ,8,\n"
    report = run(settings, site.url, encoder)
    assert list(report.files) == ["stock.csv"] and availability(settings.shop_url, "P1-1").total == 8


def test_a_refused_file_is_fetched_again(settings: Settings, site: FeedSite, encoder: PairEncoder) -> None:
    site.files = {"stock.csv": f"{STOCK}P1-1,BJ,-7,\n"}
    for _ in range(2):
        assert "整数" in run(settings, site.url, encoder).rejected[0].reason


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("slow", "没有回应"),
        ("cut", "传输中断"),
        ("chunk_cut", "传输中断"),
        ("500", "对方服务器出错（500）"),
        ("404", "没有这个文件"),
        ("403", "拒绝访问"),
        ("302", "出错（302）"),
    ],
)
def test_a_server_that_fails_changes_nothing_of_that_file(
    impatient: Settings, site: FeedSite, encoder: PairEncoder, fault: str, words: str
) -> None:
    site.files = {
        "stock.csv": STOCK + "".join(f"P1-1,{w},7,\n" for w in ("BJ", "SH")),
        "prices.csv": f"{PRICE}P1-1,2026-06-09,4500,5000,5000\n",
    }
    site.faults = {"stock.csv": fault}
    report = run(impatient, site.url, encoder)
    assert [(bad.file, bad.line) for bad in report.rejected] == [("stock.csv", 0)]
    assert words in report.rejected[0].reason
    assert availability(impatient.shop_url, "P1-1").total == 3
    assert list(report.files) == ["prices.csv"], "the others come in"


def test_a_file_may_not_be_endless(
    settings: Settings, site: FeedSite, encoder: PairEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.operations.sync, "max_mb", 1)
    site.files = {"stock.csv": STOCK + "P1-1,BJ,7,\n" * 120_000}
    assert "超过 1 MB" in run(settings, site.url, encoder).rejected[0].reason
    assert availability(settings.shop_url, "P1-1").total == 3


def test_a_dripping_server_is_left(
    settings: Settings, site: FeedSite, encoder: PairEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.operations.sync, "timeout_seconds", 0.4)
    monkeypatch.setattr("bot.shop.feed_http._TOTAL_FACTOR", 2)
    monkeypatch.setattr("bot.shop.feed_http._CHUNK", 1)
    site.files, site.faults = {"stock.csv": f"{STOCK}P1-1,BJ,7,\n"}, {"stock.csv": "drip"}
    assert "没有传完" in run(settings, site.url, encoder).rejected[0].reason


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ("<html></html>", "不是 JSON"),
        ("{}", "文件名的列表"),
        ("[]", "文件名的列表"),
        ("[1]", "文件名的列表"),
        ('["../../etc/passwd"]', "不认识"),
        ('["knowledge/../x.json"]', "不认识"),
        ('["stocks.csv"]', "stocks.csv 不认识"),
    ],
)
def test_a_wrong_index_is_refused(
    settings: Settings, site: FeedSite, encoder: PairEncoder, index: str, words: str
) -> None:
    site.files = {"index.json": index}
    with pytest.raises(FeedError, match=words):
        run(settings, site.url, encoder)


def test_nobody_there_is_said(settings: Settings, encoder: PairEncoder) -> None:
    with pytest.raises(FeedError, match="连不上"):
        run(settings, "http://127.0.0.1:9", encoder)


@pytest.fixture
def scheduled(settings: Settings, tmp_path: Path, encoder: PairEncoder, monkeypatch: pytest.MonkeyPatch) -> Settings:
    folder = folder_of(tmp_path, stock_csv=f"{STOCK}P1-1,BJ,7,\n")
    monkeypatch.setattr(settings.operations.sync, "source", str(folder))
    return settings


def status(settings: Settings) -> dict[str, object]:
    with reading(settings.knowledge_url) as session:
        row = session.get(SyncRow, "daily:2026-06-10")
        return dict(row.details) if row else {}


def test_the_daily_sync_runs_at_its_hour_and_once(scheduled: Settings) -> None:
    with freeze(beijing("2026-06-10 05:59")):
        assert daily.run_when_due(scheduled) is None
    with freeze(beijing("2026-06-10 11:00")):  # the machine was off at six
        report = daily.run_when_due(scheduled)
        assert report is not None and report.files["stock.csv"].changed
        assert daily.run_when_due(scheduled) is None
    assert status(scheduled)["status"] == "done"
    with freeze(beijing("2026-06-11 06:00")):
        assert daily.run_when_due(scheduled) is not None


def test_without_a_source_nothing_is_scheduled(settings: Settings) -> None:
    assert daily.run_when_due(settings) is None and status(settings) == {}


def test_a_failed_daily_sync_is_tried_again(scheduled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    good = scheduled.operations.sync.source
    monkeypatch.setattr(scheduled.operations.sync, "source", "http://127.0.0.1:9")
    assert daily.run_when_due(scheduled) is None
    assert status(scheduled)["status"] == "failed" and "连不上" in str(status(scheduled)["problem"])
    monkeypatch.setattr(scheduled.operations.sync, "source", good)
    assert daily.run_when_due(scheduled) is None, "not at once"
    with freeze(now() + timedelta(minutes=10)):
        assert daily.run_when_due(scheduled) is not None
    assert (status(scheduled)["status"], status(scheduled)["tries"]) == ("done", 2)


def test_a_run_that_died_is_taken_over_after_an_hour(scheduled: Settings) -> None:
    assert daily._claim(scheduled.knowledge_url, "daily:2026-06-10")
    for minutes, runs in ((59, False), (60, True)):
        with freeze(now() + timedelta(minutes=minutes)):
            assert (daily.run_when_due(scheduled) is not None) is runs


def test_of_many_threads_one_runs_it(scheduled: Settings) -> None:
    done: list[object] = []
    threads = [threading.Thread(target=lambda: done.append(daily.run_when_due(scheduled))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 8 and sum(report is not None for report in done) == 1


def claim(url: str, queue: "multiprocessing.Queue[bool]") -> None:
    queue.put(daily._claim(url, "daily:2026-06-10"))


def test_of_two_processes_one_runs_it(scheduled: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[bool] = context.Queue()
    processes = [context.Process(target=claim, args=(scheduled.knowledge_url, queue)) for _ in range(2)]
    for process in processes:
        process.start()
    got = sorted(queue.get(timeout=60) for _ in processes)
    for process in processes:
        process.join(30)
    assert got == [False, True]


def test_entries_are_embedded_by_the_sync_itself(
    settings: Settings, tmp_path: Path, encoder: PairEncoder, write: Entries
) -> None:
    faq = json.dumps([entry("发票怎么开", "在订单页申请。")], ensure_ascii=False)
    folder = folder_of(tmp_path, knowledge__faq_json=faq)
    run(settings, folder, encoder)
    assert {"发票怎么开", "在订单页申请。"} <= set(encoder.embedded)
    assert len(encoder.embedded) == len(set(encoder.embedded)), "each once"
    fresh = PairEncoder()
    search(CurrentIndex(settings.knowledge_url, settings.shop_url, fresh), "星河7发票怎么开")
    assert set(fresh.embedded) == {"星河7发票怎么开", "发票怎么开"}, "only the question, with and without its product"
