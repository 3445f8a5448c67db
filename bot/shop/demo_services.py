"""The demo's services: shipping fees, payment, coupons, tickets and refunds, and one customer who shows every rule."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bot.shop import feed_cells as cell
from bot.shop.demo_files import Row, read, write
from bot.shop.demo_showcase import ACCOUNTS, GUIDE, NEWCOMER, VIP, Showcase
from bot.shop.presale.carriage import ELSEWHERE, fee_fen, grams_of


class Services:
    """One run over the generated trade of a folder."""

    def __init__(self, folder: Path, prices: dict[str, list[tuple[int, float]]]) -> None:
        self.draw = random.Random(11)
        self.folder, self.prices = folder, prices
        self.products = {row["id"]: row for row in read(folder, "products.csv")}
        self.product_of = {row["sku"]: self.products[row["product_id"]] for row in read(folder, "variants.csv")}
        self.provinces = {row["name"]: row["province"] for row in read(folder, "cities.csv")}
        self.rules = {(row["warehouse_id"], row["region"]): row for row in read(folder, "shipping_rules.csv")}
        self.coupons: list[Row] = []
        self.tickets: list[Row] = []
        self.refunds: list[Row] = []

    def run(
        self, customers: list[Row], accounts: list[Row], orders: list[Row], lines: list[Row], parcels: list[Row],
        cities: dict[str, str],
    ) -> None:  # fmt: skip
        """Add the columns and rows of the services; `cities` maps an order's number to its city."""
        customers += [dict(GUIDE), dict(NEWCOMER), dict(VIP)]
        accounts += [{"channel": "rest", "account": a, "customer_id": c["id"]} for a, c in ACCOUNTS.items()]
        showcase = Showcase(self.prices)
        showcase.run(orders, lines, parcels, cities)
        goods: dict[str, list[Row]] = {}
        for line in lines:
            goods.setdefault(line["order_no"], []).append(line)
        for order in orders:
            if order["no"] == showcase.returned:
                self._ticket(order, goods[order["no"]][0], "return", "approved", "no_reason", True, "不喜欢这个颜色")
            if order["no"] == showcase.with_coupon:
                self._coupon("CP-HOME", GUIDE["id"], "D-15T08:00", order["created_at"], order["no"])
            self._fill(order, goods[order["no"]], cities[order["no"]])
        self._give_coupons(customers)
        write(self.folder, "coupons.csv", self.coupons)
        write(self.folder, "service_tickets.csv", self.tickets)
        write(self.folder, "refunds.csv", self.refunds)

    def _fill(self, order: Row, goods: list[Row], city: str) -> None:
        paid = order["status"] not in ("pending_payment", "cancelled")
        method = self.draw.choices(("wechat", "alipay", "card"), (6, 3, 1))[0]
        fee = self._fee(order, goods, city)
        order |= {
            "amount": f"{float(order['amount']) + fee / 100:.2f}",
            "city": city,
            "phone": "" if order["customer_id"] else f"1700009{self.draw.randrange(10000):04d}",
            "pay_method": method if paid else "",
            "shipping": f"{fee / 100:.2f}",
        }
        if order["status"] in ("refunding", "refunded"):
            self._refund(order, "cancel" if order["cancelled_at"] else "return", order["amount"])
        elif order["customer_id"] == VIP["id"]:
            return  # nothing under way: the demo's VIP can be erased in the chat
        elif order["status"] in ("delivered", "completed") and self.draw.random() < 0.03:
            kind, reason = self.draw.choice((("repair", "quality"), ("problem", "damaged"), ("complaint", "other")))
            self._ticket(order, goods[0], kind, self.draw.choice(("submitted", "approved", "done")), reason, False, "")

    def _fee(self, order: Row, goods: list[Row], city: str) -> int:
        rule = (
            self.rules.get((order["warehouse_id"], self.provinces[city]))
            or self.rules[order["warehouse_id"], ELSEWHERE]
        )
        terms = SimpleNamespace(
            first_grams=int(rule["first_grams"]), step_grams=int(rule["step_grams"]),
            first_fen=cell.fen(rule["first_fee"]), step_fen=cell.fen(rule["step_fee"]),
            free_over_fen=cell.fen(rule["free_over"]) if rule["free_over"] else None,
        )  # fmt: skip
        grams = sum(self._grams(line["sku"]) * int(line["quantity"]) for line in goods)
        return fee_fen(terms, grams, cell.fen(order["amount"]))

    def _grams(self, sku: str) -> int:
        product = self.product_of[sku]
        return grams_of(product["category"], cell.pairs(product["parameters"]))

    def _refund(self, order: Row, kind: str, amount: str, ticket_no: str = "", stage: str = "") -> None:
        start = order["cancelled_at"] or order["delivered_at"]
        stage = stage or ("arrived" if order["status"] == "refunded" else "processing")
        self.refunds.append(
            {
                "no": f"TK8{len(self.refunds) + 1:011d}", "order_no": order["no"], "ticket_no": ticket_no,
                "kind": kind, "amount": amount, "channel": order.get("pay_method") or "wechat", "stage": stage,
                "created_at": start, "expected_at": "" if stage == "waiting_return" else _later(start, 3),
            }
        )  # fmt: skip

    def _ticket(self, order: Row, line: Row, kind: str, status: str, reason: str, back: bool, note: str) -> None:
        no = f"SH8{len(self.tickets) + 1:011d}"
        start = order["delivered_at"]
        self.tickets.append(
            {
                "no": no, "kind": kind, "order_no": order["no"], "sku": line["sku"], "quantity": 1,
                "customer_id": order["customer_id"], "channel": order["channel"], "account": order["account"],
                "status": status, "reason": reason, "note": note, "created_at": start,
                "promised_at": _later(start, 1) if status == "submitted" else "",
            }
        )  # fmt: skip
        if back:
            self._refund(order, "return", line["price"], no, "waiting_return")

    def _give_coupons(self, customers: list[Row]) -> None:
        for customer in [*self.draw.sample(customers[:-3], 60), GUIDE]:
            self._coupon("CP-BEAUTY", customer["id"], f"D-{self.draw.randrange(1, 7)}T12:00", "", "")

    def _coupon(self, promotion: str, customer: Any, claimed: str, used: str, order_no: str) -> None:
        no = f"YH8{len(self.coupons) + 1:011d}"
        self.coupons.append(
            {
                "id": no, "promotion_id": promotion, "customer_id": customer, "claimed_at": claimed,
                "used_at": used, "order_no": order_no,
            }
        )  # fmt: skip


def _later(moment: str, days: int) -> str:
    """ "D-3T18:00" some days later."""
    day, _, clock = moment.removeprefix("D").partition("T")
    return f"D{int(day) + days:+d}T{clock}"
