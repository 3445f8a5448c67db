"""The numbers behind a conversation's emotion, in data/operations.yml under `emotion`."""

from pydantic import BaseModel, Extra, Field


class _Strict(BaseModel):
    class Config:
        extra = Extra.forbid


class SignWeights(_Strict):
    """How much each sign of impatience counts; together 1 makes a calm customer an annoyed one."""

    repeated: float = Field(default=1.0, ge=0)
    waited: float = Field(default=1.0, ge=0)
    marks: float = Field(default=0.5, ge=0)
    hurried: float = Field(default=0.5, ge=0)


class Emotion(_Strict):
    """What a conversation tells about a customer's patience, and what follows from it."""

    handoff_score: int = Field(default=2, ge=0, le=5)
    soothe_score: int = Field(default=2, ge=0, le=5)
    look_back: int = Field(default=6, ge=1)
    same_question: float = Field(default=0.935, ge=0, le=1)
    wait_seconds: float = Field(default=120, ge=0)
    hurry_seconds: float = Field(default=8, ge=0)
    weight: SignWeights = SignWeights()
