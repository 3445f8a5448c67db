"""Makes an offer: chosen, backed by a real coupon and written down in one transaction, so that two at once are one."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import reading, repeated, writing
from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.customer_tables import ChoiceRow, OfferRow, RfmRow
from bot.shop.outreach.coupons import draft, give
from bot.shop.outreach.decide import Past, candidates, rested
from bot.shop.outreach.scripts import Script, load_scripts
from bot.shop.outreach.subjects import Subject, subjects_of
from bot.shop.outreach.wishes import told
from bot.shop.segments import load_segments, segment_of, standing_in, update_rfm
from bot.shop.service_views import Coupon
from bot.shop.trade_tables import CustomerRow


@dataclass(frozen=True)
class Offered:
    """What to say: the response of domain.yml and the figures in it; `coupon` is the customer's already.

    `price_fen` is one unit with all running offers, `payable_fen` the same with the coupon.
    """

    id: str
    script: str
    response: str
    segment_title: str
    subject: Subject
    coupon: Coupon | None = None
    price_fen: int = 0
    payable_fen: int = 0


@repeated
def make_offer(
    url: str, access: Access, situations: Sequence[str], *, product_id: str | None = None, discounts: bool = True
) -> Offered | None:
    """The offer that the shop's rules have for this customer now, in the order of `situations`; None for none.

    `product_id` is the goods that a price_hesitation is about. Without `discounts` only scripts that need none.
    """
    if access.customer_id is None:
        return None
    with writing(url) as session:
        customer_id, moment = access.customer_id, now()
        # One at a time for a customer, in whichever channels they write.
        lock = select(RfmRow.customer_id).where(RfmRow.customer_id == customer_id).with_for_update()
        if session.scalar(lock) is None:
            if session.get(CustomerRow, customer_id) is None:
                return None
            update_rfm(session, customer_id)
        standing = standing_in(session, customer_id)
        assert standing is not None  # locked
        choice = session.get(ChoiceRow, customer_id)
        past = _past(session, customer_id)
        if (choice and choice.offers_off_at) or not rested(past, moment, get_settings().operations.customers):
            return None
        segment = segment_of(standing, load_segments())
        for script in candidates(load_scripts(), segment.name, situations, past, moment):
            if script.discount and not discounts:
                continue
            found = _prepared(session, script, customer_id, product_id, segment.title)
            if found is not None:
                return _written(session, found, script, segment.name, access, moment)
    return None


def next_offer(url: str, customer_id: str, situations: Sequence[str]) -> Offered | None:
    """What `make_offer` would say without a discount; nothing is written, so it may be looked at as often as wanted."""
    with reading(url) as session:
        standing, choice = standing_in(session, customer_id), session.get(ChoiceRow, customer_id)
        if standing is None or (choice and choice.offers_off_at):
            return None
        segment = segment_of(standing, load_segments())
        past = _past(session, customer_id)
        for script in candidates(load_scripts(), segment.name, situations, past, now()):
            if script.discount is None:
                found = _prepared(session, script, customer_id, None, segment.title)
                if found is not None:
                    return found
    return None


def _past(session: Session, customer_id: str) -> list[Past]:
    rows = select(OfferRow.script, OfferRow.shown_at, OfferRow.outcome, OfferRow.outcome_at)
    longest = max([script.every_days for script in load_scripts()], default=0)
    days = max(longest, get_settings().operations.customers.declined_days, 1)
    # A day more: a refusal may come later than the offer.
    since = now() - timedelta(days=days + get_settings().operations.customers.attribute_days + 1)
    found = session.execute(rows.where(OfferRow.customer_id == customer_id, OfferRow.shown_at >= since))
    return [Past(*row) for row in found]


def _prepared(
    session: Session, script: Script, customer_id: str, product_id: str | None, segment_title: str
) -> Offered | None:
    """The first subject that the script has words for and whose discount really takes something off."""
    for subject in subjects_of(session, script.situation, customer_id, product_id):
        if subject.kind not in script.say:
            continue
        response = script.say[subject.kind]
        found = Offered(uuid.uuid4().hex, script.name, response, segment_title, subject)
        if script.discount is None:
            return found
        coupon = draft(script.discount, subject.scope)
        prices = subject.prices(session, coupon)
        if prices is not None:
            return replace(found, coupon=coupon, price_fen=prices[0], payable_fen=prices[1])
    return None


def _written(
    session: Session, found: Offered, script: Script, segment: str, access: Access, moment: datetime
) -> Offered:
    customer_id = str(access.customer_id)
    coupon = give(session, found.coupon, customer_id) if found.coupon else None
    session.add(
        OfferRow(
            id=found.id, script=script.name, situation=script.situation, segment=segment, customer_id=customer_id,
            channel=access.channel, product_id=found.subject.product_id, coupon_id=coupon.id if coupon else None,
            shown_at=moment, outcome="shown", order_no=found.subject.order_no,
        )
    )  # fmt: skip
    if found.subject.kind == "wish" and found.subject.sku:
        told(session, customer_id, found.subject.sku)
    session.flush()
    return replace(found, coupon=coupon)
