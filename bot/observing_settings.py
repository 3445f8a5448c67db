"""Settings of traces: the section `traces` of endpoints.yml."""

import re
from typing import Any, Literal

from pydantic import BaseModel, Extra, Field, root_validator

_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")


class Traces(BaseModel):
    """Where traces go: nowhere, to an OTLP/HTTP collector at `url`, or to the log; `share` (0 to 1) of all turns."""

    type: Literal["none", "otlp", "console"] = "none"
    url: str = ""
    share: float = Field(default=1.0, ge=0, le=1)

    class Config:
        extra = Extra.forbid

    @root_validator(skip_on_failure=True)
    def _otlp_has_url(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["type"] == "otlp" and not _URL.fullmatch(values["url"]):
            raise ValueError("type 是 otlp 时 url 要写成 http://127.0.0.1:4318/v1/traces 这样")
        return values
