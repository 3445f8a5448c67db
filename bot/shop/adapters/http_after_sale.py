"""After-sale as an HTTP service; the order of every request is checked before."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from bot.shop.access import Access, plain_number
from bot.shop.adapters.http import HttpOrders
from bot.shop.adapters.http_api import HttpApi
from bot.shop.adapters.in_time import in_time
from bot.shop.errors import SystemDown
from bot.shop.service_views import Invoice, Photo, Protection, Refund, Ticket, Warranty


@dataclass(frozen=True)
class HttpAfterSale:
    """`AfterSale` behind HTTP."""

    api: HttpApi
    orders: HttpOrders

    async def request_return(
        self, access: Access, no: str, *, sku: str, quantity: int = 1, reason: str = "no_reason", opened: bool = False,
        note: str = "", key: str, preview: bool = False,
    ) -> Ticket:  # fmt: skip
        body = {"sku": sku, "quantity": quantity, "reason": reason, "opened": opened, "note": note}
        done: Ticket = await self._for_order("request_return", access, no, body, key, preview)
        return done

    async def request_exchange(
        self, access: Access, no: str, *, sku: str, new_sku: str, quantity: int = 1, reason: str = "other",
        note: str = "", key: str, preview: bool = False,
    ) -> Ticket:  # fmt: skip
        body = {"sku": sku, "new_sku": new_sku, "quantity": quantity, "reason": reason, "note": note}
        done: Ticket = await self._for_order("request_exchange", access, no, body, key, preview)
        return done

    async def request_repair(
        self, access: Access, no: str, *, sku: str, note: str = "", key: str, preview: bool = False
    ) -> Ticket:
        body = {"sku": sku, "note": note}
        done: Ticket = await self._for_order("request_repair", access, no, body, key, preview)
        return done

    async def report_problem(
        self, access: Access, no: str, *, sku: str, reason: str, note: str = "", key: str, preview: bool = False
    ) -> Ticket:
        body = {"sku": sku, "reason": reason, "note": note}
        done: Ticket = await self._for_order("report_problem", access, no, body, key, preview)
        return done

    async def urge(self, access: Access, no: str, *, key: str, preview: bool = False) -> Ticket:
        done: Ticket = await self._for_order("urge", access, no, {}, key, preview)
        return done

    @in_time
    async def open_ticket(
        self, access: Access, *, kind: str, note: str, order_no: str | None = None, phone: str | None = None, key: str
    ) -> Ticket:
        number = (await self.orders.find(access, order_no)).no if order_no else None
        body = {"kind": kind, "note": note, "order_no": number, "phone": phone}
        done: Ticket = await self.api.call("open_ticket", body=body, access=access, key=key)
        return done

    @in_time
    async def withdraw(self, access: Access, ticket_no: str, *, key: str, preview: bool = False) -> Ticket:
        seen = await self.ticket(access, ticket_no)
        done: Ticket = await self.api.call(
            "withdraw", path={"no": seen.no}, body={}, access=access, key=key, preview=preview
        )
        return done

    @in_time
    async def add_photo(self, access: Access, ticket_no: str, content: bytes) -> Photo:
        seen = await self.ticket(access, ticket_no)
        body = {"content": base64.b64encode(content).decode()}
        key = f"{seen.no}:{hashlib.sha256(content).hexdigest()}"  # the same picture twice is stored once
        done: Photo = await self.api.call("add_photo", path={"no": seen.no}, body=body, access=access, key=key)
        return done

    @in_time
    async def tickets(self, access: Access, order_no: str | None = None) -> list[Ticket]:
        number = (await self.orders.find(access, order_no)).no if order_no else None
        found: list[Ticket] = await self.api.call("tickets", query={"order_no": number}, access=access)
        if number is not None:
            return [ticket for ticket in found if ticket.order_no == number]
        own = {order.no for order in await self.orders.mine(access, limit=100)}
        return [ticket for ticket in found if ticket.order_no is None or ticket.order_no in own]

    @in_time
    async def ticket(self, access: Access, ticket_no: str) -> Ticket:
        number = plain_number(ticket_no)
        found: Ticket = await self.api.call("ticket", path={"no": number}, access=access)
        if found.no != number:
            raise SystemDown(self.api.system, "答复的是另一个服务单")
        if found.order_no is not None:
            await self.orders.find(access, found.order_no)
        return found

    async def refunds(self, access: Access, order_no: str) -> list[Refund]:
        found: list[Refund] = await self._for_order("refunds", access, order_no)
        return found

    async def protect_price(self, access: Access, no: str, *, key: str, preview: bool = False) -> Protection:
        done: Protection = await self._for_order("protect_price", access, no, {}, key, preview)
        return done

    async def request_invoice(
        self, access: Access, no: str, *, kind: str, title: str, tax_no: str | None = None, email: str | None = None,
        key: str, preview: bool = False,
    ) -> Invoice:  # fmt: skip
        body = {"kind": kind, "title": title, "tax_no": tax_no, "email": email}
        done: Invoice = await self._for_order("request_invoice", access, no, body, key, preview)
        return done

    @in_time
    async def change_invoice(
        self, access: Access, invoice_no: str, *, title: str, tax_no: str | None = None, key: str, preview: bool = False
    ) -> Invoice:
        path, body = {"no": plain_number(invoice_no)}, {"title": title, "tax_no": tax_no}
        # Whose invoice it is, only the system knows before it answers: ask for a preview first.
        seen: Invoice = await self.api.call(
            "change_invoice", path=path, body=body, access=access, key=key, preview=True
        )
        await self.orders.find(access, seen.order_no)
        if preview:
            return seen
        done: Invoice = await self.api.call("change_invoice", path=path, body=body, access=access, key=key)
        return done

    async def invoices(self, access: Access, order_no: str) -> list[Invoice]:
        found: list[Invoice] = await self._for_order("invoices", access, order_no)
        return found

    async def warranty(self, access: Access, no: str, sku: str) -> Warranty:
        found: Warranty = await self._for_order("warranty", access, no, query={"sku": sku})
        return found

    @in_time
    async def _for_order(
        self, name: str, access: Access, no: str, body: dict[str, Any] | None = None, key: str | None = None,
        preview: bool = False, query: dict[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        order = await self.orders.find(access, no)
        return await self.api.call(
            name, path={"no": order.no}, query=query, body=body, access=access, key=key, preview=preview
        )
