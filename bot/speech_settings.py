"""How recordings and voice messages are heard, in data/operations.yml under `speech`."""

from typing import Literal

from pydantic import BaseModel, Extra, Field


class Speech(BaseModel):
    """`model` is empty for the one that comes along, else a name or folder that faster-whisper knows."""

    class Config:
        extra = Extra.forbid

    model: str = ""
    language: str = Field(default="zh", min_length=2, max_length=5)
    hints: str = (
        "以下是网店客服的普通话对话：您好，请问订单发货了吗？"
        "快递签收、退款、换货、优惠券、尺码、库存、发票、登记、核实。"
    )
    agent_channel: Literal["left", "right"] = "left"
    threads: int = Field(default=2, ge=1, le=64)
    beam: int = Field(default=3, ge=1, le=10)
