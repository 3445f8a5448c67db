"""Three cards with the reasons for each, from the shop's data."""

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import ask_shop
from actions.cards import cards, inform
from actions.phrases import phrase
from actions.trials import variant_at
from actions.words import Need, need_in
from bot.settings import get_settings
from bot.shop import format_fen
from bot.shop.presale import STRATEGIES, Reason, Recommendation, Strategy, recommend

REASONS = 3
Wanted = dict[str, Any]  # {"text", "category", "budget_fen", "near", "whatever", "asked"}


async def show(dispatcher: CollectingDispatcher, tracker: Tracker, wanted: Wanted) -> None:
    """Say the best three with their reasons; where nothing meets all that was said, what comes near and what misses."""
    url = get_settings().shop_url
    need = need_in(wanted.get("text", ""))
    chosen = await variant_at("recommendation", tracker)
    strategy = next((known for known in STRATEGIES if known == chosen), STRATEGIES[0])
    budget, near = wanted.get("budget_fen"), bool(wanted.get("near"))
    found, response = await ask_shop(_best, url, wanted.get("category"), budget, near, need, strategy)
    if not found:
        dispatcher.utter_message(response="utter_recommend_nothing")
        return
    shown = cards(url, [one.variant.sku for one in found]) or {"cards": []}
    reasons = [reasons_in_words(one) for one in found]
    for card, why in zip(shown["cards"], reasons, strict=False):
        card["note"] = why
    lines = [
        phrase("utter_part_recommended", place=i, title=r.variant.title, price=format_fen(r.price_fen), reasons=why)
        for i, (r, why) in enumerate(zip(found, reasons, strict=True), 1)
    ]
    dispatcher.utter_message(
        response=response,
        products="\n".join(lines),
        budget=format_fen(budget or 0),
        buttons=[inform(one.variant.title, sku=one.variant.sku) for one in found],
        json_message=shown,
    )


def _best(
    url: str, category: str | None, budget: int | None, near: bool, need: Need, strategy: Strategy
) -> tuple[list[Recommendation], str]:
    """The products, and the response that fits: what was asked for is given up bit by bit, the budget last."""
    limit = {"near_fen" if near else "budget_fen": budget}
    beyond = "utter_recommend_other_price" if near else "utter_recommend_over_budget"
    tries: list[tuple[str, dict[str, Any]]] = [
        ("utter_recommendations", {"demands": need.demands, "words": need.words, **limit}),
        ("utter_recommend_nearly", {"words": need.words, **limit}),
        ("utter_recommend_nearly", limit),
        (beyond, {"demands": need.demands, "words": need.words, "budget_fen": budget}),
        (beyond, {"words": need.words}),
        (beyond, {}),
    ]
    for response, constraints in tries:
        found = recommend(url, category=category, strategy=strategy, **constraints)
        if found:
            return found, response
    return [], ""


def reasons_in_words(one: Recommendation) -> str:
    """Up to three reasons, those of the need first; what the page says is one."""
    words = "".join(phrase("utter_part_quoted", text=r.value) for r in one.reasons if r.kind == "word")
    first = [phrase("utter_part_reason_word", value=words)] if words else []
    told = [_reason(reason, one) for reason in one.reasons if reason.kind not in ("word", "parameter")]
    facts = [_reason(reason, one) for reason in one.reasons if reason.kind == "parameter"]
    return phrase("utter_part_comma_long").join([*first, *facts, *told][:REASONS])


def _reason(reason: Reason, one: Recommendation) -> str:
    return phrase(
        f"utter_part_reason_{reason.kind}",
        name=reason.name,
        value=reason.value,
        amount=format_fen(reason.fen),
        unit=one.variant.unit,
    )
