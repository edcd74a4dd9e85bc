"""Inputs made up by a model's own signature: each by its type and its shape, and by a seed.

Pure: a signature and what the scenario says of it in, arrays out. The same seed gives the same
arrays on every machine, whatever other inputs there are. Without a range whole numbers are 0 and 1:
ids that any vocabulary has, and what masks and segments are made of; uint8 is taken for pixels, 0
to 255; other numbers lie from 0 to 1.
"""

import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from eiload.base.errors import ScenarioError
from eiload.base.near import nearest
from eiload.scenario.inputs import BATCH, DTYPES, Generate
from eiload.serving.tensors import Tensor, TensorInfo, dtype_of
from eiload.serving.tfserving import Signature

__all__ = ["generated", "known", "notes"]

WORDS = 8
"""Of a text that is made up."""

SYLLABLES = (
    "ba",
    "den",
    "fi",
    "gor",
    "ka",
    "lum",
    "me",
    "nis",
    "or",
    "pa",
    "ris",
    "ta",
    "ul",
    "ve",
)

Shapes = dict[str, tuple[int, ...]]


def known(signature: Signature | None, generate: Generate) -> dict[str, TensorInfo]:
    """Return type and shape of each input, everything decided.

    Args:
        signature: the model's; None where the server does not tell.
        generate: what the scenario says.

    Raises:
        ScenarioError: something is still open, or what is said does not fit; all of it, a line
            each.
    """
    if signature is None:
        return _told(generate)
    lines = [*_unknown(signature, generate)]
    open_ones, decided = [], {}
    for name, entry in signature.inputs.items():
        dtype = generate.dtypes.get(name, entry.dtype)
        if dtype not in DTYPES:
            lines.append(
                f"input {name!r} is {entry}, which cannot be made up; give it by `inputs:`"
            )
            continue
        if name in generate.dtypes and dtype != entry.dtype:
            lines.append(f"dtypes.{name}: {dtype}, the model takes {entry}; leave it out")
        shape = _shape(entry, generate.shapes.get(name), generate.batch)
        if shape is None:
            open_ones.append((name, entry))
        elif misfit := _misfit(entry, shape):
            lines.append(f"shapes.{name}: {list(shape)}, the model takes {entry}; {misfit}")
        else:
            decided[name] = TensorInfo(dtype, shape)
    if open_ones:
        lines.append(_asked(open_ones))
    _raise(lines)
    return decided


def generated(inputs: dict[str, TensorInfo], generate: Generate, index: int) -> dict[str, Tensor]:
    """Return the inputs of request number `index`.

    Args:
        inputs: type and shape of each (`known`).
        generate: what the scenario says.
        index: which of the different requests.
    """
    made = {}
    for name, entry in inputs.items():
        rng = np.random.default_rng([generate.seed, index, zlib.crc32(name.encode())])
        made[name] = _array(rng, name, entry, generate)
    return made


def notes(inputs: dict[str, TensorInfo], generate: Generate) -> list[str]:
    """Return what was said and has no effect."""
    if generate.batch == 1 or any(
        entry.shape and entry.shape[0] == generate.batch for entry in inputs.values()
    ):
        return []
    text = (
        f"generate: batch {generate.batch} has no effect: `shapes:` or the model say the first "
        "dimension of each input"
    )
    return [text]


def _told(generate: Generate) -> dict[str, TensorInfo]:
    """Return what the scenario alone says of the inputs."""
    inputs = {
        name: TensorInfo(dtype, _with_batch(generate.shapes[name], generate.batch))
        for name, dtype in generate.dtypes.items()
        if name in generate.shapes
    }
    if not inputs or generate.shapes.keys() != generate.dtypes.keys():
        raise ScenarioError(
            "payload.generate: the server does not tell the model's signature; write 'shapes:' "
            "and 'dtypes:' of every input, or give the inputs by 'inputs:'"
        )
    return inputs


