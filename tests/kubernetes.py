"""What Kubernetes takes of our manifests: written down, of its kinds (v1.31) what they say.

A field that is not here is refused, as an API server prunes or refuses it.
"""

# ruff: noqa: N815 - names are Kubernetes' own; pydantic copies defaults

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Form(BaseModel):
    """A mapping with these keys and no others; YAML's types are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _quantity(value: str) -> str:
    assert value.removesuffix("Mi").removesuffix("Gi").removesuffix("m").isdigit(), value
    return value


Quantity = Annotated[str, AfterValidator(_quantity)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


class Metadata(Form):
    """Of any object."""

    name: Name
    labels: dict[str, str] = {}


class Resources(Form):
    """What a container gets."""

    requests: dict[Literal["cpu", "memory"], Quantity] = {}
    limits: dict[Literal["cpu", "memory"], Quantity] = {}


class Named(Form):
    """A reference by name."""

    name: Name


class Seccomp(Form):
    """Of system calls."""

    type: Literal["RuntimeDefault"]


class PodSecurity(Form):
    """Whose a pod's processes are."""

    runAsNonRoot: bool
    runAsUser: int
    fsGroup: int
    seccompProfile: Seccomp


class Capabilities(Form):
    """Of a container."""

    drop: list[str]


class ContainerSecurity(Form):
    """What a container may not do."""

    allowPrivilegeEscalation: bool
    readOnlyRootFilesystem: bool
    capabilities: Capabilities


class EmptyDir(Form):
    """A folder that goes with the pod."""


class Volume(Form):
    """One of a pod's."""

    name: Name
    configMap: Named | None = None
    emptyDir: EmptyDir | None = None


class Mount(Form):
    """Where a volume is seen."""

    name: Name
    mountPath: Annotated[str, Field(pattern="^/")]
    readOnly: bool = False


class ConfigMap(Form):
    """Files."""

    apiVersion: Literal["v1"]
    kind: Literal["ConfigMap"]
    metadata: Metadata
    data: dict[Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$")], str]


# -- Kubernetes' own Job and Service ---------------------------------------------------------------


class ServicePort(Form):
    """One of a service's."""

    name: Name
    port: int


class ServiceSpec(Form):
    """A name for pods."""

    clusterIP: Literal["None"]
    publishNotReadyAddresses: bool
    selector: dict[str, str]
    ports: list[ServicePort]


class Service(Form):
    """A name for pods."""

    apiVersion: Literal["v1"]
    kind: Literal["Service"]
    metadata: Metadata
    spec: ServiceSpec


class SecretKey(Form):
    """A key of a secret."""

    name: Name
    key: str


class ValueFrom(Form):
    """Where a variable's value is."""

    secretKeyRef: SecretKey


class Variable(Form):
    """One of the environment's."""

    name: str
    value: str | None = None
    valueFrom: ValueFrom | None = None


class ContainerPort(Form):
    """One that a container listens on."""

    name: Name
    containerPort: int


class Container(Form):
    """One of a pod's."""

    name: Name
    image: str
    args: list[str]
    env: list[Variable]
    ports: list[ContainerPort] = []
    resources: Resources
    securityContext: ContainerSecurity
    volumeMounts: list[Mount]


class LabelSelector(Form):
    """Which pods."""

    matchLabels: dict[str, str]


class Spread(Form):
    """How pods are spread."""

    maxSkew: int
    topologyKey: str
    whenUnsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    labelSelector: LabelSelector


class Pod(Form):
    """What a Job starts."""

    restartPolicy: Literal["Never", "OnFailure"]
    terminationGracePeriodSeconds: int
    automountServiceAccountToken: bool
    securityContext: PodSecurity
    topologySpreadConstraints: list[Spread] = []
    containers: list[Container]
    volumes: list[Volume]


class TemplateMetadata(Form):
    """Of a pod to be."""

    labels: dict[str, str]


class Template(Form):
    """A pod to be."""

    metadata: TemplateMetadata
    spec: Pod


class JobSpec(Form):
    """What is to be done."""

    backoffLimit: int
    ttlSecondsAfterFinished: int
    parallelism: int = 1
    completions: int = 1
    template: Template


class Job(Form):
    """What is to be done."""

    apiVersion: Literal["batch/v1"]
    kind: Literal["Job"]
    metadata: Metadata
    spec: JobSpec
