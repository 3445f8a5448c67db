"""Makes the demo shop's customers, orders and parcels for the goods of a folder; the same goods give the same files.

Run `python -m bot.shop.demo data/shop` after changing products, prices or stock there. People and parcels are invented.
"""

import random
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from bot.shop.demo_files import Row, read, write
from bot.shop.demo_services import Services

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜"
_GIVEN = re.split(
    " ",
    "子涵 雨桐 浩然 思远 晓梅 建国 丽华 志强 欣怡 宇轩 秀英 国庆 佳琪 明辉 小燕 俊杰 婷婷 海燕 文博 雪 "
    "凯 静 磊 敏 洋 悦 一诺 若曦 立新 桂兰 梓萱 天佑 春生 美玲 家豪 晨曦 永强 素芬 亦菲 振华",
)
_STREETS = ("和平路", "解放大道", "人民路", "学府街", "滨河路", "青年路", "朝阳路", "建设路", "文化巷")
_CHANNELS = ("web", "wechat", "wecom", "feishu", "dingtalk")
_CARRIERS = {"顺路速运": "SL", "中原快递": "ZY", "云达物流": "YD"}
_HOME = {"BJ": "北京", "SH": "上海", "GZ": "广州", "CD": "成都"}
_KEEP = {"P1001-04"}  # the stock of the tour in the README: no open order touches it
CUSTOMERS, ORDERS = 230, 1150


