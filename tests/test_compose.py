"""deploy/compose.yaml: its parts fit together, as far as can be seen without a Docker engine."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from eiload.base.clock import NS_PER_S
from eiload.base.units import parse_duration
from eiload.scenario import finding, load
from eiload.scenario.arrivals import BurstRate, OpenPhase
from eiload.scenario.standin.profiles import PROFILES
from tests.test_kubernetes import locusts

DEPLOY = Path(__file__).parents[1] / "deploy"


def filled(text: str, **environ: str) -> str:
    """Return a text with compose's variables filled in."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: environ.get(found[1], found[2]), text)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return the services, without variables."""
    found: dict[str, Any] = yaml.safe_load(filled((DEPLOY / "compose.yaml").read_text("utf-8")))
    assert set(found) == {"name", "x-eiload", "x-scenarios", "services", "volumes"}
    return dict(found["services"])


def words(command: str | list[str]) -> list[str]:
    """Return a command's words."""
    return command.split() if isinstance(command, str) else command


OURS = ("gpu", "ei", "master", "worker")


def test_who_is_there(services: dict[str, Any]) -> None:
    """A master, four workers, two stand-ins, and who watches."""
    assert set(services) == {*OURS, "prometheus", "grafana"}
    assert services["worker"]["deploy"]["replicas"] == 4


@pytest.mark.parametrize("name", OURS)
def test_ours_may_do_nothing_else(name: str, services: dict[str, Any]) -> None:
    """Read-only, without capabilities, of our image."""
    service = services[name]
    assert service["read_only"] is True
    assert (service["tmpfs"], service["cap_drop"]) == (["/tmp"], ["ALL"])
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_what_they_say_is_understood(services: dict[str, Any]) -> None:
    """By Locust, by the stand-in, by the scenario; in the web UI and headless."""
    command = words(services["master"]["command"])
    assert command[0] == "master"
    told = locusts(["--master", *command[1:], "--headless"])
    assert told.expect_workers == services["worker"]["deploy"]["replicas"]
    assert locusts(["--worker", *services["worker"]["command"][1:]]).master_host == "master"
    environ = services["master"]["environment"]
    scenario = load(finding.find(environ["LOCUST_SCENARIO"]), environ)
    for name, target in scenario.targets.items():
        serve = services[name]["command"]
        given = dict(zip(serve[1::2], serve[2::2], strict=True))
        assert target.server == f"{name}:{given.get('--port', '8500')}"
        assert target.model == given.get("--model", "ssd")
        assert given["--profile"] in PROFILES
    reports = services["master"]["volumes"][0].partition(":")[2]
    assert environ["LOCUST_REPORT_JSON"].startswith(f"{reports}/")


def test_the_stand_ins_bear_it(services: dict[str, Any]) -> None:
    """As many a second as the scenario asks for in its bursts; else all would wait, and fail."""
    environ = services["master"]["environment"]
    scenario = load(finding.find(environ["LOCUST_SCENARIO"]), environ)
    bursts = [phase.rate for phase in scenario.traffic if isinstance(phase, OpenPhase)]
    (burst,) = [rate for rate in bursts if isinstance(rate, BurstRate)]
    for name in scenario.targets:
        serve = services[name]["command"]
        given = dict(zip(serve[1::2], serve[2::2], strict=True))
        compute: Any = PROFILES[given["--profile"]].settings["compute"]
        answers = int(given["--concurrency"]) * NS_PER_S / parse_duration(compute["mean"])
        assert answers > burst.burst_per_s, name


def test_scenarios_of_ones_own(services: dict[str, Any]) -> None:
    """They lie where the image looks for names, on the master and on every worker, read-only."""
    home = re.search(r"^WORKDIR (\S+)$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert home is not None
    for name in ("master", "worker"):
        assert f"../scenarios:{home[1]}/scenarios:ro" in services[name]["volumes"]


def test_who_waits_for_whom(services: dict[str, Any]) -> None:
    """What is waited for is there, and has a health check (the image's own)."""
    for service in services.values():
        for name in service.get("depends_on", ()):
            assert name in services
    assert services["worker"]["depends_on"] == {"master": {"condition": "service_healthy"}}


def test_prometheus_asks_the_master(services: dict[str, Any]) -> None:
    """At the port on which it answers."""
    config = yaml.safe_load((DEPLOY / "compose" / "prometheus.yml").read_text("utf-8"))
    (job,) = config["scrape_configs"]
    ((target,),) = [each["targets"] for each in job["static_configs"]]
    command = words(services["master"]["command"])
    assert command[command.index("--prometheus") + 1] == f"0.0.0.0:{target.partition(':')[2]}"
    assert target.startswith("master:")


def test_grafana_shows_the_dashboard(services: dict[str, Any]) -> None:
    """It finds Prometheus, and the dashboard where it is mounted."""
    folder = DEPLOY / "compose"
    (source,) = yaml.safe_load((folder / "grafana-datasources.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((folder / "grafana-dashboards.yml").read_text())["providers"]
    grafana = services["grafana"]
    mounts = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    assert provider["options"]["path"] in mounts.values()
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    (where,) = (path for path, seen in mounts.items() if seen == str(home.parent))
    assert json.loads((DEPLOY / where / home.name).read_text("utf-8"))["title"] == "eiload"


def test_mounted_files_are_there_and_ports_are_this_machines(services: dict[str, Any]) -> None:
    """Docker would make a folder of a file that is not; nobody else gets in."""
    for service in services.values():
        for volume in service.get("volumes", ()):
            if volume.startswith("."):
                assert (DEPLOY / volume.partition(":")[0]).exists(), volume
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
