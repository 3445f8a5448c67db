"""Who writes and which orders that opens; tries are counted, also in a race."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from small_shop import beijing
from sqlalchemy import func, select

from bot.clock import freeze, now
from bot.db import reading
from bot.settings import get_settings
from bot.shop import Access, Grant, NotFound, SystemDown, forget_old, owner_check
from bot.shop.adapters import identify, leave_callback, open_access, systems, verify_owner
from bot.shop.adapters.local import LocalOrders
from bot.shop.identity_tables import GrantRow, TryRow
from bot.shop.order_views import order_for, orders_for
from bot.shop.service_tables import TicketRow

pytestmark = pytest.mark.usefixtures("service_url")


async def test_an_account_is_its_customer_and_a_guest_is_nobody() -> None:
    customer = await identify("wechat", "x1")
    assert customer is not None
    assert (customer.id, customer.name, customer.orders) == ("C1", "王测试", 8)
    assert await identify("web", "stranger") is None
    assert (await open_access("web", "w1")).customer_id == "C1"


def test_the_systems_stay_until_the_settings_change(monkeypatch: pytest.MonkeyPatch) -> None:
    found = systems()
    assert systems() is found
    with monkeypatch.context() as changed:
        changed.setenv("DIANXIAOER_SHOP_URL", "sqlite:///another.db")
        get_settings.cache_clear()
        assert systems() is not found
    get_settings.cache_clear()
    assert systems() is found
    monkeypatch.setattr(get_settings(), "shop_url", "sqlite:///another.db")
    assert systems() is not found


@pytest.mark.parametrize(
    ("access", "no", "seen"),
    [
        (Access("web", "w1", "C1"), "A2", True),
        (Access("wechat", "x1", "C1"), "A2", True),  # the same customer elsewhere
        (Access("web", "w1", "C1"), " ａ2 ", True),  # full width, lower case, blanks
        (Access("web", "guest9"), "G9", True),
        (Access("wechat", "guest9"), "G9", False),  # the name of an account counts only in its channel
        (Access("web", "w2", "C2"), "A2", False),
        (Access("web", "stranger"), "A2", False),
        (Access("web", "stranger"), "DX404", False),
        (Access("web", "w1", ""), "B1", False),
        (None, "A2", False),
        ({"channel": "web", "account": "w1"}, "A2", False),
    ],
)
def test_an_order_is_seen_only_by_its_owner(service_url: str, access: Access, no: str, seen: bool) -> None:
    if seen:
        assert order_for(service_url, access, no).no == no.strip().replace("ａ", "A")
    else:
        with pytest.raises(NotFound) as refused:
            order_for(service_url, access, no)
        assert str(refused.value) == str(NotFound("order", "X"))  # the words never tell what exists


def test_a_guests_orders_are_not_everybodys(service_url: str) -> None:
    """Both the guest's order and a nameless account have no customer: that is no kinship."""
    assert orders_for(service_url, Access("web", "nobody", None)) == []
    with pytest.raises(NotFound):
        order_for(service_url, Access("web", "nobody", None), "G9")


def test_two_nobodies_are_not_the_same(service_url: str) -> None:
    for access in (Access("", ""), Access("web", "", "")):
        owner = Access("", "", "")
        assert not access.may_use("A2", owner)


async def test_a_call_back_is_kept_when_a_system_is_down(service_url: str) -> None:
    """Neither the customer nor the order need be known to the shop's own tables."""
    access = Access("web", "w1", "known-elsewhere")
    ticket = await leave_callback(access, phone="17000000001", note="想改 DX99 的地址", key="k")
    assert await leave_callback(access, phone="17000000001", note="想改 DX99 的地址", key="k") == ticket
    assert (ticket.kind, ticket.note) == ("callback", "想改 DX99 的地址")
    with reading(service_url) as session:
        assert session.get(TicketRow, ticket.no).customer_id is None


def test_a_grant_opens_one_order_until_it_runs_out(service_url: str) -> None:
    grant = Grant("A2", now() + timedelta(minutes=5))
    access = Access("web", "stranger", grants=(grant,))
    assert order_for(service_url, access, "A2").no == "A2"
    assert [order.no for order in orders_for(service_url, access)] == ["A2"]
    with pytest.raises(NotFound):
        order_for(service_url, access, "A4")
    with freeze(now() + timedelta(minutes=5)), pytest.raises(NotFound):
        order_for(service_url, access, "A2")


