"""Look for secrets in what git tracks, and in all that its history ever added: `python scripts/secret_scan.py`.

Prints file and line of each finding, never the secret. A line that only looks like one ends in `# no secret`, or
stands in ALLOWED. Needs nothing but git.
"""

import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = {
    "私钥": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/=\\]{20}"),
    "AWS 密钥": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "阿里云密钥": re.compile(r"\bLTAI[0-9A-Za-z]{16,26}\b"),
    "腾讯云密钥": re.compile(r"\bAKID[0-9A-Za-z]{32}\b"),
    "GitHub 或 GitLab 令牌": re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{60,}|glpat-[\w-]{20})\b"),
    "Slack 令牌": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,}\b"),
    "JWT": re.compile(r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}\b"),
    "地址里的密码": re.compile(
        r"\b(?:postgresql|(?:mysql|mariadb)(?:\+\w+)?|redis|amqps?|https?)://[^\s:/@{}$<>]+:([^\s:/@{}$<>]{8,})@"
    ),
}
_ASSIGNED = re.compile(
    r"""(?i)(?:secret|password|passwd|token|api_?key|access_?key|aes_?key)["']?\s*[:=]\s*["']([A-Za-z0-9+/=_-]{20,})["']"""
)
_RANDOM = 4.2  # bits a character; words and names have fewer, random base64 of this length has more
MARK = "no secret"
# Made up for tests and examples: these very values are nobody's.
ALLOWED = re.compile(r"0123456789abcdef|guest:guest|abcdefghijkl|example|EXAMPLE")
_SKIPPED = re.compile(r"(^|/)(package-lock\.json|requirements\.lock)$|\.(png|jpg|svg|wav|woff2?|ico|csv)$")


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, bits each."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def found_in(line: str) -> str | None:
    """What kind of secret the line seems to hold."""
    if MARK in line or len(line) > 20_000:
        return None
    for kind, pattern in PATTERNS.items():
        match = pattern.search(line)
        if match and not ALLOWED.search(match[0]):
            return kind
    match = _ASSIGNED.search(line)
    if match and not ALLOWED.search(match[1]) and entropy(match[1]) >= _RANDOM and re.search(r"\d", match[1]):
        return "像是随机的密钥"
    return None


def scan(lines: Iterable[tuple[str, str]]) -> Iterator[str]:
    """`place：kind` for each (place, line) that seems to hold a secret."""
    for place, line in lines:
        kind = found_in(line)
        if kind:
            yield f"{place}：{kind}"


def tracked(root: Path) -> Iterator[tuple[str, str]]:
    """The lines of all files that git tracks."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout.decode()
    for name in filter(None, names.split("\0")):
        path = root / name
        if not _SKIPPED.search(name) and path.is_file():
            text = path.read_text(encoding="utf8", errors="replace")
            yield from ((f"{name}:{number}", line) for number, line in enumerate(text.splitlines(), 1))


def history(root: Path) -> Iterator[tuple[str, str]]:
    """Every line that a commit of this branch added."""
    command = ["git", "log", "-p", "--no-color", "--no-ext-diff", "--unified=0", "--format=%x00%h", "HEAD"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as log:
        assert log.stdout is not None
        commit = name = ""
        for raw in log.stdout:
            line = raw.decode("utf8", "replace").rstrip("\n")
            if line.startswith("\0"):
                commit = line[1:]
            elif line.startswith("+++ "):
                name = line[6:]
            elif line.startswith("+") and not _SKIPPED.search(name):
                yield f"提交 {commit} 的 {name}", line[1:]
    if log.returncode:
        raise SystemExit("✗ 读不了 git 历史")


def main() -> int:
    """1 when something was found."""
    problems = list(dict.fromkeys([*scan(tracked(ROOT)), *scan(history(ROOT))]))
    for problem in problems:
        print(f"✗ {problem}", file=sys.stderr)
    if problems:
        print(
            f"✗ 有 {len(problems)} 处像是密钥。真的：马上在平台上作废，换成环境变量；"
            f"不是：行尾加注释 {MARK}，历史里的写进 scripts/secret_scan.py 的 ALLOWED",
            file=sys.stderr,
        )
        return 1
    print("✓ 没有发现密钥（当前文件和 git 历史）")
    return 0


if __name__ == "__main__":
    sys.exit(main())
