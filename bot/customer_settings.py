"""The numbers behind segments, offers and wishes, in data/operations.yml under `customers`."""

from pydantic import BaseModel, Extra, Field


class Customers(BaseModel):
    """What the shop knows of its customers and how often it speaks up unasked."""

    class Config:
        extra = Extra.forbid

    limits: dict[str, float] = {"vip_days": 30, "vip_orders": 3, "vip_yuan": 1000}
    new_days: int = Field(default=120, ge=1)
    offer_gap_hours: int = Field(default=24, ge=0)
    declined_days: int = Field(default=30, ge=0)
    attribute_days: int = Field(default=7, ge=1)
    abandoned_hours: int = Field(default=12, ge=1)
    wish_days: int = Field(default=90, ge=1)
