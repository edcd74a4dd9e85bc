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
from eiload.base.errors import ScenarioError
from eiload.base.wording import count
from eiload.record.facts import TargetFacts
from eiload.scenario import Scenario, Target
from eiload.sending.engine import Engine
from eiload.serving import payload
from eiload.serving.expectations import Expectations
from eiload.serving.generated import known
from eiload.serving.generated import notes as generated_notes
from eiload.serving.payload import Made, Sample
from eiload.serving.preflight import Preflight, SelfDescription, proxy_note
from eiload.serving.tensors import TensorInfo
from eiload.serving.tfserving import Signature
from eiload.serving.trial import first_inference, outputs_of

__all__ = ["Prepared", "RequestsOf", "parts_of", "prepare"]

RequestsOf = Callable[[Scenario, str], Iterable[Made]]
"""Gives the requests to the target of that name."""


Key = tuple[int, int]
"""A target's index, and a part's."""


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
    declared: Mapping[Key, Mapping[str, TensorInfo]]
    """What the models say of their outputs, by target and part."""


@dataclass(frozen=True, slots=True)
class _Handed:
    """The requests, as the sender has them."""

    digest: str
    numbers: dict[int, list[int]]
    parts: list[int]
    """Of which of the payload's parts each payload is."""
    samples: dict[Key, bytes]
    """The first request to each target of each part."""
    sizes: dict[Key, list[int]]
    """The bytes of its requests."""
    others: dict[Key, list[str]]
    """The models that requests were for, if those were others."""


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
    expectations: Sequence[Expectations] | None = None,
    handed: Callable[[int, int, bytes], None] = lambda _target, _number, _request: None,
) -> Prepared:
    """Make the requests and check the targets.

    Args:
        scenario: the scenario.
        engine: the sender; it is given the requests, and asks what the targets are asked.
        clock: the clock.
        addresses: where stand-ins are, by target name.
        progress: told what is waited for.
        requests_of: what gives the requests that user classes make; None if the scenario says what
            is sent.
        maker: returns the name of the user class whose requests `requests_of` gives for a target.
        first: make each target's first inference, which one worker does, so that there is one.
        expectations: what answers have to be, by part; what the scenario expects if None.
        handed: told of each request that the sender has: the target's index, the sender's number
            of it, its bytes.

    Raises:
        ScenarioError: the payload cannot be used, or a model does not take what a user class makes.
        TargetError: a target cannot be used.
        EngineError: the sender has died.
    """
    sent = scenario.payload
    by_class = requests_of is not None
    asking = {
        (index, part): Preflight(
            caller=engine,
            clock=clock,
            index=index,
            name=name,
            target=target if by_class else payload.under(target, content),
            address=addresses.get(name) or target.server or "",
            maker=maker(name) if by_class else "",
            pictures=bool(content.pictures),
        )
        for index, (name, target) in enumerate(scenario.targets.items())
        for part, content in enumerate(sent.parts[:1] if by_class else sent.parts)
    }
    said: dict[Key, SelfDescription] = {}
    signatures: dict[Key, Signature | None] = {}
    if not by_class and payload.needs_signature(sent):
        said = {key: _described(each, progress) for key, each in asking.items()}
        signatures = {key: each.signed(said[key]) for key, each in asking.items()}
    made = (
        _requests(scenario, signatures) if requests_of is None else _of_users(scenario, requests_of)
    )
    given = _handed_over(engine, made, clock, handed)
    if not said:  # what is wrong with the user's own files or code is said before a server is asked
        said = {key: _described(each, progress) for key, each in asking.items()}
    if expectations is None:
        expectations = [Expectations(sent.expected(part)) for part in range(len(sent.parts))]
    for part, each in enumerate(expectations):
        each.for_requests(given.parts.count(part))
    targets = []
    for index in range(len(scenario.targets)):
        keys = [key for key in asking if key[0] == index]
        found = [
            _facts(
                asking[key],
                said[key],
                given,
                scenario,
                expectations[key[1]] if first else None,
                part=key[1],
            )
            for key in keys
        ]
        mean_bytes = tuple(round(sum(given.sizes[key]) / len(given.sizes[key])) for key in keys)
        targets.append(replace(_together(found, sent.classes), request_bytes=mean_bytes))
    declared = {key: outputs_of(each) for key, each in said.items()}
    return Prepared(given.digest, tuple(targets), given.numbers, given.parts, declared)


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


