"""People and bot as one team, in real browsers on the real servers: customer, agent and supervisor."""

import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from bot import conversations
from bot.conversations import Store
from bot.conversations.bus_local import LocalBus
from bot.db import engine_for
from bot.desk.api.endpoints import PREFIX
from bot.events.store import of_conversation
from tests.browser.chat_page import bubbles, press, says, until, write
from tests.browser.conftest import SPEED, Shop
from tests.browser.desk_page import (
    COUNT_TONES,
    PASSWORD,
    People,
    alerts,
    alt,
    count_in,
    hears,
    lines,
    listed,
    loaded_pictures,
    picture,
    sign_in,
    typed,
)

GREETING = "您好，我是店小二"
TUESDAY_NIGHT = "2026-11-24T03:00:00+08:00"


@pytest.fixture(scope="module")
def store(desk_shop: Shop) -> Iterator[Store]:
    """The servers' store, with their clock."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in desk_shop.more.items():
            patch.setenv(name, value)
        store = Store(f"sqlite:///{desk_shop.var}/chat.db", LocalBus(str(desk_shop.var / "bus")))
        people = People(store, desk_shop.url, lambda: None)
        people.ready("anna", "安娜")
        people.ready("bert", "小白")
        people.ready("carol", "组长", "supervisor")
        yield store
        engine_for(store.url).dispose()


@pytest.fixture
def people(desk_shop: Shop, store: Store, browser: Any) -> Iterator[People]:
    staff = People(store, desk_shop.url, browser)
    yield staff
    staff.all_away()


@pytest.fixture
def customer(desk_shop: Shop, browser: Any) -> Chrome:
    page = browser(width=420, height=780)
    page.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": COUNT_TONES})
    page.get(desk_shop.url)
    says(page, GREETING)
    return page


def waits(page: Chrome) -> str:
    """What the panel of who waits says."""
    found = page.find_elements(By.CSS_SELECTOR, ".waiting p [aria-hidden]")
    return found[0].text if found else ""


def first_choice(page: Chrome) -> str:
    found = page.find_elements(By.CSS_SELECTOR, ".el-select-dropdown__item.is-hovering")
    return found[0].text if found else ""


def chat_of(page: Chrome) -> str:
    token = page.execute_script("return localStorage.getItem('dianxiaoer.session')")
    return conversations.conversation_of(token)


def test_from_the_bot_to_a_person_and_back(people: People, customer: Chrome, tmp_path: Path) -> None:
    store = people.store
    write(customer, "送到哪\n")
    press(customer, "送到杭州")
    says(customer, "好的，记下了，送到杭州。")

    # With her hands full the agent takes nobody: the customer waits, sees the place, and how it gets better.
    anna = people.at_desk("anna")
    busy = people.chat("busy", "我先来的")
    until(anna, lambda: count_in(anna, "我的") == 1)
    conversations.save_agent(store, "anna", "安娜", capacity=1)
    first = people.chat("first", "我也先来的")
    write(customer, "转人工\n")
    says(customer, "预计等待时间")
    until(customer, lambda: waits(customer).startswith("前面还有 1 位，预计还要"))
    sound = customer.find_element(By.CSS_SELECTOR, ".waiting .sound")
    until(customer, lambda: sound.get_attribute("data-playing") == "true")
    until(customer, lambda: customer.execute_script("return window.tones") > 0)
    sound.click()
    until(customer, lambda: sound.get_attribute("data-playing") == "false")
    customer.refresh()
    until(customer, lambda: waits(customer).startswith("前面还有 1 位"))
    assert customer.find_element(By.CSS_SELECTOR, ".waiting .sound").get_attribute("aria-pressed") == "false"
    conversations.cancel(store, first)
    until(customer, lambda: waits(customer).startswith("您是下一位"))
    write(customer, "我的快递在哪\n")

    # She takes the chat by the keyboard, and both write.
    alt(anna, "a")
    says(customer, "客服安娜来为您服务了")
    assert "人工客服 安娜" in customer.find_element(By.TAG_NAME, "header").text and waits(customer) == ""
    hears(anna, "customer", "我的快递在哪")
    typed(anna, "您好")
    until(customer, lambda: "安娜正在输入" in customer.find_element(By.CSS_SELECTOR, ".log").text)
    typed(anna, "，马上查" + Keys.ENTER)
    says(customer, "您好，马上查")
    assert customer.find_elements(By.CSS_SELECTOR, ".agent .who")[-1].text == "客服 安娜"
    write(customer, "谢谢")
    until(anna, lambda: "顾客正在输入" in anna.find_element(By.CSS_SELECTOR, ".messages").text)
    write(customer, "\n")
    hears(anna, "customer", "谢谢")

    # Pictures both ways.
    file = str(picture(tmp_path / "box.png"))
    customer.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(file)
    until(anna, lambda: loaded_pictures(anna, ".line.customer img") == 1)
    anna.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(file)
    until(customer, lambda: loaded_pictures(customer, ".row.agent .picture") == 1)
    assert loaded_pictures(customer, ".row.mine .picture") == 1

    # A note stays among staff; a phrase is kept and used.
    alt(anna, "n")
    typed(anna, "包裹破了，按丢件赔" + Keys.ENTER)
    hears(anna, "note", "包裹破了")
    typed(anna, "稍等，我帮您登记。")
    next(b for b in anna.find_elements(By.CSS_SELECTOR, ".composer .tools button") if b.text == "短语").click()
    until(anna, lambda: anna.find_elements(By.CSS_SELECTOR, ".phrase-form"))
    anna.find_element(By.CSS_SELECTOR, ".phrase-form input").send_keys("登记" + Keys.ENTER)
    until(anna, lambda: anna.find_elements(By.CSS_SELECTOR, ".phrase-list .link"))
    typed(anna, Keys.ESCAPE)
    until(anna, lambda: not anna.find_elements(By.CSS_SELECTOR, ".el-overlay:not([style*='display: none'])"))
    box = anna.find_element(By.CSS_SELECTOR, ".write textarea")
    box.send_keys(Keys.CONTROL + "a" + Keys.NULL + "/登")
    until(anna, lambda: anna.find_elements(By.CSS_SELECTOR, ".phrases li"))
    box.send_keys(Keys.ENTER)
    until(anna, lambda: box.get_attribute("value") == "稍等，我帮您登记。")
    box.send_keys(Keys.ENTER)
    says(customer, "稍等，我帮您登记。")

    # To a colleague and back, with the keyboard alone.
    people.present("bert")
    alt(anna, "t")
    until(anna, lambda: anna.switch_to.active_element.get_attribute("aria-label") == "转给")
    typed(anna, "小白")
    until(anna, lambda: "小白" in first_choice(anna))
    typed(anna, Keys.ENTER)
    typed(anna, Keys.TAB + "顾客急" + Keys.TAB + Keys.TAB + Keys.ENTER)
    says(customer, "客服小白来为您服务了")
    chat = chat_of(customer)
    conversations.agent_says(store, chat, "bert", {"text": "小白在", "name": "小白"})
    says(customer, "小白在")
    conversations.save_agent(store, "anna", "安娜", capacity=5)
    conversations.transfer(store, chat, "bert", to_agent="anna")
    until(anna, lambda: count_in(anna, "我的") == 2)
    alt(anna, "2")
    hears(anna, "note", "顾客急")
    hears(anna, "agent", "小白在")

    # Back to the bot, which knows what it knew; nobody said anything twice.
    alt(anna, "g")
    until(anna, lambda: anna.find_elements(By.CSS_SELECTOR, ".el-message-box"))
    typed(anna, Keys.ENTER)
    says(customer, "人工服务先到这里")
    write(customer, "送到哪\n")
    says(customer, "您的货送到杭州。")
    said = bubbles(customer)
    assert not [text for text in said if "包裹破了" in text or "顾客急" in text]
    for once in ("我的快递在哪", "您好，马上查", "稍等，我帮您登记。", "小白在"):
        assert said.count(once) == 1, said
    assert conversations.owner_of(store, busy) == "agent"


def test_a_complaint_nobody_answers_goes_to_the_next_and_then_to_the_supervisor(
    people: People, customer: Chrome
) -> None:
    anna, carol = people.at_desk("anna"), people.at_desk("carol")
    people.present("carol")
    people.present("bert")
    conversations.save_agent(people.store, "bert", "小白", satisfaction=0.5)
    began = time.monotonic()
    write(customer, "投诉\n")
    says(customer, "客服安娜来为您服务了")
    until(anna, lambda: anna.find_elements(By.CSS_SELECTOR, ".inbox .complaint .pressing"))
    assert anna.execute_script("return window.tones") == 3  # the urgent sound
    says(customer, "客服小白来为您服务了")
    until(anna, lambda: re.search(r"超过应答时限 \d+ 秒，已换下一位客服", alerts(anna)))
    until(carol, lambda: "超过应答时限" in alerts(carol))
    says(customer, "客服组长来为您服务了")
    seconds = (time.monotonic() - began) * SPEED
    assert 60 <= seconds < 60 + 10 * SPEED  # twice the promised 30 seconds of the shop's clock
    until(carol, lambda: "已升级给主管" in alerts(carol))
    breaches = conversations.latest_events(people.store, "sla", 2)
    assert [(e.agent_id, e.data["level"], e.data["category"]) for e in reversed(breaches)] == [
        ("anna", 1, "complaint"),
        ("bert", 2, "complaint"),
    ]
    alt(carol, "1")
    hears(carol, "customer", "投诉")
    typed(carol, "非常抱歉，我来处理" + Keys.ENTER)
    says(customer, "非常抱歉，我来处理")
    press(carol, "总览")
    until(carol, lambda: "小白" in carol.find_elements(By.CSS_SELECTOR, ".panel")[-1].text)


def test_the_supervisor_whispers_and_barges_in(people: People, customer: Chrome) -> None:
    anna = people.at_desk("anna")
    write(customer, "转人工\n")
    says(customer, "客服安娜来为您服务了")
    carol = people.at_desk("carol")
    assert len(until(carol, lambda: listed(carol, "同事"))) == 1
    carol.find_element(By.CSS_SELECTOR, ".inbox .row").click()
    hears(carol, "customer", "转人工")
    typed(anna, "您好" + Keys.ENTER)
    hears(carol, "agent", "您好")  # live, as she looks on
    press(carol, "悄悄提醒")
    until(carol, lambda: carol.find_elements(By.CSS_SELECTOR, ".el-message-box input"))
    typed(carol, "先道歉" + Keys.ENTER)
    until(anna, lambda: "组长悄悄说：先道歉" in alerts(anna))
    hears(anna, "note", "先道歉")
    write(customer, "我要打12315\n")
    for page in (anna, carol):
        until(page, lambda page=page: "顾客提到“12315”" in alerts(page))
    press(carol, "接管")
    until(carol, lambda: carol.find_elements(By.CSS_SELECTOR, ".el-message-box"))
    typed(carol, Keys.ENTER)
    says(customer, "客服组长来为您服务了")
    until(anna, lambda: "组长接管了这个会话" in alerts(anna))
    assert not any("先道歉" in text for text in bubbles(customer))


def test_a_closed_browser_gives_the_chat_back_and_the_end_is_rated(
    desk_shop: Shop, people: People, customer: Chrome
) -> None:
    anna = people.at_desk("anna")
    write(customer, "转人工\n")
    says(customer, "客服安娜来为您服务了")
    carol = people.at_desk("carol")
    people.present("bert")
    anna.quit()  # for good: nobody says goodbye
    until(customer, lambda: "客服小白来为您服务了" in "".join(bubbles(customer)), 40)
    assert "正在为您换一位客服" in bubbles(customer)[-2]
    chat = chat_of(customer)
    conversations.agent_says(people.store, chat, "bert", {"text": "办好了", "name": "小白"})
    conversations.close(people.store, chat, "bert", words={"text": "本次人工服务已结束"})
    card = until(customer, lambda: customer.find_elements(By.CSS_SELECTOR, ".card"))[0]
    assert "请为小白的服务打分" in card.text
    customer.refresh()
    card = until(customer, lambda: customer.find_elements(By.CSS_SELECTOR, ".card"))[0]
    card.find_elements(By.CSS_SELECTOR, ".stars label")[3].click()
    until(customer, lambda: len(customer.find_elements(By.CSS_SELECTOR, ".stars label.on")) == 4)
    next(label for label in card.find_elements(By.CSS_SELECTOR, ".solved label") if label.text == "解决了").click()
    press(customer, "提交评价")
    until(customer, lambda: "谢谢您的评价" in customer.find_element(By.CSS_SELECTOR, ".log").text)
    assert not customer.find_elements(By.CSS_SELECTOR, ".card")
    rated = until(customer, lambda: ratings(desk_shop, chat))
    assert rated == [{"stars": 4, "solved": True}]
    until(carol, lambda: listed(carol, "已结束"))
    carol.find_element(By.CSS_SELECTOR, ".inbox .row").click()
    hears(carol, "note", "4 星，问题已解决")
    write(customer, "你好\n")  # and a closed conversation starts afresh
    until(customer, lambda: bubbles(customer)[-1] != "你好" and GREETING in "".join(bubbles(customer)[-2:]))


def ratings(shop: Shop, chat: str) -> list[dict[str, Any]]:
    url = f"sqlite:///{shop.var}/events.db"
    if not (shop.var / "events.db").is_file():
        return []
    found = [dict(event.data) for event in of_conversation(url, chat) if event.kind == "rating"]
    engine_for(url).dispose()
    return found


def test_five_chats_by_the_keyboard(people: People) -> None:
    anna = people.at_desk("anna")
    chats = []
    for number in range(1, 6):
        chats.append(people.chat(f"five-{number}", f"第{number}位", category="aftersale"))
        until(anna, lambda number=number: count_in(anna, "我的") == number)
    for number in (5, 2, 4, 1, 3):
        alt(anna, str(number))
        hears(anna, "customer", f"第{number}位")
        typed(anna, f"您好，第{number}位" + Keys.ENTER)
        hears(anna, "agent", f"您好，第{number}位")
    until(anna, lambda: not anna.title.startswith("("))
    tones = anna.execute_script("return window.tones")
    for chat in (chats[0], chats[0], chats[4]):
        conversations.receive(people.store, chat, {"text": "还在吗"})
    until(anna, lambda: anna.title.startswith("(3)"))
    assert anna.execute_script("return window.tones") > tones
    assert [badge.text for badge in anna.find_elements(By.CSS_SELECTOR, ".inbox .badge")] == ["2", "1"]
    alt(anna, Keys.ARROW_UP)
    alt(anna, Keys.ARROW_UP)
    until(anna, lambda: anna.title.startswith("(1)"))
    alt(anna, "e")
    until(anna, lambda: anna.find_elements(By.CSS_SELECTOR, ".el-message-box"))
    typed(anna, Keys.ENTER)
    until(anna, lambda: count_in(anna, "我的") == 4)
    assert conversations.owner_of(people.store, chats[0]) == "closed"
    # The focus is never lost: the next chat's input has it.
    until(anna, lambda: anna.switch_to.active_element.tag_name == "textarea")


def test_nothing_is_lost_or_doubled_over_a_restart(desk_shop: Shop, people: People, customer: Chrome) -> None:
    anna = people.at_desk("anna")
    write(customer, "转人工\n")
    says(customer, "客服安娜来为您服务了")
    typed(anna, "在的" + Keys.ENTER)
    says(customer, "在的")
    desk_shop.stop("web", "rasa")
    until(anna, lambda: "正在重连" in anna.find_element(By.TAG_NAME, "header").text)
    until(customer, lambda: "正在重新连接" in customer.find_element(By.TAG_NAME, "main").text)
    write(customer, "断线时说的\n")
    typed(anna, "断线时回的" + Keys.ENTER)
    desk_shop.start("web", "rasa")
    says(customer, "断线时回的")
    hears(anna, "customer", "断线时说的")
    until(anna, lambda: "正在重连" not in anna.find_element(By.TAG_NAME, "header").text)
    assert bubbles(customer).count("断线时说的") == 1 == bubbles(customer).count("断线时回的")
    assert [text for _, text in lines(anna)].count("断线时回的") == 1


@pytest.fixture
def at_night(desk_shop: Shop, store: Store) -> Iterator[None]:
    """The servers that know working hours, at three in the morning; afterwards it is day again."""
    night = {"DIANXIAOER_NOW": TUESDAY_NIGHT, "DIANXIAOER_CLOCK_SPEED": f"{SPEED}@{time.time()}"}
    desk_shop.stop("web", "actions")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in night.items():
            patch.setenv(name, value)
            patch.setitem(desk_shop.more, name, value)
        desk_shop.start("web", "actions")
        yield
    desk_shop.stop("web", "actions")
    desk_shop.start("web", "actions")


@pytest.mark.usefixtures("at_night")
def test_outside_working_hours_the_customer_leaves_a_message(people: People, customer: Chrome) -> None:
    write(customer, "转人工\n")
    says(customer, "今日08:00上班后第一时间联系您")
    until(customer, lambda: customer.find_elements(By.ID, "leave-text"))
    customer.find_element(By.ID, "leave-text").send_keys("退款没到账")
    customer.find_element(By.ID, "leave-contact").send_keys("1" + Keys.ENTER)
    until(customer, lambda: "请写手机号" in customer.find_element(By.CSS_SELECTOR, ".card").text)
    customer.find_element(By.ID, "leave-contact").send_keys("3800000000" + Keys.ENTER)
    says(customer, "留言收到了")
    assert not customer.find_elements(By.ID, "leave-text")
    anna = people.at_desk("anna")
    (ticket,) = until(anna, lambda: [row for row in listed(anna, "留言") if "退款没到账" in row])
    assert "13800000000" in ticket
    next(r for r in anna.find_elements(By.CSS_SELECTOR, ".inbox .row") if "退款没到账" in r.text).click()
    says(customer, "客服安娜来为您服务了")
    hears(anna, "customer", "退款没到账")


WATCH = """
window.seen = {}
window.wanted = arguments[0]
window.watching?.disconnect()
window.watching = new MutationObserver(() => {
  for (const [where, words] of Object.entries(window.wanted)) {
    const found = document.querySelector(where)?.innerText.includes(words)
    if (found && !(where in window.seen)) window.seen[where] = performance.timeOrigin + performance.now()
  }
})
window.watching.observe(document.body, { subtree: true, childList: true, characterData: true })
"""
# The moment of the last key: before it the page knows nothing of it.
NOTE_KEYS = """
addEventListener('keydown', () => { window.pressed = performance.timeOrigin + performance.now() }, true)
"""


def bert_answered(people: People, answers: dict[str, str]) -> None:
    """Bert answered these questions of other customers, and went home."""
    people.present("bert")
    for question, answer in answers.items():
        before = people.chat(f"before: {question}", "转人工")
        conversations.take_over(people.store, before, "bert")
        conversations.receive(people.store, before, {"text": question})
        conversations.agent_says(people.store, before, "bert", {"text": answer})
        conversations.close(people.store, before, "bert", resolved=True)
    people.present("bert", "offline")


def test_help_comes_while_one_types(people: People, customer: Chrome) -> None:
    """Milliseconds from the key that the customer (or the agent) pressed to the help on the staff's pages."""
    answers = {"怎么开发票": "电子发票在订单里点“开发票”", "几天能到货": "一般隔天就到，偏远地区三天"}
    bert_answered(people, answers)
    anna, carol = people.at_desk("anna"), people.at_desk("carol")
    write(customer, "转人工\n")
    says(customer, "客服安娜来为您服务了")
    for page in (anna, customer):
        page.execute_script(NOTE_KEYS)
    took: dict[str, list[float]] = {"建议": [], "商品": [], "提醒（客服）": [], "提醒（主管）": []}

    def measure(kind: str, page: Chrome, where: str, key_on: Chrome) -> None:
        seen = until(page, lambda: page.execute_script("return window.seen[arguments[0]]", where))
        took[kind].append(seen - key_on.execute_script("return window.pressed"))

    words = ["工商", "曝光", "12315", "消协", "律师", "起诉"]
    for turn, word in enumerate(words):
        question = list(answers)[turn % 2]
        anna.execute_script(WATCH, {".suggestions": answers[question], ".goods": "iPhone 14"})
        write(customer, question + "\n")
        measure("建议", anna, ".suggestions", customer)
        typed(anna, "iPhone 14")
        measure("商品", anna, ".goods", anna)
        anna.find_element(By.CSS_SELECTOR, ".write textarea").send_keys(Keys.CONTROL + "a" + Keys.NULL + Keys.BACKSPACE)
        until(anna, lambda: not anna.find_elements(By.CSS_SELECTOR, ".goods"))
        for page in (anna, carol):
            page.execute_script(WATCH, {".alerts": f"“{word}”"})
        write(customer, f"我要找{word}\n")
        measure("提醒（客服）", anna, ".alerts", customer)
        measure("提醒（主管）", carol, ".alerts", customer)
    for kind, times in took.items():
        print(f"{kind}：中位 {statistics.median(times):.0f} ms，最长 {max(times):.0f} ms（{len(times)} 次）")
        # Three times the promise, for busy machines; the first of a kind may still load what the next ones need.
        assert 0 < statistics.median(times) <= 900 and max(times[1:]) <= 3000


