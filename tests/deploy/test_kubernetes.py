"""deploy/kubernetes: by Kubernetes' own schemas, and in step with the code and with itself."""

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bot.desk.server import PLATFORMS
from bot.settings import ROOT
from bot.upkeep.backing_up import AFTER
from tests.deploy.kustomize import Manifest, build, containers, load, pod_of
from tests.deploy.schemas import errors_of_manifest
from tests.deploy.test_compose import NEEDED, check_command, port_of

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("trial", "production")


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return build(FOLDER / "overlays" / request.param)


def of(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def ours(manifests: list[Manifest]) -> Iterator[tuple[Manifest, dict[str, Any]]]:
    for manifest in of(manifests, "Deployment", "Job", "CronJob"):
        for container in containers(manifest):
            yield manifest, container


def test_kubernetes_takes_every_manifest(manifests: list[Manifest]) -> None:
    errors = [error for manifest in manifests for error in errors_of_manifest(manifest)]
    assert errors == []
    wrong = {**of(manifests, "Deployment")[0], "spec": {"replicas": "two", "template": {}}}
    assert errors_of_manifest(wrong) and errors_of_manifest({**wrong, "apiVersion": "apps/v9"})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_builds_the_same(overlay: str) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("没有 kubectl")
    done = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER / "overlays" / overlay)], capture_output=True, text=True, check=True
    )

    def key(manifest: Manifest) -> tuple[str, str]:
        return manifest["kind"], manifest["metadata"]["name"]

    built = {key(m): m for m in build(FOLDER / "overlays" / overlay)}
    assert {key(m): m for m in yaml.safe_load_all(done.stdout)} == built


def test_every_variable_of_the_cluster_is_provided(manifests: list[Manifest]) -> None:
    config = next(m["data"] for m in of(manifests, "ConfigMap") if m["metadata"]["name"] == "dianxiaoer")
    secret = load(FOLDER / "overlays" / "trial" / "secret.yaml")[0]
    assert {*config, *secret["stringData"]} >= NEEDED and not set(config) & set(secret["stringData"])
    for _, container in ours(manifests):
        names = [next(iter(one.values()))["name"] for one in container["envFrom"]]
        assert names == ["dianxiaoer", "dianxiaoer"]
    services = {m["metadata"]["name"]: m["spec"]["ports"][0]["port"] for m in of(manifests, "Service")}
    for variable in ("DIANXIAOER_ACTIONS_URL", "DIANXIAOER_RASA_URL"):
        host, port = config[variable].removeprefix("http://").split(":")
        assert services[host] == int(port)


def test_commands_exist_and_ports_agree(manifests: list[Manifest]) -> None:
    for _, container in ours(manifests):
        check_command(container["args"])
        ports = [port["containerPort"] for port in container.get("ports", [])]
        assert ports == ([port_of(container["args"])] if port_of(container["args"]) else [])
    for service in of(manifests, "Service"):
        labels = service["spec"]["selector"].items()
        chosen = [m for m in of(manifests, "Deployment", "StatefulSet") if labels <= _labels(m).items()]
        assert len(chosen) == 1, service["metadata"]["name"]
        names = {port["name"]: port["containerPort"] for c in containers(chosen[0]) for port in c["ports"]}
        assert all(names[port["targetPort"]] == port["port"] for port in service["spec"]["ports"])


def test_what_is_named_is_there(manifests: list[Manifest]) -> None:
    there = {(m["kind"], m["metadata"]["name"]) for m in manifests}
    for scaler in of(manifests, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) in there
        assert scaler["spec"]["minReplicas"] < scaler["spec"]["maxReplicas"]
    for chooser in of(manifests, "PodDisruptionBudget"):
        labels = chooser["spec"]["selector"]["matchLabels"].items()
        assert any(labels <= _labels(m).items() for m in of(manifests, "Deployment"))
    for manifest in manifests:
        pod = pod_of(manifest)
        for volume in pod.get("volumes", []) if pod else []:
            claim = volume.get("persistentVolumeClaim")
            assert claim is None or ("PersistentVolumeClaim", claim["claimName"]) in there


def test_the_ingress_leads_to_services_and_to_no_more_than_nginx_does(manifests: list[Manifest]) -> None:
    ports = {m["metadata"]["name"]: {p["name"] for p in m["spec"]["ports"]} for m in of(manifests, "Service")}
    rasa = set()
    for ingress in of(manifests, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                assert service["port"]["name"] in ports[service["name"]]
                if service["name"] == "rasa":
                    rasa.add(path["path"])
    assert rasa == {"/socket.io/", *(f"/webhooks/{platform}/" for platform in PLATFORMS)}


def test_pods_are_limited_probed_and_without_rights(manifests: list[Manifest]) -> None:
    for manifest, container in ours(manifests):
        resources = container["resources"]
        assert {"cpu", "memory"} <= set(resources["requests"]) and {"cpu", "memory"} <= set(resources["limits"])
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        pod = pod_of(manifest)
        assert pod is not None and pod["securityContext"]["runAsNonRoot"] is True
        if container.get("ports"):
            probes = {name: container[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe")}
            assert probes == {"livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def test_every_part_is_reached_only_by_whom_it_serves(manifests: list[Manifest]) -> None:
    policies = {m["metadata"]["name"]: m["spec"] for m in of(manifests, "NetworkPolicy")}
    assert "ingress" not in policies["nobody"]
    for manifest, container in ours(manifests):
        name = manifest["metadata"]["name"]
        assert bool(container.get("ports")) == (name in policies)
        for port in container.get("ports", []):
            assert policies[name]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": port["containerPort"]}]


def test_what_must_outlive_a_pod_is_on_a_shared_volume(manifests: list[Manifest]) -> None:
    mounted = {
        manifest["metadata"]["name"]: {(m["mountPath"], m.get("subPath")) for m in volumes if m["name"] == "files"}
        for manifest, volumes in ((manifest, container["volumeMounts"]) for manifest, container in ours(manifests))
    }
    whole = {(f"/data/{folder}", folder) for folder in AFTER}
    assert all(mounted[name] == whole for name in ("web", "actions", "daily", "backup"))


def _labels(manifest: Manifest) -> dict[str, str]:
    return dict(manifest["spec"]["template"]["metadata"]["labels"])