class Demo:
    """One run of the generator."""

    def __init__(self, folder: Path) -> None:
        self.draw = random.Random(7)
        self.folder = folder
        self.variants = read(folder, "variants.csv")
        self.category = {row["id"]: row["category"] for row in read(folder, "products.csv")}
        self.cities = [row["name"] for row in read(folder, "cities.csv")]
        self.left = {(row["sku"], row["warehouse_id"]): int(row["on_hand"]) for row in read(folder, "stock.csv")}
        self.prices: dict[str, list[tuple[int, float]]] = {}
        for row in read(folder, "prices.csv"):
            day = int(row["valid_from"].removeprefix("D").split("T")[0])
            self.prices.setdefault(row["sku"], []).append((day, float(row["price"])))
        self.orders: list[Row] = []
        self.city_of: dict[str, str] = {}
        self.lines: list[Row] = []
        self.parcels: list[Row] = []

    def people(self) -> tuple[list[Row], list[Row]]:
        """Customers, and their accounts: one each, sometimes two."""
        customers, accounts = [], []
        for number in range(1, CUSTOMERS + 1):
            home = self.draw.choice(list(_HOME.values()) if self.draw.random() < 0.4 else self.cities)
            customers.append(
                {
                    "id": f"C{number:04d}",
                    "name": self.draw.choice(_SURNAMES) + self.draw.choice(_GIVEN),
                    "phone": f"1700000{self.draw.randrange(10) * 1000 + number:04d}",
                    "city": home,
                    "created_at": f"D-{self.draw.randrange(91, 900)}T{self._clock(8, 23)}",
                }
            )
            for channel in self.draw.sample(_CHANNELS, 2 if self.draw.random() < 0.25 else 1):
                accounts.append(
                    {"channel": channel, "account": f"demo-{channel}-{number:04d}", "customer_id": f"C{number:04d}"}
                )
        return customers, accounts

    def run(self) -> None:
        """Write customers, accounts, orders, order lines, parcels, coupons, tickets and refunds."""
        customers, accounts = self.people()
        cities = {row["id"]: row["city"] for row in customers}
        # A few customers buy most: without them nobody could be a VIP.
        weights = [1 / (1 + index % 40) + 0.15 for index in range(len(accounts))]
        numbers = self.draw.sample(range(10**11), ORDERS)
        for index in range(ORDERS):
            account = self.draw.choices(accounts, weights)[0]
            guest = self.draw.random() < 0.06
            if guest:
                account = {"channel": "web", "account": f"guest-{index:04d}", "customer_id": ""}
            city = self.draw.choice(self.cities) if guest else cities[account["customer_id"]]
            age = 1 + index * 90 // ORDERS
            self._order(f"DX9{numbers[index]:011d}", account, city, age)
        for line in self.lines:
            line["price"] = f"{line['price']:.2f}"
        Services(self.folder, self.prices).run(customers, accounts, self.orders, self.lines, self.parcels, self.city_of)
        for name, rows in {
            "customers.csv": customers,
            "accounts.csv": accounts,
            "orders.csv": self.orders,
            "order_lines.csv": self.lines,
            "parcels.csv": self.parcels,
        }.items():
            write(self.folder, name, rows)

    def _clock(self, first: int, last: int) -> str:
        return f"{self.draw.randrange(first, last):02d}:{self.draw.randrange(60):02d}"

    def _status(self, age: int) -> str:
        choices: dict[str, float]
        if age <= 1:
            choices = {"pending_payment": 3, "paid": 6, "cancelled": 1}
        elif age <= 2:
            choices = {"paid": 4, "shipped": 6, "cancelled": 1}
        elif age <= 5:
            choices = {"shipped": 6, "delivered": 3, "cancelled": 1, "refunding": 0.4}
        elif age <= 14:
            choices = {"delivered": 7, "completed": 2, "cancelled": 0.7, "refunding": 0.6, "shipped": 0.3}
        else:
            choices = {"completed": 9, "cancelled": 0.8, "refunded": 0.7}
        return self.draw.choices(list(choices), list(choices.values()))[0]

    def _order(self, no: str, account: Row, city: str, age: int) -> None:
        self.city_of[no] = city
        status, warehouse = self._status(age), self.draw.choice(list(_HOME))
        lines = self._basket(no, warehouse, age, holds=status in ("pending_payment", "paid"))
        if not lines:
            status, lines = "cancelled", self._basket(no, warehouse, age, holds=False)
        amount = sum(line["price"] * line["quantity"] for line in lines)
        discount = self._discount(lines)
        sent = status not in ("pending_payment", "paid", "cancelled")
        send_day = -max(age - 1, 1) if age > 1 else -1
        came = status in ("delivered", "completed", "refunding", "refunded")
        day = min(send_day + self.draw.randrange(2, 5), -1)
        row = {
            "no": no,
            "customer_id": account["customer_id"],
            "channel": account["channel"],
            "account": account["account"],
            "status": status,
            "amount": f"{amount - discount:.2f}",
            "discount": f"{discount:.2f}",
            "created_at": f"D-{age}T{self._clock(8, 14)}",
            "paid_at": "" if status in ("pending_payment", "cancelled") else f"D-{age}T{self._clock(14, 15)}",
            "shipped_at": f"D{send_day}T{self._clock(16, 18)}" if sent else "",
            "delivered_at": f"D{day}T{self._clock(19, 22)}" if came else "",
            "cancelled_at": f"D-{age}T{self._clock(15, 23)}" if status == "cancelled" else "",
            "warehouse_id": warehouse,
            "address": f"{city}{self.draw.choice(_STREETS)}{self.draw.randrange(1, 300)}号",
        }
        if status == "pending_payment":
            row["created_at"] = f"D-{age}T{self._clock(20, 24)}"
        self.orders.append(row)
        self.lines += lines
        if sent:
            self._parcel(row, city, send_day, day if came else None)

    def _basket(self, no: str, warehouse: str, age: int, holds: bool) -> list[Row]:
        lines = []
        for variant in self.draw.sample(self.variants, self.draw.choices([1, 2, 3], [7, 2, 1])[0]):
            sku = variant["sku"]
            quantity = self.draw.choices([1, 2, 3], [8, 2, 1])[0]
            if holds and (sku in _KEEP or self.left.get((sku, warehouse), 0) < quantity + 5):
                continue
            if holds:
                self.left[sku, warehouse] -= quantity
            price = [price for day, price in sorted(self.prices[sku]) if day <= -age][-1]
            lines.append({"order_no": no, "sku": sku, "quantity": quantity, "price": price})
        return lines

    def _discount(self, lines: Iterable[Row]) -> float:
        names = {variant["sku"]: self.category[variant["product_id"]] for variant in self.variants}
        spent: dict[str, float] = {}
        for line in lines:
            spent[names[line["sku"]]] = spent.get(names[line["sku"]], 0) + line["price"] * line["quantity"]
        return 40 * (spent.get("服饰", 0) >= 300) + 10 * (spent.get("食品", 0) >= 99)

    def _parcel(self, order: Row, city: str, sent: int, came: int | None) -> None:
        carrier = self.draw.choice(list(_CARRIERS))
        origin = _HOME[order["warehouse_id"]]
        steps = [f"{order['shipped_at']} 包裹已从{origin}仓库发出，{carrier}已揽收"]
        last = came if came is not None else -1
        stuck = came is None and order["status"] == "shipped" and sent < -5
        if last > sent and not stuck:
            steps.append(f"D{sent + 1}T{self._clock(6, 9)} 到达{origin}转运中心，正发往{city}")
        if came is not None:
            steps += [
                f"D{came}T{self._clock(9, 12)} 快递员正在派送，请保持电话畅通",
                f"{order['delivered_at']} 已签收，签收人：本人",
            ]
        elif last > sent + 1 and not stuck:
            steps.append(f"D{last}T{self._clock(12, 22)} 到达{city}营业点，等待派送")
        status = "exception" if stuck else "delivered" if came is not None else "in_transit"
        self.parcels.append(
            {
                "no": f"{_CARRIERS[carrier]}{self.draw.randrange(10**11, 10**12)}",
                "order_no": order["no"],
                "carrier": carrier,
                "status": status,
                "traces": "|".join(steps),
            }
        )


if __name__ == "__main__":
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "variants.csv").is_file():
        sys.exit("用法：python -m bot.shop.demo data/shop（文件夹里要有 variants.csv 等商品文件）")
    Demo(Path(sys.argv[1])).run()
