"""Price protection, invoices, photos: to the fen, once, and only for the owner."""

from datetime import timedelta
from pathlib import Path

import pytest
from small_shop import beijing
from sqlalchemy import update

from bot.clock import freeze, now
from bot.db import writing
from bot.shop import Access, NotFound, Refused
from bot.shop.aftersale.invoices import change_invoice, invoices, request_invoice
from bot.shop.aftersale.photos import add_photo, folder, photo_file
from bot.shop.aftersale.protection import protect_price
from bot.shop.aftersale.refunds import refunds
from bot.shop.aftersale.requests_of_help import report_problem
from bot.shop.aftersale.returns import request_return
from bot.shop.aftersale.tickets import ticket
from bot.shop.service_tables import InvoiceRow
from bot.shop.tables import PriceRow

GUEST = Access("web", "nobody")
CODE = "91110000600037341L"
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


def test_the_difference_to_the_lowest_price_since_comes_back_once(service_url: str, owner: Access) -> None:
    # Two phones of 6,299 less 100 were paid; two days later they cost 5,999 each.
    with freeze(beijing("2026-06-06 12:00")):
        preview = protect_price(service_url, owner, "A7", key="k", preview=True)
        (line,) = preview.lines
        assert (line.paid_fen, line.now_fen, preview.amount_fen) == (1249800, 1199800, 50000)
        assert str(preview.until_on) == "2026-06-06"
        assert refunds(service_url, owner, "A7") == []
        done = protect_price(service_url, owner, "A7", key="k")
        assert done.refund is not None
        assert (done.refund.kind, done.refund.amount_fen, done.refund.stage) == ("protection", 50000, "processing")
        assert protect_price(service_url, owner, "A7", key="k") == done
        with pytest.raises(Refused, match="protection_done"):
            protect_price(service_url, owner, "A7", key="k2")
        assert len(refunds(service_url, owner, "A7")) == 1


def test_protection_is_taken_off_what_a_later_return_pays(service_url: str, owner: Access) -> None:
    with freeze(beijing("2026-06-06 12:00")):
        protect_price(service_url, owner, "A7", key="k")
        first = request_return(service_url, owner, "A7", sku="P1-2", key="r1")
        second = request_return(service_url, owner, "A7", sku="P1-2", key="r2")
        assert first.refund_fen + second.refund_fen + 50000 == 1249800
        with pytest.raises(Refused, match="protection_done"):
            protect_price(service_url, owner, "A7", key="k2")


def test_units_that_go_back_are_not_protected(service_url: str, owner: Access) -> None:
    with freeze(beijing("2026-06-06 12:00")):
        request_return(service_url, owner, "A7", sku="P1-2", key="r1")
        assert protect_price(service_url, owner, "A7", key="k").amount_fen == 25000


def test_the_lowest_price_counts_even_when_it_rose_again(service_url: str, owner: Access) -> None:
    with writing(service_url) as session:
        for day, fen in (("2026-06-02", 570000), ("2026-06-03", 629900)):
            session.add(
                PriceRow(
                    sku="P1-2", valid_from=beijing(f"{day} 09:00"), price_fen=fen, list_fen=699900, market_fen=619900
                )
            )
    with freeze(beijing("2026-06-05 12:00")):
        assert protect_price(service_url, owner, "A7", key="k", preview=True).amount_fen == 1249800 - 2 * 570000


@pytest.mark.parametrize(
    ("no", "when", "rule"),
    [
        ("A7", "2026-06-07 00:00", "protection_window"),
        ("A7", "2026-05-31 12:00", "protection_price"),
        ("A2", "2026-06-10 12:00", "protection_price"),
        ("A1", "2026-06-10 12:00", "not_paid"),
        ("A6", "2026-06-05 12:00", "order_closed"),
    ],
)
def test_what_is_not_protected(service_url: str, owner: Access, no: str, when: str, rule: str) -> None:
    with freeze(beijing(when)), pytest.raises(Refused) as refused:
        protect_price(service_url, owner, no, key="k")
    assert refused.value.rule == rule


def test_a_refusal_tells_both_prices(service_url: str, owner: Access) -> None:
    with freeze(beijing("2026-05-31 12:00")), pytest.raises(Refused) as refused:
        protect_price(service_url, owner, "A7", key="k")
    assert refused.value.figures == {"paid_fen": 1249800, "now_fen": 1249800}


