"""Numbers as customers write them: 12, 1,299.5, 十二, 两千三, 1万."""

from decimal import Decimal, InvalidOperation

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?[百千万]?|[零〇一二两三四五六七八九十百千万]+"


def parse_number(text: str) -> Decimal | None:
    """The number that `text` (as `NUMBER` matches it) writes; None for none, or a vague one such as 两三."""
    plain = text.replace(",", "")
    scale = 1
    if plain[:1].isdigit() and plain[-1] in _UNITS:
        plain, scale = plain[:-1], _UNITS[plain[-1]]
    try:
        return Decimal(plain) * scale
    except InvalidOperation:
        whole = _chinese(plain)
        return None if whole is None else Decimal(whole)


def _chinese(text: str) -> int | None:
    total = section = 0
    digit: int | None = None
    last_unit = 1
    zero = False
    for char in text:
        if char in DIGITS:
            if digit is not None:
                return None  # two digits in a row say "two or three"
            if DIGITS[char] == 0:
                zero = True
            else:
                digit = DIGITS[char]
            continue
        unit = _UNITS.get(char)
        if unit is None:
            return None
        if unit == 10_000:
            total, section = (section + (digit or 0)) * unit, 0
        else:
            section += (1 if digit is None else digit) * unit
        digit, last_unit, zero = None, unit, False
    if digit is not None and last_unit >= 100 and not zero:
        digit *= last_unit // 10  # 两千三 is 2300
    return total + section + (digit or 0)
