"""The options of ``eiload serve --api sagemaker`` that are an endpoint's, and not one variant's.

A command line to `EndpointOptions`. Secrets are read from the environment or from a file: a command
line is everybody's to read.
"""

import argparse
import configparser
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from eiload.base.errors import ScenarioError
from eiload.base.units import parse_duration
from eiload.scenario.standin import StandIn, parse
from eiload.server.launch import ACCESS_KEY, SECRET_KEY, TOKEN

if TYPE_CHECKING:
    from eiload.server.http.faces import EndpointOptions
    from eiload.server.http.sigv4 import Keys

__all__ = ["ACCESS_KEY", "SECRET_KEY", "TOKEN", "add_endpoint_arguments", "endpoint_options"]

LONGEST_NAME = 63
"""Of endpoints and variants (botocore's service model)."""


def add_endpoint_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group("an endpoint (--api sagemaker)")
    group.add_argument(
        "--endpoint", metavar="NAME", help="its name (default: the model's, see --model)"
    )
    group.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME[: {SETTINGS}]",
        help="a production variant, whose settings are added to the others given here, such as "
        '"blue: {profile: eia2.medium, weight: 3}"; can be given more than once (default: one, '
        "AllTraffic)",
    )
    group.add_argument(
        "--region", help="refuse signatures of other regions (default: any region will do)"
    )
    group.add_argument(
        "--credentials",
        type=Path,
        metavar="FILE",
        help="check signatures by the [default] of this file, which is like ~/.aws/credentials; "
        f"or by {ACCESS_KEY}, {SECRET_KEY} and {TOKEN} in the environment (default: none is "
        "looked at)",
    )
    group.add_argument(
        "--clock-ahead",
        metavar="DURATION",
        help="the endpoint's clock is ahead by this much: over 5 min no signature is taken",
    )


def endpoint_options(
    arguments: argparse.Namespace, settings: Mapping[str, object], api: str
) -> "EndpointOptions":
    """Return what was said of the endpoint.

    Args:
        arguments: the command line.
        settings: those of all variants, as a scenario would have them.
        api: what is served.

    Raises:
        ScenarioError: something cannot be so, or is not an endpoint's.
    """
    from eiload.server.http.faces import EndpointOptions  # noqa: PLC0415  (numpy is not for --help)

    if api != "sagemaker":
        for name in ("endpoint", "variant", "region", "credentials", "clock_ahead"):
            if getattr(arguments, name):
                option = "--" + name.replace("_", "-")
                raise ScenarioError(
                    f"serve: {option}: expected only with --api sagemaker, got {api!r}"
                )
        return EndpointOptions()
    try:
        ahead_ns = parse_duration(arguments.clock_ahead or "0 s")
    except ValueError as error:
        raise ScenarioError(f"serve: --clock-ahead: {error}") from None
    return EndpointOptions(
        name=_name(arguments.endpoint, "--endpoint") if arguments.endpoint else "",
        variants=_variants(arguments.variant, settings),
        keys=_keys(arguments.credentials),
        region=arguments.region,
        clock_ahead_ns=ahead_ns,
    )


def _variants(given: list[str], settings: Mapping[str, object]) -> dict[str, StandIn]:
    """Return the variants' settings by name."""
    variants: dict[str, StandIn] = {}
    for text in given:
        try:
            said = yaml.safe_load(text)
        except yaml.YAMLError:
            said = None
        if isinstance(said, str):
            said = {said: {}}
        if not isinstance(said, dict) or len(said) != 1 or not _mapping(*said.values()):
            raise ScenarioError(
                f"serve: --variant: expected NAME, or 'NAME: {{setting: value}}', got {text!r}"
            )
        ((name, own),) = said.items()
        name = _name(str(name), "--variant")
        if name in variants:
            raise ScenarioError(f"serve: --variant: expected {name!r} once, got it twice")
        whole = {**settings, **(own or {}), "api": "sagemaker"}
        variants[name] = parse(whole, f"serve: --variant {name}")
    if variants and not any(each.weight for each in variants.values()):
        raise ScenarioError("serve: --variant: expected a weight above 0, all are 0")
    return variants


def _mapping(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _name(name: str, option: str) -> str:
    plain = name.replace("-", "a")
    if not (plain.isascii() and plain.isalnum()) or len(name) > LONGEST_NAME or name[0] == "-":
        raise ScenarioError(
            f"serve: {option}: expected up to {LONGEST_NAME} letters, digits and '-', got {name!r}"
        )
    return name


def _keys(file: Path | None) -> "Keys | None":
    """Return what requests have to be signed with."""
    from eiload.server.http.sigv4 import Keys  # noqa: PLC0415

    if file is None:
        access, secret = os.environ.get(ACCESS_KEY), os.environ.get(SECRET_KEY)
        if not access and not secret:
            return None
        if not access or not secret:
            raise ScenarioError(f"serve: expected both {ACCESS_KEY} and {SECRET_KEY}, or neither")
        return Keys(access, secret, os.environ.get(TOKEN) or None)
    # Interpolation would take a key's % for a reference.
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
        section = parser["default"]
        return Keys(
            section["aws_access_key_id"],
            section["aws_secret_access_key"],
            section.get("aws_session_token"),
        )
    except OSError as error:
        raise ScenarioError(
            f"serve: --credentials: {file}: cannot be read: {error.strerror}"
        ) from None
    except (configparser.Error, KeyError, UnicodeDecodeError):
        # What the parser says of a line may hold a key.
        raise ScenarioError(
            f"serve: --credentials: {file}: expected [default] with aws_access_key_id and "
            "aws_secret_access_key"
        ) from None
