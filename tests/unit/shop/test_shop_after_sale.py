"""Returns, exchanges, repairs, problems, urging and tickets, with their refunds."""

from datetime import timedelta

import pytest
from small_shop import beijing
from sqlalchemy import func, select, update

from bot.clock import freeze, now
from bot.db import reading, writing
from bot.shop import Access, NotFound, Refused, Ticket, availability, import_folder, move_refund, move_ticket
from bot.shop.aftersale.exchanges import request_exchange
from bot.shop.aftersale.refunds import refunds
from bot.shop.aftersale.requests_of_help import open_ticket, report_problem, urge
from bot.shop.aftersale.returns import request_return
from bot.shop.aftersale.tickets import ticket, tickets, withdraw
from bot.shop.aftersale.warranty import request_repair, warranty
from bot.shop.service_tables import RefundRow, TicketRow
from bot.shop.tables import StockRow
from bot.shop.trade_tables import OrderRow

GUEST = Access("web", "nobody")


def give_back(url: str, access: Access, no: str = "A4", sku: str = "P2-1", key: str = "k", **more: object) -> Ticket:
    return request_return(url, access, no, sku=sku, key=key, **more)  # type: ignore[arg-type]


def count(url: str, table: type) -> int:
    with reading(url) as session:
        return int(session.scalar(select(func.count()).select_from(table)) or 0)


