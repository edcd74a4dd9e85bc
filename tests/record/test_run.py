"""run: a run answers the same when it comes from its file, and its file is whole or old."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.errors import OutputError, ScenarioError
from eiload.base.status import Status
from eiload.record.intervals import Kind
from eiload.record.recorder import Recorder
from eiload.record.run import Run, load, save
from eiload.record.sample import Sample
from tests.golden import MIX, ONE, away, golden_run, results, scenario, steady

PHASES = """
name: phases
targets: {gpu: {server: "127.0.0.1:8500", model: ssd}}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 5/s, for: 2500 ms, warm_up: true}
  - {phase: steady, rate: 20/s, for: 10 s}
  - {phase: users, users: 3, for: 5 s}
"""


def of_times(times_ms: list[float]) -> Run:
    """Return a run of ONE whose requests, 10 ms apart, took these times; infinite ones failed."""
    recorder = Recorder(0)
    due = np.asarray(np.arange(len(times_ms)) * 0.01, np.float64)
    recorder.record(results(0, 0, due, np.array([each / 1e3 for each in times_ms], np.float64)))
    return replace(golden_run(ONE), intervals=recorder.take())


def test_file_reads_back_as_the_same_run(tmp_path: Path) -> None:
    """Everything that judging and reporting ask of a run survives its file."""
    run = golden_run()
    save(tmp_path / "run.json", run.to_json())
    assert load(tmp_path / "run.json") == run


def test_file_is_plain_json_with_a_schema(tmp_path: Path) -> None:
    """Other tools can read the file and know its version."""
    save(tmp_path / "run.json", golden_run().to_json())
    data = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert data["schema"] == "eiload-run/1"
    assert [target["name"] for target in data["targets"]] == ["gpu", "ei"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "an empty file"),
        ("[]", r"not a run file of schema 'eiload-run/1', but JSON of something else"),
        ('{"schema": "eiload-run/9"}', r'but of schema "eiload-run/9"'),
        ('{"schema": "eiload-run/1"}', r"damaged run file: KeyError: 'scenario'"),
        ("\x00", "no text"),
    ],
)
def test_what_is_no_run_file_is_refused_by_name(tmp_path: Path, text: str, match: str) -> None:
    """A wrong file is the user's: exit 2, one line, the file's name first."""
    path = tmp_path / "wrong.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=match) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_missing_file_is_said(tmp_path: Path) -> None:
    """A file that is not there is named with the reason."""
    with pytest.raises(ScenarioError, match=r"no\.json: cannot be read: No such file"):
        load(tmp_path / "no.json")


def test_cut_file_is_refused_in_one_error(tmp_path: Path) -> None:
    """A file cut anywhere raises ScenarioError, never another error, never a run."""
    text = json.dumps(golden_run(ONE.replace("5 min", "5 s")).to_json())
    path = tmp_path / "cut.json"
    for end in range(0, len(text), max(1, len(text) // 60)):
        path.write_text(text[:end], encoding="utf-8")
        with pytest.raises(ScenarioError, match=r"^.*cut\.json: "):
            load(path)


def test_save_leaves_the_old_file_when_it_cannot_write(tmp_path: Path) -> None:
    """A document that cannot be written leaves the old one whole and nothing beside it."""
    path = tmp_path / "run.json"
    save(path, {"old": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        save(path, {"new": math.nan})
    assert json.loads(path.read_text(encoding="utf-8")) == {"old": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_save_to_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    """Where a file cannot be written is said with the reason."""
    with pytest.raises(OutputError, match=r"run\.json: cannot be written: No such file"):
        save(tmp_path / "no" / "run.json", {})


def test_phases_follow_one_another() -> None:
    """Each phase's seconds begin where the one before it ends, rounded outwards."""
    run = golden_run(PHASES)
    assert [(s.name, s.first_second, s.seconds, s.warm_up, s.closed) for s in run.phases()] == [
        ("warm-up", 0, 3, True, False),
        ("steady", 2, 11, False, False),
        ("users", 12, 6, False, True),
    ]
    assert [span.name for span in run.measured()] == ["steady", "users"]
    assert [span.name for span in run.measured("steady")] == ["steady"]


