"""What one worker does before the load: requests made, targets checked, the first inference.

What it knows: a scenario's payload and targets, the sender (`Engine`), which is up. What it must
not know: when the load begins, results, Locust. Requests are serialised once, here, and handed to
the sender; from then on they are numbers.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_MS, Clock
from eiload.record.facts import TargetFacts
from eiload.scenario import Expect, Scenario, Target
from eiload.sending.engine import Engine
from eiload.serving import payload
from eiload.serving.preflight import Preflight, proxy_note
from eiload.serving.tensors import Tensor, TensorInfo, info
from eiload.serving.tfserving import inputs_of

__all__ = ["Prepared", "RequestsOf", "parts_of", "prepare"]

RequestsOf = Callable[[Scenario, str], Iterable[tuple[Tensor, bytes]]]
"""Gives the requests to the target of that name: the payload's tensor and the request's bytes."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparation has made and found out."""

    digest: str
    """Fingerprint of the payload's tensors: workers of one run must have the same."""
    targets: tuple[TargetFacts, ...]
    requests: Mapping[int, list[int]]
    """For each target's index, the sender's numbers of its requests, by payload."""
    parts: Sequence[int]
    """Of which of the payload's parts each payload is."""


@dataclass(frozen=True, slots=True)
class _Made:
    """The requests, as the sender has them."""

    digest: str
    numbers: dict[int, list[int]]
    samples: dict[tuple[int, int], tuple[bytes, TensorInfo]]
    """For each target and part, the first request and what its tensor looks like."""
    sizes: dict[tuple[int, int], list[int]]
    """For each target and part, the bytes of its requests."""


def prepare(
    scenario: Scenario,
    engine: Engine,
    *,
    clock: Clock,
    addresses: Mapping[str, str],
    progress: Callable[[str], None],
    requests_of: RequestsOf | None,
    maker: Callable[[str], str],
    first: bool,
) -> Prepared:
    """Make the requests and check the targets.

    Args:
        scenario: the scenario.
        engine: the sender; it is given the requests, and asks what the targets are asked.
        clock: the clock.
        addresses: where stand-ins are, by target name.
        progress: told what is waited for.
        requests_of: what gives the requests that Locust's users make; None if the scenario's
            traffic is sent.
        maker: returns the name of the user class whose requests `requests_of` gives for a target.
        first: make each target's first inference, which one worker does, so that there is one.

    Raises:
        ScenarioError: the payload cannot be used, or a model does not take what a user class makes.
        TargetError: a target cannot be used.
        EngineError: the sender has died.
    """
    driven = requests_of is not None
    parts = None if driven else payload.parts(scenario.payload)
    made = _handed_over(engine, _requests(scenario, requests_of), parts, clock)
    targets = []
    for index, (name, target) in enumerate(scenario.targets.items()):
        found = []
        for part, content in enumerate(scenario.payload.parts):
            if (index, part) not in made.samples:
                continue
            request, tensor = made.samples[index, part]
            preflight = Preflight(
                caller=engine,
                clock=clock,
                index=index,
                name=name,
                target=target if driven else payload.under(target, content),
                address=addresses.get(name) or target.server or "",
                tensor=tensor,
                maker=maker(name) if driven else "",
                sent=inputs_of(request),
            )
            expect = scenario.payload.expected(part)
            found.append(_checked(preflight, request, expect, progress, first=first))
        sizes = [made.sizes[index, part] for part in range(len(found))]
        whole = _together(found, scenario.payload.classes)
        mean_bytes = tuple(round(sum(each) / len(each)) for each in sizes)
        targets.append(replace(whole, request_bytes=mean_bytes))
    count = len(made.numbers.get(0, ()))
    return Prepared(made.digest, tuple(targets), made.numbers, parts or [0] * count)