def test_a_long_suggestion_leaves_the_buttons_in_sight(people: People) -> None:
    question, answer = "怎么修改收货地址", "发货之前在订单里点“修改地址”，" * 12
    bert_answered(people, {question: answer})
    anna = people.at_desk("anna")
    now = people.chat("long-now", question)
    until(anna, lambda: anna.find_elements(By.CSS_SELECTOR, ".inbox .row"))[0].click()

    def suggested() -> bool:
        """Earlier answers are learnt at most once a minute, when a customer says something."""
        conversations.receive(people.store, now, {"text": question})
        time.sleep(3)
        return answer[:15] in "".join(one.text for one in anna.find_elements(By.CSS_SELECTOR, ".suggestions"))

    until(anna, suggested, 120)
    edge = "return document.querySelector(arguments[0]).getBoundingClientRect().right"
    for button in (".pane .head .el-button:last-child", ".write .el-button"):
        assert anna.execute_script(edge, button) <= anna.execute_script(edge, ".columns") - 250, button


def test_signing_in_needs_the_one_time_password_to_be_changed(people: People) -> None:
    once = people.employ("dora", "朵拉")
    page = people.browser()
    sign_in(page, people.url, "dora", once)
    until(page, lambda: page.find_elements(By.ID, "fresh"))
    for field, value in (("old", once), ("fresh", f"{PASSWORD}-dora"), ("again", f"{PASSWORD}-dora")):
        page.find_element(By.ID, field).send_keys(value)
    page.find_element(By.ID, "again").send_keys(Keys.ENTER)
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, ".desk"))
    assert page.execute_script(f"return fetch('{PREFIX}/me').then((answer) => answer.status)") == 200
