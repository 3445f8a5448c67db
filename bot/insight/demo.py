"""Three months of invented conversations around the demo shop's orders, so that every page has something to show.

The same shop, day and seed give the same events. Customers' words are the corpus's own example lines.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import yaml
from sqlalchemy import select

from bot import clock
from bot.db import reading
from bot.events import Event, add, last_seq
from bot.experiments import load_experiments, variant_of
from bot.insight import improvements
from bot.insight.projection import refresh
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import ROOT, Settings, read_yaml
from bot.shop.trade_tables import AccountRow, OrderRow

DAYS, A_DAY = 90, 45
_AGENTS = ("demo-lin", "demo-zhao", "demo-chen", "demo-wu")
# How often a matter is asked, relative to the others; unnamed ones count 1.
_WEIGHTS = {
    "ask_stock": 8, "ask_price": 5, "ask_product_info": 6, "ask_promotion": 5, "ask_delivery_time": 6, "place_order": 3,
    "track_logistics": 9, "check_order": 4, "urge_delivery": 4, "return_goods": 4, "ask_refund": 4, "cancel_order": 3,
    "report_item_problem": 3, "ask_invoice": 3, "change_order": 3, "complain_service": 2,
}  # fmt: skip
# Matters that a flow of the bot settles, with how often it comes to done, left and failed.
_FLOWS = {"place_order", "return_goods", "cancel_order", "change_order", "ask_invoice", "report_item_problem"}
_OUTCOMES = {"done": 82, "left": 12, "failed": 6}
_SHOWN = "demo_welcome"  # the experiment of data/experiments.yml that the demo's customers took part in
_STARS = {"impatient": (22, 18, 20, 25, 15), "others": (1, 2, 9, 33, 55)}
# By the hour: quiet nights, a peak after lunch and one in the evening.
_HOURS = (1, 1, 0, 0, 0, 0, 1, 2, 5, 8, 10, 9, 7, 8, 9, 8, 8, 7, 7, 9, 11, 10, 7, 3)


@dataclass(frozen=True)
class _Visit:
    channel: str
    account: str
    at: datetime
    intent: str
    buys: bool = False


def fill(settings: Settings, days: int = DAYS, per_day: int = A_DAY) -> int:
    """Fill an empty event store with demo conversations and bring the figures up to date; how many events."""
    if last_seq(settings.events_url):
        return 0
    count = 0
    batch: list[Event] = []
    for event in demo_events(settings.shop_url, days, per_day):
        batch.append(event)
        count += 1
        if len(batch) == 5000:
            add(settings.events_url, batch)
            batch = []
    add(settings.events_url, batch)
    refresh(settings)
    _improve(settings.events_url)
    return count


def _improve(url: str) -> None:
    today = clock.local(clock.now()).date()
    for line in read_yaml(ROOT / "data" / "insight" / "demo_improvements.yml"):
        due = today + timedelta(days=line.pop("due_days"))
        improvements.save(url, due=due, **line)


def demo_events(shop_url: str, days: int = DAYS, per_day: int = A_DAY, seed: int = 7) -> Iterator[Event]:
    """The events of the last `days` days up to an hour ago, in the order of the visits."""
    draw = random.Random(seed)
    words = _lines()
    visits = [*_before_orders(shop_url, days, draw), *_others(shop_url, days, per_day, draw, list(words))]
    for visit in sorted(visits, key=lambda v: (v.at, v.account)):
        yield from _Told(visit, draw, words).events()


def _before_orders(shop_url: str, days: int, draw: random.Random) -> Iterator[_Visit]:
    begin = clock.now() - timedelta(days=days)
    query = select(OrderRow).where(OrderRow.created_at >= begin).order_by(OrderRow.created_at, OrderRow.no)
    with reading(shop_url) as session:
        orders = session.execute(query).scalars().all()
    intents = ("ask_stock", "ask_price", "ask_product_info", "ask_promotion", "recommend_product", "ask_size")
    for order in orders:
        if draw.random() < 0.35:  # most orders are placed without a word
            at = order.created_at - timedelta(minutes=draw.uniform(2, 90))
            yield _Visit(order.channel, order.account, at, draw.choice(intents), buys=True)


def _others(shop_url: str, days: int, per_day: int, draw: random.Random, intents: Sequence[str]) -> Iterator[_Visit]:
    with reading(shop_url) as session:
        rows = session.execute(select(AccountRow).order_by(AccountRow.channel, AccountRow.account)).scalars()
        accounts = [(row.channel, row.account) for row in rows] or [("web", "demo-guest")]
    weights = [_WEIGHTS.get(intent, 1) for intent in intents]
    newest = clock.now() - timedelta(hours=1)
    today = clock.local(clock.now()).date()
    for back in range(days, -1, -1):
        day = today - timedelta(days=back)
        busy = per_day * (1.25 if day.weekday() >= 5 else 1.0) * draw.uniform(0.8, 1.2)
        for number in range(round(busy)):
            hour = draw.choices(range(24), _HOURS)[0]
            start = datetime.combine(day, time(hour), clock.shop_zone()) + timedelta(seconds=draw.randrange(3600))
            guest = draw.random() < 0.55
            channel, account = ("web", f"demo-guest-{day:%m%d}-{number:03}") if guest else draw.choice(accounts)
            if start < newest:
                yield _Visit(channel, account, start, draw.choices(intents, weights)[0])


class _Told:
    """Tells one visit as its events."""

    def __init__(self, visit: _Visit, draw: random.Random, words: dict[str, list[str]]) -> None:
        self.visit, self.draw, self.words = visit, draw, words
        self.at = visit.at
        self.base = load_taxonomy().base_of[visit.intent]
        self.mood = draw.choices(("impatient", "hesitant", "satisfied", "calm"), self._moods())[0]

    def _moods(self) -> tuple[int, ...]:
        return {"complaint": (55, 3, 2, 40), "aftersale": (16, 4, 10, 70)}.get(self.base, (5, 18, 12, 65))

    def events(self) -> Iterator[Event]:
        yield self._event("session.started")
        draw = self.draw
        tried = load_experiments().get(_SHOWN)
        if tried is not None:
            variant = variant_of(_SHOWN, tried, f"{self.visit.channel}/{self.visit.account}")
            yield self._event("experiment.exposed", "bot", experiment=_SHOWN, variant=variant)
        for turn in range(draw.choices((1, 2, 3, 4), (4, 4, 2, 1))[0]):
            self._pass(draw.uniform(4, 40) if turn else 0)
            understood = draw.random() < 0.9
            yield self._says(understood)
            self._pass(draw.lognormvariate(-0.6, 0.7))
            yield self._event("message.bot", "bot", text="（演示）机器人的回答", response=f"utter_{self.visit.intent}")
        if self.visit.intent in _FLOWS:
            (outcome,) = draw.choices(list(_OUTCOMES), list(_OUTCOMES.values()))
            yield self._event("task.done", "bot", flow=self.visit.intent, outcome=outcome)
        if self._needs_person():
            yield from self._with_agent()
        if draw.random() < 0.35:
            self._pass(draw.uniform(5, 60))
            stars = draw.choices((1, 2, 3, 4, 5), _STARS.get(self.mood, _STARS["others"]))
            yield self._event("rating", "customer", stars=stars[0], solved=draw.random() < 0.6 + stars[0] * 0.08)

    def _says(self, understood: bool) -> Event:
        score = {"impatient": self.draw.choice((1, 2, 2)), "hesitant": 3, "satisfied": self.draw.choice((4, 4, 5))}
        return self._event(
            "message.customer",
            "customer",
            text=self.draw.choice(self.words[self.visit.intent]),
            intent=self.visit.intent if understood else "nlu_fallback",
            confidence=round(self.draw.uniform(0.86, 0.99) if understood else self.draw.uniform(0.3, 0.84), 4),
            base_intent=self.base,
            emotion=self.mood,
            score=score.get(self.mood, 3),
        )

    def _needs_person(self) -> bool:
        if self.visit.buys:
            return False
        return self.draw.random() < {"complaint": 0.7, "aftersale": 0.14}.get(self.base, 0.04)

    def _with_agent(self) -> Iterator[Event]:
        draw, asked = self.draw, self.at
        reason = "complaint" if self.base == "complaint" else draw.choice(("request_human", "nlu_fallback", "rule"))
        yield self._event("handoff.requested", "bot", reason=reason, category=self.base)
        self._pass(draw.lognormvariate(2.6, 0.6))
        agent, wait = draw.choice(_AGENTS), round((self.at - asked).total_seconds() * 1000)
        if self.base == "complaint" and wait > 30_000:
            yield self._event("sla.breached", limit_s=30, level="agent")
        yield self._event("handoff.assigned", agent, agent=agent, wait_ms=wait)
        for _ in range(draw.randrange(1, 5)):
            self._pass(draw.uniform(5, 35))
            yield self._event("message.agent", agent, agent=agent, text="（演示）客服的回答")
            self._pass(draw.uniform(5, 60))
            yield self._event(
                "message.customer", "customer", text="好的", intent="affirm", base_intent="other", score=3
            )
        yield self._event("conversation.closed", agent, by="agent")

    def _pass(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def _event(self, kind: str, actor: str = "", **data: object) -> Event:
        return Event(kind, self.visit.account, self.at, channel=self.visit.channel, actor=actor, data=data)


def _lines() -> dict[str, list[str]]:
    """Business intent → some example lines of the corpus, without those of small talk."""
    found: dict[str, list[str]] = {}
    for base in ("presale", "aftersale", "complaint"):
        for path in sorted((ROOT / "data" / "nlu" / base).glob("*.yml")):
            for block in yaml.safe_load(path.read_text(encoding="utf8"))["nlu"][:1]:
                lines = [line.removeprefix("- ") for line in block["examples"].splitlines() if line.startswith("- ")]
                found[block["intent"]] = lines[:80]
    return found
