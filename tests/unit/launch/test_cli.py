"""The command line: what each command says, and that a known problem is no traceback."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from bot import cli
from bot.settings import ROOT, Settings
from bot.shop import Access, availability, find_order, place_order, upgrade_and_seed
from bot.shop.outreach import make_offer

SKU = "P1001-04"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A demo shop of the test's own, which the commands use."""
    settings = Settings(var=tmp_path)
    monkeypatch.setattr("bot.commands.shop.get_settings", lambda: settings)
    upgrade_and_seed(settings.shop_url, progress=lambda _: None)
    return settings.shop_url


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    folder = tmp_path / "feed"
    shutil.copytree(ROOT / "data" / "shop", folder, ignore=shutil.ignore_patterns("images"))
    return folder


def _edit_stock(folder: Path, on_hand: str) -> None:
    path = folder / "stock.csv"
    with path.open(encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["sku"] == SKU and row["warehouse_id"] == rows[0]["warehouse_id"]:
            row["on_hand"] = on_hand
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_sync_takes_goods_over_and_leaves_orders_alone(
    shop: str, feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = place_order(shop, channel="rest", account="me", sku=SKU, quantity=1, idempotency_key="k")
    _edit_stock(feed, "7")
    (feed / "orders.csv").write_text("broken", encoding="utf8")
    assert cli.main(["sync", str(feed)]) == 0
    assert "✓ stock.csv" in capsys.readouterr().out
    assert find_order(shop, order.no) is not None
    by_warehouse = {option.warehouse_name: option.available for option in availability(shop, SKU).options}
    assert by_warehouse["北京仓库"] == 7 - 1


def test_sync_names_the_bad_row_and_changes_nothing(shop: str, feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = availability(shop, SKU).total
    _edit_stock(feed, "-3")
    assert cli.main(["sync", str(feed)]) == 1
    problem = capsys.readouterr().err
    assert "没有导入" in problem and "stock.csv 第" in problem and "Traceback" not in problem
    assert availability(shop, SKU).total == before


def test_sync_of_a_folder_without_a_feed_says_what_should_be_there(
    shop: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert cli.main(["sync", str(tmp_path / "empty")]) == 1
    assert "products.csv" in capsys.readouterr().err


def test_offers_tell_what_each_script_was_worth(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    customer = Access("rest", "demo-vip", "C0233")
    assert make_offer(shop, customer, ["greeting"]) is not None
    assert cli.main(["offers"]) == 0
    text = capsys.readouterr().out
    assert "· vip_greeting：说了 1 次" in text and "· hesitating_new：说了 0 次" in text
    assert cli.main(["offers", "--days", "7", "--json"]) == 0
    worth = {row["script"]: row for row in json.loads(capsys.readouterr().out)}
    assert worth["vip_greeting"]["shown"] == 1 and worth["vip_greeting"]["conversion"] == 0.0
    for days in ("0", "-1", "x", "99999"):
        with pytest.raises(SystemExit, match="2"):
            cli.main(["offers", "--days", days])


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    text = capsys.readouterr().out
    for command in ("up", "prepare", "train", "finetune", "web", "sync", "offers", "eval", "corpus"):
        assert f"\n    {command} " in text


def test_every_command_and_target_of_the_readme_exists() -> None:
    import re

    readme = (ROOT / "README.md").read_text(encoding="utf8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    for target in set(re.findall(r"make ([a-z-]+)", readme)):
        assert f"\n{target}:" in makefile, target
    for command in set(re.findall(r"-m bot ([a-z-]+)", readme)):
        with pytest.raises(SystemExit, match="0"):
            cli.main([command, "--help"])