def _shape(
    entry: TensorInfo, said: Sequence[int | str] | None, batch: int
) -> tuple[int, ...] | None:
    """Return the shape of one input; None if it is still open."""
    if said is not None:
        return _with_batch(said, batch)
    if entry.shape is None:
        return None
    first, *rest = entry.shape or (0,)
    if not entry.shape:
        return ()
    if None in rest:
        return None
    return (batch if first is None else first, *(length or 0 for length in rest))


def _with_batch(shape: Sequence[int | str], batch: int) -> tuple[int, ...]:
    return tuple(batch if length == BATCH else int(length) for length in shape)


def _misfit(entry: TensorInfo, shape: tuple[int, ...]) -> str | None:
    """Return why the model does not take a shape; None if it does."""
    if entry.shape is None:
        return None
    if len(entry.shape) != len(shape):
        return f"write {len(entry.shape)} lengths"
    for wanted, given in zip(entry.shape, shape, strict=True):
        if wanted is not None and wanted != given:
            return f"write {wanted} in the place of {given}"
    return None


def _asked(open_ones: Sequence[tuple[str, TensorInfo]]) -> str:
    """Return the line that asks for all that is open."""
    listed = ", ".join(f"{name!r} ({entry})" for name, entry in open_ones)
    wanted = ", ".join(f"{name}: [{_wanted(entry)}]" for name, entry in open_ones)
    return f"open dimensions: {listed}; write 'shapes: {{{wanted}}}' with a number for each N"


def _wanted(entry: TensorInfo) -> str:
    if entry.shape is None:
        return "N, .."
    first, *rest = entry.shape
    head = BATCH if first is None else str(first)
    return ", ".join([head, *("N" if length is None else str(length) for length in rest)])


def _unknown(signature: Signature, generate: Generate) -> Iterator[str]:
    """Yield what is said of inputs that the model has not."""
    for word in ("shapes", "dtypes", "ranges", "text"):
        for name in getattr(generate, word):
            if name not in signature.inputs:
                takes = ", ".join(f"{each!r}" for each in signature.inputs)
                hint = nearest(name, signature.inputs)
                yield f"{word}.{name}: no such input; the model takes {takes}{hint}"
            elif (word == "text") != (signature.inputs[name].dtype == "string") and word in {
                "text",
                "ranges",
            }:
                entry = signature.inputs[name]
                yield f"{word}.{name}: the model takes {entry} there; leave it out"


def _raise(lines: Sequence[str]) -> None:
    if lines:
        raise ScenarioError("\n".join(f"payload.generate: {line}" for line in lines))


def _array(rng: np.random.Generator, name: str, entry: TensorInfo, generate: Generate) -> Tensor:
    shape = tuple(length or 0 for length in entry.shape or ())
    if entry.dtype == "string":
        return _texts(rng, shape, generate.text.get(name, WORDS))
    dtype = dtype_of(entry.dtype)
    if entry.dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        low, high = generate.ranges.get(name, (0, 255 if entry.dtype == "uint8" else 1))
        limits = np.iinfo(dtype)
        if low < limits.min or high > limits.max or low != int(low) or high != int(high):
            raise ScenarioError(
                f"payload.generate.ranges.{name}: [{low:g}, {high:g}], the model takes "
                f"{entry.dtype}; expected whole numbers from {limits.min} to {limits.max}"
            )
        return rng.integers(int(low), int(high), shape, dtype=dtype, endpoint=True)
    low, high = generate.ranges.get(name, (0.0, 1.0))
    made = low + (high - low) * rng.random(shape)
    return np.asarray(made).astype(dtype)


def _texts(rng: np.random.Generator, shape: tuple[int, ...], of: int | tuple[str, ...]) -> Tensor:
    made = np.empty(shape, object)
    for place in np.ndindex(*shape):
        if isinstance(of, int):
            words = (_word(rng) for _ in range(of))
            made[place] = " ".join(words).encode()
        else:
            made[place] = of[int(rng.integers(len(of)))].encode()
    return made


def _word(rng: np.random.Generator) -> str:
    count = int(rng.integers(1, 4))
    return "".join(SYLLABLES[int(each)] for each in rng.integers(0, len(SYLLABLES), count))