def test_a_return_without_a_reason_is_approved_and_its_refund_waits_for_the_goods(
    service_url: str, owner: Access
) -> None:
    # 3 shirts of 267 in an order of 317 less 10: the shirts' share of the discount is 8.42.
    preview = give_back(service_url, owner, quantity=2, preview=True)
    assert (preview.no, preview.refund_fen, preview.freight_by) == ("", (26700 - 842) * 2 // 3, "customer")
    assert count(service_url, TicketRow) == 0
    done = give_back(service_url, owner, quantity=2)
    assert (done.status, done.refund_fen) == ("approved", 17238)
    assert ticket(service_url, owner, done.no) == done
    (refund,) = refunds(service_url, owner, "A4")
    assert (refund.stage, refund.amount_fen, refund.expected_at) == ("waiting_return", 17238, None)
    with pytest.raises(Refused) as refused:
        give_back(service_url, owner, quantity=2, key="k2")
    assert refused.value == Refused("in_service", ticket_no=done.no, left=1)
    last = give_back(service_url, owner, key="k3")
    assert done.refund_fen + last.refund_fen == 26700 - 842  # to the fen, however it is split


def test_goods_that_arrive_set_the_money_going(service_url: str, owner: Access) -> None:
    done = give_back(service_url, owner)
    assert move_ticket(service_url, done.no, "received", "商品完好")
    (refund,) = refunds(service_url, owner, "A4")
    assert (refund.stage, refund.expected_at) == ("processing", now() + timedelta(days=1))
    assert move_ticket(service_url, done.no, "done")
    assert move_refund(service_url, refund.no, "arrived")
    assert move_refund(service_url, refund.no, "arrived") is False
    seen = ticket(service_url, owner, done.no)
    assert [(step.status, step.note) for step in seen.history] == [
        ("submitted", ""), ("approved", ""), ("received", "商品完好"), ("done", ""),
    ]  # fmt: skip
    assert refunds(service_url, owner, "A4")[0].stage == "arrived"


def test_a_faulty_item_is_reviewed_first_at_the_shops_cost(service_url: str, owner: Access) -> None:
    with freeze(beijing("2026-06-15 10:00")):  # after the seven days, within fifteen
        done = give_back(service_url, owner, reason="quality", note="开线了")
        assert (done.status, done.freight_by, done.promised_at) == ("submitted", "shop", now() + timedelta(hours=24))
        assert refunds(service_url, owner, "A4")[0].stage == "reviewing"
        move_ticket(service_url, done.no, "approved")
        assert refunds(service_url, owner, "A4")[0].stage == "waiting_return"
        move_ticket(service_url, done.no, "rejected", "人为损坏")
        assert refunds(service_url, owner, "A4")[0].stage == "rejected"
        assert give_back(service_url, owner, reason="quality", key="k2").refund_fen == done.refund_fen


@pytest.mark.parametrize(
    ("no", "sku", "more", "rule"),
    [
        ("A3", "P2-1", {}, "not_signed"),
        ("A6", "P2-1", {}, "order_closed"),
        ("A5", "P5-1", {}, "return_excluded"),
        ("A4", "P3-1", {"opened": True}, "return_opened"),
        ("A4", "P2-1", {"quantity": 4}, "quantity"),
        ("A4", "P2-1", {"quantity": 0}, "quantity"),
    ],
)
def test_a_return_that_cannot_be(
    service_url: str, owner: Access, no: str, sku: str, more: dict[str, object], rule: str
) -> None:
    for preview in (True, False):
        with pytest.raises(Refused) as refused:
            give_back(service_url, owner, no, sku, preview=preview, **more)
        assert refused.value.rule == rule
    assert count(service_url, TicketRow) == count(service_url, RefundRow) == 0


def test_windows_of_an_order_end_where_its_rules_say(service_url: str, owner: Access) -> None:
    with freeze(beijing("2026-06-10 23:59")):
        assert give_back(service_url, owner, preview=True).refund_fen
    with freeze(beijing("2026-06-11 00:00")), pytest.raises(Refused, match="return_window"):
        give_back(service_url, owner)
    with freeze(beijing("2026-06-19 00:00")):
        for rule, attempt in (
            ("quality_window", lambda: give_back(service_url, owner, reason="damaged")),
            ("quality_window", lambda: report_problem(service_url, owner, "A4", sku="P2-1", reason="damaged", key="k")),
            (
                "exchange_window",
                lambda: request_exchange(service_url, owner, "A4", sku="P2-1", new_sku="P2-4", key="k"),
            ),
        ):
            with pytest.raises(Refused, match=rule):
                attempt()


def test_mistakes_of_the_caller_are_told(service_url: str, owner: Access) -> None:
    with pytest.raises(ValueError, match="退货原因"):
        give_back(service_url, owner, reason="whim")
    with pytest.raises(NotFound):
        give_back(service_url, owner, sku="P1-1")
    with pytest.raises(NotFound):
        give_back(service_url, GUEST)
    with pytest.raises(ValueError, match="服务单状态"):
        move_ticket(service_url, "SH1", "lost")
    with pytest.raises(ValueError, match="退款阶段"):
        move_refund(service_url, "TK1", "lost")
    with pytest.raises(NotFound):
        move_ticket(service_url, "SH404", "done")


def test_an_exchange_keeps_the_new_unit_aside_until_it_is_sent(service_url: str, owner: Access) -> None:
    free = availability(service_url, "P2-4").total
    done = request_exchange(service_url, owner, "A4", sku="P2-1", new_sku="P2-4", quantity=2, key="k")
    assert (done.new_sku, done.status, done.freight_by) == ("P2-4", "submitted", "customer")
    assert availability(service_url, "P2-4").total == free - 2
    assert move_ticket(service_url, done.no, "approved")
    assert move_ticket(service_url, done.no, "done")
    with reading(service_url) as session:
        stock = session.get(StockRow, ("P2-4", "BJ"))
        assert (stock.on_hand, stock.reserved) == (2, 0)
    assert give_back(service_url, owner, quantity=3, key="r").refund_fen  # exchanged units may still go back


def test_an_import_leaves_kept_units_aside(service_url: str, owner: Access, feed) -> None:  # type: ignore[no-untyped-def]
    request_exchange(service_url, owner, "A4", sku="P2-1", new_sku="P2-4", key="k")
    import_folder(service_url, feed({"stock.csv": "sku,warehouse_id,on_hand,restock_date\nP2-4,BJ,9,\n"}, only=True))
    assert availability(service_url, "P2-4").total == 8


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"new_sku": "P1-1"}, "exchange_other_product"),
        ({"new_sku": "P2-2"}, "exchange_stock"),
        ({"new_sku": "P2-3", "quantity": 3}, "exchange_stock"),
        ({"new_sku": "P2-4", "quantity": 4}, "quantity"),
    ],
)
def test_an_exchange_that_cannot_be(service_url: str, owner: Access, change: dict[str, object], rule: str) -> None:
    with pytest.raises(Refused) as refused:
        request_exchange(service_url, owner, "A4", sku="P2-1", key="k", **change)  # type: ignore[arg-type]
    assert refused.value.rule == rule


def test_a_ticket_taken_back_frees_what_it_held(service_url: str, owner: Access) -> None:
    free = availability(service_url, "P2-4").total
    exchange = request_exchange(service_url, owner, "A4", sku="P2-1", new_sku="P2-4", quantity=3, key="k")
    with pytest.raises(NotFound):
        withdraw(service_url, GUEST, exchange.no, key="w")
    assert withdraw(service_url, owner, exchange.no, key="w").status == "withdrawn"
    assert availability(service_url, "P2-4").total == free
    back = give_back(service_url, owner, key="k2", quantity=3)
    assert withdraw(service_url, owner, back.no, key="w2", preview=True).status == "approved"
    withdraw(service_url, owner, back.no, key="w2")
    assert refunds(service_url, owner, "A4")[0].stage == "withdrawn"
    with pytest.raises(Refused) as refused:
        withdraw(service_url, owner, back.no, key="w3")
    assert refused.value == Refused("ticket_closed", status="withdrawn")
    assert give_back(service_url, owner, key="k3", quantity=3).status == "approved"


