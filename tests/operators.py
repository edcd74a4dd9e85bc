"""What both operators for Locust take, and what they make of it: written down.

The fields are those of their custom resource definitions: locustio/k8s-operator (chart 0.1.6) and
AbdelrhmanHamouda/locust-k8s-operator (2.3, api v2). A field that is not here is refused. `official`
and `community` return the arguments that an operator gives to the image's entrypoint.
"""

# ruff: noqa: N815, RUF012 - names are the operators' own; pydantic copies defaults

import shlex
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tests.kubernetes import (
    ConfigMap,
    ContainerSecurity,
    Form,
    Job,
    Metadata,
    Mount,
    Name,
    Named,
    PodSecurity,
    Resources,
    Service,
    Variable,
    Volume,
)

MASTER_PORT = 5557


# -- Locust's own operator -------------------------------------------------------------------------


class OfficialPart(Form):
    """Of its master or its workers."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    resources: Resources = Resources()


class OfficialFile(Form):
    """Where the locustfile is: one of the two."""

    content: str | None = None
    configMap: Named | None = None

    @model_validator(mode="after")
    def _one(self) -> "OfficialFile":
        assert (self.content is None) != (self.configMap is None)
        return self


class OfficialVariable(Form):
    """It takes no valueFrom."""

    name: str
    value: str


class OfficialMetrics(Form):
    """How often it looks."""

    intervalSeconds: int = 5


class OfficialSpec(Form):
    """Of a load test."""

    image: str = "locustio/locust:latest"
    imagePullPolicy: Literal["IfNotPresent", "Always", "Never"] | None = None
    imagePullSecrets: list[Named] = []
    workers: Annotated[int, Field(ge=1)]
    args: str = ""
    env: list[OfficialVariable] = []
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    master: OfficialPart = OfficialPart()
    worker: OfficialPart = OfficialPart()
    locustfile: OfficialFile
    metrics: OfficialMetrics = OfficialMetrics()


class Official(Form):
    """A load test."""

    apiVersion: Literal["locust.io/v1"]
    kind: Literal["LocustTest"]
    metadata: Metadata
    spec: OfficialSpec


def official(test: Official) -> tuple[list[str], list[str]]:
    """Return what its master and each of its workers are started with."""
    args = shlex.split(test.spec.args)
    master = f"{test.metadata.name}-master"
    return ["--master", *args], ["--worker", "--master-host", master, *args]


# -- the community's -------------------------------------------------------------------------------


class Autoquit(Form):
    """When its master ends."""

    enabled: bool
    timeout: Annotated[int, Field(ge=0)] = 60


class CommunityPart(Form):
    """Of its master or its workers."""

    command: str
    extraArgs: list[str] = []
    resources: Resources = Resources()
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class CommunityMaster(CommunityPart):
    """Its master."""

    autostart: bool = True
    autoquit: Autoquit = Autoquit(enabled=True)


class CommunityWorker(CommunityPart):
    """Its workers."""

    replicas: Annotated[int, Field(ge=1, le=500)]


class CommunityFiles(Form):
    """Where files are mounted."""

    configMapRef: Name | None = None
    libConfigMapRef: Name | None = None
    srcMountPath: str = "/lotest/src"
    libMountPath: str = "/opt/locust/lib"


class EnvSource(Form):
    """All of a map or a secret as variables."""

    name: Name
    prefix: str = ""


class CommunityEnv(Form):
    """The environment."""

    configMapRefs: list[EnvSource] = []
    secretRefs: list[EnvSource] = []
    variables: list[Variable] = []


class TargetedMount(Mount):
    """Where a volume is seen, and by whom."""

    target: Literal["master", "worker", "both"] = "both"


class CommunitySecurity(Form):
    """Of pods and containers."""

    podSecurityContext: PodSecurity | None = None
    containerSecurityContext: ContainerSecurity | None = None


class CommunitySpec(Form):
    """Of a load test."""

    image: str
    imagePullPolicy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    imagePullSecrets: list[Named] = []
    master: CommunityMaster
    worker: CommunityWorker
    testFiles: CommunityFiles = CommunityFiles()
    env: CommunityEnv = CommunityEnv()
    volumes: list[Volume] = []
    volumeMounts: list[TargetedMount] = []
    security: CommunitySecurity = CommunitySecurity()


class Community(Form):
    """A load test."""

    apiVersion: Literal["locust.io/v2"]
    kind: Literal["LocustTest"]
    metadata: Metadata
    spec: CommunitySpec


def community(test: Community) -> tuple[list[str], list[str]]:
    """Return what its master and each of its workers are started with."""
    spec = test.spec
    port = f"--master-port={MASTER_PORT}"
    master = [*spec.master.command.split(), "--master", port]
    master.append(f"--expect-workers={spec.worker.replicas}")
    master += ["--autostart"] if spec.master.autostart else []
    quits = spec.master.autoquit
    master += ["--autoquit", str(quits.timeout)] if quits.enabled else []
    master += ["--enable-rebalancing", "--only-summary", *spec.master.extraArgs]
    host = f"--master-host={test.metadata.name}-master"
    worker = [*spec.worker.command.split(), "--worker", port, host, *spec.worker.extraArgs]
    return master, worker


KINDS: dict[tuple[str, str], Any] = {
    ("v1", "ConfigMap"): ConfigMap,
    ("v1", "Service"): Service,
    ("batch/v1", "Job"): Job,
    ("locust.io/v1", "LocustTest"): Official,
    ("locust.io/v2", "LocustTest"): Community,
}
"""What each kind of object is checked by."""


def read(document: Any) -> Any:
    """Return an object of a manifest, checked.

    Raises:
        ValueError: Kubernetes, or the operator, would not take it as it is meant.
    """
    return KINDS[document["apiVersion"], document["kind"]].model_validate(document)
