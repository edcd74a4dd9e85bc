"""scenario: YAML becomes the models that it means, and travels as JSON without a loss."""

import json
import shutil
from pathlib import Path

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
    load,
    parse,
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
    SineRate,
    StepsRate,
)
from eiload.scenario.laws import BatchArrivals, Gamma, Weibull
from eiload.scenario.observe import Observe
from eiload.scenario.standin import StandIn
from eiload.scenario.target import Keepalive
from tests.scenario.drawn import scenarios
from tests.scenario.everything import ENVIRON, EVERYTHING, everything

NS = 10**9
SHIPPED = Path(__file__).parents[2] / "scenarios"


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
            balance="pick_first",
            authority="ssd.example.com",
            connect_timeout_ns=5 * NS,
            max_connection_age_ns=300 * NS,
            retry="none",
            metadata={"x-token": "s3cret"},
            compression="gzip",
            tls=Tls(server_name="ei"),
            keepalive=Keepalive(every_ns=30 * NS, timeout_ns=5 * NS),
            observe=Observe(
                metrics=(":8501", "http://ei:9100/metrics"),
                gpu="ssh me@ei",
                host="local",
                every_ns=2 * NS,
                required=True,
            ),
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
        OpenPhase("points", 60 * NS, PointsRate(((0, 5.0), (60 * NS, 40.0))), BatchArrivals(8)),
        OpenPhase(
            "jumps", 60 * NS, MarkovRate(5.0, 40.0, 60 * NS, 5 * NS), BatchArrivals(2, "constant")
        ),
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
    assert scenario.max_in_flight_bytes == 256_000_000
    assert scenario.duration_ns == (20 + 600 + 3600 + 300 + 300 + 180 + 120 + 60 + 60 + 5) * NS


@pytest.mark.parametrize("shipped", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.name)
def test_the_shipped_scenarios_are_good(shipped: Path, tmp_path: Path) -> None:
    """Every scenario in the repository can be read with nothing in the environment."""
    for model in ("ssd", "two"):  # what `eiload make-model` would have made
        (tmp_path / "models" / model).mkdir(parents=True)
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


def test_what_a_target_says_of_the_network() -> None:
    """A host among the metadata is told where it belongs; what a client cannot do is said."""
    for words, text in (
        ({"metadata": {"host": "ssd.example.com"}}, "'host' is no metadata of HTTP/2; expected"),
        ({"metadata": {":authority": "ssd"}}, "expected the name in `authority:`"),
        ({"authority": "a b"}, "not a host name, got 'a b'; expected such as"),
        ({"authority": "http://ssd"}, "not a host name, got 'http://ssd'"),
        ({"client": "grpcio", "max_connection_age": "1 min"}, "expected `client: http2`"),
        ({"max_connection_age": "1 ms"}, "targets.host.max_connection_age"),
    ):
        with pytest.raises(ScenarioError) as refused:
            build_one(**words)
        assert text in str(refused.value)


def test_a_byte_order_mark_is_not_seen() -> None:
    """A file saved by an editor that writes one reads the same, with the same columns."""
    data = EVERYTHING.encode()
    assert parse(b"\xef\xbb\xbf" + data, "all.yaml", Path("/base"), ENVIRON) == everything()


# The resolved form.


@settings(deadline=None)
@given(scenarios())
def test_the_resolved_form_round_trips(scenario: Scenario) -> None:
    """What is written as JSON is read back equal, field by field.

    And JSON is YAML: what a run was made of can be saved, edited and run again.
    """
    written = scenario.to_json()
    restored = restore(written)
    assert restored == scenario
    assert restored.to_json() == written
    text = json.dumps(json.loads(written), ensure_ascii=False, indent=1).replace("${", "$${")
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
