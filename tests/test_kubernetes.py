"""The manifests say what Kubernetes and the operators take, and what eiload takes."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments
from pydantic import ValidationError

from eiload.plugin import options
from eiload.scenario import parse
from tests.kubernetes import ConfigMap, Job
from tests.operators import Community, Official, community, official, read

FOLDER = Path(__file__).parents[1] / "deploy" / "kubernetes"
MANIFESTS = sorted(FOLDER.glob("*.yaml"))


def objects(path: Path) -> list[Any]:
    """Return a manifest's objects, each checked."""
    return [read(document) for document in yaml.safe_load_all(path.read_text("utf-8"))]


def of(path: Path, kind: type) -> list[Any]:
    """Return a manifest's objects of a kind."""
    return [each for each in objects(path) if isinstance(each, kind)]


def locusts(arguments: list[str]) -> Any:
    """Return what Locust's own parser, with our options, makes of arguments."""
    parser = get_empty_argument_parser(default_config_files=[])
    setup_parser_arguments(parser)
    options.add(parser)
    return parser.parse_args(arguments)


def test_there_is_one_for_each_way() -> None:
    """Plain Jobs and both operators."""
    assert [path.stem for path in MANIFESTS] == ["community-operator", "job", "official-operator"]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_a_manifest_is_right(path: Path) -> None:
    """By the schemas, and what refers to another finds it."""
    found = objects(path)
    assert len(found) > 1
    maps = {each.metadata.name for each in found if isinstance(each, ConfigMap)}
    text = path.read_text("utf-8")
    for name in maps:
        assert text.count(name) > 1


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_its_scenario_and_locustfile_are_right(path: Path) -> None:
    """They are what they would be in a file."""
    (files,) = of(path, ConfigMap)
    scenario = parse(files.data["scenario.yaml"], "scenario.yaml", FOLDER, {})
    assert scenario.targets["ssd"].server == "model-server:8500"
    if code := files.data.get("locustfile.py"):
        compile(code, "locustfile.py", "exec")


def test_a_plain_job_runs_once() -> None:
    """A bad verdict is not sent again; the log stays; master and workers find each other."""
    path = FOLDER / "job.yaml"
    master, workers = of(path, Job)
    for job in (master, workers):
        pod = job.spec.template.spec
        assert (job.spec.backoffLimit, pod.restartPolicy) == (0, "Never")
        assert job.spec.ttlSecondsAfterFinished >= 3600
        mounts = {mount.name for each in pod.containers for mount in each.volumeMounts}
        assert mounts == {volume.name for volume in pod.volumes}
    _, (service,) = of(path, ConfigMap), [each for each in objects(path) if each.kind == "Service"]
    assert service.spec.selector == master.spec.template.metadata.labels
    told = locusts(["--master", *master.spec.template.spec.containers[0].args[1:]])
    assert told.expect_workers == workers.spec.parallelism == workers.spec.completions
    worker = locusts(["--worker", *workers.spec.template.spec.containers[0].args[1:]])
    assert worker.master_host == service.metadata.name
    assert (told.report_to, told.headless) == ("stdout", True)


def test_under_locusts_own_operator() -> None:
    """One string for both sides; nothing is written to where it cannot be; no second run."""
    (test,) = of(FOLDER / "official-operator.yaml", Official)
    master, worker = official(test)
    assert master[:2] == ["--master", "--headless"]
    assert worker[:4] == ["--worker", "--master-host", "load-test-master", "--headless"]
    for arguments in (master, worker):
        told = locusts(arguments)
        assert told.exit_status == "zero"
        assert told.report_to.startswith("http://")
        assert not told.report_json  # /home/locust is read-only, and is gone with the pod
        assert told.expect_workers == test.spec.workers


def test_under_the_communitys() -> None:
    """The master's exit status is the phase; files are where it mounts them."""
    (test,) = of(FOLDER / "community-operator.yaml", Community)
    master, worker = community(test)
    told = locusts(master)
    assert (told.master, told.autostart, told.autoquit) == (True, True, 5)
    assert (told.exit_status, told.report_to) == ("verdict", "stdout")
    assert told.scenario == f"{test.spec.testFiles.srcMountPath}/scenario.yaml"
    assert told.expect_workers == 4
    assert locusts(worker).master_host == "load-test-master"
    assert shlex.join(master) == " ".join(master)  # it splits at spaces, without quotes
    mounted = {mount.mountPath for mount in test.spec.volumeMounts if mount.target != "worker"}
    assert str(Path(told.report_json).parent) in mounted


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("official-operator", {"workers": 0}),
        ("official-operator", {"args": ["--headless"]}),
        ("official-operator", {"volumes": []}),
        ("official-operator", {"locustfile": {"content": "x", "configMap": {"name": "y"}}}),
        ("community-operator", {"worker": {"command": "x", "replicas": 501}}),
        ("community-operator", {"args": "--headless"}),
        ("job", {"backoff": 0}),
    ],
)
def test_the_schemas_refuse(path: str, wrong: dict[str, Any]) -> None:
    """They would have told."""
    documents = list(yaml.safe_load_all((FOLDER / f"{path}.yaml").read_text("utf-8")))
    documents[-1]["spec"].update(wrong)
    with pytest.raises(ValidationError):
        read(documents[-1])
