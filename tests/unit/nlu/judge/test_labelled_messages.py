"""Reading labelled messages: what is taken, and what each broken file is told."""

from pathlib import Path

import pytest

from bot.nlu.judge import JudgeError
from bot.nlu.judge._messages import LabelledMessage, read_messages
from bot.nlu.taxonomy import Taxonomy

TAXONOMY = Taxonomy({"greet": "other", "ask_stock": "presale"}, {}, ("calm", "impatient"))


def read(folder: Path, content: str | bytes) -> list[LabelledMessage]:
    file = folder / "messages.tsv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_messages(file, TAXONOMY)


def test_reads_labels_and_leaves_unknown_ones_open(tmp_path: Path) -> None:
    content = "text\tbusiness\temotion\n你好\tgreet\tcalm\n\n有货吗\task_stock\t-\r\n嗯\t-\n"
    assert read(tmp_path, content) == [
        LabelledMessage("你好", "greet", "calm"),
        LabelledMessage("有货吗", "ask_stock", None),
        LabelledMessage("嗯", None, None),
    ]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("\ufeffnote\ttext\nx\t你好\n", "你好"),  # a mark at the start, another column, another order
        ('text\n"有货" 吗\n', '"有货" 吗'),  # quotes are the customer's
        ("text\n有\u2028货\n", "有\u2028货"),
    ],
)
def test_takes_the_text_as_it_stands(tmp_path: Path, content: str, text: str) -> None:
    assert [message.text for message in read(tmp_path, content)] == [text]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "是空的"),
        ("text\n", "没有一条消息"),
        ("你好\tgreet\n", "第 1 行应为列名"),
        ("text\tbusiness\n你好\thello\n", "第 2 行的 business 是“hello”"),
        ("text\temotion\n你好\t-\n你好\tgreet\n", "第 3 行的 emotion 是“greet”"),
        ("text\tbusiness\n\n\tgreet\n", "第 3 行的 text 是空的"),
        ("text\n你好\t在吗\n", "第 2 行有 2 列"),
        ("text\n你好\n".encode("gbk"), "第 2 行不是 UTF-8"),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, content: str | bytes, told: str) -> None:
    with pytest.raises(JudgeError, match=told):
        read(tmp_path, content)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(JudgeError, match=r"打不开 .*nowhere\.tsv"):
        read_messages(tmp_path / "nowhere.tsv", TAXONOMY)
