"""保修多久, 坏了去哪修: how long each line of an order is repaired."""

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.answering import OrderAnswer
from actions.aftersale.case import Case, gather, goods_of
from actions.aftersale.fields import named
from actions.aftersale.order_flow import ORDER
from actions.aftersale.progress import LOOKED_THROUGH, SHOWN
from actions.aftersale.words import meaning, names
from actions.figures import day
from actions.knowledge import Consulted
from actions.memory import Events
from actions.phrases import phrase
from actions.turn import Turn
from actions.wishing import wish_of
from bot.settings import get_settings
from bot.shop import Order, Warranty, current_catalogue
from bot.shop.adapters import systems


class AskWarranty(OrderAnswer):
    """How long each line of the order is repaired; 坏了去哪修 goes on to a repair."""

    intent, statuses, in_general = "ask_warranty", ("delivered", "completed"), True

    def name(self) -> str:
        return "action_ask_warranty"

    async def find(self, dispatcher: CollectingDispatcher, case: Case, consulted: Consulted | None) -> Events:
        turn, tracker = Turn(case.tracker), case.tracker
        wants_repair = named(turn, "repair") or (turn.text and meaning("repair", turn.text))
        if wants_repair and not tracker.active_loop_name:
            return [SlotSet(ORDER, None), FollowupAction("repair_form")]
        if not named(turn, "order_number"):
            product = current_catalogue(get_settings().shop_url).products.get(str(wish_of(tracker).product))
            terms = product.parameters.get(names("warranty_parameter")[0]) if product else None
            if product and terms:
                dispatcher.utter_message(response="utter_warranty_terms", product=product.name, terms=terms)
                return []
        return await super().find(dispatcher, case, consulted)

    async def tell(self, dispatcher: CollectingDispatcher, case: Case, orders: list[Order]) -> Events:
        named_one = len(orders) == 1
        lines = [(order, line) for order in orders[:LOOKED_THROUGH] for line in order.lines]
        found = await gather(*(systems().after_sale.warranty(case.access, o.no, x.sku) for o, x in lines))
        shown = [(o, x, w) for (o, x), w in zip(lines, found, strict=True) if named_one or w.months][:SHOWN]
        if not shown:
            dispatcher.utter_message(response="utter_no_warranty")
            return []
        texts = "\n".join(_warranty(goods_of(line), warranty) for _, line, warranty in shown)
        covered = [(o, x) for o, x, w in shown if w.covered and w.until_on]
        buttons = [
            {
                "title": phrase("utter_part_repair", goods=line.name),
                "payload": f'/ask_warranty{{"repair": "yes", "order_number": "{order.no}", "item": "{line.sku}"}}',
            }
            for order, line in covered
        ]
        dispatcher.utter_message(response="utter_warranties", warranties=texts, buttons=buttons)
        return []


def _warranty(goods: str, warranty: Warranty) -> str:
    if not warranty.months:
        return phrase("utter_part_warranty_none", goods=goods)
    if warranty.until_on is None:
        return phrase("utter_part_warranty_later", goods=goods, terms=warranty.terms)
    name = "utter_part_warranty" if warranty.covered else "utter_part_warranty_over"
    return phrase(name, goods=goods, terms=warranty.terms, until=day(warranty.until_on))
