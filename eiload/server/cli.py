"""The options of ``eiload serve``; those of ``eiload make-model`` are next door.

Every setting of `StandIn` is an option of the same name, written as in a scenario (the braces of a
mapping may be left out); the rest says how the server is reached. This file turns a command line
into the two records that `app.run` takes, and prints the line that says it serves.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import yaml
from pydantic.fields import FieldInfo

from eiload.base import console
from eiload.base.errors import ScenarioError
from eiload.scenario.standin import StandIn, option, parse
from eiload.scenario.standin.profiles import listing
from eiload.server.cli_endpoint import add_endpoint_arguments, endpoint_options
from eiload.server.make_model_cli import (
    NEWEST_VERSION,
    add_make_model_arguments,
    run_make_model,
)

if TYPE_CHECKING:
    from eiload.server.transport import Security

__all__ = [
    "add_make_model_arguments",
    "add_serve_arguments",
    "run_make_model",
    "run_serve",
]

SERVE_DESCRIPTION = """\
Stand in for TensorFlow Serving, or for Amazon EI's build of it: the same gRPC API (with
--api another way to it), and behind it an emulated accelerator (made-up detections after
times from a law) or, with --saved-model or --torchscript, a real model run by TensorFlow
or PyTorch. Settings are written as in a scenario's stand_in:, durations with their unit;
mappings as "median: 60 ms, p99: 80 ms".
"""

SERVE_EPILOG = """\
examples:
  eiload serve                                     an SSD that answers after 10 ms
  eiload serve --profile p2.xlarge                 a local GPU
  eiload serve --profile eia1.medium --port 9000   an EI accelerator over the network
  eiload serve --compute "median: 60 ms, p99: 90 ms" --concurrency 2 --queue 100
  eiload serve --attach network --round-trip "median: 1 ms, p99: 8 ms" --bandwidth "1 Gbit/s"
  eiload serve --saved-model models/ssd --rest-port 8501
  eiload serve --api tf-rest --profile p2.xlarge   over TensorFlow Serving's REST alone
  eiload serve --api container --container pytorch --concurrency 2 --cold-start "4 s"
  eiload serve --api container --torchscript models/resnet/traced/model.pt
  eiload serve --api sagemaker --endpoint ssd \\
    --variant "blue: {profile: eia2.medium}" --variant "green: {profile: eia2.xlarge}"
  eiload serve --list-profiles                     the profiles and where their numbers are from

It ends with Ctrl-C. exit status: 130 (SIGINT) or 143 (SIGTERM), 2 if it cannot be served so
"""

GRPC_APIS = ("tfs", "ei")

PORTS = {"tfs": 8500, "ei": 8500, "tf-rest": 8501, "container": 8080, "sagemaker": 8080}
"""Where clients look if nobody tells them: those of TensorFlow Serving's container, and of
SageMaker's."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "what is emulated": (
        "profile",
        "compute",
        "slowdown",
        "further_image",
        "concurrency",
        "queue",
        "attach",
        "round_trip",
        "bandwidth",
        "stalls",
        "reattach",
        "cold_start_ns",
        "seed",
    ),
    "the model": (
        "saved_model",
        "torchscript",
        "inference",
        "encoded",
        "raw_outputs",
        "tensor_content",
        "answers_seed",
    ),
    "the model server": ("api", "load_time_ns", "max_threads", "batching"),
    "over HTTP": ("container", "handler", "keep_alive_ns", "throttle", "weight"),
    "faults": ("fail", "hang"),
}
"""All fields of `StandIn`, in the order of the help."""


