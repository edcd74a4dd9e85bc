"""What a scenario expects of sampled answers, held against them.

Labels of a detector are `detections`' affair; here are the rules that any output may have: shape,
element type, finite, range, equal to a reference. References are files, one for all requests or one
for each, read when this is made; or what the comparison's baseline answers to the same request,
which whoever checks keeps.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from eiload.base.errors import ScenarioError
from eiload.scenario import AnyOutput, Expect
from eiload.scenario.expect import BASELINE
from eiload.serving import detections
from eiload.serving.agree import close
from eiload.serving.arrays import Literal, Value, array, named, read_as
from eiload.serving.detections import Outputs
from eiload.serving.tensors import Tensor, TensorInfo, info

__all__ = ["Expectations"]


class Expectations:
    """What answers have to be.

    Args:
        expect: what the scenario says; None demands nothing but what every good answer is.

    Raises:
        ScenarioError: a reference cannot be used.
    """

    def __init__(self, expect: Expect | None) -> None:
        self._expect = expect
        self._rules: Mapping[str, AnyOutput] = expect.outputs if expect is not None else {}
        self._references = {
            name: [_reference(path, name) for path in rule.equals]
            for name, rule in self._rules.items()
            if rule.equals and rule.equals != (BASELINE,)
        }

    @property
    def of_baseline(self) -> tuple[str, ...]:
        """Return which outputs have to be those of the comparison's baseline."""
        return tuple(name for name, rule in self._rules.items() if rule.equals == (BASELINE,))

    def for_requests(self, count: int) -> None:
        """See that there is a reference for each of so many different requests.

        Raises:
            ScenarioError: there is not.
        """
        for name, each in self._references.items():
            if len(each) not in {1, count}:
                raise ScenarioError(
                    f"payload.expect.outputs.{name}.equals: {len(each)} files for {count} "
                    "different requests; expected one for all, or one for each"
                )

    def check(
        self,
        outputs: Outputs,
        *,
        wanted: Sequence[str] = (),
        unread: Mapping[str, TensorInfo] = MappingProxyType({}),
        request: int = 0,
        baseline: Outputs | None = None,
    ) -> str | None:
        """Return why an answer is bad, or None when it is good.

        Args:
            outputs: the answer's arrays.
            wanted: the outputs that were asked for; empty means all that the model has.
            unread: outputs of types that cannot be read: they are there, and not checked.
            request: which of the different requests it is to.
            baseline: what the baseline answers to that one, if that is known.
        """
        if not outputs and unread:
            return self._unreadable(unread)
        asked = [name for name in wanted if name not in unread]
        problem = detections.check(outputs, self._expect, wanted=asked)
        if problem is not None:
            return problem
        for name, rule in self._rules.items():
            if name not in outputs:
                problem = f"`expect` needs {name}, which the answer does not have"
                return self._unreadable(unread) or problem
            problem = _broken(outputs[name], rule) or self._differs(
                name, outputs[name], request, baseline
            )
            if problem is not None:
                return f"{name} {problem}"
        return None

    def _unreadable(self, unread: Mapping[str, TensorInfo]) -> str | None:
        for name in self._rules:
            if name in unread:
                return f"`expect` is of {name}, whose type {unread[name].dtype} cannot be read"
        return None

    def _differs(
        self, name: str, output: Tensor, request: int, baseline: Outputs | None
    ) -> str | None:
        rule = self._rules[name]
        if rule.equals == (BASELINE,):
            if baseline is None or name not in baseline:
                return None
            reference: Value = baseline[name]
        elif name in self._references:
            of_all = self._references[name]
            reference = of_all[request if len(of_all) > 1 else 0]
        else:
            return None
        try:
            made = (
                array(reference, info(output).dtype)
                if isinstance(reference, Literal)
                else reference
            )
        except ValueError as error:
            return f"is not what its reference is: {error}"
        if made.shape != output.shape:
            return f"has shape {list(output.shape)}, its reference {list(made.shape)}"
        if close(output, made, rule.tolerance):
            return None
        return f"differs from its reference{_by_how_much(output, made)}"


def _broken(output: Tensor, rule: AnyOutput) -> str | None:
    """Return which rule an output breaks; None if it does not."""
    what = info(output)
    if rule.dtype is not None and what.dtype != rule.dtype:
        return f"is {what.dtype}, expected {rule.dtype}"
    if rule.shape is not None and not _fits(output.shape, rule.shape):
        wanted = ", ".join(map(str, rule.shape))
        return f"has shape {list(output.shape)}, expected [{wanted}]"
    if (rule.finite or rule.range is not None) and output.dtype.kind not in "fiubV":
        return f"holds {what.dtype}, expected numbers"
    if rule.finite and not np.isfinite(output).all():
        return "holds NaN or infinity, expected finite numbers"
    if rule.range is not None and output.size:
        low, high = rule.range
        least, most = float(output.min()), float(output.max())
        if not (low <= least and most <= high):  # NaN is in no range
            return f"lies in {least:g} to {most:g}, expected {low:g} to {high:g}"
    return None


def _fits(shape: Sequence[int], wanted: Sequence[int | str]) -> bool:
    return len(shape) == len(wanted) and all(
        one in {"?", length} for one, length in zip(wanted, shape, strict=True)
    )


def _by_how_much(output: Tensor, reference: Tensor) -> str:
    if object in {output.dtype, reference.dtype}:
        return ""
    with np.errstate(invalid="ignore"):
        apart = np.abs(output.astype(np.float64) - reference.astype(np.float64))
    finite = apart[np.isfinite(apart)]
    return f" by up to {finite.max():.3g}" if finite.size else ""


def _reference(path: str, name: str) -> Value:
    kind = read_as(path)
    if kind not in {"array", "json"}:
        raise ScenarioError(
            f"payload.expect.outputs.{name}.equals: {path} is no array; "
            "expected .npy, .npz or .json"
        )
    values = named(path, kind)
    if name in values:
        return values[name]
    if len(values) == 1:
        return next(iter(values.values()))
    raise ScenarioError(f"{path}: holds {', '.join(map(repr, values))}, and no {name!r}")
