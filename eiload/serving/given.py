"""Inputs that a scenario gives by name: from their files and values to the tensors of each request.

Every input has a column of requests: one value that all requests share, or one for each file or
group of lines. Files are read one request at a time. Values without an element type get the one
that the model declares; which these are is known once a target has told its signature.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eiload.base.errors import ScenarioError
from eiload.base.wording import count
from eiload.scenario import Input, Target
from eiload.scenario.inputs import ALL
from eiload.serving.arrays import Literal, Value, array, cast, named, of_lines, read_as, whole
from eiload.serving.tensors import Tensor
from eiload.serving.tfserving import Signature

__all__ = ["Row", "grouped", "input_of", "repeated", "rows"]

Item = Callable[[], Mapping[str, Value]]
"""Reads the values of one request: by the names in their file, or one under "" """


@dataclass(frozen=True, slots=True)
class Row:
    """The inputs of one request, as they were given."""

    name: str
    values: Mapping[str, Value]
    """By input; what has no name of its own is under ""."""
    dtypes: Mapping[str, str]
    """What the scenario says of their element types."""

    def tensors(self, target: Target, signature: Signature | None) -> dict[str, Tensor]:
        """Return them as a target's model takes them.

        Raises:
            ScenarioError: an element type is not known, or values are not of it; a line each.
        """
        made, lines = {}, []
        for given, value in self.values.items():
            name = given or input_of(target, signature)
            entry = signature.inputs.get(name) if signature is not None else None
            wanted = self.dtypes.get(given) or self.dtypes.get(ALL)
            if wanted is None and isinstance(value, Literal) and entry is not None:
                wanted = entry.dtype
            try:
                made[name] = _tensor(value, wanted)
            except ValueError as error:
                lines.append(f"payload.inputs.{name}: {self.name}: {error}")
        if lines:
            raise ScenarioError("\n".join(lines))
        return made


def input_of(target: Target, signature: Signature | None) -> str:
    """Return which input is meant where none is named: the model's only one, or the target's."""
    if (
        signature is not None
        and target.input not in signature.inputs
        and len(signature.inputs) == 1
    ):
        return next(iter(signature.inputs))
    return target.input


def grouped(items: Sequence[bytes], batch: int) -> Iterator[Tensor]:
    """Yield strings [batch], in order; what the last group lacks is taken from the beginning."""
    for first in range(0, len(items), batch):
        group = np.empty(batch, object)
        group[:] = [items[place % len(items)] for place in range(first, first + batch)]
        yield group


def rows(inputs: Mapping[str, Input], batch: int) -> Iterator[Row]:
    """Yield the requests' inputs, in order, one at a time.

    Args:
        inputs: what the scenario says, by input.
        batch: lines, or times that a file's bytes are repeated, in a request.

    Raises:
        ScenarioError: a file cannot be used, or inputs give different numbers of requests.
    """
    columns = {name: [*_column(given, batch)] for name, given in inputs.items()}
    longest = max(columns, key=lambda name: len(columns[name]))
    for name, column in columns.items():
        if len(column) not in {1, len(columns[longest])}:
            raise ScenarioError(
                f"payload.inputs: {longest!r} gives {count(len(columns[longest]), 'request')}, "
                f"{name!r} {len(column)}; expected the same number of each, or one for all"
            )
    dtypes = {name: given.dtype for name, given in inputs.items() if given.dtype is not None}
    for index in range(len(columns[longest])):
        values: dict[str, Value] = {}
        for name, column in columns.items():
            _, read = column[index % len(column)]
            values |= read() if name == ALL else {name: _only(name, read())}
        yield Row(columns[longest][index][0], values, dtypes)


def _column(given: Input, batch: int) -> Iterator[tuple[str, Item]]:
    """Yield the requests that one input has values for: what they are called, how to read them."""
    if not given.file:
        yield "values", lambda: {"": Literal(given.values)}
    for path in given.file:
        kind, called = given.read_as or read_as(path), Path(path).name
        if kind in {"array", "json"}:
            yield called, lambda path=path, kind=kind: named(path, kind)  # type: ignore[misc]
        elif kind == "lines":
            for number, group in enumerate(grouped(of_lines(path), batch)):
                yield f"{called}#{number + 1}", lambda group=group: {"": group}  # type: ignore[misc]
        else:
            yield called, lambda path=path: {"": repeated(whole(path), batch)}  # type: ignore[misc]


def repeated(data: bytes, batch: int) -> Tensor:
    """Return strings [batch], all the same; `np.full` would cut NULs at their end."""
    same = np.empty(batch, object)
    same[:] = [data] * batch
    return same


def _only(name: str, values: Mapping[str, Value]) -> Value:
    """Return the one value of an input in a file that may hold others, too."""
    if name in values:
        return values[name]
    if len(values) == 1:
        return next(iter(values.values()))
    listed = ", ".join(map(repr, values))
    raise ScenarioError(f"payload.inputs.{name}: its file holds {listed}, and none of that name")


def _tensor(value: Value, dtype: str | None) -> Tensor:
    if isinstance(value, Literal):
        if dtype is None:
            raise ValueError("the server does not tell its element type; write 'dtype:' beside it")
        return array(value, dtype)
    return value if dtype is None else cast(value, dtype)
