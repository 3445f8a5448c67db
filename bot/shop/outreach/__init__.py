"""The right word at the right time: offers by segment and situation, wishes, the customer's own choice."""

from bot.shop.outreach.choices import offers_on, set_offers
from bot.shop.outreach.daily import daily
from bot.shop.outreach.decide import Mood, Past, candidates, rested, silent_because
from bot.shop.outreach.make import Offered, make_offer, next_offer
from bot.shop.outreach.outcomes import OUTCOMES, close_offers, react
from bot.shop.outreach.report import ScriptWorth, worth_of_offers
from bot.shop.outreach.scripts import SUBJECTS, Discount, Script, load_scripts
from bot.shop.outreach.subjects import Subject
from bot.shop.outreach.timing import TIMINGS, Timing
from bot.shop.outreach.wishes import WishBack, remember_wish, tell_wish, wishes_back

__all__ = [
    "OUTCOMES",
    "SUBJECTS",
    "TIMINGS",
    "Discount",
    "Mood",
    "Offered",
    "Past",
    "Script",
    "ScriptWorth",
    "Subject",
    "Timing",
    "WishBack",
    "candidates",
    "close_offers",
    "daily",
    "load_scripts",
    "make_offer",
    "next_offer",
    "offers_on",
    "react",
    "remember_wish",
    "rested",
    "set_offers",
    "silent_because",
    "tell_wish",
    "wishes_back",
    "worth_of_offers",
]