def add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``eiload serve``."""
    parser.description = SERVE_DESCRIPTION
    parser.epilog = SERVE_EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    reach = parser.add_argument_group("how it is reached")
    reach.add_argument("--model", default="ssd", metavar="NAME", help="its name (default: ssd)")
    reach.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on, or unix:PATH (default: 127.0.0.1, this machine only)",
    )
    reach.add_argument(
        "--port",
        type=_port,
        help="port of what --api says, 0 for a free one (default: 8500; tf-rest: 8501; container "
        "and sagemaker: 8080)",
    )
    reach.add_argument(
        "--rest-port",
        type=_port,
        help="port for REST (/v1/models/...) and metrics (/monitoring/prometheus/metrics), 0 for "
        "a free one (default: none)",
    )
    reach.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="LABEL=VERSION",
        help="a label for a version of the model; can be given more than once",
    )
    reach.add_argument("--tls-cert", type=Path, metavar="FILE", help="serve TLS: certificate, PEM")
    reach.add_argument("--tls-key", type=Path, metavar="FILE", help="serve TLS: its key, PEM")
    reach.add_argument(
        "--tls-client-ca",
        type=Path,
        metavar="FILE",
        help="ask clients for certificates of these authorities (mTLS), PEM",
    )
    reach.add_argument(
        "--health", action="store_true", help="serve grpc.health.v1 (TF Serving: 2.15 and later)"
    )
    reach.add_argument(
        "--reflection", action="store_true", help="serve gRPC reflection (TF Serving: since 2.15.1)"
    )
    reach.add_argument(
        "--grpc-channel-arguments",
        default="",
        metavar="KEY=VALUE,...",
        help="arguments for the gRPC server, such as grpc.max_concurrent_streams=1 or "
        "grpc.max_connection_age_ms=300",
    )
    add_endpoint_arguments(parser)
    for title, names in GROUPS.items():
        group = parser.add_argument_group(title)
        for name in names:
            _add_setting(group, name, StandIn.model_fields[name])
    other = parser.add_argument_group("other")
    other.add_argument(
        "--list-profiles", action="store_true", help="show the profiles with their sources"
    )
    other.add_argument("--ready-json", action="store_true", help="say in JSON that it serves")
    other.add_argument(
        "--exit-with-stdin", action="store_true", help="end when standard input ends"
    )
    other.add_argument("--settings", metavar="JSON", help="all settings at once; others add to it")


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve until told to end; return the exit status.

    Raises:
        ScenarioError: something on the command line cannot be done.
    """
    if arguments.list_profiles:
        console.emit(listing())
        return 0
    given = _settings(arguments)
    settings = parse(given, "serve")
    if not arguments.model:
        raise ScenarioError("serve: --model: expected a name, got ''")
    _check_reach(arguments, settings.api)
    # What clients do wrong is answered, not logged; what we do wrong is said by our own errors.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from eiload.server.app import (  # noqa: PLC0415  # gRPC and numpy are not for --help
        Options,
        Ready,
        run,
    )

    options = Options(
        model=arguments.model,
        host=arguments.host,
        port=PORTS[settings.api] if arguments.port is None else arguments.port,
        rest_port=arguments.rest_port,
        labels=_labels(arguments.label),
        security=_security(arguments),
        health=arguments.health,
        reflection=arguments.reflection,
        channel_arguments=_channel_arguments(arguments.grpc_channel_arguments),
        exit_with_stdin=arguments.exit_with_stdin,
        endpoint=endpoint_options(arguments, given, settings.api),
    )

    def ready(serving: Ready) -> None:
        console.emit(json.dumps(asdict(serving)) if arguments.ready_json else _line(serving))

    return run(settings, options, ready)


def _check_reach(arguments: argparse.Namespace, api: str) -> None:
    """See that what was said of the ports is of this API's.

    Raises:
        ScenarioError: an option is another API's.
    """
    if api != "tfs" and (arguments.health or arguments.reflection):
        why = "no EI build had them" if api == "ei" else "they are gRPC's"
        raise ScenarioError(
            f"serve: --health and --reflection: expected only with --api tfs; {why}"
        )
    if api not in GRPC_APIS and arguments.grpc_channel_arguments:
        raise ScenarioError(
            f"serve: --grpc-channel-arguments: expected only with --api tfs or ei, got {api!r}"
        )
    if api == "tf-rest" and arguments.rest_port is not None:
        raise ScenarioError(
            "serve: --rest-port: with --api tf-rest the one port is REST's; expected --port"
        )


