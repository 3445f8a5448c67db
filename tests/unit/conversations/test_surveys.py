"""After a conversation the customer is asked how it was: once, in words that every channel has, and what she answers
is a rating and never a question to the bot."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from bot import clock, conversations
from bot.conversations import Request, Store
from bot.conversations.survey_reading import is_remark, solved_in, stars_in
from bot.phrases import buttons, phrase
from bot.settings import get_settings
from bot.survey_settings import Survey

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=timezone.utc)
STARS, SOLVED = buttons("utter_survey_stars"), buttons("utter_survey_solved")
NUMBERS = Survey(quiet_minutes=10, gap_days=7, answer_hours=24, comment_stars=3)


@pytest.fixture(autouse=True)
def numbers(monkeypatch: pytest.MonkeyPatch) -> Survey:
    mine = NUMBERS.copy()
    mine.unsolved_words = [*mine.unsolved_words, "没有", "还没"]
    monkeypatch.setattr(get_settings().operations, "survey", mine)
    return mine


class Chat:
    """One customer's conversation on a clock of its own."""

    def __init__(self, store: Store, begin: Callable[..., str]) -> None:
        self.store, self.id = store, begin(store, address={"to": "me"})
        self.now = NOON
        conversations.save_agent(store, "anna", "Anna")

    def wait(self, **time: float) -> int:
        """How many surveys are asked after that."""
        self.now += timedelta(**time)
        with clock.freeze(self.now):
            conversations.remind_of_surveys(self.store)
            return sum(conversations.ask_survey(self.store, chat) for chat in conversations.surveys_due(self.store))

    def says(self, text: str, **content: Any) -> str:
        """Who gets it: "bot", "person" or "survey"."""
        with clock.freeze(self.now):
            request = {"text": text, "metadata": {}}
            stored = conversations.receive(self.store, self.id, content or {"text": text}, request=request)
            if stored.route == "person":
                return "person"
            waiting = conversations.take(self.store, self.id, "host/1/w")
            return "bot" if stored.number in [w.number for w in waiting] else "survey"

    def bot_answers(self, text: str = "有货的") -> None:
        with clock.freeze(self.now):
            for waiting in conversations.take(self.store, self.id, "host/1/w"):
                conversations.finish(self.store, self.id, waiting.number, [{"text": text}])

    def agent_closes(self) -> None:
        with clock.freeze(self.now):
            conversations.take_over(self.store, self.id, "anna")
            conversations.close(self.store, self.id, "anna", words={"text": "再见"})

    def last(self) -> dict[str, Any]:
        return conversations.history(self.store, self.id)[-1].content

    def ratings(self) -> list[tuple[int | None, bool | None, str | None, str | None]]:
        found = reversed(conversations.latest_events(self.store, "rating", 99))
        return [(e.data["stars"], e.data["solved"], e.data["comment"], e.agent_id) for e in found]


@pytest.fixture
def chat(any_store: Store, begin: Callable[..., str]) -> Chat:
    return Chat(any_store, begin)


def test_an_agents_chat_is_rated_at_once_and_the_answers_reach_nobody_else(chat: Chat) -> None:
    chat.says("在吗")
    chat.agent_closes()
    assert chat.wait() == 1 and chat.wait() == 0
    question = chat.last()
    assert question["text"] == phrase("utter_survey_stars") and len(question["quick_replies"]) == 5
    assert chat.says(question["quick_replies"][4]["payload"]) == "survey"
    assert [b["title"] for b in chat.last()["quick_replies"]] == SOLVED
    assert chat.says("1") == "survey" and chat.last() == {"text": phrase("utter_survey_thanks")}
    assert chat.ratings() == [(5, None, None, "anna"), (None, True, None, "anna")]
    assert conversations.owner_of(chat.store, chat.id) == "closed"
    due = conversations.take_outgoing(chat.store, "test", "host/1/s")  # it leaves as any other word of the bot
    assert due[0].message.content == {"text": "再见"}
    assert chat.says("你好") == "bot"


def test_a_chat_with_the_bot_has_ended_when_it_is_quiet(chat: Chat) -> None:
    chat.says("/greet", hidden=True)
    chat.bot_answers("您好")
    assert chat.wait(minutes=10) == 0  # nobody has said anything
    chat.says("有货吗")
    assert chat.wait(minutes=99) == 0  # nobody has answered
    chat.bot_answers()
    assert chat.wait(minutes=9) == 0
    chat.says("多少钱")
    chat.bot_answers()
    assert chat.wait(minutes=9) == 0
    assert chat.wait(minutes=1) == 1
    assert chat.says("非常满意，小店很好") == "survey"
    assert chat.ratings() == [(5, None, "小店很好", None)]


def test_nobody_is_asked_again_within_days_nor_while_something_is_open(chat: Chat) -> None:
    chat.says("有货吗")
    chat.bot_answers()
    assert chat.wait(minutes=10) == 1
    assert chat.says("那我要两件") == "bot"
    chat.bot_answers()
    assert chat.wait(days=6) == 0
    chat.says("在吗")
    chat.bot_answers()
    assert chat.wait(days=1) == 1
    assert chat.wait(days=30) == 0  # not without a new conversation
    chat.says("转人工")
    chat.bot_answers()
    with clock.freeze(chat.now):
        ticket = conversations.open_ticket(chat.store, chat.id, Request("request_human"))
    assert chat.wait(days=9) == 0
    with clock.freeze(chat.now):
        conversations.take_ticket(chat.store, ticket, "anna")
    chat.agent_closes()
    assert chat.wait() == 1