def test_stopped_run_has_no_seconds_after_its_end() -> None:
    """Phases that were never reached are there and empty."""
    run = replace(golden_run(PHASES), ended_ns=4 * NS_PER_S, stopped="SIGINT")
    assert [span.seconds for span in run.phases()] == [3, 2, 0]
    assert run.sample(0).seconds == 2


def test_sample_leaves_warm_up_out() -> None:
    """What is judged is what was measured after the warm-up."""
    run = golden_run(PHASES)
    everything = run.sample(0, run.phases())
    warm_up = run.sample(0, [run.phases()[0]])
    assert run.sample(0).total == everything.total - warm_up.total
    assert warm_up.total > 0


@given(st.lists(st.floats(0.1, 5_000) | st.just(math.inf), min_size=1, max_size=200))
def test_quantile_counts_failures_as_slower_than_everything(times_ms: list[float]) -> None:
    """The value of rank ceil(q n) over all requests, infinite when that one failed."""
    sample = of_times(times_ms).sample(0)
    ordered = sorted(times_ms)
    for q in (0.5, 0.9, 0.99, 1.0):
        exact = ordered[math.ceil(q * len(ordered) - 1e-9) - 1]
        found = sample.quantile_ns(q) / NS_PER_MS
        assert found == exact or abs(found - exact) <= 0.001 * exact


def test_sample_counts_good_and_bad() -> None:
    """Failed requests are due as well; the mean is of those that ended OK, exactly."""
    sample = of_times([10, 20, 30, math.inf]).sample(0)
    assert (sample.good, sample.total) == (3, 4)
    assert int(sample.per_second().sum()) == 4
    assert sample.mean_ns() == 20 * NS_PER_MS


def test_empty_sample_has_no_numbers() -> None:
    """Of nothing there is no quantile and no mean."""
    run = of_times([])
    sample = run.sample(0)
    assert math.isnan(sample.quantile_ns(0.5))
    assert math.isnan(sample.mean_ns())
    assert run.statuses(0) == {}
    assert isinstance(run.sample(0, []), Sample)


def test_statuses_add_up_to_the_sample() -> None:
    """Every request of a target is in exactly one status."""
    run = golden_run(answers={"ei": away(steady(100, 1), 20, 30)}, failed=Status.DROPPED)
    sample, ended = run.sample(1), run.statuses(1)
    assert sum(ended.values()) == sample.total
    assert ended[Status.OK] == sample.good
    assert ended[Status.DROPPED] == int(sample.bad.sum())
    assert run.sample(1, kind=Kind.LAG).good == sample.good


def test_a_lag_is_known_however_a_request_ended() -> None:
    """Failures are slower than everything where times are judged, and no lag counts as one."""
    failing = away(steady(100, 1), 20, 30)
    run = golden_run(answers={"ei": failing}, failed=Status.UNAVAILABLE)
    lag, response = run.sample(1, kind=Kind.LAG), run.sample(1)
    assert response.bad.any()
    assert not lag.bad.any()
    assert lag.total == lag.good == response.total
    assert response.answered().total == response.good


def test_targets_are_found_by_name() -> None:
    """An unknown name is a KeyError."""
    run = golden_run()
    assert run.target_index("ei") == 1
    with pytest.raises(KeyError):
        run.target_index("tpu")


def test_scenario_travels_with_its_run() -> None:
    """A run file holds the plan, so that objectives can be judged again in a year."""
    run = Run.from_json(json.loads(json.dumps(golden_run().to_json())))
    assert run.scenario == scenario()
    assert not run.emulated


def test_a_run_by_class_is_read_as_it_was() -> None:
    """The file of a mix has the counts once, by class; all else adds them up."""
    run = golden_run(MIX)
    again = Run.from_json(json.loads(json.dumps(run.to_json())))
    assert (again.intervals, again.by_class) == (run.intervals, run.by_class)
    of = {name: again.of_class(name) for name in ("small", "large")}
    totals = {name: each.sample(0).total for name, each in of.items()}
    assert sum(totals.values()) == again.sample(0).total
    assert totals["small"] == pytest.approx(3 * totals["large"], rel=0.05)
    assert of["large"].sample(0).quantile_ns(0.5) > 2.5 * of["small"].sample(0).quantile_ns(0.5)
    with pytest.raises(ValueError, match="huge"):
        run.of_class("huge")
