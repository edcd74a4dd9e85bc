"""User classes as targets: a run of Locust's users, told as a scenario.

What it knows: the words of a scenario's target and payload, which user classes have as attributes
of the same names, and how to name the attribute that is wrong. What it must not know: argparse,
runs, what is sent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from eiload.base.errors import ScenarioError
from eiload.base.near import nearest
from eiload.plugin.slips import slips
from eiload.scenario import Payload, Scenario, Target
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem
from eiload.scenario.reading import checked, payload_of

__all__ = ["PICTURES", "gives_samples", "giving", "payload", "plain", "target_name"]

DEFAULT_IMAGE = "640x427"
"""Size of the synthetic image without ``--image``: that of AWS's example picture, 3dogs.jpg."""

ENCODING = "uint8"
"""What pictures are sent as if nobody says."""

ENDLESS = "720 h"
"""The longest phase there may be; a run of Locust's users ends when Locust ends it."""

PICTURES = ("images", "synthetic", "encoding", "batch")
"""Words of a scenario's payload that user classes of picture models may say for themselves."""


def _words(form: type[Form]) -> Iterator[tuple[str, Any]]:
    """Yield the words of a part of a scenario, and their defaults."""
    for name, field in form.model_fields.items():
        yield str(field.validation_alias or name), field.default


TARGET = {word: default for word, default in _words(Target) if word not in {"server", "client"}}
"""Words of a scenario's target that user classes say. Its server is Locust's `host`; `client` is to
Locust's users what they call with."""


def plain(
    options: Any, classes: Iterable[type], host: str | None, among: Sequence[type] = ()
) -> Scenario:
    """Return what Locust's users will do, as a scenario: its targets are the classes' servers.

    Args:
        options: Locust's parsed options.
        classes: the user classes that predict (`users.PredictUser`) and take part.
        host: ``--host``; overrides the classes' own.
        among: all predicting classes of the locustfile, among which targets' names are unique; only
            those that take part if empty.

    Raises:
        ScenarioError: no host is known, or an option or an attribute makes no sense; all of that,
            a line each.
    """
    chosen = list(classes)
    owners = {target_name(cls, among or chosen): cls for cls in chosen}
    _raise(line for cls in chosen for line in _missing(cls, options, host))
    lines = [line for cls in chosen for line in (*slips(cls, _known(cls)), *_hidden(cls))]
    lines += _unused(chosen, options)
    sent, wrong = _payload(options, chosen)
    scenario, found = checked(
        {
            "name": "locust",
            "targets": {name: _target(cls, options.model, host) for name, cls in owners.items()},
            "payload": sent,
            "traffic": [{"phase": "users", "users": options.num_users or 1, "for": ENDLESS}],
        },
        "command line",
        Path.cwd(),
    )
    said_by = {"server": "--host" if host else "", "model": "--model" if options.model else ""}
    lines += wrong
    lines += [_told(each, owners, said_by) for each in found if each.path[:1] != ("payload",)]
    lines += _unpriced(owners, scenario)
    _raise(lines)
    assert scenario is not None
    return scenario


def target_name(cls: type, classes: Sequence[Any]) -> str:
    """Return what a user class's target is called: its model, or its own name if that is shared."""
    model = getattr(cls, "model", "")
    alone = sum(getattr(other, "model", "") == model for other in classes) == 1
    return model if isinstance(model, str) and model and alone else cls.__name__


def payload(cls: Any, general: Payload) -> Payload:
    """Return what a class of a picture model sends: what it says itself, else what is general.

    Args:
        cls: the user class.
        general: what the command line says; its image files, if any, override the class's.

    Raises:
        ScenarioError: what the class says makes no sense; all of that, a line each.
    """
    own = {word: _written(value) for word in PICTURES if (value := getattr(cls, word, None))}
    own = {word: value for word, value in own.items() if not _is_code(value)}
    own |= {"images": [own["images"]]} if isinstance(own.get("images"), str) else {}
    if general.images:
        own = {word: value for word, value in own.items() if word not in {"images", "synthetic"}}
    if not own:
        return general
    data = general.model_dump(mode="json", by_alias=True, exclude_none=True)
    if own.keys() & {"images", "synthetic"}:
        data = {word: data[word] for word in data.keys() - {"images", "synthetic"}}
    found, problems = payload_of({**data, **own}, Path.cwd())
    if found is None:
        raise ScenarioError("\n".join(f"{cls.__name__}.{each}" for each in problems))
    return found


def _missing(cls: Any, options: Any, host: str | None) -> Iterator[str]:
    """Yield what a class does not say and must: a server, a model, tasks."""
    endpoint = getattr(cls, "endpoint", None)
    if not (host or cls.host or endpoint or getattr(cls, "stand_in", None)):
        yield (
            f"no server to load for {cls.__name__}; give --host localhost:8500, or --scenario NAME"
        )
    if not (options.model or cls.model or endpoint):
        yield f"no model for {cls.__name__}; give --model NAME"
    filtered = getattr(options, "tags", None) or getattr(options, "exclude_tags", None)
    if not getattr(cls, "tasks", True) and not filtered:
        yield f"{cls.__name__}: no tasks; write @task above a method that calls client.predict()"


def _known(cls: Any) -> list[str]:
    """Return the words that a user class may say."""
    return ["host", *TARGET, *(PICTURES if _takes_pictures(cls) else ())]


def _takes_pictures(cls: Any) -> bool:
    """Tell whether a class is of a model of pictures."""
    return bool(getattr(cls, "sends_pictures", False))


