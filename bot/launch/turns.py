"""What the customer of `make bench-turn` says: questions answered from the shop's data, and a whole order."""

from collections.abc import Iterator
from itertools import product as every

PRODUCTS = ("iPhone 14 256G", "iPhone 14 128G", "iPhone 13 128G", "iPhone 14 256G 午夜色")
# Each question in several wordings. With the products there are more than a run asks, so that none is answered from
# the encoder's cache; the short answers inside the form repeat, as they do in a shop.
WORDINGS = {
    "价格": ("{p}多少钱", "{p}什么价", "想问下{p}现在卖多少钱", "{p}价格是多少呢", "请问{p}要多少钱啊"),
    "现货": ("{p}有现货吗", "{p}还有货没", "想问一下{p}有没有货", "请问{p}现在有货吗", "{p}库存还有吗"),
    "参数": ("{p}防水吗", "{p}屏幕多大", "{p}支持5G吗", "请问{p}电池容量多少", "{p}支持快充吗"),
    "发货": ("{p}什么时候发货", "{p}今天能发货吗", "请问{p}多久发货", "{p}几天能到", "买了{p}多久能收到"),
    "订单": ("我的订单到哪了", "帮我查一下订单状态", "我买的东西发货了没有", "看看我的订单", "查下我的快递"),
}


def conversations(rounds: int) -> Iterator[list[tuple[str, str]]]:
    """`rounds` conversations of (step, message): questions, then stock, yes, yes (an order), and the order's state."""
    pairs = list(every(range(5), PRODUCTS))
    for number in range(rounds):
        wording, name = pairs[number % len(pairs)]
        ask = {step: texts[wording].format(p=name) for step, texts in WORDINGS.items()}
        steps = [(step, ask[step]) for step in ("价格", "参数", "发货", "现货")]
        yield [*steps, ("确认", "是的"), ("下单", "是的"), ("订单", ask["订单"])]
