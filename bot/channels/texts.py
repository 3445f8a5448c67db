"""Texts cut to what a platform takes."""


def parts_of(text: str, largest: int) -> list[str]:
    """`text` in parts of at most `largest` bytes of UTF-8, cut between lines where that is possible."""
    parts, current = [], ""
    for line in text.split("\n"):
        joined = f"{current}\n{line}" if current else line
        if len(joined.encode()) <= largest:
            current = joined
            continue
        if current:
            parts.append(current)
        while len(line.encode()) > largest:
            piece = cut(line, largest)
            parts.append(piece)
            line = line[len(piece) :]
        current = line
    if current.strip() or not parts:
        parts.append(current)
    return parts


def cut(text: str, largest: int) -> str:
    """The longest beginning of `text` that has at most `largest` bytes of UTF-8."""
    return text.encode()[:largest].decode("utf8", "ignore")
