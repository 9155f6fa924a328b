"""What deploy/ says is what the program takes. No Kafka is needed, and no containers are started."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from cluster import ROOT
from completion_test import help_of, options, subcommands
from process import Semel

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CONFIGS = [*sorted(DEPLOY.glob("compose/*.yaml")), *sorted(DEPLOY.glob("kubernetes/config/*.yaml"))]


def kubernetes() -> Iterator[dict[str, Any]]:
    """The objects that kustomization.yaml names."""
    directory = DEPLOY / "kubernetes"
    for name in yaml.safe_load((directory / "kustomization.yaml").read_text())["resources"]:
        yield from yaml.safe_load_all((directory / name).read_text())


def containers() -> list[dict[str, Any]]:
    return [container for each in kubernetes() if "template" in each.get("spec", {})
            for container in each["spec"]["template"]["spec"]["containers"]]


def commands() -> dict[str, list[str]]:
    """Where it stands, and the arguments of semel."""
    found = {f"compose {name}": service["command"] for name, service in COMPOSE["services"].items()
             if service.get("image", "").startswith("semel:")}
    found |= {f"kubernetes {container['name']}": container["args"] for container in containers()}
    for unit in UNITS:
        (start,) = re.findall(r"^ExecStart=\S+/semel (.*)$", unit.read_text(), re.M)
        found[unit.name] = start.split()
    for line in re.findall(r'^SEMEL_SERVE="(.*)"$', (ROOT / "docs/operations.md").read_text(), re.M):
        found["docs/operations.md"] = ["serve", *line.split()]
    return found


def command_of(semel: Semel, arguments: list[str]) -> tuple[str, ...]:
    """("sink", "postgres"), as far as the program knows the words."""
    command: tuple[str, ...] = ()
    for word in arguments:
        if word not in subcommands(help_of(semel.binary, command)):
            break
        command += (word,)
    return command


def test_there_are_commands_for_all_three_everywhere() -> None:
    started = [arguments[0] for arguments in commands().values()]
    assert [started.count(name) >= 3 for name in ("serve", "dedup", "sink")] == [True] * 3


@pytest.mark.parametrize("place", commands())
def test_every_flag_exists(semel: Semel, place: str) -> None:
    arguments = commands()[place]
    command = command_of(semel, arguments)
    assert command, arguments
    # --name=value is one argument; a short flag takes its value from the next one only.
    given = [word.split("=")[0] if word.startswith("--") else word for word in arguments if word.startswith("-")]
    assert set(given) <= set(options(help_of(semel.binary, command)))


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: str(file.relative_to(DEPLOY)))
def test_every_setting_exists(semel: Semel, file: Path) -> None:
    command = ("dedup",) if file.stem == "dedup" else ("sink", "postgres")
    settings = {f"--{name}" for name in yaml.safe_load(file.read_text()) if name != "kafka"}
    assert settings and settings <= set(options(help_of(semel.binary, command)))


def test_the_secrets_are_made(tmp_path: Path) -> None:
    script = shutil.copy(DEPLOY / "make_secrets.sh", tmp_path)
    subprocess.run([script], check=True, capture_output=True, timeout=30)
    made = {f"secrets/{file.name}": file.read_bytes() for file in (tmp_path / "secrets").iterdir()}
    assert {secret["file"] for secret in COMPOSE["secrets"].values()} <= made.keys()
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    subprocess.run([script], check=True, capture_output=True, timeout=30)
    assert {name: (tmp_path / name).read_bytes() for name in made} == made, "a second run keeps them"


def redis_rights(text: str) -> list[set[str]]:
    return [set(line.split()) for line in re.findall(r"~semel:\* ([+a-z| ]*[a-z])", text)]


def test_redis_users_may_do_what_the_docs_say() -> None:
    (both,), (edge,) = (redis_rights((ROOT / "docs" / page).read_text()) for page in ("redis.md", "serve.md"))
    assert edge < both
    assert redis_rights((DEPLOY / "make_secrets.sh").read_text()) == [both]


def test_what_run_explains_of_redis_is_what_the_docs_say(semel: Semel, tmp_path: Path) -> None:
    file = tmp_path / "semel.yaml"
    file.write_text(yaml.safe_dump({"brokers": "127.0.0.1:1", "pipelines": [
        {"name": "in", "serve": {"to": "a", "edge-redis": "redis://r"}},
        {"name": "once", "dedup": {"from": "a", "to": "b", "seen": "redis://r"}}]}))
    explained = semel.run("run", "--explain", "-c", str(file))
    assert explained.code == 0, explained.stderr
    (both,), (edge,) = (redis_rights((ROOT / "docs" / page).read_text()) for page in ("redis.md", "serve.md"))
    assert redis_rights(explained.stdout) == [edge, both - {"+mget"}]


def test_all_run_with_as_little_as_possible() -> None:
    parts = {re.search(r"^DynamicUser=yes\n.*?(?=^\[Install\])", re.sub(r"/etc/semel/\w+/", "", unit.read_text()), re.M | re.S)[0]
             for unit in UNITS}
    assert len(parts) == 1 and "\nRestartPreventExitStatus=2 4\n" in parts.pop()
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in COMPOSE["services"].values())
    assert {name for name, service in COMPOSE["services"].items() if "ports" in service} == {"serve", "dedup"}
    assert len(containers()) == 3
    for container in containers():
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                "capabilities": {"drop": ["ALL"]}}
        assert {container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")} == {"/livez", "/readyz"}
