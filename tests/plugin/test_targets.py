"""User classes as targets: same words, same checks as in a scenario, and slips are named."""

from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from eiload.base.errors import ScenarioError
from eiload.plugin import targets
from eiload.plugin.users import PredictUser, SSDUser
from eiload.scenario import Payload, Scenario, Tls
from eiload.scenario.arrivals import ClosedPhase
from eiload.scenario.target import Keepalive


class SSD:
    """What `targets.plain` looks at in a user class."""

    host: str | None = None
    model = "ssd"
    signature = "serving_default"
    input = "inputs"
    deadline = "60 s"
    sends_pictures = True


class Other(SSD):
    """Another class of the same model."""


def given(**options: Any) -> Any:
    """Return the options that matter."""
    return SimpleNamespace(
        **{"model": "", "encoding": "uint8", "image": None, "num_users": None, **options}
    )


def scenario(*classes: type, host: str | None = "localhost", **options: Any) -> Scenario:
    """Return what these classes will do."""
    return targets.plain(given(**options), classes, host)


def complaint(*classes: type, host: str | None = "localhost", **options: Any) -> str:
    """Return why they cannot."""
    with pytest.raises(ScenarioError) as caught:
        scenario(*classes, host=host, **options)
    return str(caught.value)


def user(base: Any = PredictUser, **attributes: Any) -> Any:
    """Return a user class with these attributes, as a locustfile would define it."""
    # Of another module: in this one, attributes that are slips are read.
    body = {"model": "half", "tasks": [print], "__module__": "tests.plugin", **attributes}
    return type(base)("Half", (base,), body)


def pictures(folder: Path, *names: str) -> list[str]:
    """Make small pictures and return their paths."""
    for name in names:
        Image.new("RGB", (8, 8)).save(folder / name)
    return [str(folder / name) for name in names]


# -- what there is without attributes ------------------------------------------------------


def test_plain() -> None:
    """Without a scenario the classes' servers are the targets, --host and --model before theirs."""
    plain = scenario(SSD)
    assert list(plain.targets) == ["ssd"]
    assert plain.targets["ssd"].server == "localhost:8500"
    (phase,) = plain.traffic
    assert isinstance(phase, ClosedPhase)
    named = scenario(SSD, host="h:1", model="ssdresnet", encoding="jpeg")
    assert named.targets["ssd"].model == "ssdresnet"
    assert named.payload.encoding == "jpeg"


def test_classes_of_one_model_are_told_apart() -> None:
    """Targets are called by their model, or by their class where two share it."""
    assert list(scenario(SSD, Other).targets) == ["SSD", "Other"]


def test_no_host_or_no_model() -> None:
    """What is missing is said with its remedies."""
    assert "give --host localhost:8500, or --scenario NAME" in complaint(SSD, host=None)
    assert complaint(user(model="")) == "no model for Half; give --model NAME"


def test_an_endpoint_of_sagemaker_says_where_it_is() -> None:
    """Its region is its address and its name the model's; a stand-in for the service has a host."""
    endpoint = user(model="", host=None, api="sagemaker", endpoint="dogs", region="eu-west-1")
    (target,) = scenario(endpoint, host=None).targets.values()
    assert (target.server, target.model) == (
        "runtime.sagemaker.eu-west-1.amazonaws.com:443",
        "dogs",
    )
    (target,) = scenario(endpoint, host="http://127.0.0.1:8080").targets.values()
    assert target.server == "127.0.0.1:8080"


def test_no_tasks() -> None:
    """A class that does nothing is named before the load; what --tags has left out is Locust's."""
    assert complaint(user(tasks=[])).startswith("Half: no tasks; write @task above a method")
    assert scenario(user(tasks=[]), tags=["slow"])


def test_missing_image(tmp_path: Path) -> None:
    """An image that is not there is named, with the option that says it."""
    said = complaint(SSD, image=[str(tmp_path / "gone.jpg")])
    assert said.startswith("--image: no such file, got ")
    assert "gone.jpg" in said


def test_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of --image are looked for from the working directory."""
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path, "a.png", "b, c.png")
    found = scenario(SSD, image=["a.png", "b, c.png"]).payload.images
    assert [Path(image).name for image in found] == ["a.png", "b, c.png"]


# -- what classes say ----------------------------------------------------------------------


def test_a_class_says_what_a_target_says(tmp_path: Path) -> None:
    """Every word of a scenario's target is an attribute of the same name."""
    authority = tmp_path / "ca.pem"
    authority.write_text("-")
    half = user(
        host="grpcs://inner:9000",
        signature="halve",
        version=2,
        input="x",
        outputs=["y"],
        deadline="2 s",
        ready_within="1 min",
        connections=4,
        metadata=MappingProxyType({"authorization": "Bearer secret"}),
        compression="gzip",
        tls={"ca": authority, "server_name": "outer"},
        keepalive={"every": "30 s"},
        price="0.90 USD/h",
    )
    target = scenario(half, host=None).targets["half"]
    assert target.server == "inner:9000"
    assert (target.signature, target.version, target.input) == ("halve", 2, "x")
    assert (target.outputs, target.connections, target.compression) == (("y",), 4, "gzip")
    assert (target.deadline_ns, target.ready_within_ns) == (2 * 10**9, 60 * 10**9)
    assert target.metadata == {"authorization": "Bearer secret"}
    assert target.tls == Tls(ca=str(authority), server_name="outer")
    assert target.keepalive == Keepalive(every_ns=30 * 10**9, timeout_ns=20 * 10**9)
    assert target.price == "0.90 USD/h"
    assert scenario(user(version_label="canary")).targets["half"].version_label == "canary"


