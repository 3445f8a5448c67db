"""The inspection's pages: a supervisor looks and decides, an agent sees her own findings and appeals."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from bot.quality.demo import fill
from bot.settings import Settings
from bot.upkeep.migrating import migrate
from tests.browser.conftest import Shop
from tests.browser.manage_site import needs_pages, web_alone
from tests.running import share_encoders

PASSWORD = "browser-test-1"
SHOTS = os.environ.get("SCREENSHOTS")  # a folder to keep pictures in
Opens = Callable[..., webdriver.Chrome]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The web server over a few days of demo conversations; boss supervises, demo-chen is an agent."""
    needs_pages()
    var = tmp_path_factory.mktemp("quality")
    share_encoders(var)
    settings = Settings(var=var)
    migrate(settings)
    fill(settings, days=8)
    with web_alone(var, PASSWORD, ("boss", "王主管", "supervisor"), ("demo-chen", "陈小满", "agent")) as running:
        yield running


def slid_in(page: webdriver.Chrome) -> bool:
    """Whether the open drawer stands still at the right edge: what slides cannot be clicked."""
    edge = "return Math.round(document.querySelector('.el-drawer.open').getBoundingClientRect().right) <= innerWidth"
    return bool(page.execute_script(edge))


def test_a_supervisor_reads_findings_and_decides(site: Shop, browser: Opens) -> None:
    page = sign_in(browser(), site, "boss", "/quality")
    see(page, "各项标准")
    see(page, "问题最大的 5 个对话")
    see(page, "陈小满")
    keep(page, "overview")

    page.find_element(By.XPATH, "//ol[contains(@class,'cases')]//button[contains(.,'看这次对话')]").click()
    see(page, "做到了")
    assert page.find_elements(By.CSS_SELECTOR, ".talk p.bad"), "the quoted message stands out"
    keep(page, "talk")
    wait(page, lambda: slid_in(page))
    page.find_element(By.CSS_SELECTOR, ".el-drawer__close-btn").click()

    press(page, "问题")
    wait(page, lambda: page.find_elements(By.CSS_SELECTOR, ".finding mark"))
    marks = [mark.get_attribute("textContent") for mark in page.find_elements(By.CSS_SELECTOR, ".finding mark")]
    assert marks and all(marks)
    keep(page, "findings")

    press(page, "申诉")
    see(page, "规则和主管的判断")
    keep(page, "appeals")
    wait(page, lambda: page.find_elements(By.CSS_SELECTOR, ".appeal"))
    waiting = len(page.find_elements(By.XPATH, "//button[contains(.,'申诉成立')]"))
    assert waiting
    page.find_element(By.XPATH, "//button[contains(.,'申诉成立')]").click()
    see(page, "分数已重算")
    wait(page, lambda: len(page.find_elements(By.XPATH, "//button[contains(.,'申诉成立')]")) == waiting - 1)

    press(page, "电话")
    wait(page, lambda: page.find_elements(By.CSS_SELECTOR, ".el-table__body button.link"))
    page.find_element(By.CSS_SELECTOR, ".el-table__body button.link").click()
    see(page, "电话转写")
    keep(page, "call")


def test_the_pages_fit_a_phone(site: Shop, browser: Opens) -> None:
    page = sign_in(browser(width=390, height=844), site, "boss", "/quality")
    see(page, "各项标准")
    assert not too_wide(page)
    keep(page, "phone-overview")
    press(page, "问题")
    wait(page, lambda: page.find_elements(By.CSS_SELECTOR, ".finding mark"))
    assert not too_wide(page)
    keep(page, "phone-findings")


def test_an_agent_appeals_her_own_finding(site: Shop, browser: Opens) -> None:
    page = sign_in(browser(width=390, height=844), site, "demo-chen", "/")
    see(page, "没做到的地方")
    assert "A/B 实验" not in page.page_source, "the figures of the shop are not for agents"
    assert not too_wide(page)
    for path, status in (("overview", 403), ("findings", 403), ("appeals", 403), ("mine", 200)):
        asked = "return fetch(`/api/quality/${arguments[0]}`).then((answer) => answer.status)"
        assert page.execute_script(asked, path) == status, path
    keep(page, "phone-mine")
    page.find_element(By.XPATH, "//footer//button[contains(.,'申诉')]").click()
    wait(page, lambda: page.find_element(By.CSS_SELECTOR, ".el-dialog textarea").is_displayed())
    page.find_element(By.CSS_SELECTOR, ".el-dialog textarea").send_keys("顾客先骂人，我只是请他等一等")
    page.find_element(By.XPATH, "//div[contains(@class,'el-dialog')]//button[contains(.,'提交')]").click()
    see(page, "申诉已提交")
    see(page, "顾客先骂人，我只是请他等一等")


def sign_in(page: webdriver.Chrome, site: Shop, name: str, path: str) -> webdriver.Chrome:
    page.get(f"{site.url}/manage#{path}")
    wait(page, lambda: page.find_elements(By.CSS_SELECTOR, "input[type=password]"))
    page.find_element(By.CSS_SELECTOR, "input:not([type=password])").send_keys(name)
    page.find_element(By.CSS_SELECTOR, "input[type=password]").send_keys(PASSWORD)
    page.find_element(By.XPATH, "//button[normalize-space()='登录']").click()
    return page


def see(page: webdriver.Chrome, text: str) -> None:
    try:
        wait(page, lambda: text in page.find_element(By.TAG_NAME, "body").text)
    except TimeoutException:
        keep(page, "failed")
        raise AssertionError(f"no “{text}” on the page:\n{page.find_element(By.TAG_NAME, 'body').text}") from None


def press(page: webdriver.Chrome, tab: str) -> None:
    page.find_element(By.XPATH, f"//div[@role='tab' and normalize-space()='{tab}']").click()


def wait(page: webdriver.Chrome, condition: Callable[[], Any]) -> None:
    WebDriverWait(page, 20).until(lambda _page: condition())


def too_wide(page: webdriver.Chrome) -> bool:
    return bool(page.execute_script("return document.documentElement.scrollWidth > window.innerWidth"))


def keep(page: webdriver.Chrome, name: str) -> None:
    if SHOTS:
        page.save_screenshot(str(Path(SHOTS) / f"{name}.png"))