def test_an_invoice_of_each_kind_over_what_was_paid(service_url: str, owner: Access) -> None:
    request_return(service_url, owner, "A4", sku="P2-1", key="r")
    asked = {"title": "北京测试公司", "tax_no": CODE.lower(), "email": "a@shop.example.com"}
    done = request_invoice(service_url, owner, "A4", kind="company", key="k", **asked)
    back = refunds(service_url, owner, "A4")[0].amount_fen
    assert (done.amount_fen, done.tax_no, done.status) == (30700 - back, CODE, "requested")
    assert done.expected_at == now() + timedelta(hours=24)
    with pytest.raises(Refused) as refused:
        request_invoice(service_url, owner, "A4", kind="company", key="k2", **asked)
    assert refused.value == Refused("invoice_done", invoice_no=done.no, status="requested")
    personal = request_invoice(service_url, owner, "A4", kind="personal", title="王测试", key="k3")
    assert {invoice.no for invoice in invoices(service_url, owner, "a4")} == {done.no, personal.no}
    with pytest.raises(ValueError, match="发票类型"):
        request_invoice(service_url, owner, "A4", kind="paper", title="王测试", key="k4")


@pytest.mark.parametrize(
    ("no", "change", "rule"),
    [
        ("A1", {}, "not_paid"),
        ("A6", {}, "order_closed"),
        ("A4", {"title": "公"}, "invoice_title"),
        ("A4", {"tax_no": "91110000600037341K"}, "invoice_tax_no"),
        ("A4", {"email": "nowhere"}, "invoice_email"),
    ],
)
def test_an_invoice_that_cannot_be(service_url: str, owner: Access, no: str, change: dict[str, str], rule: str) -> None:
    asked = {"kind": "company", "title": "北京测试公司", "tax_no": CODE} | change
    with pytest.raises(Refused) as refused:
        request_invoice(service_url, owner, no, key="k", **asked)  # type: ignore[arg-type]
    assert refused.value.rule == rule


def test_a_title_changes_until_the_invoice_is_issued(service_url: str, owner: Access) -> None:
    invoice = request_invoice(service_url, owner, "A4", kind="company", title="旧抬头", tax_no=CODE, key="k")
    assert change_invoice(service_url, owner, invoice.no, title="新抬头", key="c").title == "新抬头"
    assert invoices(service_url, owner, "A4")[0].title == "新抬头"
    for access, no in ((GUEST, invoice.no), (owner, "FP404")):
        with pytest.raises(NotFound):
            change_invoice(service_url, access, no, title="盗用抬头", key="c2")
    with writing(service_url) as session:
        session.execute(update(InvoiceRow).values(status="issued"))
    with pytest.raises(Refused, match="invoice_issued"):
        change_invoice(service_url, owner, invoice.no, title="再改", key="c3")


def test_a_photo_is_stored_once_with_its_ticket(service_url: str, owner: Access, tmp_path: Path) -> None:
    problem = report_problem(service_url, owner, "A4", sku="P2-1", reason="damaged", key="k")
    photo = add_photo(service_url, owner, problem.no, PNG)
    assert add_photo(service_url, owner, problem.no, PNG) == photo
    assert (photo.media_type, photo.size) == ("image/png", len(PNG))
    assert ticket(service_url, owner, problem.no).photos == (photo.id,)
    file = photo_file(service_url, owner, problem.no, photo.id)
    assert file.read_bytes() == PNG
    assert folder().is_relative_to(tmp_path)
    assert [path.suffix for path in folder().iterdir()] == [".png"]
    for access, no, photo_id in ((GUEST, problem.no, photo.id), (owner, problem.no, "../shop.db"), (owner, "X", "Y")):
        with pytest.raises(NotFound):
            photo_file(service_url, access, no, photo_id)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"<svg onload=alert(1)>", "photo_type"),
        (b"", "photo_type"),
        (b"GIF89a", "photo_type"),
        (b"RIFF0000WAVE", "photo_type"),
        (PNG + b"0" * 5 * 2**20, "photo_size"),
    ],
)
def test_what_is_no_photo_is_refused(service_url: str, owner: Access, content: bytes, rule: str) -> None:
    problem = report_problem(service_url, owner, "A4", sku="P2-1", reason="damaged", key="k")
    with pytest.raises(Refused) as refused:
        add_photo(service_url, owner, problem.no, content)
    assert refused.value.rule == rule
    assert not folder().exists()


def test_a_ticket_holds_six_photos_of_its_owner(service_url: str, owner: Access) -> None:
    problem = report_problem(service_url, owner, "A4", sku="P2-1", reason="damaged", key="k")
    with pytest.raises(NotFound):
        add_photo(service_url, GUEST, problem.no, PNG)
    for number in range(6):
        add_photo(service_url, owner, problem.no, b"\xff\xd8\xff" + bytes([number]))
    with pytest.raises(Refused, match="photo_count"):
        add_photo(service_url, owner, problem.no, b"RIFF0000WEBP")
