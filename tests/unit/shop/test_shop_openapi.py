"""The document of the systems' interface says what the client does."""

import inspect
import re
from typing import Any

import jsonschema
import pytest
import yaml

from bot.shop.adapters import AfterSale, Crm, Inventory, Logistics, Orders
from bot.shop.adapters.openapi import FILE, text
from bot.shop.adapters.operations import OPERATIONS

PROTOCOLS = {"inventory": Inventory, "orders": Orders, "logistics": Logistics, "crm": Crm, "after_sale": AfterSale}
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf8"))


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf8") == text(), "请运行 python -m bot.shop.adapters.openapi"


def test_every_method_of_every_system_is_an_operation() -> None:
    methods = {
        (system, name)
        for system, protocol in PROTOCOLS.items()
        for name, _ in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    }
    assert methods == {(operation.system, operation.name) for operation in OPERATIONS.values()}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_takes_what_its_method_takes(name: str) -> None:
    operation = OPERATIONS[name]
    signature = inspect.signature(getattr(PROTOCOLS[operation.system], name))
    taken = set(signature.parameters) - {"self", "access", "key", "preview", "order", "no", "ticket_no", "invoice_no"}
    in_path = set(re.findall(r"{(\w+)}", operation.path))
    sent = set(operation.body) | set(operation.query) | (in_path - {"no"})
    singular = {"skus": "sku"}
    assert {singular.get(one, one) for one in taken} - {"order_no"} == sent - {"order_no"}
    assert ("key" in signature.parameters or name == "add_photo") == operation.changes
    assert ("preview" in signature.parameters) == operation.previews


def test_schemas_are_valid_and_references_lead_somewhere() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r"\$ref: '?#/([\w/]+)", FILE.read_text(encoding="utf8")):
        found: Any = DOCUMENT
        for part in reference.split("/"):
            found = found[part]
    identifiers = [terms["operationId"] for paths in DOCUMENT["paths"].values() for terms in paths.values()]
    assert len(identifiers) == len(set(identifiers)) == len(OPERATIONS)