def _add_setting(group: Any, name: str, field: FieldInfo) -> None:
    """Add the option for one field of `StandIn`."""
    option = "--" + (field.alias or name).replace("_", "-")
    text = str(field.description).replace("%", "%%")
    if field.annotation is bool:
        group.add_argument(option, dest=name, action="store_true", default=None, help=text)
        return
    default = field.default
    if default is not None:
        shown = StandIn.model_validate({}).model_dump(mode="json")[field.alias or name]
        shown = shown.get("constant") if isinstance(shown, dict) else shown
        text += f" (default: {shown})".replace("%", "%%")
    choices = get_args(field.annotation) if name in {"attach", "api", "container"} else None
    group.add_argument(
        option,
        dest=name,
        choices=choices,
        metavar=None if choices else "VALUE",
        help=text,
    )


def _settings(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the settings that were given, as a scenario would have them.

    Raises:
        ScenarioError: one is not written so.
    """
    settings: dict[str, object] = {}
    if arguments.settings is not None:
        try:
            settings = dict(json.loads(arguments.settings))
        except (ValueError, TypeError):
            raise ScenarioError(
                f"serve: --settings: expected a JSON object, got {arguments.settings!r}"
            ) from None
    for name, field in StandIn.model_fields.items():
        value = getattr(arguments, name)
        if value is not None:
            settings[field.alias or name] = _value(field.alias or name, value)
    return settings


def _labels(given: Sequence[str]) -> dict[str, int]:
    labels: dict[str, int] = {}
    for text in given:
        label, _, version = text.rpartition("=")
        if not label or not version.isdecimal() or int(version) > NEWEST_VERSION:
            raise ScenarioError(
                f"serve: --label: expected LABEL=VERSION, a number up to {NEWEST_VERSION}, "
                f"got {text!r}"
            )
        if label in labels:
            raise ScenarioError(f"serve: --label: expected {label!r} once, got it for two versions")
        labels[label] = int(version)
    return labels


def _security(arguments: argparse.Namespace) -> "Security | None":
    from eiload.server.transport import Security  # noqa: PLC0415

    cert, key, authorities = arguments.tls_cert, arguments.tls_key, arguments.tls_client_ca
    if cert is None and key is None and authorities is None:
        return None
    if cert is None or key is None:
        raise ScenarioError("serve: TLS: expected both --tls-cert and --tls-key")
    return Security(cert, key, authorities)


def _channel_arguments(text: str) -> list[tuple[str, str | int]]:
    """Return gRPC's arguments from TensorFlow Serving's form of them: k=v,k=v."""
    pairs: list[tuple[str, str | int]] = []
    for each in filter(None, text.split(",")):
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise ScenarioError(
                f"serve: --grpc-channel-arguments: expected KEY=VALUE,..., got {each!r}"
            )
        pairs.append((key, int(value) if value.lstrip("-").isdecimal() else value))
    return pairs


def _value(name: str, value: object) -> object:
    """Return a setting's value: ``a: 1, b: 2`` as a mapping, other text for its field to read."""
    if not isinstance(value, str):
        return value
    if ": " not in value:
        return option(value)
    text = value.strip()
    try:
        return yaml.safe_load(text if text.startswith("{") else f"{{{text}}}")
    except yaml.YAMLError:
        raise ScenarioError(
            f"serve: {name}: expected a value or 'key: value, ...', got {value!r}"
        ) from None


def _line(serving: Any) -> str:
    rest = ""
    if serving.rest_address and serving.rest_address != serving.address:
        rest = f", REST on {serving.rest_address}"
    over = "" if serving.api in GRPC_APIS else f" as {serving.api}"
    return f"{serving.kind} serves model {serving.model!r}{over} on {serving.address}{rest}"


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"expected a port number from 0 to 65535, got {text!r}")
    return port