def test_every_word_of_a_target_is_an_attribute() -> None:
    """None is left out: what a scenario's target learns, user classes have to learn."""
    assert [word for word in targets.TARGET if not hasattr(PredictUser, word)] == []
    assert [word for word in targets.PICTURES if not hasattr(SSDUser, word)] == []


def test_a_stand_in_needs_no_host() -> None:
    """A class may have its server emulated."""
    target = scenario(user(stand_in="p2.xlarge"), host=None).targets["half"]
    assert target.server is None
    assert target.stand_in is not None
    assert target.stand_in.profile == "p2.xlarge"
    both = complaint(user(stand_in="p2.xlarge"))
    assert both == "Half.stand_in: both a server and a stand-in; expected one of them"


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"version": "two"}, "Half.version: not a whole number, got 'two'; expected"),
        ({"version": -1}, "Half.version: out of range, got -1; expected 0 or more"),
        ({"version": 1, "version_label": "a"}, "Half.version_label: both a version and a label"),
        ({"deadline": 2}, "Half.deadline: no unit, got 2; expected a duration such as"),
        ({"deadline": "soon"}, "Half.deadline: not a duration, got 'soon'"),
        ({"deadline": None}, "Half.deadline: not a duration, got None"),
        ({"ready_within": "2 d"}, "Half.ready_within: out of range, got '2 d'"),
        ({"connections": 0}, "Half.connections: out of range, got 0; expected 1 or more"),
        ({"connections": 1.5}, "Half.connections: not a whole number, got 1.5"),
        ({"metadata": ["token"]}, "Half.metadata: not a mapping; expected a mapping"),
        ({"metadata": {"Token": "x"}}, "Half.metadata: not a key of gRPC metadata, got 'Token'"),
        ({"metadata": {"token": 5}}, "Half.metadata.token: not a text; expected a text"),
        ({"compression": "zip"}, "Half.compression: unknown word, got 'zip'; expected 'gzip'"),
        ({"keepalive": "30 s"}, "Half.keepalive: not a mapping, got '30 s'; expected"),
        ({"keepalive": {"every": 30}}, "Half.keepalive.every: no unit, got 30; expected"),
        ({"outputs": "y"}, "Half.outputs: not a list, got 'y'; expected a list"),
        ({"outputs": {"y": 1}}, "Half.outputs: not a list, got a mapping; expected a list"),
        ({"tls": True}, "Half.tls: not a mapping, got True; expected a mapping"),
        ({"tls": {"ca": "gone.pem"}}, "Half.tls.ca: no such file, got 'gone.pem'"),
        ({"tls": {"caa": "x"}}, "Half.tls.caa: unknown key (did you mean 'ca'?)"),
        ({"price": 3}, "Half.price: no unit, got 3; expected a price such as"),
        ({"price": "t2.midium"}, "Half.price: no published price, got 't2.midium'"),
        ({"stand_in": "p9"}, "Half.stand_in"),
        ({"input": ""}, "Half.input: empty, got ''; expected some text"),
        ({"model": 5}, "Half.model: not a text, got 5; expected a text such as 'ssd', in quotes"),
        ({"host": "a b"}, "Half.host: "),
        ({"version": lambda self: 2}, "Half.version: a method; expected a value"),
        ({"metadata": property(dict)}, "Half.metadata: a method; expected a value"),
    ],
    ids=lambda given: given[:50] if isinstance(given, str) else "",
)
def test_a_wrong_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attributes: dict[str, Any], said: str
) -> None:
    """A wrong type or value is one line that names class and attribute."""
    monkeypatch.chdir(tmp_path)
    host = None if {"host", "stand_in"} & attributes.keys() else "localhost"
    found = complaint(user(**attributes), host=host)
    assert found.startswith(said)
    assert "\n" not in found


def test_secrets_are_not_shown() -> None:
    """What is in metadata stays there, however wrong it is."""
    for secret in ({"token": "hush\n"}, {"token": ("hush",)}, {"token": 5, "hush hush": "x"}):
        said = complaint(user(metadata=secret))
        assert "hush\n" not in said
        assert "('hush'" not in said


def test_everything_at_once() -> None:
    """All that is wrong with all classes is said, and which option or class said it."""
    one, other = user(deadline="soon", modle="x"), user(connections=0, model="other")
    said = complaint(one, other, host="a b", num_users=-1).splitlines()
    assert [line.split(":")[0] for line in said] == [
        "Half.modle", "--host", "Half.deadline", "Half.connections", "-u",
    ]  # fmt: skip
    assert complaint(SSD, encoding="gif").startswith("--encoding: unknown word, got 'gif'")
    assert complaint(SSD, model="a\nb").startswith("--model: control characters")


