"""A small project that is right in every respect, for tests to break in one."""

from pathlib import Path
from typing import Any

import pytest

FILES = {
    "domain.yml": """\
version: "3.1"

intents:
  - greet
  - ask_fee
  - book
  - affirm

entities:
  - city: {influence_conversation: false}

slots:
  city:
    type: text
    influence_conversation: false
    mappings: [{type: custom}]
  confirmed:
    type: bool
    influence_conversation: false
    mappings: [{type: custom}]
  base_intent:
    type: categorical
    values: [presale, aftersale]
    influence_conversation: true
    mappings: [{type: custom}]

forms:
  book_form:
    required_slots:
      - city
      - confirmed

actions:
  - validate_book_form
  - action_book
  - action_fee

responses:
  utter_greet:
    - text: "您好，很高兴为您服务。"
      buttons:
        - {title: "问运费", payload: "/ask_fee"}
        - {title: "北京", payload: '/book{{"city": "北京"}}'}
    - text: "您好，请问想问什么？"
  utter_affirm:
    - text: "好的。"
  utter_fee:
    - text: "寄到{place}要{amount}。"
    - text: "运费{amount}，寄到{place}。"
  utter_refused_closed:
    - text: "已经关了，到{city}办不了。"
  utter_ask_book_form_city:
    - text: "去哪个城市？"
  utter_ask_book_form_confirmed:
    - text: "去{city}，对吗？"
  utter_booked:
    - text: "订好了。"
""",
    "config.yml": """\
recipe: default.v1
language: zh
assistant_id: small
pipeline: []
policies:
  - name: RulePolicy
""",
    "data/rules/all.yml": """\
version: "3.1"

rules:
  - rule: 打招呼
    steps:
      - intent: greet
      - action: utter_greet

  - rule: 问运费
    steps:
      - intent: ask_fee
      - action: action_fee

  - rule: 开始
    steps:
      - intent: book
      - action: book_form
      - active_loop: book_form

  - rule: 办好
    condition:
      - active_loop: book_form
    steps:
      - action: book_form
      - active_loop: null
      - slot_was_set:
          - requested_slot: null
      - action: action_book

  - rule: 好的
    condition:
      - slot_was_set:
          - base_intent: presale
    steps:
      - intent: affirm
      - action: utter_affirm
""",
    "data/stories/all.yml": """\
version: "3.1"

stories:
  - story: 先打招呼再问
    steps:
      - intent: greet
      - action: utter_greet
      - intent: ask_fee
        entities:
          - city: 北京
      - action: action_fee
""",
    "data/nlu/all.yml": """\
version: "3.1"

nlu:
- intent: greet
  examples: |
    - 你好
    - 您好
    - 在吗
    - 哈喽
    - 有人吗
    - 嗨
    - 早上好
    - 晚上好
    - 你好呀
    - 请问在吗
- intent: ask_fee
  examples: |
    - 运费多少
    - 寄到[北京](city)多少钱
    - 邮费怎么算
    - 包邮吗
    - 要不要运费
    - 快递费多少
    - 运费贵吗
    - 免运费吗
    - 邮费几块
    - 寄过去多少钱
- intent: book
  examples: |
    - 我要订
    - 帮我订
    - 想订一个
    - 订一下
    - 能订吗
    - 怎么订
    - 预订
    - 我想预订
    - 可以订吗
    - 给我订
- intent: affirm
  examples: |
    - 是的
    - 对
    - 好
    - 可以
    - 行
    - 没错
    - 嗯
    - 好的
    - 对的
    - 是
""",
    "tests/stories/test_all.yml": """\
version: "3.1"

stories:
  - story: 打招呼
    steps:
      - user: 你好
        intent: greet
      - action: utter_greet
""",
    "actions/__init__.py": "",
    "actions/book.py": '''\
"""Booking; says utter_nothing in its documentation only."""

from rasa_sdk import Action

REFUSED = "utter_refused_"


class Validate(Action):
    form = ""

    def name(self):
        return f"validate_{self.form}"


class ValidateBookForm(Validate):
    form = "book_form"


class Book(Action):
    def name(self):
        return "action_book"

    def run(self, dispatcher, tracker, domain):
        if tracker.get_slot("confirmed"):
            return refuse(dispatcher, "closed")
        dispatcher.utter_message(response="utter_booked")


class Fee(Action):
    def name(self):
        return "action_fee"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(response="utter_fee", amount="8元", place=tracker.get_slot("city"))
        return [SlotSet("city", "北京"), SlotSet("confirmed", None)]


def refuse(dispatcher, reason):
    dispatcher.utter_message(response=REFUSED + reason)


def listen():
    return {"base_intent": "presale"}
''',
}


class SmallProject:
    """The files of `FILES` in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")

    def replace(self, name: str, old: str, new: str) -> int:
        """Replace `old`, which must be there, and return the line where it began."""
        text = (self.root / name).read_text(encoding="utf8")
        assert old in text, f"{name} has no {old!r}"
        self.write(name, text.replace(old, new, 1))
        return text[: text.index(old)].count("\n") + 1

    def append(self, name: str, text: str) -> int:
        """Add `text` to a file and return its first line."""
        before = (self.root / name).read_text(encoding="utf8")
        self.write(name, before + text)
        return before.count("\n") + 1


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return SmallProject(tmp_path)


def pytest_configure(config: Any) -> None:
    """Rasa's libraries warn about their own deprecations."""
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning")