def _described(asking: Preflight, progress: Callable[[str], None]) -> SelfDescription:
    return asking.check(progress, wait_refused=asking.target.ready_within_ns is not None)


_Requests = Iterator[tuple[int, Iterable[tuple[int, Made]]]]
"""For each payload its part, and its requests by target: (index of the target, request)."""


def _requests(scenario: Scenario, signatures: Mapping[Key, Signature | None]) -> _Requests:
    contents = scenario.payload.parts

    def to_all(part: int, sample: Sample) -> Iterator[tuple[int, Made]]:
        for index, target in enumerate(scenario.targets.values()):
            asked = payload.under(target, contents[part])
            try:
                yield index, sample.to(asked, signatures.get((index, part)))
            except ScenarioError as error:
                raise _placed(scenario, error) from None

    try:
        for part, sample in payload.samples(scenario.payload):
            yield part, to_all(part, sample)
    except ScenarioError as error:
        raise _placed(scenario, error) from None


def _placed(scenario: Scenario, error: ScenarioError) -> ScenarioError:
    """Return an error whose lines on the scenario's own keys name its file."""
    prefix = f"{scenario.source}: " if scenario.source else ""
    lines = str(error).split("\n")
    return ScenarioError(
        "\n".join(f"{prefix}{line}" if line.startswith("payload.") else line for line in lines)
    )


def _of_users(scenario: Scenario, requests_of: RequestsOf) -> _Requests:
    for index, name in enumerate(scenario.targets):
        for made in requests_of(scenario, name):
            yield 0, [(index, made)]


def _handed_over(
    engine: Engine,
    requests: _Requests,
    clock: Clock,
    handed: Callable[[int, int, bytes], None],
) -> _Handed:
    """Give the engine every request."""
    digest = payload.Digest()
    numbers: dict[int, list[int]] = {}
    parts: list[int] = []
    samples: dict[Key, bytes] = {}
    sizes: dict[Key, list[int]] = {}
    others: dict[Key, list[str]] = {}
    for part, of_payload in requests:
        # In Locust a worker that says nothing for 4 s, as making many would take, is lost.
        clock.sleep_until(clock.now_ns() + NS_PER_MS)
        shared: dict[bytes, int] = {}  # targets of one model take the same bytes
        for index, made in of_payload:
            samples.setdefault((index, part), made.request)
            if not shared:
                digest.add_made(made)  # once, whoever and how many it goes to
            if made.request not in shared:
                shared[made.request] = engine.add_payload(made.request)
            numbers.setdefault(index, []).append(shared[made.request])
            handed(index, shared[made.request], made.request)
            sizes.setdefault((index, part), []).append(len(made.request))
            if made.other:
                others.setdefault((index, part), []).append(made.other)
            if index == 0:
                parts.append(part)
    return _Handed(str(digest), numbers, parts, samples, sizes, others)


def _readdressed(others: Sequence[str]) -> Iterator[str]:
    """Yield that requests were for other models."""
    if others:
        names = ", ".join(repr(name) for name in sorted(set(others)))
        yield f"{count(len(others), 'request')} in the files named {names}; sent to this model"


def _facts(
    asking: Preflight,
    said: SelfDescription,
    handed: _Handed,
    scenario: Scenario,
    judge: Expectations | None,
    *,
    part: int,
) -> TargetFacts:
    """Return what a target tells of itself, and what its first answer was like."""
    target, key = asking.target, (asking.index, part)
    first_ns, notes, emulated = (
        None,
        [*said.notes, *_readdressed(handed.others.get(key, ()))],
        _emulated(target),
    )
    if (generate := scenario.payload.parts[part].generate) is not None:
        notes += generated_notes(known(said.signature, generate), generate)
    if (proxy := proxy_note(os.environ)) is not None:
        notes.append(proxy)
    if judge is not None:
        answer = first_inference(asking, handed.samples[key], judge, said)
        first_ns = answer.service_ns
        notes += answer.notes
        if answer.stand_in.startswith("emulated"):
            emulated = answer.stand_in  # whatever the scenario takes it for
        if answer.problem:
            notes.append(f"the first answer is bad: {answer.problem}")
    return TargetFacts(
        name=asking.name,
        address=asking.address,
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
