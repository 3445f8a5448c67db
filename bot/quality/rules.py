"""The shapes of data/quality.yml: criteria, when they apply, and the typed checks."""

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, Extra, Field, root_validator, validator

from bot.nlu.taxonomy import load_taxonomy
from bot.quality.phrases import Phrases, pattern
from bot.quality.talk import FACTS

By = Literal["agent", "bot", "any"]
NUMBER = "{n}"  # in a promise's phrase: a number that says until when
_NUMERALS = r"[0-9一二两三四五六七八九十半]+"


class _Strict(BaseModel):
    class Config:
        extra = Extra.forbid


def _flat(value: Any) -> Any:
    """Phrases by family, {family: [phrase, …]}, as one list."""
    if isinstance(value, dict) and all(isinstance(family, list) for family in value.values()):
        return [phrase for family in value.values() for phrase in family]
    return value


def _phrases(value: list[str]) -> list[str]:
    for one in value:
        pattern(one.replace(NUMBER, _NUMERALS))
    return value


def _facts(value: list[str]) -> list[str]:
    unknown = sorted(set(value) - set(FACTS))
    if unknown:
        raise ValueError(f"没有“{'、'.join(unknown)}”这种事，可以写：{'、'.join(FACTS)}")
    return value


def _intents(value: list[str]) -> list[str]:
    unknown = sorted(set(value) - set(load_taxonomy().base_of))
    if unknown:
        raise ValueError(f"data/taxonomy.yml 里没有意图 {'、'.join(unknown)}")
    return value


def _bases(value: list[str]) -> list[str]:
    known = set(load_taxonomy().base_of.values())
    unknown = sorted(set(value) - known)
    if unknown:
        raise ValueError(f"没有基础意图 {'、'.join(unknown)}，可以写：{'、'.join(sorted(known))}")
    return value


class When(_Strict):
    """When a criterion applies; all that is written must hold, and of `any_of` one group."""

    agent_spoke: bool | None = None
    bot_spoke: bool | None = None
    ended: bool | None = None
    kind: list[Literal["chat", "call"]] = []
    channels: list[str] = []
    intents: list[str] = []
    bases: list[str] = []
    never_intents: list[str] = []
    never_bases: list[str] = []
    score_at_most: int | None = Field(default=None, ge=1, le=5)
    score_always_above: int | None = Field(default=None, ge=0, le=4)
    customer_says: list[str] = []
    customer_never_says: list[str] = []
    any_of: list["When"] = []

    _flat_phrases = validator("customer_says", "customer_never_says", pre=True, allow_reuse=True)(_flat)
    _check_phrases = validator("customer_says", "customer_never_says", allow_reuse=True)(_phrases)
    _check_intents = validator("intents", "never_intents", allow_reuse=True)(_intents)
    _check_bases = validator("bases", "never_bases", allow_reuse=True)(_bases)


When.update_forward_refs()


class Criterion(_Strict):
    """What all criteria have; `veto`: without it the conversation gets at most `veto_score`."""

    title: str = Field(min_length=1, max_length=20)
    weight: float = Field(gt=0, le=100)
    suggestion: str = Field(min_length=4, max_length=400)
    veto: bool = False
    when: When = When()
    check: str


