"""scenario: YAML becomes the models that it means, and travels as JSON without a loss."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.base.errors import ScenarioError
from eiload.scenario import (
    Compare,
    Expect,
    Payload,
    Scenario,
    Synthetic,
    Target,
    Tls,
    build,
    json_schema,
    load,
    parse,
    parse_address,
    parse_objective,
    restore,
)
from eiload.scenario.arrivals import (
    BurstRate,
    ClosedPhase,
    ConstantRate,
    MarkovRate,
    OpenPhase,
    PointsRate,
    RampRate,
    Rate,
    SineRate,
    StepsRate,
)
from eiload.scenario.laws import Batch, Gamma, Law, Weibull
from eiload.scenario.standin import StandIn

NS = 10**9
SHIPPED = Path(__file__).parents[2] / "scenarios"

EVERYTHING = """\
name: everything
seed: 7
targets:
  gpu: {server: "${GPU:-localhost}", model: ssd, price: 0.90 USD/h}
  ei:
    server: grpcs://ei.example.com:9000
    model: "${MODEL}"
    signature: detect
    version: 3
    input: pixels
    outputs: [detection_boxes, num_detections]
    deadline: 1.5 s
    ready_within: 2 min
    connections: ${CONNECTIONS:-4}
    metadata: {x-token: "${TOKEN}"}
    compression: gzip
    tls: {server_name: ei}
    price: t2.medium + 0.12 USD/h
  emulated: {stand_in: eia1.medium, model: ssd, version_label: canary}
payload:
  synthetic: {width: 640, height: 427, count: 3, seed: 2}
  encoding: jpeg
  batch: 2
  expect: {labels: [dog, teddy bear], min_score: 0.25}
traffic:
  - {phase: warm-up, rate: 2/s, for: 20 s, warm_up: true}
  - {phase: steady, rate: 90/min, arrivals: constant, for: 10 min}
  - {phase: ramp, rate: {from: 0/s, to: 50/s}, for: 1 h}
  - {phase: burst, rate: {base: 8/s, burst: 30/s, burst_for: 2 s, every: 30 s}, for: 5 min}
  - {phase: users, users: 10, think: 1 s, for: 5 min}
  - {phase: bursty, rate: {steps: [5/s, 0/s, 20/s], each: 1 min}, for: 3 min,
     arrivals: {gamma: {cv: 3}}}
  - {phase: wave, rate: {sine: {mean: 8/s, amplitude: 4/s, period: 1 min}}, for: 2 min,
     arrivals: {weibull: {cv: 0.5}}}
  - {phase: points, rate: {points: [[0 s, 5/s], [1 min, 40/s]]}, for: 1 min,
     arrivals: {batch: {size: 8}}}
  - {phase: jumps, rate: {markov: {calm: 5/s, busy: 40/s, calm_for: 1 min, busy_for: 5 s}},
     for: 1 min, arrivals: {batch: {size: 2, arrivals: constant}}}
  - {phase: pause, rate: 0/s, for: 5 s}
objectives:
  - p99<400ms
  - {target: ei, phase: steady, objective: service p99.9 <= 0.9 s}
  - errors < 0.1 %
  - throughput >= 90/min
  - agreement >= 99 %
