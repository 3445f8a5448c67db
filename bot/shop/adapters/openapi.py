"""Writes docs/api/systems.openapi.yml from the operations and models that the client uses.

Run `python -m bot.shop.adapters.openapi` after changing one of them; a test fails while the file is out of date.
"""

from typing import Any

import yaml

from bot.settings import ROOT
from bot.shop.adapters.operations import OPERATIONS, Operation
from bot.shop.adapters.wire import CODES, LONGEST_TEXT, MOST, model_of
from bot.shop.rules import RULES

FILE = ROOT / "docs" / "api" / "systems.openapi.yml"
Schema = dict[str, Any]
_TYPES: dict[type, Schema] = {
    str: {"type": "string", "maxLength": LONGEST_TEXT},
    int: {"type": "integer", "minimum": 0, "maximum": MOST},
    bool: {"type": "boolean"},
}
_INTRODUCTION = """店小二通过这些接口读写店铺自己的系统，见 endpoints.yml 的 systems 一节。

本文件由 `python -m bot.shop.adapters.openapi` 生成。

- 以 `_fen` 结尾的是金额，单位分；以 `_at` 结尾的是带时区的 ISO 时间；以 `_on` 结尾的是店铺时区的日期。
- `X-Channel`、`X-Account` 是写消息的渠道账号，`X-Customer` 是它所属的客户（游客没有），都按 UTF-8 做百分号编码。
- 订单只给它的主人。店小二自己也会核对答复里的 customer_id、channel、account。
- 顾客核对过手机号的订单列在 `X-Verified-Orders`。
- 带 `Idempotency-Key` 的请求，同一账号同一个键只办一次，再来时给同样的答复。网络出错时店小二会重发。
- `preview=true` 只检查规则、算好金额，不改任何东西。
- 答复要在 1.5 秒内给出。5xx、超时、不合格式的答复都算系统故障，连续几次后店小二会停一会儿再试。
"""


def document() -> Schema:
    """The whole document."""
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS.values():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "店小二：店铺系统接口", "version": "1.0.0", "description": _INTRODUCTION},
        "security": [{"bearer": []}],
        "tags": [
            {"name": name, "description": text}
            for name, text in {
                "inventory": "库存", "orders": "订单", "logistics": "物流", "crm": "客户", "after_sale": "售后",
            }.items()
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "parameters": _account_headers(),
            "responses": _refusals(),
            "schemas": _schemas(),
        },
    }  # fmt: skip


def text() -> str:
    """The document as YAML."""
    return yaml.dump(document(), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=120)


class _Plain(yaml.SafeDumper):
    """Writes equal parts out instead of pointing at the first."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _operation(operation: Operation) -> Schema:
    answer: Schema = {"$ref": f"#/components/schemas/{operation.answer.__name__}"}
    if operation.many:
        answer = {"type": "array", "items": answer}
    found: Schema = {
        "operationId": operation.name,
        "tags": [operation.system],
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {
            "200": {"description": "办好了", "content": {"application/json": {"schema": answer}}},
            "404": {"$ref": "#/components/responses/NotFound"},
            "409": {"$ref": "#/components/responses/Refused"},
        },
    }
    if operation.method == "POST":
        schema: Schema = {
            "type": "object",
            "properties": {name: _body_type(operation, name, kind) for name, (kind, _) in operation.body.items()},
            "required": [name for name, (_, needed) in operation.body.items() if needed],
        }
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _body_type(operation: Operation, name: str, kind: type) -> Schema:
    if operation.name == "add_photo" and name == "content":
        return {"type": "string", "contentEncoding": "base64", "description": "JPG、PNG 或 WebP 图片"}
    return _TYPES[kind]


def _parameters(operation: Operation) -> list[Schema]:
    parts = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    found: list[Schema] = [{"name": n, "in": "path", "required": True, "schema": _TYPES[str]} for n in parts]
    for name, (kind, needed) in operation.query.items():
        schema = _TYPES[kind]
        if operation.name == "stock":
            schema = {"type": "array", "items": schema}
        found.append({"name": name, "in": "query", "required": needed, "schema": schema})
    if operation.personal:
        found += [{"$ref": f"#/components/parameters/{name}"} for name in _account_headers() if name != "key"]
    if operation.changes:
        found.append({"$ref": "#/components/parameters/key"})
    if operation.previews:
        found.append({"name": "preview", "in": "query", "required": False, "schema": {"type": "boolean"}})
    return found


def _account_headers() -> dict[str, Schema]:
    header = {"in": "header", "schema": {"type": "string"}}
    return {
        "channel": {"name": "X-Channel", "required": True, "description": "渠道，如 wechat", **header},
        "account": {"name": "X-Account", "required": True, "description": "渠道里的账号", **header},
        "customer": {"name": "X-Customer", "required": False, "description": "账号所属的客户", **header},
        "verified": {
            "name": "X-Verified-Orders",
            "required": False,
            "description": "这个账号刚用订单号和手机号核对过的订单，逗号分隔；等同于它自己的订单",
            **header,
        },
        "key": {"name": "Idempotency-Key", "required": True, "description": "请求编号，同一个只办一次", **header},
    }


def _refusals() -> dict[str, Schema]:
    rules = RULES | {"out_of_stock": "库存不足（sku, available）", "unknown_sku": "没有这个商品（sku）",
                     "bad_quantity": "数量不对（quantity, limit）"}  # fmt: skip
    listing = "\n".join(f"- `{name}`：{meaning}" for name, meaning in rules.items())
    refused = {
        "type": "object",
        "properties": {"rule": {"enum": list(rules)}, "figures": {"type": "object"}},
        "required": ["rule"],
    }
    missing = {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]}
    return {
        "NotFound": {
            "description": "没有，或不属于这个账号，两种情况答复要一样。what 是 order、ticket、line、customer 等",
            "content": {"application/json": {"schema": missing}},
        },
        "Refused": {
            "description": f"店铺规则不允许。rule 和随它的 figures：\n{listing}",
            "content": {"application/json": {"schema": refused}},
        },
    }


def _schemas() -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for operation in OPERATIONS.values():
        schema = model_of(operation.answer).schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("definitions", {})
        found[operation.answer.__name__] = schema
    for name, schema in found.items():
        needed = set(schema.get("required", []))
        for field, terms in schema["properties"].items():
            terms.pop("title", None)
            if (name, field) in CODES:
                terms.pop("pattern", None)
                terms["enum"] = list(CODES[name, field])
            if field not in needed:  # whatever may be missing may be null as well
                schema["properties"][field] = {"anyOf": [terms, {"type": "null"}]}
        schema.pop("title", None)
    return dict(sorted(found.items()))


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text(), encoding="utf8")
