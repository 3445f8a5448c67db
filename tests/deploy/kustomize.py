"""The part of Kustomize that deploy/kubernetes uses, so that its overlays are built without any program."""

import copy
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]
_KNOWN = {"apiVersion", "kind", "resources", "namespace", "images", "patches"}


def build(folder: Path) -> list[Manifest]:
    """All manifests of the kustomization in `folder`.

    Raises:
        ValueError: it uses what is not built here, or patches what is not there.
    """
    wanted = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf8"))
    if unknown := set(wanted) - _KNOWN:
        raise ValueError(f"{folder}: not built here: {', '.join(sorted(unknown))}")
    found: list[Manifest] = []
    for resource in wanted.get("resources", []):
        path = folder / resource
        found += build(path) if path.is_dir() else load(path)
    for patch in wanted.get("patches", []):
        for change in load(folder / patch["path"]):
            _patch(found, change)
    for image in wanted.get("images", []):
        for container in (c for manifest in found for c in containers(manifest)):
            if container["image"] == image["name"]:
                name = image.get("newName", image["name"])
                container["image"] = f"{name}:{image['newTag']}" if "newTag" in image else name
    if namespace := wanted.get("namespace"):
        for manifest in found:
            manifest["metadata"]["namespace"] = namespace
    return found


def load(path: Path) -> list[Manifest]:
    """The manifests of a file."""
    return [copy.deepcopy(one) for one in yaml.safe_load_all(path.read_text(encoding="utf8")) if one]


def pod_of(manifest: Manifest) -> dict[str, Any] | None:
    """The pod's specification of a workload."""
    spec = manifest.get("spec", {})
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
    return template["spec"] if isinstance(template, dict) and "spec" in template else None


def containers(manifest: Manifest) -> list[dict[str, Any]]:
    """A workload's containers."""
    pod = pod_of(manifest)
    return list(pod["containers"]) if pod else []


def _patch(found: list[Manifest], change: Manifest) -> None:
    target = [m for m in found if m["kind"] == change["kind"] and m["metadata"]["name"] == change["metadata"]["name"]]
    if len(target) != 1:
        raise ValueError(f"a patch of {change['kind']} {change['metadata']['name']} meets {len(target)} manifests")
    _merge(target[0], change)


def _merge(into: dict[str, Any], change: dict[str, Any]) -> None:
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif isinstance(value, list) and isinstance(into.get(key), list):
            raise ValueError(f"lists are not merged here: {key}")
        else:
            into[key] = copy.deepcopy(value)