compare: {baseline: gpu, candidate: ei, margin: 5 %, headline: p95, quantiles: [p99, p50, p50]}
max_in_flight: 64
sample: 10
"""
ENVIRON = {"MODEL": "ssdresnet", "TOKEN": "s3cret", "GPU": ""}


def everything() -> Scenario:
    """Return a scenario with every key."""
    return parse(EVERYTHING, "all.yaml", Path("/base"), ENVIRON)


def test_every_key_means_what_the_design_says() -> None:
    """A scenario that uses every key becomes exactly these models."""
    scenario = everything()
    assert (scenario.name, scenario.source, scenario.seed) == ("everything", "all.yaml", 7)
    assert scenario.targets == {
        "gpu": Target(server="localhost:8500", model="ssd", price="0.90 USD/h"),
        "ei": Target(
            server="ei.example.com:9000",
            model="ssdresnet",
            signature="detect",
            version=3,
            input="pixels",
            outputs=("detection_boxes", "num_detections"),
            deadline_ns=3 * NS // 2,
            ready_within_ns=120 * NS,
            connections=4,
            metadata={"x-token": "s3cret"},
            compression="gzip",
            tls=Tls(server_name="ei"),
            price="t2.medium + 0.12 USD/h",
        ),
        "emulated": Target(
            stand_in=StandIn.of(profile="eia1.medium"), model="ssd", version_label="canary"
        ),
    }
    assert list(scenario.targets) == ["gpu", "ei", "emulated"]
    assert scenario.payload == Payload(
        synthetic=Synthetic(width=640, height=427, count=3, seed=2),
        encoding="jpeg",
        batch=2,
        expect=Expect(labels=("dog", "teddy bear"), min_score=0.25),
    )
    assert scenario.traffic == (
        OpenPhase("warm-up", 20 * NS, ConstantRate(2.0), warm_up=True),
        OpenPhase("steady", 600 * NS, ConstantRate(1.5), "constant"),
        OpenPhase("ramp", 3600 * NS, RampRate(0.0, 50.0)),
        OpenPhase("burst", 300 * NS, BurstRate(8.0, 30.0, 2 * NS, 30 * NS)),
        ClosedPhase("users", 300 * NS, 10, NS),
        OpenPhase("bursty", 180 * NS, StepsRate((5.0, 0.0, 20.0), 60 * NS), Gamma(3)),
        OpenPhase("wave", 120 * NS, SineRate(8.0, 4.0, 60 * NS), Weibull(0.5)),
        OpenPhase("points", 60 * NS, PointsRate(((0, 5.0), (60 * NS, 40.0))), Batch(8)),
        OpenPhase("jumps", 60 * NS, MarkovRate(5.0, 40.0, 60 * NS, 5 * NS), Batch(2, "constant")),
        OpenPhase("pause", 5 * NS, ConstantRate(0.0)),
    )
    assert scenario.objectives == (
        parse_objective("p99 < 400 ms"),
        parse_objective("service p99.9 <= 900 ms", "ei", "steady"),
        parse_objective("errors < 0.1 %"),
        parse_objective("throughput >= 1.5/s"),
        parse_objective("agreement >= 99 %"),
    )
    assert scenario.compare == Compare(
        baseline="gpu", candidate="ei", margin=0.05, headline=0.95, quantiles=(0.5, 0.99)
    )
    assert (scenario.max_in_flight, scenario.sample) == (64, 10)
    assert scenario.duration_ns == (20 + 600 + 3600 + 300 + 300 + 180 + 120 + 60 + 60 + 5) * NS


def test_what_is_not_said_has_a_sensible_value() -> None:
    """The least scenario is five lines; the rest are the defaults of the contract."""
    scenario = parse(
        "name: x\ntargets: {a: {server: h, model: m}}\npayload: {synthetic: 64x48}\n"
        "traffic: [{phase: p, rate: 1/s, for: 1 s}]",
        "x.yaml",
        Path("/"),
        {},
    )
    target = scenario.targets["a"]
    assert (target.signature, target.input, target.outputs) == ("serving_default", "inputs", ())
    assert (target.deadline_ns, target.patience_ns) == (60 * NS, 60 * NS)
    assert (target.connections, target.metadata, target.tls, target.price) == (1, {}, None, None)
    assert (scenario.payload.encoding, scenario.payload.batch) == ("uint8", 1)
    assert (scenario.seed, scenario.max_in_flight, scenario.sample) == (1, 1000, 100)
    assert (scenario.objectives, scenario.compare) == ((), None)
    compare = Compare(baseline="a", candidate="b")
    assert (compare.margin, compare.headline) == (0.1, 0.99)
    assert compare.quantiles == (0.5, 0.9, 0.95, 0.99, 0.999)


@pytest.mark.parametrize("shipped", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.name)
def test_the_shipped_scenarios_are_good(shipped: Path, tmp_path: Path) -> None:
    """Every scenario in the repository can be read with nothing in the environment."""
    (tmp_path / "models" / "ssd").mkdir(parents=True)  # what `eiload make-model` would have made
    shutil.copytree(SHIPPED, tmp_path / "scenarios")
    path = tmp_path / "scenarios" / shipped.name
    scenario = load(path, {})
    assert scenario.source == str(path)
    assert restore(scenario.to_json()) == scenario


def test_the_addresses_of_gpu_vs_ei_come_from_the_environment() -> None:
    """The scenario for real servers takes where they are from GPU_SERVER and EI_SERVER."""
    path = SHIPPED / "gpu-vs-ei.yaml"
    plain = load(path, {})
    told = load(path, {"GPU_SERVER": "gpu.internal", "EI_SERVER": "grpcs://ei.internal:443"})
    assert [target.server for target in plain.targets.values()] == [
        "localhost:8500",
        "localhost:9000",
    ]
    assert told.targets["gpu"].server == "gpu.internal:8500"
    assert (told.targets["ei"].server, told.targets["ei"].tls) == ("ei.internal:443", Tls())


def scalar(written: str, environ: dict[str, str] | None = None) -> Any:
    """Return what `written` becomes as a target's signature (a text)."""
    text = (
        f"name: x\ntargets:\n  a:\n    server: h\n    model: m\n    signature: {written}\n"
        "payload: {synthetic: 64x48}\ntraffic: [{phase: p, rate: 1/s, for: 1 s}]"
    )
    return parse(text, "x", Path("/"), environ or {}).targets["a"].signature


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        ("'010'", "010"),
        ("'true'", "true"),
        ("${A}", "ä"),
        ("pre-${A}-${B:-b}", "pre-ä-b"),
        ("${E:-default}", "default"),
        ("${A:-default}", "ä"),
        ("$${A}", "${A}"),
        ("$A costs 5$", "$A costs 5$"),
        ("${N}", "12"),
        ("${Y}", "a: [b]"),
        ("${Z}", "010"),
        ('"${B:-a: b # c}"', "a: b # c"),
    ],
)
def test_texts_are_what_is_written(written: str, value: str) -> None:
    """Nothing but true, false, null and numbers is guessed; the environment is text, not YAML."""
    environ = {"A": "ä", "E": "", "N": "12", "Y": "a: [b]", "Z": "010"}
    assert scalar(written, environ) == value


