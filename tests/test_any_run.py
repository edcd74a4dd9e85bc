"""Whatever was measured can be judged and shown: random runs through judging and every report."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tests.plugin as tests_plugin
from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.cli.main import main
from eiload.judging import judgement
from eiload.judging.judgement import judge
from eiload.record.facts import Answers
from eiload.record.recorder import Recorder, step_s_for
from eiload.record.run import Run, load, save
from eiload.report import FORMS, render
from tests.golden import TWO, due, golden_run, results, scenario

OBJECTIVES = (
    "p50 < 100 ms", "p99 < 300 ms", "p99.9 < 1 s", "mean < 200 ms", "max < 2 s", "errors < 1 %",
    "dropped < 5 %", "throughput > 1/s", "agreement >= 99 %", "service p95 < 150 ms",
)  # fmt: skip
BAD = (
    Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.DROPPED, Status.UNFINISHED, Status.LOST,
    Status.BAD_ANSWER,
)  # fmt: skip

LENGTHS = st.sampled_from(["1 s", "4 s", "13 s", "61 s", "2 min", "2 h"])
OPEN = st.builds(
    lambda rate, length, arrivals: f"rate: {rate}/s, arrivals: {arrivals}, for: {length}",
    st.sampled_from([0.02, 0.5, 3]), LENGTHS, st.sampled_from(["constant", "poisson"]),
)  # fmt: skip
CLOSED = st.builds(
    lambda users, length: f"users: {users}, for: {length}",
    st.integers(1, 2), st.sampled_from(["5 s", "70 s"]),
)  # fmt: skip
TIMES = st.sampled_from(["constant", "noise", "dead", "slow", "ties", "away", "few fail"])


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Return a run of any plan, however it went and wherever it ended."""
    phases = draw(st.lists(st.tuples(OPEN | CLOSED, st.booleans()), min_size=1, max_size=3))
    text = "name: any\ntargets:\n"
    for name in ("gpu", "ei"):
        text += f'  {name}: {{server: "127.0.0.1:1", model: {name}, price: 0.5 USD/h}}\n'
    text += "payload: {synthetic: 8x8}\ntraffic:\n"
    for number, (load_, warm_up) in enumerate(phases):
        warm = ", warm_up: true" if warm_up and number + 1 < len(phases) else ""
        text += f"  - {{phase: p{number}, {load_}{warm}}}\n"
    objectives = draw(st.lists(st.sampled_from(OBJECTIVES), unique=True, max_size=4))
    compares = draw(st.booleans())
    chosen = [each for each in objectives if compares or "agreement" not in each]
    text += f"objectives: [{', '.join(chosen)}]\n" if chosen else ""
    text += "compare: {baseline: gpu, candidate: ei}\n" if compares else ""
    of = scenario(text)
    whole_s = of.duration_ns / NS_PER_S
    ended_s = min(whole_s, draw(st.sampled_from([0.3, 7, 59.5, 100, 700, 5000, math.inf])))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    recorder = Recorder(0, step_s_for(of.duration_ns))
    for target in range(2):
        kind, bad = draw(TIMES), draw(st.sampled_from(BAD))
        for phase, due_s in enumerate(due(of)):
            sent = due_s[due_s < ended_s]
            if len(sent):
                took = _took(kind, sent, rng)
                recorder.record(results(target, phase, sent, took, failed=bad))
    stopped = (
        draw(st.sampled_from(["SIGINT", "stopped in the web UI"])) if ended_s < whole_s else ""
    )
    base = golden_run(TWO.replace("5 min", "1 s"))
    answers = tuple(Answers(*draw(st.sampled_from([(0, 0, 0, 0), (20, 0, 20, 20), (9, 4, 9, 0)])))
                    for _ in of.traffic)  # fmt: skip
    failures = tuple({"UNAVAILABLE: gone": 1} for _ in of.traffic)
    return replace(
        base, scenario=of, ended_ns=int(ended_s * NS_PER_S), stopped=stopped,
        intervals=recorder.take(),
        targets=tuple(replace(each, answers=answers, failures=failures) for each in base.targets),
    )  # fmt: skip