# -- attributes that are none ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("modle", "model"),
        ("dead_line", "deadline"),
        ("verison", "version"),
        ("metdata", "metadata"),
        ("conections", "connections"),
        ("ready_withn", "ready_within"),
        ("label", "version_label"),
        ("server", "host"),
        ("timeout", "deadline"),
    ],
)
def test_a_misspelt_attribute(slip: str, meant: str) -> None:
    """An attribute of ours that is misspelt is named, with what was meant."""
    assert complaint(user(PredictUser, **{slip: "2 s"})) == (
        f"Half.{slip}: unknown attribute, which nothing reads (did you mean {meant!r}?)"
    )


# -- pictures ------------------------------------------------------------------------------


def ssd(**attributes: Any) -> Any:
    """Return a class of an SSD model."""
    return user(SSDUser, **{"model": "ssd", **attributes})


def sent(cls: Any, plain: Scenario) -> Payload:
    """Return what a worker makes of the payload for one class."""
    return targets.payload(cls, plain.payload)


def test_each_class_has_its_own_pictures(tmp_path: Path) -> None:
    """Two classes with pictures of their own send these, each its own; a third has the default."""
    a, b = pictures(tmp_path, "a.png", "b.png")
    classes = ssd(images=(a,)), ssd(model="ssd2", images=[Path(b)]), ssd(model="ssd3")
    plain = scenario(*classes)
    assert [sent(cls, plain).images for cls in classes] == [(a,), (b,), ()]
    synthetic = sent(classes[2], plain).synthetic
    assert synthetic is not None
    assert (synthetic.width, synthetic.height) == (640, 427)


def test_what_all_send_is_the_payload(tmp_path: Path) -> None:
    """The run's own record says what was sent, where that is one thing."""
    (a,) = pictures(tmp_path, "a.png")
    assert scenario(ssd(images=a)).payload.images == (a,)
    assert scenario(ssd(images=[a]), ssd(images=(a,), model="ssd2")).payload.images == (a,)


def test_the_command_lines_pictures_come_first(tmp_path: Path) -> None:
    """--image overrides the classes' own."""
    a, b = pictures(tmp_path, "a.png", "b.png")
    one, other = ssd(images=(a,), batch=2), ssd(model="ssd2", synthetic="8x8")
    plain = scenario(one, other, image=[b])
    assert sent(one, plain).images == sent(other, plain).images == (b,)
    assert sent(one, plain).batch == 2
    assert sent(other, plain).synthetic is None


def test_encoding_and_batch() -> None:
    """A class of a model that decodes says so itself, beside one that takes pixels."""
    one, other = ssd(encoding="jpeg", batch=2, synthetic="8x8"), ssd(model="ssd2")
    plain = scenario(one, other)
    assert (sent(one, plain).encoding, sent(one, plain).batch) == ("jpeg", 2)
    assert (sent(other, plain).encoding, sent(other, plain).batch) == ("uint8", 1)
    assert sent(other, scenario(one, other, encoding="jpeg")).encoding == "jpeg"


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"images": "gone.jpg"}, "Half.images[0]: no such file, got 'gone.jpg'"),
        ({"images": {"a": 1}}, "Half.images: not a list, got a mapping; expected a list"),
        ({"images": [5]}, "Half.images[0]: not a text, got 5; expected a text"),
        ({"synthetic": "big"}, "Half.synthetic: not a size, got 'big'"),
        ({"encoding": "gif"}, "Half.encoding: unknown word, got 'gif'; expected 'uint8' or"),
        ({"batch": -1}, "Half.batch: out of range, got -1; expected 1 or more"),
        ({"image": "a.jpg"}, "Half.image: unknown attribute, which nothing reads (did you mean"),
        ({"encoding": lambda self: "jpeg"}, "Half.encoding: a method; expected a value"),
    ],
    ids=lambda given: given[:50] if isinstance(given, str) else "",
)
def test_wrong_pictures(attributes: dict[str, Any], said: str) -> None:
    """What is wrong with them is said before the load, in one line that names the class."""
    found = complaint(ssd(**attributes))
    assert found.startswith(said)
    assert "\n" not in found


def test_pictures_that_nobody_sends(tmp_path: Path) -> None:
    """What is said of pictures where samples are sent is no use, and is named."""
    (a,) = pictures(tmp_path, "a.png")
    assert complaint(user(), image=[a], encoding="jpeg").splitlines() == [
        "--image: no user class here sends pictures; expected none",
        "--encoding: no user class here sends pictures; expected none",
    ]
    assert scenario(user(), ssd(), image=[a]).payload.images == (a,)
    sampled = ssd(images=a, sample_inputs=classmethod(lambda cls: {}))
    assert complaint(sampled) == ("Half.images: the class gives sample_inputs(); expected either")


def test_pictures_of_others_are_their_own_affair() -> None:
    """Attributes of other models' users that are called the same mean nothing to us."""
    assert scenario(user(images=object(), batch="x", encoding=5)).payload.batch == 1
