"""The emotion of a conversation: that of the latest message, joined with what no single message can show."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.mood_settings import Emotion
from bot.nlu.taxonomy import load_taxonomy

IMPATIENT, CALM = "impatient", "calm"
NEUTRAL, ANNOYED, FURIOUS = 3, 2, 1

Likeness = Callable[[str, str], float]

LIKELY = 0.5  # from which confidence on a base intent says what a message wants
_UNCLEAR, _PERSON, _TALK = "nlu_fallback", "request_human", "other"
_MARKS = re.compile(r"[!！?？]{2,}")
_WORDS = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class Said:
    """One message that a customer wrote.

    Attributes:
        text: its words.
        at: when, in seconds.
        asks: whether it wants something, unlike a yes, a greeting or a bare fact.
        intent: the likeliest business intent, however sure; "" when unknown.
        names: the values of what it is about, as a product's number or a city.
    """

    text: str
    at: float = 0.0
    asks: bool = True
    intent: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Mood:
    """The joined emotion, its score from 1 (furious) to 5 (delighted), and how often the question came before."""

    emotion: str = CALM
    score: int = NEUTRAL
    repeated: int = 0


def heard(text: str, at: float, parsed: Mapping[str, Any], page: Mapping[str, Any]) -> Said:
    """A message that a customer wrote.

    Args:
        text: its words.
        at: when, in seconds.
        parsed: what the pipeline of config.yml found in it.
        page: what the customer's page told with it (`page_product`, `page_sku`).
    """
    ranking = [parsed.get("intent") or {}, *(parsed.get("intent_ranking") or [])]
    intent = next((g["name"] for g in ranking if g.get("name") not in (None, _UNCLEAR)), "")
    base = parsed.get("base_intent") or {}
    likely = float(base.get("confidence") or 0.0) >= LIKELY or (parsed.get("intent") or {}).get("name") == intent
    business = load_taxonomy().base_of.get(intent, _TALK) != _TALK or intent == _PERSON
    wants = business and likely and bool(_WORDS.search(text))
    named = {f"{e.get('entity')}={e.get('value')}" for e in parsed.get("entities") or []}
    named |= {f"{key}={page[key]}" for key in ("page_product", "page_sku") if page.get(key)}
    return Said(text, at, wants, intent, frozenset(named))


def mood(said: Sequence[Said], emotion: str, score: int, waited: float, alike: Likeness, numbers: Emotion) -> Mood:
    """Join the emotion of the latest message with the signs around it.

    Signs alone never make more than an annoyed customer, on annoyed words they make a furious one; a pleased customer
    stays pleased.

    Args:
        said: the customer's messages, oldest first, at least one.
        emotion: what the words of the latest message show.
        score: the same from 1 to 5.
        waited: see `seconds_waited`.
        alike: the cosine of the meanings of two texts.
        numbers: weights and limits, from data/operations.yml.
    """
    latest = said[-1]
    repeated = repetitions(said, alike, numbers)
    if score > NEUTRAL:
        return Mood(emotion, score, repeated)
    weight = numbers.weight
    signs = weight.repeated * repeated
    signs += weight.marks * bool(_MARKS.search(latest.text))
    signs += weight.hurried * hurried(said, numbers)
    signs += weight.waited * (latest.asks and 0 < numbers.wait_seconds <= waited)
    if signs < 1:
        return Mood(emotion, score, repeated)
    return Mood(IMPATIENT, ANNOYED if score > ANNOYED else FURIOUS, repeated)


def seconds_waited(turns: Iterable[Said | None]) -> float:
    """Seconds from the first question that nobody has answered yet to the latest message; None is an answer."""
    asked: float | None = None
    latest = 0.0
    for turn in turns:
        if turn is None:
            asked = None
            continue
        latest = turn.at
        if asked is None and turn.asks:
            asked = turn.at
    return 0.0 if asked is None else latest - asked


def repetitions(said: Sequence[Said], alike: Likeness, numbers: Emotion) -> int:
    """How many of the messages before the latest, as far as one looks back, asked the same."""
    latest, earlier = said[-1], said[:-1][-numbers.look_back :]
    return sum(_same_question(latest, one, alike, numbers.same_question) for one in earlier)


def hurried(said: Sequence[Said], numbers: Emotion) -> bool:
    """Whether the last three messages came faster and faster: the second gap short and at most half the first."""
    if len(said) < 3:
        return False
    first, second = said[-2].at - said[-3].at, said[-1].at - said[-2].at
    return 0 < second <= min(numbers.hurry_seconds, first / 2)


def _same_question(new: Said, old: Said, alike: Likeness, limit: float) -> bool:
    # A name that was not there before makes it another question: 256G的有货吗 after 有货吗.
    if not (new.asks and old.asks) or not new.names <= old.names:
        return False
    if new.text.strip() == old.text.strip():
        return True
    return new.intent == old.intent != "" and alike(new.text, old.text) >= limit
