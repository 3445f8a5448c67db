"""deploy/compose.yml and the image: by the specification, and in step with the code."""

import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli import build_parser
from bot.launch.nginx import Front, nginx_conf
from bot.settings import ROOT
from bot.upkeep.backing_up import AFTER
from tests.deploy.schemas import errors_of_compose

DEPLOY = ROOT / "deploy"
NEEDED = set(re.findall(r"\$\{(\w+)\}", (ROOT / "endpoints.cluster.yml").read_text(encoding="utf8")))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    text = (DEPLOY / "compose.yml").read_text(encoding="utf8")
    content = yaml.safe_load(re.sub(r"\$\{\w+:-(\w+)\}", r"\1", text))
    for service in content["services"].values():  # as compose does with a variable's value
        deploy = service.get("deploy", {})
        if "replicas" in deploy:
            deploy["replicas"] = int(deploy["replicas"])
    return dict(content)


def ours(compose: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in compose["services"].items() if one["image"].startswith("dianxiaoer:")}


def check_command(command: list[str]) -> None:
    """It runs a module that is there; commands of the suite's own command line are known to it."""
    assert command[:2] == ["python", "-m"] and find_spec(command[2]) is not None, command
    if command[2] == "bot":
        build_parser().parse_args(command[3:])


def port_of(command: list[str]) -> int | None:
    if "--port" in command:
        return int(command[command.index("--port") + 1])
    return 8000 if command[-1] == "bot.launch.web_server" else None


def test_it_is_a_compose_file(compose: dict[str, Any]) -> None:
    assert errors_of_compose(compose) == []
    broken = {**compose, "services": {**compose["services"], "web": {"image": "x", "replicas": 2}}}
    assert errors_of_compose(broken)


def test_every_variable_of_the_cluster_is_provided(compose: dict[str, Any]) -> None:
    for name, service in ours(compose).items():
        given = {variable.removesuffix("_FILE") for variable in service["environment"]}
        assert given >= NEEDED and service["environment"]["DIANXIAOER_PROFILE"] == "cluster", name
        for variable, value in service["environment"].items():
            if variable.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"], (name, variable)


def test_commands_exist_and_ports_agree(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in ours(compose).items():
        check_command(service["command"])
        port = port_of(service["command"])
        assert service["environment"].get("HEALTH_PORT") == (str(port) if port else None), name
        assert service.get("expose") == ([str(port)] if port else None), name
    environment = ours(compose)["web"]["environment"]
    for variable in ("DIANXIAOER_ACTIONS_URL", "DIANXIAOER_RASA_URL"):
        host, port_text = environment[variable].removeprefix("http://").split(":")
        assert port_of(services[host]["command"]) == int(port_text)


def test_everything_has_limits_and_health_and_no_password(compose: dict[str, Any]) -> None:
    secrets = set(compose["secrets"])
    for name, service in compose["services"].items():
        assert set(service.get("secrets", [])) <= secrets, name
        if name != "migrate":  # it ends
            assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"]), name
            assert "healthcheck" in service or service["image"].startswith("dianxiaoer:"), name
    for secret in compose["secrets"].values():
        file = DEPLOY / secret["file"]
        ignored = subprocess.run(["git", "check-ignore", "-q", str(file)], cwd=ROOT, check=False).returncode
        assert ignored == 0, f"{file} 会进版本库"


def test_the_front_is_what_the_code_makes() -> None:
    made = nginx_conf(Front(None, ["web:8000"], ["rasa:5005"], [], "8080"))
    assert (DEPLOY / "nginx.conf").read_text(encoding="utf8") == made


def test_secrets_come_from_files_and_what_is_built_joins_the_data(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://用户:p4ss@db/x")
    command = [
        str(DEPLOY / "entrypoint"),
        "sh",
        "-c",
        'echo "$DIANXIAOER_DATABASE_URL ${DIANXIAOER_DATABASE_URL_FILE-}"',
    ]
    environment = {**os.environ, "DIANXIAOER_DATABASE_URL_FILE": str(secret), "DIANXIAOER_VAR": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "postgresql://用户:p4ss@db/x"
    missing = {**environment, "DIANXIAOER_DATABASE_URL_FILE": str(tmp_path / "none")}
    failed = subprocess.run(command, env=missing, capture_output=True, text=True, check=False)
    assert failed.returncode == 1 and "读不了" in failed.stderr


def test_what_must_outlive_a_container_is_on_volumes_that_it_may_write(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf8")
    made = re.search(r"install -d -o dianxiaoer ([^&]+?)\n(?!\s)", text)
    assert made
    owned = {f"/{folder}" for folder in made[1].replace("\\\n", " ").split()}
    for name, service in ours(compose).items():
        targets = {volume.rpartition(":")[2] for volume in service["volumes"]}
        assert targets == {"/backups", *(f"/data/{folder}" for folder in AFTER)}, name
        assert targets <= owned
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(compose["volumes"])


def test_the_image_copies_what_is_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf8")
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, flags=re.MULTILINE):
        for path in source.split():
            assert (ROOT / path).exists(), path
    assert re.search(r"^USER 10001$", text, flags=re.MULTILINE) and "HEALTHCHECK" in text
    for script in re.findall(r"/app/(deploy/\w+)", text):
        assert os.access(ROOT / script, os.X_OK), script