def test_numbers_come_from_the_environment_too() -> None:
    """A field that wants a number reads the environment's text as one, quoted or not."""
    for written in ("${N}", '"${N}"', "'${MISSING:-3}'"):
        data = f"name: x\nseed: {written}\ntargets: {{a: {{server: h, model: m}}}}\n"
        data += "payload: {synthetic: 64x48}\ntraffic: [{phase: p, rate: 1/s, for: 1 s}]"
        assert parse(data, "x", Path("/"), {"N": "3"}).seed == 3


def test_an_empty_default_is_as_if_nothing_were_written() -> None:
    """``${NAME:-}`` makes a key optional."""
    price = build_one(price="x").price
    assert price == "x"
    text = "name: x\ntargets: {a: {server: h, model: m, price: '${PRICE:-}'}}\n"
    text += "payload: {synthetic: 64x48}\ntraffic: [{phase: p, rate: 1/s, for: 1 s}]"
    assert parse(text, "x", Path("/"), {}).targets["a"].price is None


def build_one(**target: object) -> Target:
    """Return the target of a scenario made from options."""
    scenario = build(
        {
            "name": "plain",
            "targets": {"host": {"server": "localhost:8500", "model": "ssd", **target}},
            "payload": {"synthetic": "64x48"},
            "traffic": [{"phase": "users", "users": 10, "for": "1 min"}],
        },
        "command line",
        Path("/"),
    )
    assert scenario.source == "command line"
    return scenario.targets["host"]


def test_a_scenario_can_be_made_from_options() -> None:
    """Options are checked as a file is, with words for where they are from."""
    assert build_one(deadline="2 s").deadline_ns == 2 * NS
    with pytest.raises(ScenarioError) as refused:
        build_one(deadline=2, modle="x")
    assert str(refused.value).split("\n") == [
        (
            "command line: targets.host.deadline: no unit, got 2; expected a duration such as "
            "'250 ms' or '10 min' (did you mean '2 ms' or '2 s'?)"
        ),
        "command line: targets.host.modle: unknown key (did you mean 'model'?)",
    ]


def test_a_byte_order_mark_is_not_seen() -> None:
    """A file saved by an editor that writes one reads the same, with the same columns."""
    data = EVERYTHING.encode()
    assert parse(b"\xef\xbb\xbf" + data, "all.yaml", Path("/base"), ENVIRON) == everything()


