"""What is wrong with a YAML file that cannot be read, or reads as something else than was meant."""

import re
from collections.abc import Iterator

import yaml

from bot.designer.findings import Finding

_KEY = r"[A-Za-z_][\w ]*"
_TABBED = re.compile(r"^ *\t")
_FULL_WIDTH = re.compile(rf"^\s*(?:-\s+)?(\{{\s*)?(?P<key>{_KEY})：")
_NO_SPACE = re.compile(rf"^\s*(?:-\s+)?(?P<key>{_KEY}):(?P<rest>[^\s/:].*)$")
_NO_DASH_SPACE = re.compile(r"^\s*-(?P<rest>[A-Za-z_]+:.*)$")
_BLOCK = re.compile(r"(?::|-)\s*[|>][+-]?\d?\s*(?:#.*)?$")
_QUOTED = re.compile(r":\s*(?:“[^”]*”|‘[^’]*’)\s*$")

# Beginnings of PyYAML's messages, and what to do.
_ADVICE = {
    "mapping values are not allowed": '多了一个“: ”。句子里有冒号就用英文引号 "…" 括起来；也可能是缩进没有对齐',
    "could not find expected ':'": "少了冒号，或上一行的引号没有成对。请写成“名字: 值”",
    "expected <block end>": "缩进和上面的行没有对齐。同一层的行，开头的空格要一样多",
    "did not find expected": "缩进和上面的行没有对齐。同一层的行，开头的空格要一样多",
    "found unexpected end of stream": '引号没有成对，请补上结尾的英文引号 "',
    "found undefined alias": "用了 *名字，但前面没有 &名字。请照抄前面 & 后的名字",
    "found duplicate anchor": "& 后的名字用了两次，请换一个",
    "found character": '这个字符不能开头，请把整句话用英文引号 "…" 括起来',
    "while scanning": "这里写得不完整，请检查引号和括号是否成对",
    "expected ',' or": "方括号 [ ] 或花括号 { } 没有成对，或里面少了英文逗号",
    "unacceptable character": "有看不见的特殊字符，请删掉这一行重新输入",
    "sequence entries are not allowed": "“- ”开头的行要另起一行写，不能跟在冒号后面",
}


def explain(file: str, text: str, error: yaml.YAMLError) -> Iterator[Finding]:
    """Why `text` is no YAML: by what designers mistype, else by the parser's own words."""
    typed = list(mistyped(file, text))
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = min(mark.line + 1, max(text.count("\n"), 1)) if mark else 0
    yield from typed
    # A parser notices a mistake at its line or at the next one.
    if not any(f.level == "error" and line - 1 <= f.line <= line for f in typed):
        problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
        context = getattr(error, "context", None) or ""
        texts = (problem, context)
        advice = next(
            (v for k, v in _ADVICE.items() if any(t.startswith(k) for t in texts)), f"请检查缩进和引号（{problem}）"
        )
        yield Finding(file, line, "error", "yaml", f"不是正确的 YAML：{advice}")


def mistyped(file: str, text: str) -> Iterator[Finding]:
    """Tabs, full-width colons and forgotten spaces, which YAML takes for something else or refuses."""
    for number, line in _structure(text):
        if _TABBED.match(line):
            yield Finding(file, number, "error", "tab", "用了制表符（Tab）缩进，YAML 只认空格，请换成空格")
        elif found := _FULL_WIDTH.match(line):
            key = found["key"].strip()
            yield Finding(
                file, number, "error", "full_width_colon", f"“{key}”后面是全角冒号“：”，请改成英文冒号加一个空格“: ”"
            )
        elif found := _NO_SPACE.match(line):
            key, rest = found["key"].strip(), found["rest"].strip()
            yield Finding(file, number, "error", "no_space", f"冒号后面少了一个空格，请写成 {key}: {rest[:30]}")
        elif found := _NO_DASH_SPACE.match(line):
            yield Finding(file, number, "error", "no_space", f"减号后面少了一个空格，请写成 - {found['rest'][:30]}")
        if _QUOTED.search(line):
            text = '整句话用了中文引号，顾客会看到引号；只想括起来就用英文引号 "…"'
            yield Finding(file, number, "hint", "full_width_quotes", text)


def _structure(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside of comments, block scalars (`|`) and quotations over several lines."""
    block: int | None = None
    quote = False
    for number, line in enumerate(text.splitlines(), start=1):
        indent = len(line) - len(line.lstrip(" "))
        if block is not None and (not line.strip() or indent > block):
            continue
        block = None
        if quote:
            quote = line.count('"') % 2 == 0
            continue
        if line.lstrip().startswith("#"):
            continue
        yield number, line
        if _BLOCK.search(line):
            block = indent
        elif re.search(r':\s+"', line) and line.replace('\\"', "").count('"') % 2:
            quote = True
