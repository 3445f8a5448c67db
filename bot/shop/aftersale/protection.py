"""Price protection: the difference comes back when the price fell soon after the purchase, once for each line."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clock import now
from bot.shop.access import Access
from bot.shop.aftersale import rules
from bot.shop.aftersale.money import net_of_lines, part
from bot.shop.aftersale.order_rows import lines_of, owned_order
from bot.shop.aftersale.refunds import draft, start_refund
from bot.shop.aftersale.requests import Request, carry_out
from bot.shop.aftersale.returns import BUSY
from bot.shop.aftersale.ticket_rows import in_service
from bot.shop.errors import Refused
from bot.shop.price_table import current_prices
from bot.shop.service_tables import ProtectionRow
from bot.shop.service_views import ProtectedLine, Protection
from bot.shop.trade_tables import OrderRow


def protect_price(url: str, access: Access, no: str, *, key: str, preview: bool = False) -> Protection:
    """Pay back what the order's goods became cheaper since they were paid for.

    Compared is what the customer really paid (discount taken off) with the lowest price that came into force after the
    payment. Units that go back count no more.

    Raises:
        NotFound; Refused: not_paid, order_closed, protection_window, protection_price, protection_done.
    """

    def check(session: Session) -> Protection:
        order = owned_order(session, access, no)
        paid_at = rules.paid(order.status, order.paid_at)
        until = rules.protection_window(paid_at)
        done = set(session.scalars(select(ProtectionRow.sku).where(ProtectionRow.order_no == order.no)))
        compared = [line for line in _compared(session, order, paid_at) if line.sku not in done]
        fallen = tuple(line for line in compared if line.difference_fen > 0)
        if not fallen:
            if done:
                raise Refused("protection_done")
            paid, today = sum(x.paid_fen for x in compared), sum(x.now_fen for x in compared)
            raise Refused("protection_price", paid_fen=paid, now_fen=today)
        amount = sum(line.difference_fen for line in fallen)
        return Protection(order.no, fallen, amount, until, draft(order, "protection", amount, "processing"))

    def act(session: Session, planned: Protection) -> Protection:
        assert planned.refund is not None  # check plans one
        refund = start_refund(session, planned.refund)
        for line in planned.lines:
            session.add(
                ProtectionRow(
                    order_no=planned.order_no, sku=line.sku, paid_fen=line.paid_fen, now_fen=line.now_fen,
                    difference_fen=line.difference_fen, refund_no=refund.no, until_on=planned.until_on,
                    created_at=now(),
                )
            )  # fmt: skip
        session.flush()
        return Protection(planned.order_no, planned.lines, planned.amount_fen, planned.until_on, refund)

    return carry_out(url, Request(access, "protect_price", key, {"no": no}), Protection, check, act, preview)


def _compared(session: Session, order: OrderRow, paid_at: datetime) -> list[ProtectedLine]:
    """Each line as it was paid and as it would cost at its lowest price since."""
    lines = lines_of(session, order.no)
    net = net_of_lines(lines, order.discount_fen)
    prices = current_prices(session, [line.sku for line in lines])
    found = []
    for line in lines:
        gone = in_service(session, order.no, line.sku, {"return": BUSY["return"]})[0]
        left = line.quantity - gone
        if left <= 0:
            continue
        paid = part(net[line.sku], line.quantity, gone, left)
        since = [p.price_fen for p in prices[line.sku].history if p.valid_from > paid_at] if line.sku in prices else []
        lowest = min(since) * left if since else paid
        found.append(ProtectedLine(line.sku, left, paid, lowest, max(0, paid - lowest)))
    return found
