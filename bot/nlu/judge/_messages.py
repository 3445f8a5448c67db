"""Labelled messages from a TSV file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.nlu.judge._problem import JudgeError
from bot.nlu.taxonomy import Taxonomy

_COLUMNS = ("text", "business", "emotion")
_UNKNOWN = ("", "-")


@dataclass(frozen=True)
class LabelledMessage:
    """One customer message and what people say it means; None where they did not say. `number` is its line."""

    text: str
    business: str | None = None
    emotion: str | None = None
    number: int = field(default=0, compare=False)


def read_messages(path: Path, taxonomy: Taxonomy) -> list[LabelledMessage]:
    """Read a UTF-8 file with the columns text, business and emotion, the last two optional.

    The first line names the columns; others than these three are passed over. An empty cell or `-` is an unknown label.

    Raises:
        JudgeError: the file cannot be read, is malformed, holds an unknown label or no message; names the line.
    """
    lines = list(_lines(path))
    if not lines:
        raise JudgeError(f"{path} 是空的，第一行应为列名 text、business、emotion，用制表符分开")
    header = [cell.strip() for cell in lines[0][1].split("\t")]
    if "text" not in header:
        raise JudgeError(
            f"{path} 第 {lines[0][0]} 行应为列名 text、business、emotion（用制表符分开），现在没有 text 列"
        )
    messages = [_message(path, number, line, header, taxonomy) for number, line in lines[1:]]
    if not messages:
        raise JudgeError(f"{path} 只有列名，没有一条消息")
    return messages


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JudgeError(f"打不开 {path}：{error.strerror}，请检查路径和权限") from None
    # Not splitlines(): a message may hold one of the rarer line separators.
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            line = raw.decode("utf8").rstrip("\r")
        except UnicodeDecodeError:
            raise JudgeError(f"{path} 第 {number} 行不是 UTF-8，请把文件另存为 UTF-8 编码") from None
        if line.strip():
            yield number, line


def _message(path: Path, number: int, line: str, header: Sequence[str], taxonomy: Taxonomy) -> LabelledMessage:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) > len(header):
        raise JudgeError(f"{path} 第 {number} 行有 {len(cells)} 列，列名只有 {len(header)} 个，消息里不能有制表符")
    row = dict(zip(header, cells, strict=False))
    if not row["text"]:
        raise JudgeError(f"{path} 第 {number} 行的 text 是空的，请补上消息或删掉这一行")
    labels = {name: None if row.get(name, "") in _UNKNOWN else row[name] for name in _COLUMNS[1:]}
    for name, known in (("business", taxonomy.base_of), ("emotion", taxonomy.emotions)):
        if labels[name] is not None and labels[name] not in known:
            raise JudgeError(f"{path} 第 {number} 行的 {name} 是“{labels[name]}”，data/taxonomy.yml 里没有，未知请写 -")
    return LabelledMessage(row["text"], labels["business"], labels["emotion"], number)
