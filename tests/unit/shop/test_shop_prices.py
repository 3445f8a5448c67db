"""Prices, instalments, cards, money."""

import pytest
from small_shop import beijing

from bot.clock import freeze
from bot.shop import UnknownSku, format_fen, interest_free_periods, place_order, price_of, product_card


@pytest.mark.parametrize(
    ("fen", "text"),
    [(599900, "¥5,999.00"), (5, "¥0.05"), (0, "¥0.00"), (-1250, "-¥12.50"), (123456789, "¥1,234,567.89")],
)
def test_fen_are_shown_as_yuan(fen: int, text: str) -> None:
    assert format_fen(fen) == text


@pytest.mark.parametrize(
    ("moment", "price", "known"),
    [
        ("2026-05-31 23:00", 629900, 1),
        ("2026-06-01 08:00", 599900, 2),
        ("2026-12-31 23:59", 599900, 2),
        ("2027-01-01 00:00", 549900, 3),
    ],
)
def test_the_newest_price_that_has_begun_is_in_force(url: str, moment: str, price: int, known: int) -> None:
    with freeze(beijing(moment)):
        found = price_of(url, "P1-2")
    assert (found.price_fen, found.list_fen, found.market_fen) == (price, 699900, 619900)
    assert len(found.history) == known
    assert found.history[0].price_fen == price


def test_a_price_that_has_not_begun_is_none(url: str) -> None:
    with freeze(beijing("2025-12-31 23:00")), pytest.raises(UnknownSku):
        price_of(url, "P1-2")


@pytest.mark.parametrize(
    ("sku", "quantity", "periods"),
    [("P1-2", 1, 12), ("P1-1", 1, 3), ("P1-1", 2, 12), ("P2-1", 1, None), ("P2-1", 2, 3)],
)
def test_interest_free_periods_need_their_amount(url: str, sku: str, quantity: int, periods: int | None) -> None:
    assert interest_free_periods(url, sku, quantity) == periods


def test_offers_end(url: str) -> None:
    with freeze(beijing("2027-01-01 00:00")):
        assert interest_free_periods(url, "P1-2") is None


@pytest.mark.parametrize(
    ("wanted", "card"),
    [
        (
            "P1",
            {"sku": "P1-1", "title": "星河 7", "price": "¥4,999.00 起", "stock": 76, "stock_text": "有货"},
        ),
        (
            "P1-2",
            {"sku": "P1-2", "title": "星河 7 256G 午夜色", "price": "¥5,999.00", "stock": 72, "stock_text": "有货"},
        ),
        ("P1-3", {"sku": "P1-3", "stock": 1, "stock_text": "仅剩 1 台"}),
        ("P1-4", {"sku": "P1-4", "stock": 0, "stock_text": "暂时缺货", "image": "/images/p1.svg"}),
    ],
)
def test_cards_show_what_the_tables_hold(url: str, wanted: str, card: dict[str, object]) -> None:
    found = product_card(url, wanted)
    assert {key: found[key] for key in card} == card


def test_a_card_of_nothing_is_refused(url: str) -> None:
    with pytest.raises(UnknownSku):
        product_card(url, "P9")


@pytest.mark.parametrize(("quantity", "discount"), [(1, 0), (2, 1000), (4, 4000)])
def test_the_best_automatic_reduction_comes_off_the_order(url: str, quantity: int, discount: int) -> None:
    placed = place_order(url, channel="web", account="g", sku="P2-1", quantity=quantity, idempotency_key="k")
    assert (placed.discount_fen, placed.amount_fen) == (discount, 8900 * quantity - discount)
