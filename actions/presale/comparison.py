"""这两款哪个好, 比别家贵吗: two products side by side, or one beside the market price."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.answering import ask_shop
from actions.cards import SHOWN, inform, product_buttons
from actions.phrases import phrase
from actions.presale.answer import Lack, PresaleAnswer
from actions.presale.question import Question
from actions.turn import Turn
from actions.words import says
from bot.shop import UnknownSku, format_fen
from bot.shop.presale import Compared, Comparison, compare, price_insight

Row = tuple[str, str, str]


class Compare(PresaleAnswer):
    """Names the parameters that differ, as text and as a table for the web page."""

    intent = "compare_products"

    def name(self) -> str:
        return "action_compare_products"

    async def knows(self, question: Question) -> bool:
        return bool(sides_of(question))

    async def tell(self, dispatcher: CollectingDispatcher, question: Question) -> Lack | None:
        sides = sides_of(question)
        if len(sides) < 2 and sides and says("elsewhere", question.text):
            await ask_shop(_tell_market, dispatcher, question)
            return None
        if len(sides) == 2:
            try:
                found = await ask_shop(compare, question.url, *sides)
            except UnknownSku:
                sides = []
            else:
                tell_comparison(dispatcher, found)
                return None
        return "product"

    def ask(self, dispatcher: CollectingDispatcher, question: Question, lack: Lack) -> None:
        first = question.catalogue.products.get(next(iter(sides_of(question)), ""))
        if first is None or question.tracker.active_loop_name:
            dispatcher.utter_message(response="utter_compare_which")
            return
        others = [p for p in question.catalogue.products.values() if p.category == first.category and p != first]
        dispatcher.utter_message(
            response="utter_compare_with", product=first.name, buttons=product_buttons(others[:SHOWN])
        )

    def note(self, question: Question) -> dict[str, Any]:
        return {"first": sides_of(question)[:1]}


def sides_of(question: Question) -> list[str]:
    """What to compare, two at most: products named now or before, two variants of one product, the one of the page."""
    named = list(question.heard.products)
    if len(named) < 2:
        skus = _named_variants(question)
        if len(skus) > 1:
            return skus[:2]
    known = [*question.waiting.get("first", []), *named]
    page = [question.wish.product, question.heard.page_product]
    if not named and not question.waiting:
        known = [p for p in page if p]
    elif len(dict.fromkeys(known)) < 2:
        known = [*[p for p in _before(question) if p], *known]
    return list(dict.fromkeys(known))[:2]


def _before(question: Question) -> list[str | None]:
    """The goods talked about before, and those of the page."""
    seen = question.tracker.get_slot("seen") or {}
    return [question.tracker.get_slot("product") or seen.get("product") or question.heard.page_product]


def _named_variants(question: Question) -> list[str]:
    """One sku for each of several values of one attribute: 128G和256G哪个好."""
    values: dict[str, list[str]] = {}
    for entity in Turn(question.tracker).entities:
        values.setdefault(str(entity.get("entity")), []).append(str(entity.get("value")))
    for name, found in values.items():
        different = list(dict.fromkeys(found))
        if question.wish.product and len(different) > 1:
            groups = [question.catalogue.narrow(question.wish.product, **{name: v}) for v in different]
            skus = [group[0].sku for group in groups if group and name in group[0].attributes]
            if len(skus) > 1:
                return skus
    return []


def tell_comparison(dispatcher: CollectingDispatcher, found: Comparison) -> None:
    """Say it line by line, as it reads well on a phone, and send the table along."""
    rows = rows_of(found)
    same = found.left.product == found.right.product
    titles = [side.variant.title if same else side.product.name for side in (found.left, found.right)]
    lines = [phrase("utter_part_compared", name=name, left=left, right=right) for name, left, right in rows]
    sides = (found.left, found.right)
    dispatcher.utter_message(
        response="utter_comparison",
        left=titles[0],
        right=titles[1],
        rows="\n".join(lines),
        buttons=[
            inform(title, **({"sku": side.variant.sku} if same else {"product": side.product.id}))
            for title, side in zip(titles, sides, strict=True)
        ],
        json_message={"type": "comparison", "titles": titles, "rows": [list(row) for row in rows]},
    )


def rows_of(found: Comparison) -> list[Row]:
    """Price, market price, stock, instalments, then the parameters that differ."""
    left, right = found.left, found.right
    none = phrase("utter_part_none")
    rows = [
        (phrase("utter_part_row_variant"), left.variant.label or none, right.variant.label or none),
        (phrase("utter_part_row_price"), _price(left), _price(right)),
        (phrase("utter_part_row_market"), format_fen(left.market_fen), format_fen(right.market_fen)),
        (phrase("utter_part_row_stock"), _stock(left), _stock(right)),
        (phrase("utter_part_row_instalments"), _periods(left), _periods(right)),
    ]
    return rows + [(name, one or none, other or none) for name, one, other in found.rows]


def _price(side: Compared) -> str:
    return format_fen(side.price_fen)


def _stock(side: Compared) -> str:
    if not side.stock:
        return phrase("utter_part_sold_out")
    return phrase("utter_part_units", number=side.stock, unit=side.variant.unit)


def _periods(side: Compared) -> str:
    return phrase("utter_part_periods", periods=side.interest_free) if side.interest_free else phrase("utter_part_none")


def _tell_market(dispatcher: CollectingDispatcher, question: Question) -> None:
    variant = question.variant
    if variant is None:
        return
    insight = price_insight(question.url, variant.sku)
    saved = insight.below_market_fen
    name = "utter_below_market" if saved > 0 else "utter_not_below_market"
    dispatcher.utter_message(
        response=name,
        title=variant.title,
        price=format_fen(insight.price.price_fen),
        market=format_fen(insight.price.market_fen),
        amount=format_fen(abs(saved)),
    )
