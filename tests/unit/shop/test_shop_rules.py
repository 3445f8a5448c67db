"""The rules of after-sale at their borders; each has a stable name that is documented."""

import ast
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_shop import beijing

import bot.shop
from bot.clock import freeze
from bot.shop import RULES, Refused
from bot.shop.aftersale import rules
from bot.shop.aftersale.invoices import checked_email, checked_tax_no, checked_title
from bot.shop.aftersale.money import part, spread
from bot.shop.aftersale.tax_number import check_sign, is_credit_code
from bot.shop.aftersale.warranty import add_months, months_in

SIGNED = beijing("2026-06-01 23:30")  # still 1 June in Beijing, 15:30 in UTC


@pytest.mark.parametrize(
    ("rule", "name", "last_moment", "until"),
    [
        (rules.return_window, "return_window", "2026-06-08 23:59", date(2026, 6, 8)),
        (rules.quality_window, "quality_window", "2026-06-16 23:59", date(2026, 6, 16)),
        (rules.exchange_window, "exchange_window", "2026-06-16 23:59", date(2026, 6, 16)),
        (rules.protection_window, "protection_window", "2026-06-08 23:59", date(2026, 6, 8)),
    ],
)
def test_a_window_ends_with_the_last_day_in_beijing(
    rule: Callable[..., object], name: str, last_moment: str, until: date
) -> None:
    with freeze(beijing(last_moment)):
        rule(SIGNED)
    with freeze(beijing(f"{until.isoformat()[:8]}{until.day + 1:02d} 00:00")), pytest.raises(Refused) as refused:
        rule(SIGNED)
    assert refused.value.rule == name
    assert refused.value.figures["until_on"] == until


@pytest.mark.parametrize(
    ("check", "refused"),
    [
        (lambda: rules.signed("delivered", SIGNED), None),
        (lambda: rules.signed("completed", SIGNED), None),
        (lambda: rules.signed("shipped", None), "not_signed"),
        (lambda: rules.signed("paid", None), "not_signed"),
        (lambda: rules.signed("refunded", SIGNED), "order_closed"),
        (lambda: rules.changeable("paid"), None),
        (lambda: rules.changeable("pending_payment"), None),
        (lambda: rules.changeable("shipped"), "change_shipped"),
        (lambda: rules.changeable("cancelled"), "order_closed"),
        (lambda: rules.cancellable("shipped"), None),
        (lambda: rules.cancellable("delivered"), "cancel_signed"),
        (lambda: rules.cancellable("refunding"), "order_closed"),
        (lambda: rules.paid("paid", SIGNED), None),
        (lambda: rules.paid("pending_payment", None), "not_paid"),
        (lambda: rules.paid("refunded", SIGNED), "order_closed"),
        (lambda: rules.may_urge("paid"), None),
        (lambda: rules.may_urge("shipped"), None),
        (lambda: rules.may_urge("pending_payment"), "urge_unpaid"),
        (lambda: rules.may_urge("delivered"), "urge_closed"),
        (lambda: rules.may_urge("cancelled"), "urge_closed"),
        (lambda: rules.return_excluded("服饰", None), None),
        (lambda: rules.return_excluded("食品", "不支持"), "return_excluded"),
        (lambda: rules.return_opened("食品", None, False), None),
        (lambda: rules.return_opened("食品", None, True), "return_opened"),
        (lambda: rules.return_opened("服饰", None, True), None),
        (lambda: rules.return_opened("服饰", "未拆封支持", True), "return_opened"),
        (lambda: rules.return_opened("食品", "支持", True), None),
        (lambda: rules.enough(2, 2, 3, None), None),
        (lambda: rules.enough(3, 2, 3, "SH1"), "in_service"),
        (lambda: rules.enough(4, 3, 3, None), "quantity"),
        (lambda: rules.enough(0, 3, 3, None), "quantity"),
        (lambda: rules.enough(True, 3, 3, None), "quantity"),
        (lambda: rules.same_product("exchange_other_product", "P1", "P1"), None),
        (lambda: rules.same_product("exchange_other_product", "P1", None), "exchange_other_product"),
    ],
)
def test_a_rule_lets_pass_or_names_itself(check: Callable[[], object], refused: str | None) -> None:
    if refused is None:
        check()
        return
    with pytest.raises(Refused) as error:
        check()
    assert error.value.rule == refused


