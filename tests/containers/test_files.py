"""What must hold of the container files, where there is an engine and where there is none."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.embedded.containers import POSTGRES_IMAGE
from deploy.embedded.kafka import KAFKA_IMAGE, SETTINGS
from deploy.runtime import SERVICES
from shared.kit import telemetry

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]

# What keeps events safe; sizes may differ from the embedded broker's.
GUARANTEES = (
    "auto.create.topics.enable",
    "log.retention.ms",
    "num.partitions",
    "default.replication.factor",
    "offsets.topic.replication.factor",
)


def pins(lock: Path) -> dict[str, str]:
    """Each pinned requirement with its hashes."""
    blocks = re.split(r"\n(?=[a-zA-Z])", lock.read_text().strip())
    return {block.split(" \\", 1)[0]: block for block in blocks}


def test_the_image_installs_what_the_tests_ran_on() -> None:
    """Made by: uv pip compile pyproject.toml <(echo aiosmtpd) -c requirements.lock --universal --generate-hashes
    --python-version 3.11 --no-annotate --no-header --no-emit-index-url -o deploy/requirements.lock"""
    everything, image = pins(ROOT / "requirements.lock"), pins(ROOT / "deploy" / "requirements.lock")
    assert {name: block for name, block in image.items() if everything.get(name) != block} == {}
    project = (ROOT / "pyproject.toml").read_text()
    needed = re.findall(r'^  "([a-z0-9-]+)', project.split("dependencies = [")[1].split("\n]")[0], re.MULTILINE)
    assert {name for name in needed if not any(pin.startswith(f"{name}==") for pin in image)} == set()


def test_containers_and_embedded_servers_are_the_same_releases() -> None:
    assert CONTAINERS["postgres"]["image"] == POSTGRES_IMAGE
    assert CONTAINERS["kafka"]["image"] == KAFKA_IMAGE


@pytest.mark.parametrize("setting", GUARANTEES)
def test_the_broker_keeps_what_the_embedded_one_keeps(setting: str) -> None:
    variable = f"KAFKA_{setting.upper().replace('.', '_')}"
    assert str(CONTAINERS["kafka"]["environment"][variable]) == SETTINGS[setting]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_a_container_its_own_secrets_and_no_rights(service: str) -> None:
    container = CONTAINERS[service.replace("_", "-")]
    assert container["command"] == ["python", "-m", f"services.{service}", "all"]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    mounted = [volume.split(":")[0] for volume in container["volumes"]]
    assert mounted == [f"keys-{service.replace('_', '-')}"]
    assert all(port.startswith("127.0.0.1:") for port in container["ports"])


def test_services_start_after_the_migrations_and_the_migrations_after_healthy_servers() -> None:
    assert CONTAINERS["migrate"]["depends_on"] == {
        "keys": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
        "kafka": {"condition": "service_healthy"},
    }
    for service in ("identity", "scheduling", "screening", "room-equipment", "notification"):
        assert CONTAINERS[service]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_no_secret_is_written_in_the_compose_file() -> None:
    for name, container in CONTAINERS.items():
        for variable, value in (container.get("environment") or {}).items():
            if re.search("SECRET|PASSWORD|DATABASE_URL|KEY", variable):
                assert variable.endswith(("_FILE", "_DIR")), f"{name}: {variable}"
                assert str(value).startswith("/run/caibei/")


def test_prometheus_watches_every_service_and_every_alert_has_a_runbook() -> None:
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"][0]
    targets = scraped["static_configs"][0]["targets"]
    assert sorted(targets) == sorted(f"{service.replace('_', '-')}:8000" for service in SERVICES)
    for rule in yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"][0]["rules"]:
        if "alert" in rule:
            assert (ROOT / rule["annotations"]["runbook"]).is_file(), rule["alert"]


@pytest.mark.parametrize("file", ["deploy/prometheus/rules.yml", "deploy/grafana/dashboards/caibei.json"])
def test_alerts_and_dashboard_ask_for_metrics_that_exist(file: str) -> None:
    text = (ROOT / file).read_text()
    if file.endswith(".json"):
        text = " ".join(target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"])
    known = set()
    for metric in (getattr(telemetry, name) for name in dir(telemetry) if name.isupper()):
        if hasattr(metric, "describe"):
            known |= {f"{each.name}{end}" for each in metric.describe() for end in ("", "_total", "_bucket", "_count")}
    asked = set(re.findall(r"\bcaibei_[a-z_]+", text))
    assert asked
    assert asked - known == set()