ADDRESSES = [
    ("localhost", "localhost:8500", None),
    ("10.0.0.1:9000", "10.0.0.1:9000", None),
    ("::1", "[::1]:8500", None),
    ("[::1]:9000", "[::1]:9000", None),
    ("grpc://h:1", "h:1", False),
    ("GRPCS://h", "h:8500", True),
    ("dns:///h:1", "dns:///h:1", None),
    ("unix:///run/s", "unix:///run/s", None),
    ("unix-abstract:s", "unix-abstract:s", None),
    ("ipv4:10.0.0.1:1", "ipv4:10.0.0.1:1", None),
]


@pytest.mark.parametrize(("text", "target", "secure"), ADDRESSES)
def test_addresses_become_what_grpc_takes(text: str, target: str, secure: bool | None) -> None:
    """A bare host gets TensorFlow Serving's port; grpc:// and grpcs:// say whether there is TLS."""
    assert parse_address(text) == (target, secure)
    assert parse_address(target).target == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "h:",
        "h:0",
        "h:65536",
        "h:http",
        ":1",
        "-h",
        "http://h",
        "tcp://h:1",
        "unix:",
        "h/x",
        "[::1",
        "h:1:2:z",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Other protocols, ports out of range and typing errors are found before any connection."""
    with pytest.raises(ValueError, match=r"got .*; expected 'host:port'"):
        parse_address(text)


# The resolved form.

NAMES = st.text(
    st.sampled_from("abzAZ019 -_.äß中🐕'\"#:{}[]&*!|>%@`,"), min_size=1, max_size=12
).filter(lambda text: text == text.strip())
TEXTS = NAMES
DURATIONS = st.integers(1, 30 * 60 * NS)
RATES_PER_S = st.floats(1e-6, 1e5)


@st.composite
def bursts(draw: st.DrawFn) -> OpenPhase:
    """Draw a phase with bursts that are in it."""
    every_ns = draw(st.integers(NS, 60 * NS))
    burst_for_ns = draw(st.integers(1, every_ns - 1))
    base, above = draw(st.floats(0, 1e4)), draw(st.floats(1, 1e4))
    length_ns = draw(st.integers(every_ns, 600 * NS))
    return OpenPhase("p", length_ns, BurstRate(base, base + above, burst_for_ns, every_ns))


PROCESSES: st.SearchStrategy[Law] = st.one_of(
    st.sampled_from(["poisson", "constant"]),
    st.builds(Gamma, st.floats(0.01, 20)),
    st.builds(Weibull, st.floats(0.01, 20)),
    st.builds(Batch, st.integers(2, 1000), st.sampled_from(["poisson", "constant"])),
)


@st.composite
def moving(draw: st.DrawFn) -> OpenPhase:
    """Draw a phase at a rate that moves."""
    length_ns = draw(st.integers(10 * NS, 600 * NS))
    low, more = draw(st.floats(0, 1e4)), draw(st.floats(1, 1e4))
    span_ns = st.integers(NS, 600 * NS)
    rates: list[Rate] = [
        StepsRate((low, low + more)),
        SineRate(low + more, more, draw(span_ns)),
        PointsRate(((0, low), (length_ns // 2, more), (length_ns, low))),
        MarkovRate(low, low + more, draw(span_ns), draw(span_ns)),
    ]
    return OpenPhase("p", length_ns, draw(st.sampled_from(rates)), draw(PROCESSES))


PHASES = st.one_of(
    st.builds(OpenPhase, NAMES, DURATIONS, st.builds(ConstantRate, RATES_PER_S), PROCESSES),
    st.builds(
        OpenPhase, NAMES, DURATIONS, st.builds(RampRate, st.just(0.0) | RATES_PER_S, RATES_PER_S)
    ),
    bursts(),
    moving(),
    st.builds(ClosedPhase, NAMES, DURATIONS, st.integers(1, 100_000), st.integers(0, 3600 * NS)),
)
TARGETS = st.builds(
    Target,
    server=st.sampled_from([text for text, _, secure in ADDRESSES if not secure]),
    model=TEXTS,
    signature=TEXTS,
    version=st.none() | st.integers(0, 2**63 - 1),
    input=TEXTS,
    outputs=st.lists(TEXTS, max_size=3).map(tuple),
    deadline_ns=st.integers(10**6, 3600 * NS),
    ready_within_ns=st.none() | st.integers(0, 3600 * NS),
    connections=st.integers(1, 256),
    metadata=st.dictionaries(
        st.from_regex(r"x-[0-9a-z_.]{1,9}", fullmatch=True),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20),
        max_size=3,
    ),
    compression=st.sampled_from([None, "gzip"]),
    price=st.sampled_from([None, "0.9 USD/h", "0.1 USD/h + 0.2 USD/h", "p2.xlarge"]),
)
STAND_INS = st.builds(
    Target,
    stand_in=st.sampled_from(
        [
            StandIn.of(profile="eia1.medium"),
            StandIn.of(compute={"median": "3 ms", "p99": "40 ms"}, fail={"rate": "1 %"}),
            StandIn.of(compute="1.234567 ms", attach="network", bandwidth="1.2 Gbit/s"),
        ]
    ),
    model=TEXTS,
)
OBJECTIVES = st.sampled_from(
    ["p50 < 1 ns", "service p99.99 < 1.5 s", "mean < 2 h", "max <= 3 ms", "errors < 0.07 %"]
).map(parse_objective)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Draw a scenario that makes sense."""
    phases = draw(st.lists(PHASES, min_size=1, max_size=4, unique_by=lambda phase: phase.name))
    return Scenario(
        name=draw(NAMES),
        seed=draw(st.integers(0, 2**53 - 1)),
        targets=draw(st.dictionaries(NAMES, TARGETS | STAND_INS, min_size=1, max_size=3)),
        payload=Payload(
            synthetic=draw(
                st.builds(Synthetic, width=st.integers(1, 8192), height=st.integers(1, 8192))
            ),
            batch=draw(st.integers(1, 1024)),
            expect=draw(st.none() | st.just(Expect(labels=("dog",), min_score=0.1))),
        ),
        traffic=tuple(phases),
        objectives=tuple(draw(st.lists(OBJECTIVES, max_size=3))),
        max_in_flight=draw(st.integers(1, 100_000)),
        sample=draw(st.integers(0, 1_000_000)),
    )


