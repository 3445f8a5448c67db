"""怎么付款, 能分期吗: the ways to pay for these goods, instalments to the fen."""

from collections.abc import Sequence

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.access import access_of
from actions.answering import ask_shop
from actions.phrases import phrase
from actions.presale.answer import Lack, PresaleAnswer
from actions.presale.question import Question
from actions.words import payments_in, says
from bot.settings import get_settings
from bot.shop import PAY_METHODS, format_fen
from bot.shop.adapters import systems
from bot.shop.presale import Basket, InstalmentPlan, PayOption, payment_options, price_basket

INSTALMENT = "instalment"


class AnswerPayment(PresaleAnswer):
    """The ways to pay, whether the one asked for is among them, and the instalment table where it was asked for."""

    intent = "ask_payment"

    def name(self) -> str:
        return "action_answer_payment"

    async def tell(self, dispatcher: CollectingDispatcher, question: Question) -> Lack | None:
        if says("failed", question.text):
            dispatcher.utter_message(response="utter_payment_failed", hours=pay_hours())
            return None
        variant = question.variant
        if variant is None:
            if not question.waiting:
                dispatcher.utter_message(response="utter_payment_in_general", methods=_names(_all_methods()))
            return "product"
        lines = {variant.sku: question.wish.quantity}
        basket = await basket_of(question.tracker, question, lines)
        options = await ask_shop(payment_options, question.url, lines, basket.payable_fen)
        figures = {
            "title": variant.title,
            "quantity": question.wish.quantity,
            "unit": variant.unit,
            "amount": format_fen(basket.payable_fen),
            "methods": _names([option.id for option in options]),
        }
        _tell(dispatcher, question.text, options, figures)
        return None


async def basket_of(tracker: Tracker, question: Question, lines: dict[str, int]) -> Basket:
    """What the lines cost this customer with the coupon that saves most, without postage.

    Raises:
        SystemDown: crm, shop.
    """
    coupons = await systems().crm.coupons(await access_of(tracker))
    return await ask_shop(price_basket, question.url, lines, coupons=coupons)


def pay_hours() -> int:
    """How many hours an order waits for its payment."""
    return get_settings().operations.orders.pay_minutes // 60


def _tell(
    dispatcher: CollectingDispatcher, text: str, options: Sequence[PayOption], figures: dict[str, object]
) -> None:
    allowed = {option.id: option for option in options}
    plans = allowed[INSTALMENT].plans if INSTALMENT in allowed else ()
    named = payments_in(text)
    if named:
        known = named[0] in allowed
        response = "utter_payment_possible" if known else "utter_payment_impossible"
        dispatcher.utter_message(response=response, method=PAY_METHODS[named[0]], **figures)
    if says("instalments", text):
        if not plans:
            dispatcher.utter_message(response="utter_no_instalments", **figures)
            return
        table = "\n".join(_line(plan) for plan in plans)
        dispatcher.utter_message(response="utter_instalments", table=table, **figures)
    elif not named:
        free = max((plan.periods for plan in plans if plan.interest_free), default=0)
        hint = phrase("utter_part_interest_free", periods=free) if free else ""
        dispatcher.utter_message(response="utter_payment", hint=hint, **figures)


def _line(plan: InstalmentPlan) -> str:
    same = plan.each_fen == plan.last_fen
    each = (
        format_fen(plan.each_fen)
        if same
        else phrase("utter_part_each_and_last", each=format_fen(plan.each_fen), last=format_fen(plan.last_fen))
    )
    if plan.interest_free:
        return phrase("utter_part_plan_free", periods=plan.periods, each=each)
    total = format_fen(plan.total_fen)
    return phrase("utter_part_plan", periods=plan.periods, each=each, fee=format_fen(plan.fee_fen), total=total)


def _all_methods() -> list[str]:
    return [method.id for method in get_settings().operations.payment.methods]


def _names(methods: list[str]) -> str:
    return phrase("utter_part_comma").join(PAY_METHODS[method] for method in methods)
