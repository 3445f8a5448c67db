"""What is wrong in a YAML file, in Chinese."""

from collections.abc import Mapping
from typing import Any


def in_chinese(error: Mapping[str, Any], **own: str) -> str:
    """One error of pydantic's `errors()` for whoever edits the file.

    Args:
        error: with `type`, `msg` and perhaps `ctx`.
        own: texts of the caller's file by the error's type, with _ for its points; they come before the usual ones.
    """
    context = error.get("ctx") or {}
    limit = context.get("limit_value")
    usual = {
        "value_error.extra": "没有这一项，请检查拼写",
        "value_error.missing": "缺少这一项",
        "value_error.number.not_ge": f"不能小于 {limit}",
        "value_error.number.not_le": f"不能大于 {limit}",
        "value_error.number.not_gt": f"应大于 {limit}",
        "value_error.any_str.min_length": f"至少 {limit} 个字",
        "value_error.any_str.max_length": f"最多 {limit} 个字",
        "value_error.list.min_items": "至少写一个",
        "value_error.const": f"应为 {'、'.join(map(str, context.get('permitted') or []))} 之一",
        "type_error.integer": "应为整数",
        "type_error.float": "应为数字",
        "type_error.bool": "应为 true 或 false",
        "type_error.str": "应为文字",
        "type_error.list": "应为列表",
        "type_error.dict": "应为若干“名称: 值”",
        "type_error.none.not_allowed": "不能为空",
    }
    kind = error["type"]
    return own.get(kind.replace(".", "_")) or usual.get(kind) or str(error["msg"])