def _together(found: Sequence[TargetFacts], classes: Sequence[str]) -> TargetFacts:
    """Return what a target tells of itself when it is asked for each class of a mix."""
    if len(found) == 1:
        return found[0]
    notes = Counter(note for facts in found for note in facts.notes)
    told = [
        note if notes[note] == len(found) else f"class {name}: {note}"
        for facts, name in zip(found, classes, strict=True)
        for note in facts.notes
    ]
    models = ", ".join(dict.fromkeys(facts.model for facts in found))
    return replace(found[0], model=models, notes=tuple(dict.fromkeys(told)))


def parts_of(requests: Mapping[int, Sequence[int]], parts: Sequence[int]) -> NDArray[np.uint8]:
    """Return of which part each request is, by the number that the sender has for it."""
    found = np.zeros(1 + max((max(each, default=0) for each in requests.values()), default=0), "u1")
    for numbers in requests.values():
        found[[*numbers]] = parts[: len(numbers)]
    return found


def _requests(
    scenario: Scenario, requests_of: RequestsOf | None
) -> Iterator[Iterator[tuple[int, tuple[Tensor, bytes]]]]:
    """Yield for each payload its requests by target: (index of the target, (tensor, bytes))."""
    targets = list(scenario.targets.items())
    if requests_of is not None:
        for index, (name, _) in enumerate(targets):
            for made in requests_of(scenario, name):
                yield iter([(index, made)])
        return
    contents = scenario.payload.parts
    parts = payload.parts(scenario.payload)
    for part, (_, tensor) in zip(parts, payload.tensors(scenario.payload), strict=True):
        yield (
            (index, (tensor, payload.request(tensor, payload.under(target, contents[part]))))
            for index, (_, target) in enumerate(targets)
        )


def _handed_over(
    engine: Engine,
    requests: Iterable[Iterable[tuple[int, tuple[Tensor, bytes]]]],
    parts: Sequence[int] | None,
    clock: Clock,
) -> _Made:
    """Give the engine every request; `parts` says of which part each payload is, None of one."""
    digest = payload.Digest()
    numbers: dict[int, list[int]] = {}
    samples: dict[tuple[int, int], tuple[bytes, TensorInfo]] = {}
    sizes: dict[tuple[int, int], list[int]] = {}
    for number, of_payload in enumerate(requests):
        part = parts[number] if parts else 0
        # In Locust a worker that says nothing for 4 s, as making many would take, is lost.
        clock.sleep_until(clock.now_ns() + NS_PER_MS)
        shared: dict[bytes, int] = {}  # targets of one model take the same bytes
        for index, (tensor, request) in of_payload:
            if (index, part) not in samples:
                samples[index, part] = (request, info(tensor))
            if not shared:
                digest.add(tensor)  # once, whoever and how many it goes to
            if request not in shared:
                shared[request] = engine.add_payload(request)
            numbers.setdefault(index, []).append(shared[request])
            sizes.setdefault((index, part), []).append(len(request))
    return _Made(str(digest), numbers, samples, sizes)


def _checked(
    preflight: Preflight,
    request: bytes,
    expect: Expect | None,
    progress: Callable[[str], None],
    *,
    first: bool,
) -> TargetFacts:
    """Return what a target tells of itself, and what its first answer was like."""
    target = preflight.target
    said = preflight.check(
        request if first else None, progress, wait_refused=target.ready_within_ns is not None
    )
    first_ns, notes, emulated = None, list(said.notes), _emulated(target)
    if (proxy := proxy_note(os.environ)) is not None:
        notes.append(proxy)
    if first:
        answer = preflight.first_inference(request, expect, said.first)
        first_ns = answer.service_ns
        if answer.stand_in.startswith("emulated"):
            emulated = answer.stand_in  # whatever the scenario takes it for
        if answer.problem:
            notes.append(f"the first answer is bad: {answer.problem}")
    return TargetFacts(
        name=preflight.name,
        address=preflight.address,
        model=target.model,
        emulated=emulated,
        first_inference_ns=first_ns,
        notes=tuple(notes),
    )


def _emulated(target: Target) -> str:
    """Return what of a target is emulated, in words; empty for what is real."""
    stand_in = target.stand_in
    if stand_in is None or not stand_in.emulated:
        return ""
    return f"emulated {stand_in.profile or stand_in.attach}"