class Say(Criterion):
    """Something must be said."""

    check: Literal["say"]
    by: By = "any"
    phrases: list[str] = Field(min_items=1)
    unless: list[str] = []
    first: int | None = Field(default=None, ge=1)
    last: int | None = Field(default=None, ge=1)
    after: bool = False
    facts: list[str] = []

    _flat_phrases = validator("phrases", "unless", pre=True, allow_reuse=True)(_flat)
    _check_phrases = validator("phrases", "unless", allow_reuse=True)(_phrases)
    _check_facts = validator("facts", allow_reuse=True)(_facts)

    @root_validator(skip_on_failure=True)
    def _one_place(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["first"] and values["last"]:
            raise ValueError("first 和 last 只能写一个")
        return values


class Avoid(Criterion):
    """Something must not be said."""

    check: Literal["avoid"]
    by: By = "any"
    phrases: list[str] = Field(min_items=1)
    unless: list[str] = []

    _flat_phrases = validator("phrases", "unless", pre=True, allow_reuse=True)(_flat)
    _check_phrases = validator("phrases", "unless", allow_reuse=True)(_phrases)


class ReplySeconds(Criterion):
    """Replies come in time."""

    check: Literal["reply_seconds"]
    agent: float = Field(default=60, gt=0)
    bot: float = Field(default=15, gt=0)
    no_reply_needed: list[str] = []

    _check_intents = validator("no_reply_needed", allow_reuse=True)(_intents)


class AskedFor(_Strict):
    """Questions for one kind of thing (yes or no, a number, a time …), and what a reply to them has."""

    questions: list[str] = []
    answers: list[str] = []

    _check_phrases = validator("questions", "answers", allow_reuse=True)(_phrases)


class Answered(Criterion):
    """Every question is answered; see bot/quality/answered.py for how the words below are used."""

    check: Literal["answered"]
    likeness: float = Field(default=0.4, ge=-1, le=1)
    look_ahead: int = Field(default=3, ge=0)
    not_questions: list[str] = []
    question_words: list[str] = []
    request_words: list[str] = []
    dodges: list[str] = []
    defers: list[str] = []
    clarifies: list[str] = []
    handoffs: list[str] = []
    courtesies: list[str] = []
    done: list[str] = []
    remedies: list[str] = []
    asked_for: list[AskedFor] = []
    answers: dict[str, list[str]] = {}

    _check_phrases = validator(
        "question_words",
        "request_words",
        "dodges",
        "defers",
        "clarifies",
        "handoffs",
        "courtesies",
        "done",
        "remedies",
        allow_reuse=True,
    )(_phrases)
    _check_intents = validator("not_questions", allow_reuse=True)(_intents)

    @validator("answers")
    def _known(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        _intents(list(value))
        for phrases in value.values():
            _phrases(phrases)
        return value


class Promised(_Strict):
    """Words that promise `about`, and until when: minutes, hours, days, today, tomorrow, or as said."""

    about: str
    within: str = Field(regex=r"^([1-9]\d{0,3}[mhd]|today|tomorrow|said)$")
    phrases: list[str] = Field(min_items=1)

    _check_phrases = validator("phrases", allow_reuse=True)(_phrases)

    @property
    def time(self) -> timedelta | None:
        """The time given, where it is a length."""
        unit = {"m": "minutes", "h": "hours", "d": "days"}.get(self.within[-1])
        return timedelta(**{unit: int(self.within[:-1])}) if unit and self.within[:-1].isdigit() else None

    def compiled(self, unless: list[str]) -> Phrases:
        """Its phrases, numbers among them; 您 stands for 你 too."""
        return Phrases([one.replace(NUMBER, _NUMERALS).replace("您", "(您|你)") for one in self.phrases], unless)


class Kept(_Strict):
    """What shows that a promise was kept: a fact, words, or any further message of substance."""

    facts: list[str] = []
    says: list[str] = []
    any_reply: bool = False

    _check_phrases = validator("says", allow_reuse=True)(_phrases)
    _check_facts = validator("facts", allow_reuse=True)(_facts)


class Promises(Criterion):
    """What an agent promised is done in time."""

    check: Literal["promises"]
    promises: list[Promised] = Field(min_items=1)
    unless: list[str] = []
    kept: dict[str, Kept] = {}

    _check_phrases = validator("unless", allow_reuse=True)(_phrases)

    @root_validator(skip_on_failure=True)
    def _all_can_be_kept(cls, values: dict[str, Any]) -> dict[str, Any]:
        missing = sorted({one.about for one in values["promises"]} - set(values["kept"]))
        if missing:
            raise ValueError(f"kept 里没有说 {'、'.join(missing)} 怎样算做到")
        return values


CHECKS: dict[str, type[Criterion]] = {
    "say": Say, "avoid": Avoid, "reply_seconds": ReplySeconds, "answered": Answered, "promises": Promises,
}  # fmt: skip


class Numbers(_Strict):
    """What stands beside the criteria."""

    silence_minutes: int = Field(default=60, ge=5, le=1440)
    veto_score: float = Field(default=59, ge=0, le=100)
    top: int = Field(default=5, ge=1, le=50)
    negations: list[str] = []
    not_negations: list[str] = []