def giving(scenario: Scenario, classes: Sequence[Any]) -> Any:
    """Return the user class whose samples a scenario sends, as it says or as the only one.

    Raises:
        ScenarioError: there is none, or it is not clear which.
    """
    wanted = scenario.payload.users or ""
    own = [cls for cls in classes if gives_samples(cls)]
    names = ", ".join(cls.__name__ for cls in own) or "none"
    where = f"{scenario.source}: " if scenario.source else ""
    if wanted:
        for cls in own:
            if cls.__name__ == wanted:
                return cls
        raise ScenarioError(
            f"{where}payload.users: no user class of that name with sample_inputs() in the "
            f"locustfile, got {wanted!r}; there is {names}{nearest(wanted, names.split(', '))}"
        )
    if len(own) == 1:
        return own[0]
    raise ScenarioError(
        f"{where}'payload' is missing; expected 'payload: ..', or a locustfile with one user class "
        f"that has sample_inputs(), there is {names}"
        + ("; choose one by 'payload: {users: CLASS}'" if own else "")
    )


def gives_samples(cls: type) -> bool:
    """Tell whether a class has samples of its own."""
    owner = next((one for one in cls.__mro__ if "sample_inputs" in vars(one)), object)
    return owner.__module__.split(".")[0] not in {"builtins", "eiload"}


def _sends_pictures(cls: type) -> bool:
    return _takes_pictures(cls) and not gives_samples(cls)


def _unused(classes: Sequence[type], options: Any) -> Iterator[str]:
    """Yield what says of pictures that nobody sends."""
    for cls in filter(_takes_pictures, classes):
        for word in PICTURES if gives_samples(cls) else ():
            if getattr(cls, word, None):
                yield f"{cls.__name__}.{word}: the class gives sample_inputs(); expected either"
    if not any(map(_sends_pictures, classes)):
        for option, is_said in (
            ("--image", bool(options.image)),
            ("--encoding", options.encoding != ENCODING),
        ):
            if is_said:
                yield f"{option}: no user class here sends pictures; expected none"


def _hidden(cls: Any) -> Iterator[str]:
    """Yield words of ours that a class takes for methods."""
    for word in _known(cls):
        if _is_code(getattr(cls, word, None)):
            yield (
                f"{cls.__name__}.{word}: a method; expected a value, for eiload reads an attribute "
                "of this name: call the method something else"
            )


def _unpriced(owners: Mapping[str, type], scenario: Scenario | None) -> Iterator[str]:
    """Yield which prices there are not; found before the load, not after it."""
    for name, target in scenario.targets.items() if scenario is not None else ():
        if target.price is not None:
            from eiload.judging.cost import priced  # noqa: PLC0415  # slow to import, and rarely said

            try:
                priced(target.price)
            except ValueError as error:
                yield f"{owners[name].__name__}.price: {error}"


def _is_code(value: object) -> bool:
    return callable(value) or isinstance(value, property)


def _target(cls: Any, model: str, host: str | None) -> dict[str, object]:
    """Return a user class as a scenario's target."""
    said_of_it: dict[str, object] = {}
    for word, default in TARGET.items():
        value = getattr(cls, word, default)
        if value is not default and not _is_code(value):
            said_of_it[word] = _written(value)
    ours = {"server": host or cls.host, "model": model or cls.model}
    said_of_it.pop("model", None)
    return {**said_of_it, **{word: value for word, value in ours.items() if value}}


def _payload(options: Any, classes: Sequence[Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what all classes send, as far as it is the same, and what is wrong with it."""
    images = list(options.image or [])
    content: dict[str, object] = {"images": images} if images else {"synthetic": DEFAULT_IMAGE}
    data = {**content, "encoding": options.encoding}
    general, found = payload_of(data, Path.cwd())
    if general is None:
        options_of = {"images": "--image", "encoding": "--encoding"}
        return data, [f"{options_of.get(str(p.path[0]), '--image')}: {p.text}" for p in found]
    sent, lines = [], []
    for cls in filter(_sends_pictures, classes):
        try:
            sent.append(payload(cls, general))
        except ScenarioError as error:
            lines.append(str(error))
    same = sent[0] if sent and not lines and all(each == sent[0] for each in sent) else general
    return same.model_dump(mode="json", by_alias=True, exclude_none=True), lines


def _told(problem: Problem, owners: Mapping[str, type], said_by: Mapping[str, str]) -> str:
    """Return a line on a problem that names who has said it.

    Args:
        problem: of the scenario.
        owners: the class of each target.
        said_by: the option that says a word of all targets, if it does.
    """
    match problem.path:
        case ("targets", str(name), str(word), *rest) if name in owners:
            if option := said_by.get(word):
                return f"{option}: {problem.text}"
            attribute = "host" if word == "server" else word
            inner = problem._replace(path=(attribute, *rest))
            return f"{owners[name].__name__}.{inner}"
        case ("targets", str(name)) if name in owners:
            return f"{owners[name].__name__}: {problem.text}"
        case ("traffic", *_):
            return f"-u: {problem.text}"
    return f"command line: {problem}"


def _raise(lines: Iterable[str]) -> None:
    """Raise a ScenarioError of all the lines, if there are any."""
    if lines := list(dict.fromkeys(lines)):
        raise ScenarioError("\n".join(lines))


def _written(value: object) -> object:
    """Return a value of Python's as a scenario's data has it."""
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _written(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    return value