def test_a_bad_rating_is_asked_what_was_wrong(chat: Chat) -> None:
    chat.says("在吗")
    chat.agent_closes()
    chat.wait()
    assert chat.says("2星") == "survey"
    assert chat.says("没有解决") == "survey" and chat.last()["text"] == phrase("utter_survey_comment")
    assert chat.says("等了一个小时才有人理") == "survey"
    assert chat.ratings()[-1] == (None, None, "等了一个小时才有人理", "anna")
    assert chat.says("那我什么时候能收到钱") == "bot"
    (anna,) = conversations.list_agents(chat.store)
    assert anna.satisfaction == pytest.approx(0.925)


@pytest.mark.parametrize("text", ["转人工", "那运费谁出？", "我的快递到哪了呢"])
def test_who_asks_something_instead_of_telling_is_answered(chat: Chat, text: str) -> None:
    chat.says("在吗")
    chat.agent_closes()
    chat.wait()
    chat.says("1分，没解决")
    assert chat.last()["text"] == phrase("utter_survey_comment")
    assert chat.says(text) == "bot"


def test_one_message_may_say_everything(chat: Chat) -> None:
    chat.says("在吗")
    chat.agent_closes()
    chat.wait()
    assert chat.says("３分，没解决，退款还没到") == "survey"
    assert chat.ratings() == [(3, False, "退款还没到", "anna")]
    assert chat.last() == {"text": phrase("utter_survey_thanks")}


def test_buttons_count_later_words_do_not(chat: Chat) -> None:
    chat.says("在吗")
    chat.agent_closes()
    chat.wait()
    assert chat.says("5件有货吗") == "bot"
    chat.bot_answers()
    assert chat.says("5") == "bot"
    chat.bot_answers()
    assert chat.says(STARS[3]) == "survey" and chat.ratings() == [(4, None, None, "anna")]
    assert chat.says(SOLVED[0]) == "survey"
    assert chat.says(f"4. {STARS[3]}") == "survey" and len(chat.ratings()) == 2  # a menu may be tapped for ever
    chat.now += timedelta(days=3)
    assert chat.says(STARS[0]) == "survey" and len(chat.ratings()) == 2


def test_an_answer_delivered_twice_counts_once(chat: Chat) -> None:
    chat.says("在吗")
    chat.agent_closes()
    chat.wait()
    request = {"text": "5", "metadata": {}}
    for _ in range(2):
        with clock.freeze(chat.now):
            conversations.receive(chat.store, chat.id, {"text": "5"}, client_id="m5", request=request)
    assert len(chat.ratings()) == 1


def test_reminders_are_off_unless_wanted(chat: Chat, numbers: Survey) -> None:
    chat.says("在吗")
    chat.agent_closes()
    chat.wait()
    count = len(conversations.history(chat.store, chat.id))
    chat.wait(hours=5)
    assert len(conversations.history(chat.store, chat.id)) == count
    numbers.remind_hours = 4
    chat.wait()
    chat.wait(hours=9)
    assert len(conversations.history(chat.store, chat.id)) == count + 1
    assert chat.last()["text"] == phrase("utter_survey_reminder")
    assert chat.says("满意") == "survey" and chat.ratings() == [(4, None, None, "anna")]


def test_switched_off_nobody_is_asked(chat: Chat, numbers: Survey) -> None:
    numbers.enabled = False
    chat.says("在吗")
    chat.agent_closes()
    assert chat.wait() == 0 and chat.wait(days=1) == 0


@pytest.mark.parametrize(
    ("text", "stars"),
    [("5", (5, "")), ("５分", (5, "")), ("给你们五星好评", (5, "")), ("4分很好", (4, "很好")), ("1.", (1, "")),
     ("不满意，太慢", (2, "太慢")), ("一般", (3, "")), ("很不满意!", (1, "")), ("2。物流慢", (2, "物流慢"))],
)  # fmt: skip
def test_stars_in_own_words(text: str, stars: tuple[int, str]) -> None:
    assert stars_in(text, STARS) == stars


@pytest.mark.parametrize(
    "text", ["5天了还没到", "5件", "一直没人", "5分钟前下的单", "5.5寸的", "6", "满意吗你", "", "2个", "5分期", "12"]
)
def test_no_stars(text: str) -> None:
    assert stars_in(text, STARS) is None


def test_solved_in_own_words() -> None:
    words = (SOLVED, ["好了"], ["还没"])
    assert solved_in("2", *words) == (False, "") and solved_in("解决了！谢谢", *words) == (True, "谢谢")
    assert solved_in("还没，在等", *words) == (False, "在等") and solved_in("解决了吗", *words) is None
    assert is_remark("太慢了") and not is_remark("/greet") and not is_remark(" ")
