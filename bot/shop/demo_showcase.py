"""Customers of the demo: one whose orders show every rule of after-sale, a VIP, and one who never bought anything."""

from typing import Any

from bot.shop.demo_files import Row

GUIDE = {"id": "C0231", "name": "顾小满", "phone": "17000000231", "city": "上海", "created_at": "D-700T10:00"}
NEWCOMER = {"id": "C0232", "name": "闻新", "phone": "17000000232", "city": "成都", "created_at": "D-1T09:00"}
VIP = {"id": "C0233", "name": "安若平", "phone": "17000000233", "city": "北京", "created_at": "D-500T10:00"}
ACCOUNTS = {"demo-customer": GUIDE, "demo-newcomer": NEWCOMER, "demo-vip": VIP}
# What, status, days ago: ordered, shipped, signed; sku, quantity, discount.
_SHOWCASE: tuple[tuple[str, int, int | None, int | None, str, int, int], ...] = (
    ("pending_payment", 1, None, None, "P2001-05", 1, 0),
    ("paid", 1, None, None, "P2003-02", 1, 0),
    ("shipped", 3, 2, None, "P5004-01", 1, 0),
    ("delivered", 6, 5, 3, "P2008-01", 2, 0),
    ("delivered", 12, 11, 9, "P2004-01", 1, 0),
    ("completed", 30, 29, 26, "P2005-02", 1, 0),
    ("delivered", 5, 4, 2, "P3001-01", 2, 0),
    ("delivered", 4, 3, 2, "P3008-01", 1, 0),
    ("delivered", 5, 4, 3, "", 1, 0),  # a price that fell since: chosen from the prices
    ("refunding", 4, None, None, "P4004-01", 1, 0),
    ("refunded", 28, 27, 24, "P6003-01", 1, 0),
    ("delivered", 9, 8, 6, "P1006-01", 1, 0),
    ("completed", 402, 401, 399, "P5005-01", 1, 0),
    ("delivered", 8, 7, 5, "P2002-01", 1, 0),
    ("delivered", 10, 9, 7, "P5009-01", 1, 100),
)
# A customer who bought often and lately, and last a phone that has a successor: the VIP script of data/scripts.yml.
_OF_VIP: tuple[tuple[str, int, int | None, int | None, str, int, int], ...] = (
    ("completed", 85, 84, 81, "P3005-01", 2, 0),
    ("completed", 62, 61, 58, "P6004-01", 1, 0),
    ("completed", 44, 43, 40, "P5004-01", 1, 0),
    ("completed", 27, 26, 23, "P3001-01", 2, 0),
    ("delivered", 12, 11, 9, "P1003-01", 1, 0),
)


class Showcase:
    """Orders DX800000000001 and on, in the order of the tables above."""

    returned = "DX800000000014"  # has a return under way
    with_coupon = "DX800000000015"  # a coupon was used for it

    def __init__(self, prices: dict[str, list[tuple[int, float]]]) -> None:
        self.prices = prices

    def run(self, orders: list[Row], lines: list[Row], parcels: list[Row], cities: dict[str, str]) -> None:
        """Add orders, lines and parcels."""
        rows = [("demo-customer", row) for row in _SHOWCASE] + [("demo-vip", row) for row in _OF_VIP]
        for index, (account, (status, ordered, sent, signed, sku, quantity, discount)) in enumerate(rows, 1):
            customer = ACCOUNTS[account]
            no, sku = f"DX8{index:011d}", sku or self._fallen(ordered)
            price = ([p for day, p in sorted(self.prices[sku]) if day <= -ordered] or [self.prices[sku][0][1]])[-1]
            orders.append(
                {
                    "no": no, "customer_id": customer["id"], "channel": "rest", "account": account,
                    "status": status, "amount": f"{price * quantity - discount:.2f}", "discount": f"{discount:.2f}",
                    "created_at": f"D-{ordered}T{'22:00' if status == 'pending_payment' else '09:00'}",
                    "paid_at": "" if status == "pending_payment" else f"D-{ordered}T09:05",
                    "shipped_at": f"D-{sent}T17:00" if sent else "",
                    "delivered_at": f"D-{signed}T18:00" if signed else "",
                    "cancelled_at": f"D-{ordered}T20:00" if status == "refunding" else "",
                    "warehouse_id": "SH", "address": f"{customer['city']}滨河路88号",
                }
            )  # fmt: skip
            cities[no] = customer["city"]
            lines.append({"order_no": no, "sku": sku, "quantity": quantity, "price": f"{price:.2f}"})
            if sent:
                parcels.append(self._parcel(no, index, sent, signed, customer["city"]))

    def _fallen(self, ordered: int) -> str:
        """A sku that became cheaper after it was ordered."""
        for sku, prices in sorted(self.prices.items()):
            last, before = sorted(prices)[-1], sorted(prices)[-2]
            if -ordered < last[0] < 0 and last[1] < before[1]:
                return sku
        raise SystemExit("prices.csv 里没有最近几天降价的商品，演示不了价格保护，请给某个商品加一个 D-3 的低价")

    def _parcel(self, no: str, index: int, sent: int, signed: int | None, city: str) -> dict[str, Any]:
        steps = [f"D-{sent}T17:00 包裹已从上海仓库发出，顺路速运已揽收"]
        if signed:
            steps += [f"D-{signed}T09:30 快递员正在派送，请保持电话畅通", f"D-{signed}T18:00 已签收，签收人：本人"]
        else:
            steps.append(f"D-{sent - 1}T07:30 到达上海转运中心，正发往{city}")
        status = "delivered" if signed else "in_transit"
        return {
            "no": f"SL8{index:011d}", "order_no": no, "carrier": "顺路速运", "status": status, "traces": "|".join(steps)
        }  # fmt: skip
