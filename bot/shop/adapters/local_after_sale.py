"""After-sale on the shop's own database."""

from dataclasses import dataclass

from bot.shop.access import Access
from bot.shop.adapters.running import answered
from bot.shop.aftersale import (
    exchanges,
    invoices,
    photos,
    protection,
    refunds,
    requests_of_help,
    returns,
    tickets,
    warranty,
)
from bot.shop.service_views import Invoice, Photo, Protection, Refund, Ticket, Warranty

SYSTEM = "after_sale"


@dataclass(frozen=True)
class LocalAfterSale:
    """`AfterSale` on the database `url`."""

    url: str

    async def request_return(
        self, access: Access, no: str, *, sku: str, quantity: int = 1, reason: str = "no_reason", opened: bool = False,
        note: str = "", key: str, preview: bool = False,
    ) -> Ticket:  # fmt: skip
        return await answered(
            SYSTEM, returns.request_return, self.url, access, no, sku=sku, quantity=quantity, reason=reason,
            opened=opened, note=note, key=key, preview=preview,
        )  # fmt: skip

    async def request_exchange(
        self, access: Access, no: str, *, sku: str, new_sku: str, quantity: int = 1, reason: str = "other",
        note: str = "", key: str, preview: bool = False,
    ) -> Ticket:  # fmt: skip
        return await answered(
            SYSTEM, exchanges.request_exchange, self.url, access, no, sku=sku, new_sku=new_sku, quantity=quantity,
            reason=reason, note=note, key=key, preview=preview,
        )  # fmt: skip

    async def request_repair(
        self, access: Access, no: str, *, sku: str, note: str = "", key: str, preview: bool = False
    ) -> Ticket:
        return await answered(
            SYSTEM, warranty.request_repair, self.url, access, no, sku=sku, note=note, key=key, preview=preview
        )

    async def report_problem(
        self, access: Access, no: str, *, sku: str, reason: str, note: str = "", key: str, preview: bool = False
    ) -> Ticket:
        return await answered(
            SYSTEM, requests_of_help.report_problem, self.url, access, no, sku=sku, reason=reason, note=note, key=key,
            preview=preview,
        )  # fmt: skip

    async def urge(self, access: Access, no: str, *, key: str, preview: bool = False) -> Ticket:
        return await answered(SYSTEM, requests_of_help.urge, self.url, access, no, key=key, preview=preview)

    async def open_ticket(
        self, access: Access, *, kind: str, note: str, order_no: str | None = None, phone: str | None = None, key: str
    ) -> Ticket:
        return await answered(
            SYSTEM, requests_of_help.open_ticket, self.url, access, kind=kind, note=note, order_no=order_no,
            phone=phone, key=key,
        )  # fmt: skip

    async def withdraw(self, access: Access, ticket_no: str, *, key: str, preview: bool = False) -> Ticket:
        return await answered(SYSTEM, tickets.withdraw, self.url, access, ticket_no, key=key, preview=preview)

    async def add_photo(self, access: Access, ticket_no: str, content: bytes) -> Photo:
        return await answered(SYSTEM, photos.add_photo, self.url, access, ticket_no, content)

    async def tickets(self, access: Access, order_no: str | None = None) -> list[Ticket]:
        return await answered(SYSTEM, tickets.tickets, self.url, access, order_no)

    async def ticket(self, access: Access, ticket_no: str) -> Ticket:
        return await answered(SYSTEM, tickets.ticket, self.url, access, ticket_no)

    async def refunds(self, access: Access, order_no: str) -> list[Refund]:
        return await answered(SYSTEM, refunds.refunds, self.url, access, order_no)

    async def protect_price(self, access: Access, no: str, *, key: str, preview: bool = False) -> Protection:
        return await answered(SYSTEM, protection.protect_price, self.url, access, no, key=key, preview=preview)

    async def request_invoice(
        self, access: Access, no: str, *, kind: str, title: str, tax_no: str | None = None, email: str | None = None,
        key: str, preview: bool = False,
    ) -> Invoice:  # fmt: skip
        return await answered(
            SYSTEM, invoices.request_invoice, self.url, access, no, kind=kind, title=title, tax_no=tax_no, email=email,
            key=key, preview=preview,
        )  # fmt: skip

    async def change_invoice(
        self, access: Access, invoice_no: str, *, title: str, tax_no: str | None = None, key: str, preview: bool = False
    ) -> Invoice:
        return await answered(
            SYSTEM, invoices.change_invoice, self.url, access, invoice_no, title=title, tax_no=tax_no, key=key,
            preview=preview,
        )  # fmt: skip

    async def invoices(self, access: Access, order_no: str) -> list[Invoice]:
        return await answered(SYSTEM, invoices.invoices, self.url, access, order_no)

    async def warranty(self, access: Access, no: str, sku: str) -> Warranty:
        return await answered(SYSTEM, warranty.warranty, self.url, access, no, sku)