def _took(kind: str, due_s: Any, rng: np.random.Generator) -> Any:
    noise = 0.1 * np.exp(0.3 * rng.standard_normal(len(due_s)))
    return {
        "constant": np.full(len(due_s), 0.1),
        "noise": noise,
        "dead": np.full(len(due_s), np.inf),
        "slow": noise * 20,
        "ties": np.where(rng.random(len(due_s)) < 0.03, 1.0, 0.3),
        "away": np.where((due_s > 3) & (due_s < 30), np.inf, noise),
        "few fail": np.where(rng.random(len(due_s)) < 0.02, np.inf, noise),
    }[kind]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(runs(), st.booleans())
def test_any_run_is_judged_and_shown(run: Run, undecided_ok: bool) -> None:
    """Judging and every report return, agree, hold no NaN; the saved run says the same."""
    found = judge(run, undecided_ok=undecided_ok)
    assert not [reason for reason in found.validity.reasons if "internal error" in reason]
    forms = {form: render(form, run, found, undecided_ok=undecided_ok) for form in FORMS}
    assert not any(" nan" in text.lower() for text in forms.values())
    document = json.loads(forms["json"], parse_constant=pytest.fail)
    for target in range(2):
        ended = run.statuses(target, run.phases())
        whole = [row for row in document["figures"] if row["target"] == run.targets[target].name]
        if whole:
            parts = ("ok", "failed", "dropped", "unfinished", "lost")
            assert whole[0]["scheduled"] == sum(whole[0][part] for part in parts)
        assert sum(ended.values()) == sum(
            sum(run.statuses(target, [span]).values()) for span in run.phases()
        )
    suite = ET.fromstring(forms["junit"])[0]
    assert (int(suite.get("failures", "")) > 0) == (found.exit_status != 0)
    again = Run.from_json(document)
    found_again = judge(again, undecided_ok=undecided_ok)
    assert found_again.summary == found.summary
    assert found_again.exit_status == found.exit_status
    assert render("markdown", again, found_again) == forms["markdown"]


PARTS = {
    "comparison": "looks.compare",
    "objectives": "sla.judge",
    "cost": "cost",
    "agreement": "agreement.find",
    "soundness": "health.check",
}
"""What is judged, and the function that does it."""


def _broken(*_: object, **__: object) -> None:
    raise ValueError("a defect")


@pytest.mark.parametrize("part", PARTS)
def test_a_defect_in_judging_costs_no_number(
    part: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit status 5, the defect in a line, every number in every form, and from the file too."""
    run = golden_run()
    whole = judge(run)
    monkeypatch.setattr(f"eiload.judging.judgement.{PARTS[part]}", _broken)
    found = judge(run)
    assert found.exit_status == 5
    told = [reason for reason in found.validity.reasons if f"the {part} could not be" in reason]
    assert len(told) == 1
    assert "internal error" in told[0]
    assert all(verdict.word == "undecided" for verdict in found.verdicts)
    assert len(found.verdicts) == len(whole.verdicts)
    requests = json.loads(render("json", run, whole))["figures"]
    scheduled = f"{sum(run.statuses(0).values()):,}"
    for form in FORMS:
        text = render(form, run, found)
        assert ("internal error" in text) is (form != "hlog")  # which has times and no words
        if form in {"terminal", "markdown"}:
            assert scheduled in text
        elif form == "json":
            assert json.loads(text)["figures"] == requests
    path = tmp_path / "run.json"
    save(path, run.to_json())
    assert main(["report", str(path)]) == 5
    assert "internal error" in capsys.readouterr().out
    assert load(path).intervals == run.intervals


def test_a_defect_loses_no_run_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run file is written before anything is judged."""
    assert tests_plugin  # it imports Locust without its changes to the whole process
    from eiload.plugin.outcome import Outcome

    run, path = golden_run(), tmp_path / "run.json"

    def judged(*_: object, **__: object) -> None:
        assert load(path).intervals == run.intervals
        raise RuntimeError("judging itself")

    monkeypatch.setattr(judgement, "judge", judged)
    with pytest.raises(RuntimeError):
        Outcome.of(run, [], reports={"json": path}, undecided_ok=False, status_on_errors=1)
    assert load(path).intervals == run.intervals
