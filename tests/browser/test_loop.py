"""The learning loop's page: one supervisor labels by keyboard, another reviews, and Rasa can read what came of it."""

from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from bot.learning import Project
from bot.learning.corpus import write_pending
from bot.learning.demo import fill
from bot.nlu.judge.corpus import read_corpus
from bot.settings import Settings
from bot.upkeep.migrating import migrate
from tests.browser.conftest import Shop
from tests.browser.manage_page import PASSWORD, keep, press, see, sign_in, too_wide, wait
from tests.browser.manage_site import needs_pages, web_alone

Opens = Callable[..., Chrome]


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The web server without anything drawn yet; boss and deputy supervise."""
    needs_pages()
    var = tmp_path_factory.mktemp("loop")
    migrate(Settings(var=var))
    with web_alone(var, PASSWORD, ("boss", "王主管", "supervisor"), ("deputy", "周副主管", "supervisor")) as running:
        yield running


def test_two_messages_labelled_by_keyboard_become_lines_of_the_corpus(site: Shop, browser: Opens) -> None:
    settings = Settings(var=site.var)
    page = sign_in(browser(width=1440, height=900), site.url, "boss", "/loop")
    see(page, "还没有抽过消息")
    see(page, "还没有训练过候选模型")
    keep(page, "loop-empty")
    fill(settings.events_url)
    page.refresh()
    see(page, "说好周三到的")
    see(page, "固定测试集的业务意图准确率从 88.4% 降到 86.9%")
    see(page, "第 1 句，共 17 句")
    keep(page, "loop-1440")

    # The mood that the bot heard is chosen already; 2 takes the second suggestion.
    type_key(page, "2")
    see(page, "客服换了三个人")
    type_key(page, "1")
    see(page, "锅用了两回涂层就起皮")
    type_key(page, "z")  # thought better of it
    see(page, "客服换了三个人")
    type_key(page, "r")
    type_key(page, "1")
    see(page, "锅用了两回涂层就起皮")
    type_key(page, "s")
    see(page, "上次那个蓝的还上不上架呀")
    press(page, "审核 7")
    see(page, "自己标的，要由别人审核")
    see(page, "标为“投诉物流”、急躁 2 分 · 王主管")
    press(page, "标注 14")
    see(page, "上次那个蓝的还上不上架呀")
    type_key(page, "2")  # the keys work although the tab has the focus
    see(page, "我妈那边是村里")

    other = sign_in(browser(width=390, height=844), site.url, "deputy", "/loop")
    see(other, "我妈那边是村里")
    assert not too_wide(other)
    keep(other, "loop-390")
    press(other, "审核 8")
    see(other, "标为“投诉物流”、急躁 2 分 · 王主管")
    assert not too_wide(other)
    keep(other, "loop-review-390")
    press(other, "这一页全部通过（8）")
    see(other, "没有等着审核的句子")

    project = Project(settings)
    assert write_pending(project) >= 3
    lines = {line.text: line for line in read_corpus(project.pending)}
    first = lines["说好周三到的 今天都周五了 你们快递是走路送的吗"]
    assert (first.intent, first.emotion, first.score) == ("complain_logistics", "impatient", 2)
    second = lines["客服换了三个人 每个说法都不一样 到底听谁的"]
    assert (second.intent, second.emotion) == ("complain_service", "calm")
    assert "锅用了两回涂层就起皮 这东西还敢拿来炒菜" not in lines, "it was skipped"


def type_key(page: Chrome, key: str) -> None:
    """As somebody types who looks at the message, not at a field."""
    wait(page, lambda: not page.find_elements(By.CSS_SELECTOR, ".choices .el-button.is-disabled"))
    page.switch_to.active_element.send_keys(key)
