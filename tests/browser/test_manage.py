"""The management site over three months of demo data: every page, wide and on a phone."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import ROOT, Shop
from tests.browser.manage_page import (
    PASSWORD,
    drawn,
    fetched,
    go,
    keep,
    link,
    press,
    see,
    sign_in,
    text_of,
    too_wide,
    wait,
)  # fmt: skip
from tests.browser.manage_site import needs_pages, web_alone
from tests.running import share_encoders

Opens = Callable[..., Chrome]
# Page → what stands on it once its data is there, and whether it has charts.
PAGES = {
    "/": ("问得最多的事", True),
    "/figures": ("为什么转人工", False),
    "/faq": ("没有答案的问题", True),
    "/experiments": ("欢迎语先说服务还是先说优惠", False),
    "/surveys": ("深度访谈", True),
    "/loop": ("没有上线：固定测试集的业务意图准确率", False),
    "/peers": ("在同行中的位置", True),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The web server with the demo's data; boss supervises, lin is an agent."""
    needs_pages()
    var = tmp_path_factory.mktemp("manage")
    share_encoders(var)
    prepare = [sys.executable, "-W", "ignore", "-m", "bot", "prepare", "--only", "encoder", "shop"]
    environment = {**os.environ, "DIANXIAOER_VAR": str(var), "RASA_TELEMETRY_ENABLED": "false"}
    subprocess.run(prepare, cwd=ROOT, env=environment, check=True, capture_output=True)
    with web_alone(var, PASSWORD, ("boss", "王主管", "supervisor"), ("lin", "林小满", "agent")) as running:
        yield running


@pytest.mark.parametrize(("width", "height"), [(1280, 860), (390, 844)])
def test_every_page_fits_and_has_something_to_show(site: Shop, browser: Opens, width: int, height: int) -> None:
    page = sign_in(browser(width=width, height=height), site.url, "boss")
    for path, (text, charts) in PAGES.items():
        go(page, path)
        see(page, text)
        if charts:
            wait(page, lambda: drawn(page))
        wait(page, lambda: not page.find_elements(By.CSS_SELECTOR, ".el-loading-mask:not([style*='none'])"))
        assert not page.find_elements(By.CSS_SELECTOR, ".el-alert--error"), path
        assert not too_wide(page), path
        keep(page, f"{path.strip('/') or 'overview'}-{width}")


def test_from_a_figure_down_to_the_words(site: Shop, browser: Opens) -> None:
    page = sign_in(browser(), site.url, "boss")
    see(page, "问得最多的事")
    page.find_element(By.CSS_SELECTOR, ".el-table__body a").click()
    wait(page, lambda: "intent=" in page.current_url)
    see(page, "业务意图：")
    press(page, "转了人工")
    wait(page, lambda: "look=handed_off" in page.current_url)
    rows = "//section[.//h2[text()='会话']]//button[contains(@class,'link')]"
    wait(page, lambda: page.find_elements(By.XPATH, rows))[0].click()
    see(page, "会话经过")
    see(page, "请求转人工")
    assert page.find_elements(By.CSS_SELECTOR, ".message.customer p")
    keep(page, "drawer-1280")
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    page.back()
    wait(page, lambda: "look=" not in page.current_url)  # the way back is the browser's


def test_a_segment_can_be_looked_at_alone(site: Shop, browser: Opens) -> None:
    page = sign_in(browser(), site.url, "boss", "/figures?by=segment")
    see(page, "VIP 客户")
    see(page, "游客")
    press(page, "VIP 客户")
    wait(page, lambda: "segment=vip" in page.current_url)
    wait(page, lambda: "游客" not in page.find_element(By.CSS_SELECTOR, ".el-table__body").text)
    keep(page, "segment-1280")