def test_warranty_counts_from_signing(service_url: str, owner: Access) -> None:
    found = warranty(service_url, owner, "A5", "P4-1")
    assert (found.months, str(found.until_on), found.covered) == (12, "2027-06-03", True)
    assert warranty(service_url, owner, "A4", "P2-1").covered is False
    assert request_repair(service_url, owner, "A5", sku="P4-1", key="k", preview=True).freight_by == "shop"
    with freeze(beijing("2027-06-03 23:59")):
        repair = request_repair(service_url, owner, "A5", sku="P4-1", note="不通电", key="k")
        assert repair.kind == "repair"
        with pytest.raises(Refused, match="in_service"):
            request_repair(service_url, owner, "A5", sku="P4-1", key="k2")
    with freeze(beijing("2027-06-04 00:00")), pytest.raises(Refused, match="warranty_over"):
        request_repair(service_url, owner, "A5", sku="P4-1", key="k3")
    with pytest.raises(Refused, match="warranty_none"):
        request_repair(service_url, owner, "A4", sku="P2-1", key="k4")
    with pytest.raises(Refused, match="not_signed"):
        request_repair(service_url, owner, "A3", sku="P2-1", key="k5")


def test_a_problem_is_reported_once_and_a_return_is_still_possible(service_url: str, owner: Access) -> None:
    problem = report_problem(service_url, owner, "A4", sku="P2-1", reason="missing", note="少了一件", key="k")
    assert (problem.kind, problem.reason, problem.note) == ("problem", "missing", "少了一件")
    with pytest.raises(Refused) as refused:
        report_problem(service_url, owner, "A4", sku="P2-1", reason="damaged", key="k2")
    assert refused.value.figures["ticket_no"] == problem.no
    assert give_back(service_url, owner, reason="missing", key="k3").status == "submitted"


def test_urging_makes_a_task_with_a_promise_and_not_two(service_url: str, owner: Access) -> None:
    task = urge(service_url, owner, "A3", key="k")
    assert task.promised_at == now() + timedelta(hours=24)
    with pytest.raises(Refused) as refused:
        urge(service_url, owner, "A3", key="k2")
    assert refused.value == Refused("urged_already", ticket_no=task.no, promised_at=task.promised_at)
    with freeze(now() + timedelta(hours=24)):
        assert urge(service_url, owner, "A3", key="k3").no != task.no
    for no, rule in (("A1", "urge_unpaid"), ("A4", "urge_closed"), ("A8", "urge_closed")):
        with pytest.raises(Refused, match=rule):
            urge(service_url, owner, no, key=no)


def test_complaints_and_calls_back_need_no_order_but_never_take_anothers(service_url: str, owner: Access) -> None:
    complaint = open_ticket(service_url, GUEST, kind="complaint", note=" 没人回我 ", key="k")
    assert (complaint.order_no, complaint.note, complaint.status) == (None, "没人回我", "submitted")
    with pytest.raises(NotFound):
        open_ticket(service_url, GUEST, kind="complaint", note="", order_no="A4", key="k2")
    call = open_ticket(
        service_url, owner, kind="callback", note="退款", order_no="a4", phone="１70-0000-0001", key="k3"
    )
    assert call.promised_at == now() + timedelta(hours=2)
    with reading(service_url) as session:
        assert session.get(TicketRow, call.no).details == {"phone": "17000000001"}
    for phone in (None, "12345", "27000000001"):
        with pytest.raises(Refused, match="callback_phone"):
            open_ticket(service_url, owner, kind="callback", note="", phone=phone, key=f"k {phone}")
    with pytest.raises(ValueError, match="服务单类型"):
        open_ticket(service_url, owner, kind="refund", note="", key="k5")


def test_tickets_are_seen_by_who_may_use_their_order(service_url: str, owner: Access) -> None:
    first = give_back(service_url, owner)
    with freeze(now() + timedelta(minutes=1)):
        second = urge(service_url, owner, "A3", key="k2")
        third = open_ticket(service_url, owner, kind="suggestion", note="多出点颜色", key="k3")
    assert {t.no for t in tickets(service_url, owner)[:2]} == {second.no, third.no}
    assert [t.no for t in tickets(service_url, owner, "A4")] == [first.no]
    assert [t.no for t in tickets(service_url, Access("wechat", "x1", "C1"), "A4")] == [first.no]
    for attempt in (
        lambda: tickets(service_url, GUEST, "A4"),
        lambda: ticket(service_url, GUEST, first.no),
        lambda: ticket(service_url, GUEST, third.no),
        lambda: ticket(service_url, GUEST, "SH404"),
        lambda: refunds(service_url, GUEST, "A4"),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert tickets(service_url, GUEST) == []
    with writing(service_url) as session:  # the account that opened it no longer owns the order
        session.execute(update(OrderRow).where(OrderRow.no == "A3").values(customer_id="C2", account="w2"))
    assert second.no not in {t.no for t in tickets(service_url, owner)}
