"""What the web server does by itself: stock of unpaid orders comes back."""

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from bot import clock
from bot.desk.server import Site, create_app
from bot.settings import Settings
from bot.shop import availability, find_order, place_order, upgrade_and_seed

SKU = "P1001-04"


async def test_an_order_not_paid_in_time_gives_its_stock_back(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    url = settings.shop_url
    upgrade_and_seed(url, progress=lambda _: None)
    before = availability(url, SKU).total
    late = datetime.now(timezone.utc) - timedelta(minutes=settings.operations.orders.pay_minutes + 1)
    with clock.freeze(late):
        order = place_order(url, channel="rest", account="me", sku=SKU, quantity=2, idempotency_key="k")
    assert availability(url, SKU).total == before - 2
    async with TestClient(TestServer(create_app(Site(settings)))):
        for _ in range(100):
            found = find_order(url, order.no)
            if found and found.status == "cancelled":
                break
            await asyncio.sleep(0.1)
    assert found and found.status == "cancelled"
    assert availability(url, SKU).total == before
