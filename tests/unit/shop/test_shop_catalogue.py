"""The snapshot: terms, narrowing, reloading."""

import pytest
from small_shop import Feed

from bot.shop import Term, catalogue, catalogue_version, current_catalogue, import_folder, load_catalogue


@pytest.mark.parametrize(
    "term",
    [
        Term("product", "星河 7", "P1"),
        Term("product", "星河七", "P1"),
        Term("sku", "P1-2", "P1-2"),
        Term("storage", "256G", "256G"),
        Term("storage", "256GB", "256G"),
        Term("size", "大码", "L"),
        Term("colour", "黑色", "黑色"),  # a colour of its own elsewhere: narrow() decides
        Term("warehouse", "北京仓", "BJ"),
        Term("city", "苏州市", "苏州"),
    ],
)
def test_terms_hold_names_and_aliases(url: str, term: Term) -> None:
    terms = load_catalogue(url).terms()
    assert terms.count(term) == 1


def test_an_alias_of_a_colour_elsewhere_has_one_meaning(url: str) -> None:
    meanings = {term.value for term in load_catalogue(url).terms() if term.text == "黑色"}
    assert meanings == {"黑色"}


@pytest.mark.parametrize(
    ("product", "attributes", "skus"),
    [
        ("P1", {}, ["P1-1", "P1-2", "P1-3", "P1-4"]),
        ("P1", {"storage": "256G"}, ["P1-2", "P1-3"]),
        ("P1", {"storage": "256G", "colour": "黑色"}, ["P1-2"]),
        ("P1", {"storage": "256GB", "colour": None}, ["P1-2", "P1-3"]),
        ("P2", {"colour": "黑色"}, ["P2-1", "P2-2", "P2-3"]),
        (None, {"colour": "黑色", "size": "L"}, ["P2-2"]),
        (None, {"colour": "黑色", "storage": "512G"}, ["P1-4"]),
        ("P1", {"size": "L"}, []),
        ("P9", {}, []),
    ],
)
def test_attributes_narrow_the_variants(
    url: str, product: str | None, attributes: dict[str, str | None], skus: list[str]
) -> None:
    assert [variant.sku for variant in load_catalogue(url).narrow(product, **attributes)] == skus


def test_the_snapshot_follows_an_import_after_two_seconds(
    url: str, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 100.0
    monkeypatch.setattr(catalogue.time, "monotonic", lambda: seconds)
    before = current_catalogue(url)
    row = "P3,新品,素野,服饰,件,p3.svg,新的,材质=棉,\n"
    header = "id,name,brand,category,unit,image,description,parameters,aliases\n"
    import_folder(url, feed({"products.csv": header + row}, only=True))
    seconds = 101.9
    assert current_catalogue(url) is before
    seconds = 102.1
    after = current_catalogue(url)
    assert after.products["P3"].name == "新品"
    assert after.version == catalogue_version(url) == before.version + 1
    seconds = 110.0
    assert current_catalogue(url) is after  # nothing new: not read again


def test_variants_know_their_product(url: str) -> None:
    variant = load_catalogue(url).variants["P1-2"]
    assert (variant.product.id, variant.unit, variant.title) == ("P1", "台", "星河 7 256G 午夜色")