def test_every_rule_that_refuses_is_documented_and_every_documented_one_refuses() -> None:
    named = set()
    for file in Path(bot.shop.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
                "Refused",
                "same_product",
            ):
                named |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    assert named == set(RULES)
    assert all(text and not text.isascii() for text in RULES.values())


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("91110000600037341L", True),
        ("91110000600037341K", False),  # check sign
        ("9111000060003734IL", False),  # I reads like 1
        ("91110000600037341", False),
        ("91110000600037341LL", False),
        ("91110000600037341l", False),
        ("00110000600037341L", False),  # no such registering office
        ("", False),
    ],
)
def test_credit_codes(code: str, right: bool) -> None:
    assert is_credit_code(code) is right


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9), st.integers(0, 16), st.data())
def test_one_wrong_sign_never_passes(organisation: str, place: int, data: st.DataObject) -> None:
    body = "91310000" + organisation
    code = body + check_sign(body)
    assert is_credit_code(code)
    allowed = "0123456789" if 2 <= place < 8 else "123456789ABCDEFGHJKLMNPQRTUWXY"
    sign = data.draw(st.sampled_from(allowed).filter(lambda s: s != code[place]))
    assert not is_credit_code(code[:place] + sign + code[place + 1 :])


@pytest.mark.parametrize(
    ("check", "rule"),
    [
        (lambda: checked_title("一"), "invoice_title"),
        (lambda: checked_title("长" * 101), "invoice_title"),
        (lambda: checked_tax_no("company", None), "invoice_tax_no"),
        (lambda: checked_tax_no("special", "91110000600037341X"), "invoice_tax_no"),
        (lambda: checked_email("小店@例子"), "invoice_email"),
        (lambda: checked_email("a@b"), "invoice_email"),
    ],
)
def test_wrong_invoice_details_are_refused(check: Callable[[], object], rule: str) -> None:
    with pytest.raises(Refused) as refused:
        check()
    assert refused.value.rule == rule


def test_invoice_details_are_read_as_people_write_them() -> None:
    assert checked_tax_no("company", " ９1110000 6000 37341l ") == "91110000600037341L"
    assert checked_tax_no("personal", "anything") is None
    assert checked_title("  北京   测试 公司 ") == "北京 测试 公司"
    assert checked_email(" a.b@shop.example.com ") == "a.b@shop.example.com"
    assert checked_email("") is None


@pytest.mark.parametrize(
    ("terms", "months"),
    [
        ("全国联保一年", 12), ("整机三年，压缩机十年", 36), ("两年", 24), ("车架两年", 24), ("十二个月", 12),
        ("18个月", 18),
        ("半年", 6), ("二十四个月", 24), ("无", 0), ("", 0),
    ],
)  # fmt: skip
def test_warranty_terms_are_read_in_months(terms: str, months: int) -> None:
    assert months_in(terms) == months


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [("2026-01-31", 1, "2026-02-28"), ("2024-02-29", 12, "2025-02-28"), ("2026-06-03", 12, "2027-06-03"),
     ("2026-12-15", 1, "2027-01-15")],
)  # fmt: skip
def test_months_end_where_the_month_does(day: str, months: int, later: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(later)


@given(st.dictionaries(st.text("ab", min_size=1, max_size=4), st.integers(0, 10**7), min_size=1), st.integers(0, 10**7))
def test_a_discount_is_spread_to_the_fen(gross: dict[str, int], discount: int) -> None:
    net = spread(gross, discount)
    assert sum(net.values()) == max(0, sum(gross.values()) - discount)
    assert all(0 <= net[sku] <= gross[sku] for sku in gross)


@given(st.integers(0, 10**8), st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_parts_of_a_line_make_up_the_whole(net: int, units: list[int]) -> None:
    total = sum(units)
    parts = [part(net, total, sum(units[:index]), units[index]) for index in range(len(units))]
    assert sum(parts) == net
    assert all(fen >= 0 for fen in parts)
