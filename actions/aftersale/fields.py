"""The answers that after-sale flows ask for: how each is read from a message, or settled without asking."""

from abc import ABC, abstractmethod
from typing import Any

from actions.aftersale.case import Case
from actions.aftersale.words import meaning
from actions.answers import is_question, plain, read_choice
from actions.heard import Heard, listen
from actions.turn import ANSWER_INTENTS, Turn
from bot.settings import get_settings
from bot.shop import REASONS, Catalogue, OrderLine, current_catalogue

LONGEST_TEXT = 200


class Field(ABC):
    """One answer, kept in the slot `name`; an empty one ("" or 0) means that it does not apply.

    `read` gives None when the message does not answer; `asked` tells whether this question is the open one. Outside of
    it only what is unmistakable counts. `settle` answers what need not be asked.
    """

    name = ""

    @abstractmethod
    def read(self, turn: Turn, case: Case, asked: bool) -> Any:
        """The answer in this message."""

    async def settle(self, case: Case) -> Any:
        """The answer that follows from what is known; None asks. Raises Refused when that ends the flow."""
        return None

    def extra(self, turn: Turn, case: Case, asked: bool) -> dict[str, Any]:
        """Other slots that the same words fill."""
        return {}


def named(turn: Turn, entity: str) -> str | None:
    """The text that a button or the catalogue gives for `entity`."""
    values = [e.get("value") for e in turn.entities if e.get("entity") == entity]
    return next((value.strip() for value in values if isinstance(value, str) and value.strip()), None)


def catalogue() -> Catalogue:
    """The shop's catalogue as it is now."""
    return current_catalogue(get_settings().shop_url)


def hear(turn: Turn) -> Heard:
    """What the message names, in the catalogue's terms."""
    return listen(turn, catalogue())


def free_text(turn: Turn, entries: frozenset[str] = frozenset()) -> str | None:
    """The words as an answer to an open question; None for a question or another sure request."""
    text = turn.written.strip()
    if not plain(text) or is_question(text):
        return None
    if turn.sure and turn.intent not in ANSWER_INTENTS | entries:
        return None
    return text[:LONGEST_TEXT]


class ItemField(Field):
    """Which line of the order."""

    name = "item"

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        lines = case.order.lines if case.order else ()
        heard = hear(turn)
        button = named(turn, "item")
        if button in {line.sku for line in lines}:
            return button
        if heard.sku in {line.sku for line in lines}:
            return heard.sku
        fitting = [line.sku for line in lines if line.product_id in heard.products]
        if len(fitting) == 1:
            return fitting[0]
        if not asked:
            return None
        place = read_choice(turn.written)
        if place is not None and place < len(lines):
            return lines[place].sku
        said = plain(turn.written)
        by_name = [line.sku for line in lines if said and _shares(said, line)]
        return by_name[0] if len(by_name) == 1 else None

    async def settle(self, case: Case) -> str | None:
        lines = case.order.lines if case.order else ()
        return lines[0].sku if len(lines) == 1 else None


def _shares(said: str, line: OrderLine) -> bool:
    """Whether the words name the goods: part of their name, or their category."""
    product = catalogue().products.get(line.product_id)
    return len(said) >= 2 and (said in plain(line.name + line.label) or bool(product and product.category in said))


class ReasonField(Field):
    """Why goods go back, or what is wrong with them; `allowed` are keys of REASONS, the first is taken for others."""

    name = "reason"

    def __init__(self, *allowed: str, anything: str | None = None) -> None:
        """`anything`: what an answer in other words counts as; without it the question is asked again."""
        self.allowed, self.anything = allowed or tuple(REASONS), anything

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        button = named(turn, "reason")
        if button in self.allowed:
            return button
        found = meaning("reason", turn.text) if turn.text else None
        if found in self.allowed and (asked or not is_question(turn.text)):
            return found
        return self.anything if asked and self.anything and free_text(turn) and turn.answer is None else None


class OpenedField(Field):
    """Whether the seal is broken: yes or no; "" where it makes no difference."""

    name = "opened"

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        button = named(turn, "opened")
        if button in ("yes", "no"):
            return button
        found = meaning("opened", turn.text) if turn.text else None
        if found or not asked:
            return found
        # 拆封了吗？没有 / 是的
        return {"yes": "yes", "no": "no", "stop": None, None: None}[turn.answer]


class UnitsField(Field):
    """How many units."""

    name = "units"

    def read(self, turn: Turn, case: Case, asked: bool) -> int | None:
        quantity = hear(turn).quantity
        if quantity is None and asked:
            digits = plain(turn.written)
            quantity = int(digits) if digits.isdecimal() and len(digits) <= 3 else None
            if quantity is None and meaning("all_units", turn.written) and case.line:
                quantity = case.line.quantity
        return quantity if quantity and quantity > 0 else None

    async def settle(self, case: Case) -> int | None:
        return 1 if case.line and case.line.quantity == 1 else None
