"""What holds in general: campaigns on and to come, shipping terms, and when the city matters."""

import pytest
from small_shop import beijing
from sqlalchemy import delete, update

from bot.clock import freeze
from bot.db import writing
from bot.shop import UnknownSku, current_catalogue, upgrade_and_seed
from bot.shop.feed import DEMO
from bot.shop.offer_tables import ShippingRuleRow
from bot.shop.presale import campaigns, city_matters, shipping_terms


@pytest.fixture
def demo(empty_url: str) -> str:
    upgrade_and_seed(empty_url, DEMO, progress=lambda line: None)
    return empty_url


def test_campaigns_are_those_on_and_those_announced(demo: str) -> None:
    with freeze(beijing("2026-06-10 10:00")):
        found = {campaign.id: campaign for campaign in campaigns(demo)}
        assert "MJ-BABY-PAST" not in found and not any(id.startswith("CP-") for id in found)
        assert found["MJ-FOOD"].running and not found["MJ-NEXT"].running
        assert [c.id for c in campaigns(demo)][-1] == "MJ-NEXT"
        of_shoes = {campaign.id for campaign in campaigns(demo, "P2007")}
        assert of_shoes == {"ZK-RUN", "MJ-CLOTHES", "IF03-ALL"}
        with pytest.raises(UnknownSku):
            campaigns(demo, "P9999")
    with freeze(beijing("2026-05-01 10:00")):
        assert "MJ-NEXT" not in {campaign.id for campaign in campaigns(demo)}  # too far off to be news


def test_shipping_terms_say_what_most_rules_say(demo: str) -> None:
    terms = shipping_terms(demo)
    assert terms is not None
    assert (terms.free_over_fen, terms.fee_from_fen, terms.fee_to_fen) == (9900, 600, 1800)
    assert (terms.days_from, terms.days_to) == (1, 8) and set(terms.carriers) == {"顺路速运", "中原快递", "云达物流"}
    assert terms.not_served == ()  # 西藏 is served from one warehouse
    with writing(demo) as session:
        session.execute(update(ShippingRuleRow).where(ShippingRuleRow.region == "西藏自治区").values(served=False))
    closed = shipping_terms(demo)
    assert closed is not None and closed.not_served == ("西藏自治区",)
    with writing(demo) as session:
        session.execute(delete(ShippingRuleRow))
    assert shipping_terms(demo) is None


def test_the_city_matters_where_a_fee_or_a_refusal_hangs_on_it(demo: str) -> None:
    assert city_matters(demo, {"P3006-01": 1}, 1290, "BJ")
    assert not city_matters(demo, {"P1001-04": 1}, 599900, "BJ")
    assert city_matters(demo, {"P5001-01": 1}, 219900, "CD")  # no large appliances to 西藏
    assert not city_matters(demo, {"P5001-01": 1}, 219900, "BJ")


def test_provinces_are_named_as_people_do(demo: str) -> None:
    provinces = current_catalogue(demo).provinces()
    assert len(provinces) == 31 and {"新疆", "内蒙古", "广西", "宁夏", "西藏", "黑龙江"} <= set(provinces)
    assert provinces["广东"] == "广州" and current_catalogue(demo).cities[provinces["西藏"]] == "西藏自治区"