def test_tables_go_to_spreadsheets(site: Shop, browser: Opens) -> None:
    page = sign_in(browser(), site.url, "boss", "/figures?by=base")
    see(page, "售前咨询")
    answer = fetched(page, link(page, "导出 CSV"))
    lines = bytes(answer["bytes"]).decode("utf-8-sig").splitlines()
    assert answer["kind"].startswith("text/csv") and "kpi-" in answer["name"]
    assert lines[0].startswith(",来访,首次响应（秒）")
    assert {"售前咨询", "售后服务"} & {line.split(",")[0] for line in lines[1:]}
    sheet: Any = load_workbook(BytesIO(bytes(fetched(page, link(page, "导出 Excel"))["bytes"]))).active
    assert sheet["B1"].value == "来访" and sheet["B2"].value > 100


def test_a_hundred_interviews_are_drawn_each_month(site: Shop, browser: Opens) -> None:
    page = sign_in(browser(), site.url, "boss", "/surveys")
    see(page, "下载访谈表（Excel）")
    month = page.execute_script("const d = new Date(); d.setDate(0); return d.toLocaleDateString('sv-SE').slice(0, 7)")
    chosen = page.find_element(By.CSS_SELECTOR, "input[aria-label='月份'], .el-date-editor--month input")
    chosen.send_keys(Keys.CONTROL, "a")
    chosen.send_keys(month, Keys.ENTER)
    wait(page, lambda: f"month={month}" in link(page, "下载访谈表（Excel）"))
    rows = ".el-table__body tr"
    wait(page, lambda: len(page.find_elements(By.CSS_SELECTOR, rows)) == 100)
    sheet: Any = load_workbook(BytesIO(bytes(fetched(page, link(page, "下载访谈表（Excel）"))["bytes"]))).active
    assert (sheet.max_row, sheet["H1"].value) == (101, "顾客想解决什么")
    page.find_element(By.CSS_SELECTOR, f"{rows} button").click()
    see(page, "会话经过")


def test_what_is_badly_answered_and_where_peers_lead_becomes_work(site: Shop, browser: Opens) -> None:
    page = sign_in(browser(), site.url, "boss", "/faq")
    see(page, "最该先改进的 20 条")
    press(page, "列入改进清单")
    see(page, "20 条已列入改进清单")
    go(page, "/peers")
    see(page, "补一条知识：")
    press(page, "新增")
    dialog = wait(page, lambda: page.find_elements(By.CSS_SELECTOR, ".el-dialog input"))
    wait(page, lambda: dialog[0].is_displayed())
    dialog[0].send_keys("给客服做一次培训")
    keep(page, "improvement-1280")
    press(page, "保存")
    see(page, "已保存")
    see(page, "给客服做一次培训")


def test_an_experiment_is_started_and_stopped(site: Shop, browser: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    file = ROOT / "data" / "experiments.yml"
    before = file.read_text(encoding="utf8")
    page = sign_in(browser(), site.url, "boss", "/experiments")
    see(page, "还没有开始")
    try:
        press(page, "开始")
        press(page, "确定")
        see(page, "已生效")
        see(page, "进行中")
        see(page, "还不能下结论")
        press(page, "停止")
        press(page, "确定")
        wait(page, lambda: "进行中" not in text_of(page))
    finally:
        file.write_text(before, encoding="utf8")


def test_figures_are_not_for_agents(site: Shop, browser: Opens) -> None:
    page = sign_in(browser(), site.url, "lin")
    wait(page, lambda: not page.find_elements(By.CSS_SELECTOR, "input[type=password]"))
    for path in ("definitions", "overview", "contacts", "export", "interviews", "faq", "alerts"):
        assert fetched(page, f"/api/insight/{path}")["status"] == 403, path
    assert fetched(page, "/api/insight/improvements/propose/peers", "POST")["status"] == 403
    assert "A/B 实验" not in text_of(page)


def test_who_is_not_signed_in_sees_nothing(site: Shop, browser: Opens) -> None:
    page = browser()
    page.get(f"{site.url}/manage#/figures")
    wait(page, lambda: page.find_elements(By.CSS_SELECTOR, "input[type=password]"))
    assert fetched(page, "/api/insight/overview")["status"] == 401