@settings(deadline=None)
@given(scenarios())
def test_the_resolved_form_round_trips(scenario: Scenario) -> None:
    """What is written as JSON is read back equal, field by field."""
    restored = restore(scenario.to_json())
    assert restored == scenario
    assert restored.to_json() == scenario.to_json()


@settings(deadline=None)
@given(scenarios())
def test_the_resolved_form_is_a_scenario_file(scenario: Scenario) -> None:
    """JSON is YAML: what a run was made of can be saved, edited and run again."""
    written = json.loads(scenario.to_json())
    text = json.dumps(written, ensure_ascii=False, indent=1).replace("${", "$${")
    again = parse(text, "again", Path("/"), {})
    assert again.model_copy(update={"source": None}) == scenario


def test_everything_round_trips() -> None:
    """The scenario with every key does, its paths and its secrets included."""
    scenario = everything()
    assert restore(scenario.to_json()) == scenario


def test_the_resolved_form_does_not_look_for_files(tmp_path: Path) -> None:
    """A run file can be read where its pictures are not, and after they are gone."""
    (tmp_path / "a.jpg").touch()
    (tmp_path / "times.csv").write_text("3 ms\n")
    scenario = build(
        {
            "name": "x",
            "targets": {"a": {"stand_in": {"compute": {"csv": "times.csv"}}, "model": "m"}},
            "payload": {"images": ["a.jpg"]},
            "traffic": [{"phase": "p", "rate": "1/s", "for": "1 s"}],
        },
        "x",
        tmp_path,
    )
    (tmp_path / "a.jpg").unlink()
    (tmp_path / "times.csv").unlink()
    assert restore(scenario.to_json()) == scenario


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", "NaN", '{"name": "x"}', "[" * 100_000, "9" * 5000]
)
def test_what_is_no_resolved_form_is_refused(text: str) -> None:
    """Anything else is one typed error, not a traceback."""
    with pytest.raises(ScenarioError):
        restore(text)


def test_secrets_can_be_left_out() -> None:
    """A masked scenario has the keys of metadata and not its values; nor has a repr."""
    scenario = everything()
    assert "s3cret" in scenario.to_json()
    assert "s3cret" not in scenario.masked().to_json()
    assert scenario.masked().targets["ei"].metadata == {"x-token": "***"}
    assert "s3cret" not in repr(scenario)


# The schema.


