"""Numbers with a meaning: order numbers, phones, amounts of money, quantities."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from bot.nlu.catalogue._match import Folded, Match
from bot.nlu.numerals import DIGITS, NUMBER, parse_number

_EDGE = r"(?<![0-9a-z])"
_END = r"(?![0-9a-z])"
_ORDER = re.compile(
    rf"{_EDGE}(?P<house>dx[\s-]?\d{{6}}[\s-]?\d{{6}}){_END}"
    rf"|(?:订单编?号?码?|单号)\s*(?:是|为|:)?\s*#?(?P<named>(?=[a-z]*\d)[a-z0-9-]{{6,24}}){_END}"
    rf"|{_EDGE}(?P<long>\d{{12,20}}){_END}"
)
_PHONE = re.compile(
    rf"(?<![0-9a-z+])(?:\+?86[\s-]?)?(?P<mobile>1[3-9]\d[\s-]?\d{{4}}[\s-]?\d{{4}}){_END}"
    rf"|{_EDGE}(?P<service>[48]00[\s-]?\d{{3}}[\s-]?\d{{4}}|0\d{{2,3}}-\d{{7,8}}){_END}"
)
_CODE = re.compile(rf"{_EDGE}[a-z]{{2,3}}\d{{8,16}}(?:-\d+)?{_END}")
_MEASURES = "台件个部只条双套盒箱瓶袋包支把张罐桶份对组提片根顶块听卷枚款"
_AMOUNT = re.compile(
    rf"¥\s*(?P<sign>{NUMBER})"
    rf"|(?P<number>{NUMBER})\s*(?P<unit>元|圆|块钱|块|rmb|人民币)(?:(?P<tenth>[0-9一二三四五六七八九])(?:[角毛]|(?![0-9a-z.%{_MEASURES}])))?"
    rf"|(?P<jiao>{NUMBER})\s*[毛角]钱?"
    rf"|(?<![0-9a-z.])(?P<about>{NUMBER})(?=(?:块|元)?(?:左右|以内|以下|上下|以上|出头))"
)
_QUANTITY = re.compile(
    rf"(?<![第每满半单])(?:(?<![0-9a-z.])|(?<=[0-9a-z])(?=[一二两三四五六七八九十百]))(?P<number>{NUMBER})\s*(?P<unit>[{_MEASURES}])(?!月|小时|星期|工作日|字|装|套餐|多)"
    rf"|(?P<pair>[俩仨])(?!人)"
    rf"|(?:[×*]|(?<=\s)x|^x)\s*(?P<times>\d{{1,4}}){_END}"
)
_BUYING = re.compile(r"(?:[要买来拿订购拍下就选]|下单|需要)了?\s*$")
_ALONE = re.compile(r"[\s,.。!吧的就行]*")


def find_patterns(folded: Folded) -> Iterator[Match]:
    """Order numbers (upper case), phones (digits), amounts (fen), quantities (int)."""
    readers: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str | int | None]]] = [
        ("phone", _PHONE, _phone),
        ("order_number", _ORDER, _order),
        ("amount", _AMOUNT, _amount),
        ("quantity", _QUANTITY, _quantity),
    ]
    for entity, pattern, read in readers:
        for found in pattern.finditer(folded.text):
            value = read(found)
            if value is not None:
                group = "named" if entity == "order_number" and found["named"] else 0
                yield Match(entity, *folded.span(*found.span(group)), value)


def find_ids(folded: Folded) -> Iterator[Match]:
    """Numbers that only name something: phones, orders, and the codes of tickets, parcels and the like."""
    for entity, pattern in (("phone", _PHONE), ("order_number", _ORDER), ("code", _CODE)):
        for found in pattern.finditer(folded.text):
            group = "named" if entity == "order_number" and found["named"] else 0
            yield Match(entity, *folded.span(*found.span(group)), found.group(group))


def _phone(found: re.Match[str]) -> str:
    return re.sub(r"\D", "", found["mobile"] or found["service"])


def _order(found: re.Match[str]) -> str | None:
    if found["named"] and _PHONE.fullmatch(found["named"]):
        return None
    return re.sub(r"[\s-]", "", found["house"] or found["named"] or found["long"]).upper()


def _amount(found: re.Match[str]) -> int | None:
    written = found["sign"] or found["number"] or found["jiao"] or found["about"]
    number = parse_number(written)
    if number is None:
        return None
    if found["jiao"]:
        return _fen(number / 10)
    if found["about"] and number < 10:
        return None
    tenth = found["tenth"]
    # 块 also counts pieces: 一块蛋糕 is no money, 三百块 and 两块五 are.
    if found["unit"] == "块" and not tenth and not written[0].isdigit() and len(written) < 2:
        return None
    if tenth:
        number += Decimal(int(tenth) if tenth.isdecimal() else DIGITS[tenth]) / 10
    return _fen(number)


def _fen(yuan: Decimal) -> int | None:
    fen = yuan * 100
    return int(fen) if fen == fen.to_integral_value() and fen < 10**12 else None


def _quantity(found: re.Match[str]) -> int | None:
    if found["pair"]:
        return DIGITS[found["pair"]]
    if found["times"]:
        return int(found["times"])
    number = parse_number(found["number"])
    if number is None or number != number.to_integral_value() or number < 1:
        return None
    before, after = found.string[: found.start()], found.string[found.end() :]
    # 一个, 一款 mostly mean "a"; they count when someone is buying, or say nothing else.
    vague = found["number"] == "一" or found["unit"] in "块款"
    if vague and not _BUYING.search(before) and not _ALONE.fullmatch(before + after):
        return None
    return int(number)
