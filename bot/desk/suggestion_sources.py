"""Where replies come from besides the history: quick phrases, the knowledge base, the segment's script."""

from sqlalchemy import or_, select

from bot import conversations
from bot.conversations.customer import known_customer
from bot.db import reading
from bot.desk.asked import Asked
from bot.desk.meaning import dice, vectors
from bot.desk.tables import Phrase
from bot.knowledge import FieldError, Shop, current_index, fill, search
from bot.knowledge.said import live_words
from bot.phrases import phrase
from bot.shop.outreach import next_offer
from bot.shop.outreach.words import figures_of

_SITUATIONS = ("abandoned_order", "back_in_stock", "greeting", "resolved")
_NEXT = 0.8  # an entry that is only the next best is trusted so much less
_ENTRIES = 2


def from_phrases(asked: Asked) -> list[tuple[str, str, float]]:
    """(text, title, likeness) of the agent's own phrases and those of all."""
    mine = or_(Phrase.account_id == asked.account_id, Phrase.account_id.is_(None))
    with reading(asked.store.url) as session:
        rows = session.execute(select(Phrase.title, Phrase.text).where(mine)).all()
    return [(row.text, row.title, max(dice(asked.said, row.title), dice(asked.said, row.text))) for row in rows]


def from_knowledge(asked: Asked) -> list[tuple[str, str, float]]:
    """(answer with today's figures, question, how surely it answers) of entries that answer or come near."""
    settings = asked.settings
    found = search(current_index(settings.knowledge_url, settings.shop_url), asked.said)
    if found.outcome == "none":
        return []
    shop, made = Shop.now(settings.shop_url), []
    for place, entry in enumerate(found.entries[:_ENTRIES]):
        try:
            made.append((fill(entry.answer, shop, live_words()), entry.question, found.probability * _NEXT**place))
        except FieldError:  # its goods are gone from the shop
            continue
    return made


def from_segment(asked: Asked) -> list[tuple[str, str, float]]:
    """(words, segment's title, likeness) of what the customer's segment is told; no discount is promised here."""
    place = conversations.account_of(asked.store, asked.conversation_id)
    customer = known_customer(asked.settings.shop_url, *place).customer if place is not None else None
    offer = next_offer(asked.settings.shop_url, customer.id, _SITUATIONS) if customer is not None else None
    if offer is None:
        return []
    text = phrase(offer.response, **figures_of(offer))
    return [(text, offer.segment_title, max(0.0, float(vectors([text])[0] @ asked.vector)))]