async def test_number_and_phone_open_the_order_for_a_while() -> None:
    granted = await verify_owner("web", "stranger", " a2", "０００1")
    assert granted.status == "granted"
    assert granted.expires_at == now() + timedelta(minutes=30)
    access = await open_access("web", "stranger")
    assert (await systems().orders.find(access, "A2")).no == "A2"
    with pytest.raises(NotFound):
        await systems().orders.find(await open_access("web", "another"), "A2")
    with freeze(now() + timedelta(minutes=30)):
        assert (await open_access("web", "stranger")).grants == ()


async def test_a_guests_order_is_opened_by_its_own_phone() -> None:
    assert (await verify_owner("web", "stranger", "G9", "0999")).status == "granted"


@pytest.mark.parametrize(("no", "last4"), [("A2", "9999"), ("DX404", "0001"), ("DX2", "0000")])
async def test_wrong_says_nothing_about_what_is_wrong(no: str, last4: str) -> None:
    """A wrong phone, an order that does not exist and one without a phone look alike."""
    answer = await verify_owner("web", "stranger", no, last4)
    assert (answer.status, answer.tries_left) == ("wrong", 4)
    assert (await open_access("web", "stranger")).grants == ()


@pytest.mark.parametrize(
    ("no", "last4"), [("A2", "001"), ("A2", "00001"), ("A2", "abcd"), ("", "0001"), ("A2'--", "1")]
)
async def test_what_cannot_be_compared_is_no_try(no: str, last4: str, service_url: str) -> None:
    assert (await verify_owner("web", "stranger", no, last4)).status == "malformed"
    with reading(service_url) as session:
        assert session.scalar(select(func.count()).select_from(TryRow)) == 0


async def test_an_account_has_five_tries_in_an_hour() -> None:
    left = [(await verify_owner("web", "thief", f"X{n:03}", "1234")).tries_left for n in range(5)]
    assert left == [4, 3, 2, 1, 0]
    locked = await verify_owner("web", "thief", "A2", "0001")  # right, and too late
    assert (locked.status, locked.locked_until) == ("locked", now() + timedelta(hours=1))
    assert (await verify_owner("web", "honest", "A2", "0001")).status == "granted"
    with freeze(now() + timedelta(hours=1)):
        assert (await verify_owner("web", "thief", "A2", "0001")).status == "granted"


async def test_an_order_has_ten_tries_from_all_accounts_together() -> None:
    for n in range(10):
        assert (await verify_owner("web", f"thief{n}", "A2", "1234")).status == "wrong"
    assert (await verify_owner("web", "another", "A2", "0001")).status == "locked"
    assert (await verify_owner("web", "another", "B1", "0002")).status == "granted"


async def test_right_answers_use_up_nothing() -> None:
    for _ in range(12):
        assert (await verify_owner("web", "stranger", "A2", "0001")).status == "granted"
    assert (await verify_owner("web", "stranger", "A2", "1234")).tries_left == 4


async def test_a_try_that_could_not_be_compared_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(self: LocalOrders, no: str, last4: str) -> bool:
        raise SystemDown("orders")

    with monkeypatch.context() as patch:
        patch.setattr(LocalOrders, "phone_matches", down)
        for _ in range(6):
            with pytest.raises(SystemDown):
                await verify_owner("web", "stranger", "A2", "0001")
    assert (await verify_owner("web", "stranger", "A2", "0001")).status == "granted"


def test_a_race_gives_no_extra_try(any_service_url: str) -> None:
    def attempt(number: int) -> str:
        return asyncio.run(verify_owner("web", "thief", "A2", f"{5000 + number}")).status

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(16)))
    assert sorted(answers) == ["locked"] * 11 + ["wrong"] * 5


def test_old_tries_and_grants_are_forgotten(service_url: str, use_shop: Callable[[str], None]) -> None:
    owner_check.take_try(service_url, "web", "a", "A2")
    owner_check.grant(service_url, "web", "a", "A2")
    forget_old(service_url)
    with reading(service_url) as session:
        assert session.scalar(select(func.count()).select_from(TryRow)) == 2
    with freeze(beijing("2026-06-10 12:00")):
        forget_old(service_url)
    with reading(service_url) as session:
        for table in (TryRow, GrantRow):
            assert session.scalar(select(func.count()).select_from(table)) == 0