def entries(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property of the schema and of its definitions, with its name."""
    for whole in (schema, *schema["$defs"].values()):
        yield from whole.get("properties", {}).items()


def test_the_schema_describes_every_field() -> None:
    """An editor shows a sentence for each key, and knows all keys."""
    schema = json_schema()
    assert schema["$schema"].startswith("https://json-schema.org/draft/2020-12")
    assert set(schema["properties"]) == set(Scenario.model_fields) - {"source"}
    for name, entry in entries(schema):
        assert entry.get("description"), name
    for whole in (schema, *schema["$defs"].values()):
        assert whole["additionalProperties"] is False
        assert whole["description"]
    json.dumps(schema, allow_nan=False)


def test_the_schema_speaks_of_units_as_they_are_written() -> None:
    """Quantities are strings with a pattern; examples and defaults fit it."""
    found = 0
    for name, entry in entries(json_schema()):
        for each in (entry, entry.get("items", {})):
            if "pattern" in each and each["type"] == "string":
                found += 1
                assert each["examples"]
                written = [*each["examples"], *([each["default"]] if "default" in each else [])]
                for text in written:
                    assert re.search(each["pattern"], text), (name, text)
                assert re.search(each["pattern"], "${NAME:-x}")
                assert not re.search(each["pattern"], "500")
    assert found > 10


def test_the_schema_lets_the_environment_say_numbers() -> None:
    """Where a number is expected, a reference may stand, and no other text."""
    seed = json_schema()["properties"]["seed"]
    assert seed["type"] == ["integer", "string"]
    assert seed["minimum"] == 0
    assert re.search(seed["pattern"], "${SEED:-1}")
    assert not re.search(seed["pattern"], "1")


def test_the_schema_knows_the_keys_of_yaml() -> None:
    """Keys are those of the file (`for`, `deadline`), not those of the code."""
    keys = {name for name, _ in entries(json_schema())}
    assert {"for", "from", "to", "phase", "deadline", "ready_within", "stand_in"} <= keys
    assert not [key for key in keys if key.endswith("_ns")]


# Whatever is given.

WORDS = st.sampled_from(
    [
        *("name", "seed", "targets", "payload", "traffic", "objectives", "compare", "server"),
        *("model", "stand_in", "images", "synthetic", "phase", "rate", "for", "users", "tls"),
        *("arrivals", "gamma", "cv", "batch", "size", "steps", "sine", "points", "markov"),
        *("base", "burst", "every", "from", "to", "metadata", "price", "labels", "expect", "gpu"),
        *("8/s", "10 min", "p99 < 1 s", "64x48", "${A}", "${B:-1}", "1 %", "eia1.medium", "ssd"),
    ]
)
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TREES = st.recursive(
    SCALARS,
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), part, max_size=6)
    ),
    max_leaves=30,
)
BITS = st.sampled_from(
    [
        *("&a ", "*a", "!!int ", "\x00", "\t", "---\n", "[", "]", "{", "}", ": ", "- ", '"', "'"),
        *("\\", "${", "${A}", ".nan", "1e999", "010", "~", "?", "|", ">", "%", "\r", "<<: "),
        *("\u2028", "\ufeff"),
    ]
)


def read_or_refuse(text: str | bytes) -> None:
    """Assert that `text` is a scenario or a ScenarioError, as promised."""
    try:
        scenario = parse(text, "f", Path("/nowhere"), {"A": "1"})
    except ScenarioError as refused:
        lines = str(refused).split("\n")
        assert all(line.startswith("f:") for line in lines[:100])
        assert "pydantic" not in str(refused)  # noqa: PT017
        str(refused).encode()
    else:
        assert restore(scenario.to_json()) == scenario


@given(st.text() | st.binary())
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    """Any text and any bytes are a Scenario or a ScenarioError."""
    read_or_refuse(text)


@settings(deadline=None)
@given(TREES)
def test_any_data_is_read_or_refused(tree: object) -> None:
    """So is any data, in whatever place the scenario's own words turn up in it."""
    read_or_refuse(json.dumps(tree))
    with pytest.raises(ScenarioError):
        restore(json.dumps(tree))


@settings(deadline=None)
@given(st.data())
def test_a_damaged_scenario_is_read_or_refused(data: st.DataObject) -> None:
    """So is a good scenario with a few pieces cut out, put in or moved."""
    text = EVERYTHING
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 20))
        text = text[:start] + data.draw(BITS | st.just("")) + text[start + length :]
    read_or_refuse(text)
