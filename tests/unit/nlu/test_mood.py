"""The emotion of a conversation from its messages, their meaning and their times."""

import pytest

from bot.mood_settings import Emotion
from bot.nlu.mood import Mood, Said, mood, seconds_waited

NUMBERS = Emotion()
PRICE = Said("多少钱", 100, intent="ask_price")


def alike(one: str, other: str) -> float:
    """Texts of one first character mean the same here."""
    return 0.99 if one[:1] == other[:1] else 0.5


def feel(*said: Said, own: tuple[str, int] = ("calm", 3), waited: float = 0, numbers: Emotion = NUMBERS) -> Mood:
    return mood(said, *own, waited, alike, numbers)


def price(text: str, at: float = 200, **values: object) -> Said:
    return Said(text, at, **{"intent": "ask_price", **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "repeated"),
    [
        ([PRICE], 0),
        ([PRICE, price("多少钱")], 1),
        ([PRICE, price("多少钱呀", 300), price("多少钱啊")], 2),
        ([PRICE, price("几块")], 0),
        ([PRICE, price("多少", intent="ask_size")], 0),
        ([price("多少", intent=""), price("多大", intent="")], 0),
        ([PRICE, price("多少", names=frozenset({"storage=256G"}))], 0),
        ([price("多少", names=frozenset({"product=P1"})), price("多少", names=frozenset({"product=P2"}))], 0),
        ([price("多少", names=frozenset({"product=P1"})), price("多少")], 1),
        ([price("好", asks=False), price("好", asks=False)], 0),
        ([PRICE, *[price(f"几{n}") for n in range(6)], price("多少")], 0),
    ],
)
def test_the_same_question_is_counted_by_meaning(said: list[Said], repeated: int) -> None:
    assert feel(*said).repeated == repeated


@pytest.mark.parametrize(
    ("own", "joined"),
    [
        (("calm", 3), ("impatient", 2)),
        (("hesitant", 3), ("impatient", 2)),
        (("impatient", 2), ("impatient", 1)),
        (("impatient", 1), ("impatient", 1)),
        (("satisfied", 4), ("satisfied", 4)),
        (("satisfied", 5), ("satisfied", 5)),
    ],
)
def test_a_repeated_question_lowers_the_score(own: tuple[str, int], joined: tuple[str, int]) -> None:
    found = feel(PRICE, price("多少钱呢"), own=own)
    assert (found.emotion, found.score) == joined


@pytest.mark.parametrize("own", [("calm", 3), ("hesitant", 3), ("impatient", 2), ("satisfied", 4)])
def test_without_signs_the_words_alone_count(own: tuple[str, int]) -> None:
    assert feel(PRICE, own=own) == Mood(*own, 0)


def at(*times: float, text: str = "几") -> list[Said]:
    return [Said(f"{n}{text}", time) for n, time in enumerate(times)]


@pytest.mark.parametrize(
    ("said", "waited", "score"),
    [
        (at(0, text="？？"), 0, 3),  # each of these signs alone is not enough
        (at(0, 20, 25), 0, 3),
        (at(0, 20, 25, text="!!"), 0, 2),
        (at(0, 20, 25, text="？！"), 0, 2),
        (at(0, 20, 25, text="?"), 0, 3),
        (at(0, 20, 32, text="!!"), 0, 3),  # not fast enough
        (at(0, 8, 14, text="!!"), 0, 3),  # not faster by half
        (at(20, 25, text="!!"), 0, 3),
        (at(0), 119, 3),
        (at(0), 120, 2),
        ([Said("好", asks=False)], 500, 3),
    ],
)
def test_signs_add_up(said: list[Said], waited: float, score: int) -> None:
    assert feel(*said, waited=waited).score == score


@pytest.mark.parametrize(
    ("turns", "seconds"),
    [
        ([], 0),
        (at(10), 0),
        (at(10, 15, 40), 30),
        ([*at(10, 15), None, *at(40)], 0),
        ([*at(10), None, *at(40, 70), None], 0),
        ([*at(10), None, *at(40, 70)], 30),
        ([Said("在吗", 10, asks=False), *at(15), Said("在吗", 40, asks=False)], 25),
        ([Said("在吗", 10, asks=False), Said("在吗", 40, asks=False)], 0),
    ],
)
def test_waiting_is_counted_from_the_first_question_without_an_answer(turns: list[Said | None], seconds: float) -> None:
    assert seconds_waited(turns) == seconds


def test_the_manager_sets_weights_and_limits() -> None:
    again = [PRICE, price("多少钱呢")]
    assert feel(*again, numbers=Emotion(weight={"repeated": 0})).score == 3
    assert feel(*again, numbers=Emotion(same_question=1)).repeated == 0
    assert feel(*at(0, text="!!"), numbers=Emotion(weight={"marks": 1})).score == 2
    assert feel(PRICE, waited=50, numbers=Emotion(wait_seconds=30)).score == 2
    assert feel(PRICE, waited=0, numbers=Emotion(wait_seconds=0)).score == 3


def test_meaning_is_compared_only_where_it_may_matter() -> None:
    asked = []

    def likeness(one: str, other: str) -> float:
        asked.append((one, other))
        return 0.0

    mood([PRICE, price("几点发货", intent="ask_delivery_time"), price("多少")], "calm", 3, 0, likeness, NUMBERS)
    assert asked == [("多少", "多少钱")]
