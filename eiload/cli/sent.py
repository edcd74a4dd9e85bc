"""What `eiload predict` sends: a picture, inputs by name, or inputs made up by the signature.

The arguments become a payload as a scenario has it, so that what can be said there can be tried
here, with the same words for what is wrong.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from eiload.base.errors import ScenarioError
from eiload.scenario import Payload
from eiload.scenario.problem import Problem
from eiload.scenario.reading import payload_of

__all__ = ["add_arguments", "input_name", "sent"]

SYNTHETIC = {"width": 640, "height": 427, "count": 1}
"""The picture that is made up when none is given: of the size of AWS's example, 3dogs.jpg."""

PICTURE_INPUT = "inputs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what is sent."""
    group = parser.add_argument_group("what is sent, if no picture")
    add = group.add_argument
    # fmt: off
    add("--input", action="append", default=[], metavar="NAME[=VALUE]",
        help="an input by name: a file (.npy, .npz, .json, .txt, any bytes) or values as JSON; may "
        "be repeated; without =VALUE the name of the picture's input (default: inputs)")
    add("--generate", action="store_true", help="make all inputs up, by the model's signature")
    add("--shape", action="append", default=[], metavar="NAME=N,N", help="of a generated input")
    add("--range", action="append", default=[], metavar="NAME=LOW,HIGH",
        help="of a generated input's values")
    add("--seed", type=int, default=1, metavar="N", help="of what is generated (default: 1)")
    # fmt: on


def input_name(arguments: argparse.Namespace) -> str:
    """Return which input takes the picture."""
    names = [each for each in arguments.input if "=" not in each]
    return names[-1] if names else PICTURE_INPUT


def sent(arguments: argparse.Namespace) -> Payload:
    """Return what is sent, as a payload.

    Raises:
        ScenarioError: an argument makes no sense; all that do not, a line each.
    """
    given = [each for each in arguments.input if "=" in each]
    _check(arguments, given)
    data: dict[str, Any]
    if given:
        data = {"inputs": dict(_input(each) for each in given)}
    elif arguments.generate:
        shapes = dict(_numbers("--shape", each) for each in arguments.shape)
        data = {
            "generate": {
                "count": 1,
                "seed": arguments.seed,
                "batch": arguments.batch,
                "shapes": {name: [*map(int, each)] for name, each in shapes.items()},
                "ranges": dict(_numbers("--range", each) for each in arguments.range),
            }
        }
    else:
        data = {"encoding": arguments.encoding, "batch": arguments.batch}
        if arguments.image is None:
            data["synthetic"] = dict(SYNTHETIC)
        elif Path(arguments.image).is_file():
            data["images"] = [arguments.image]
        else:
            raise ScenarioError(f"--image: no such file, got {arguments.image!r}; check the path")
    payload, problems = payload_of(data, Path.cwd())
    if payload is None:
        raise ScenarioError("\n".join(map(_told, problems)))
    return payload


def _check(arguments: argparse.Namespace, given: list[str]) -> None:
    """Refuse arguments that contradict each other."""
    kinds = {
        "--input NAME=VALUE": bool(given),
        "--generate": arguments.generate,
        "--image": arguments.image is not None,
    }
    said = [kind for kind, is_said in kinds.items() if is_said]
    if len(said) > 1:
        raise ScenarioError(f"{said[1]}: beside {said[0]}; expected one of them")
    for option in ("shape", "range"):
        if getattr(arguments, option) and not arguments.generate:
            raise ScenarioError(f"--{option}: is for --generate; expected that beside it")


def _input(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    if value and Path(value).exists():
        return name, {"file": value}
    try:
        return name, {"values": json.loads(value)}
    except ValueError:
        raise ScenarioError(
            f"--input: neither a file nor values, got {value!r}; expected such as "
            f"{name}=x.npy, {name}=[1.0,2.0] or {name}='[\"some text\"]'"
        ) from None


def _numbers(option: str, text: str) -> tuple[str, list[float]]:
    name, _, value = text.partition("=")
    try:
        return name, [float(each) for each in value.split(",")]
    except ValueError:
        raise ScenarioError(f"{option}: not numbers, got {text!r}; expected NAME=1,2") from None


def _told(problem: Problem) -> str:
    """Return a problem with the option that it is with."""
    options = {"inputs": "--input", "images": "--image", "ranges": "--range", "shapes": "--shape"}
    keys = [str(each) for each in problem.path]
    for place, key in enumerate(keys):
        if key in options:
            of = keys[place + 1 : place + 2] if key != "images" else []
            return ": ".join([options[key], *of, problem.text])
    return f"--{keys[-1] if keys else 'input'}: {problem.text}"
