"""health: what makes a run invalid, and what is merely to be known."""

from dataclasses import replace

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.judging import health
from eiload.record import stopping
from eiload.record.facts import TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.looks import up_to
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from tests.golden import ONE, TWO, golden_run, results, steady, with_target


def some(status: Status) -> Run:
    """Return a run in which a few requests to ei ended in `status`."""

    def answer(due_s: "np.typing.NDArray[np.float64]") -> "np.typing.NDArray[np.float64]":
        times = steady(100, 2)(due_s)
        times[: 3 if len(due_s) > 1000 else 0] = np.inf
        return times

    return golden_run(answers={"ei": answer}, failed=status)


def test_a_kept_schedule_is_valid_without_cautions() -> None:
    """Every request that was due is accounted for, on time."""
    assert health.check(golden_run()) == health.Validity(True, (), ())


def test_a_server_that_fails_is_measured_validly() -> None:
    """Failures are the target's matter, not the generator's."""
    run = golden_run(answers={"ei": lambda due: np.full(len(due), np.inf)})
    assert health.check(run).valid


@pytest.mark.parametrize("lag_ms", [4.0, 9.0])
def test_lag_below_5_ms_or_a_tenth_of_the_median_is_sound(lag_ms: float) -> None:
    """At 100 ms an inference, 9 ms late changes nothing that matters."""
    assert health.check(golden_run(lag_ms=lag_ms)).valid


@pytest.mark.parametrize(("lag_ms", "median_ms"), [(12.0, 100.0), (6.0, 20.0)])
def test_late_sending_makes_a_run_invalid(lag_ms: float, median_ms: float) -> None:
    """Times of requests that were sent late are the generator's own."""
    answers = {"gpu": steady(median_ms, 1), "ei": steady(median_ms, 2)}
    validity = health.check(golden_run(answers=answers, lag_ms=lag_ms))
    assert not validity.valid
    assert len(validity.reasons) == 2
    assert validity.reasons[0].startswith("requests to gpu were sent late: lag p99 ")


@pytest.mark.parametrize(("status", "valid"), [("DEADLINE_EXCEEDED", True), ("UNAVAILABLE", False)])
def test_late_for_a_target_that_answers_nothing(status: str, valid: bool) -> None:
    """12 ms are little beside a deadline of a minute, and much beside a refusal."""
    nothing = {name: lambda due: np.full(len(due), np.inf) for name in ("gpu", "ei")}
    run = golden_run(answers=nothing, failed=Status[status], lag_ms=12.0)
    assert health.check(run).valid is valid


FEW = """
name: golden
targets:
  gpu: {{server: "127.0.0.1:8500", model: ssd}}
payload: {{synthetic: 64x48}}
traffic: [{{phase: steady, rate: 10/s, arrivals: constant, for: {seconds} s}}]
"""


@pytest.mark.parametrize(
    ("seconds", "late", "valid"),
    [
        *((2, 1, True), (2, 2, False), (10, 3, True), (10, 4, False)),
        *((100, 15, True), (100, 16, False), (300, 29, True), (300, 31, False)),
    ],
)
def test_one_late_request_of_few_is_an_accident(seconds: int, late: int, valid: bool) -> None:
    """Where no p99 is supported, more must be late than chance has of 1 %; beyond, p99 counts."""
    run = golden_run(FEW.format(seconds=seconds), {"gpu": steady(20, 1)})
    batch = results(0, 0, np.arange(seconds * 10) / 10, steady(20, 1)(np.zeros(seconds * 10)))
    batch["sent_ns"][:late] = batch["intended_ns"][:late] + 9_000_000
    recorder = Recorder(0)
    recorder.record(batch)
    assert health.check(replace(run, intervals=recorder.take())).valid is valid


def test_failed_requests_do_not_count_as_late() -> None:
    """The lag of a request is known even if it failed; a failing server is not our lateness."""
    run = golden_run(answers={"ei": lambda due: np.full(len(due), np.inf)}, lag_ms=1.0)
    assert health.check(run).valid


GOES_ON = (
    FEW.replace("for: {seconds} s", "for: {{at_most: 16 min, until: decided}}")
    + """\
objectives: [p95 < 300 ms]
"""
)


@pytest.mark.parametrize(
    ("seconds", "lag_ms", "valid", "for_good"),
    [(100, 60.0, False, True), (100, 20.0, False, False), (5, 60.0, False, False)],
)
def test_invalid_for_good(seconds: int, lag_ms: float, valid: bool, for_good: bool) -> None:
    """So many late ones that all of the plan cannot outweigh them; not a few, or by a little."""
    run = up_to(golden_run(GOES_ON.format(), lag_ms=lag_ms), seconds)
    assert health.check(run).valid is valid
    assert health.for_good(run) is for_good


def test_what_is_lost_is_lost_for_good() -> None:
    """A sound run is not, one that lost a worker is."""
    run = golden_run(GOES_ON.format())
    assert not health.for_good(up_to(run, 100))
    assert health.for_good(replace(run, problems=("worker 1 was lost",)))


def test_problems_of_the_generator_make_it_invalid() -> None:
    """Whatever the engine says went wrong is a reason."""
    run = replace(golden_run(), problems=("the sender was killed by signal 9",))
    assert health.check(run).reasons == ("the sender was killed by signal 9",)


def test_a_lost_worker_makes_it_invalid() -> None:
    """A worker whose record is not whole is named, with why."""
    lost = WorkerFacts("worker-1", 1, 10, 0, 0, lost="no report for 10 s")
    run = replace(golden_run(), workers=(lost,))
    assert health.check(run).reasons == ("worker worker-1 was lost: no report for 10 s",)


def test_lost_requests_make_it_invalid() -> None:
    """Requests of unknown fate are counted and said."""
    validity = health.check(some(Status.LOST))
    assert validity.reasons[0].startswith("the fate of 3 requests to ei is not known")


def test_nothing_sent_makes_it_invalid() -> None:
    """A run in which everything was dropped measured nothing."""
    run = golden_run(
        answers={name: lambda due: np.full(len(due), np.inf) for name in ("gpu", "ei")},
        failed=Status.DROPPED,
    )
    assert "nothing was sent to gpu outside of warm-up" in health.check(run).reasons


def test_what_was_due_and_is_nowhere_makes_it_invalid() -> None:
    """The plan is counted again from traffic and seed: one request too few is found."""
    run = golden_run(ONE)
    recorder = Recorder(0)
    _, planned = health.due(run, 0, run.scenario.duration_ns)
    due_s = np.linspace(0, 299, planned - 1)
    recorder.record(results(0, 0, due_s, np.full(len(due_s), 0.1)))
    validity = health.check(replace(run, intervals=recorder.take()))
    expected = (
        f"schedule not kept: phase steady had {planned:,} requests due for gpu,"
        f" {planned - 1:,} are accounted for"
    )
    assert validity.reasons == (expected,)


def test_an_empty_record_is_invalid() -> None:
    """No counts at all: nothing sent, schedule not kept."""
    validity = health.check(replace(golden_run(), intervals=Intervals.empty()))
    assert not validity.valid


def test_stopped_run_is_valid_up_to_its_end() -> None:
    """Stopping early is no fault; what was due until then is what counts."""
    whole = golden_run(ONE)
    recorder = Recorder(0)
    _, planned = health.due(whole, 0, 100 * NS_PER_S)
    due_s = np.linspace(0, 99.5, planned)
    recorder.record(results(0, 0, due_s, np.full(len(due_s), 0.1)))
    run = replace(whole, intervals=recorder.take(), ended_ns=100 * NS_PER_S, stopped="SIGINT")
    validity = health.check(run)
    assert validity.valid
    assert validity.cautions[0].startswith("stopped early (SIGINT) after 100 s of 5 min")


def test_closed_loops_have_no_schedule_to_keep() -> None:
    """Users send when they are answered; there is no count to hold them to."""
    run = golden_run(ONE.replace("rate: 20/s", "users: 3"))
    assert health.check(run).valid


@pytest.mark.parametrize(
    ("status", "caution"),
    [
        (Status.DROPPED, "3 requests to ei (0.0499 %) never sent"),
        (Status.UNFINISHED, "3 requests to ei had no answer when the run ended"),
    ],
)
def test_requests_that_never_ended_are_cautioned(status: Status, caution: str) -> None:
    """The in-flight guard and the drain are the server's doing, and are said."""
    validity = health.check(some(status))
    assert validity.valid
    assert any(each.startswith(caution) for each in validity.cautions)


@pytest.mark.parametrize(
    ("changes", "caution"),
    [
        ({"cpu_s": 280.0}, "worker-0 used 93.3 % of a core"),
        ({"loop_delay_max_ns": 250 * NS_PER_MS}, "the sender of worker-0 once stood still"),
        ({"steal_share": 0.12}, "the hypervisor took 12 % of the CPU time"),
    ],
)
def test_a_strained_machine_is_cautioned(changes: dict[str, float], caution: str) -> None:
    """CPU near a core, a loop that stood still, stolen time."""
    worker = WorkerFacts("worker-0", 10.0, 300.0, NS_PER_MS, 10**8)
    run = replace(golden_run(), workers=(replace(worker, **changes),))  # type: ignore[arg-type]
    validity = health.check(run)
    assert validity.valid
    assert validity.cautions[0].startswith(caution)


def test_the_same_server_twice_is_an_a_a_run() -> None:
    """Same address, same model: the difference should be none."""
    run = golden_run(TWO.replace("9000", "8500").replace("ssdresnet", "ssd"))
    assert health.twins(run) == [("gpu", "ei")]
    assert "A/A run" in health.check(run).cautions[0]
    assert health.twins(golden_run()) == []


def test_emulation_is_always_said() -> None:
    """Nobody takes a stand-in's times for an accelerator's."""
    run = with_target(golden_run(), "ei", emulated="network attachment, 20 ms")
    assert health.check(run).cautions == (
        "emulated: ei; times of stand-ins say nothing of real hardware",
    )
    assert isinstance(run.targets[1], TargetFacts)


def test_a_lost_worker_is_told_once() -> None:
    """Among the run's problems and as a worker's fact it is one loss."""
    lost = WorkerFacts("w1", 0.0, 0.0, 0, 0, lost="it left")
    run = replace(golden_run(), problems=("worker w1 was lost: it left",))
    run = replace(run, workers=(*run.workers, lost))
    assert health.check(run).reasons == ("worker w1 was lost: it left",)


def test_arrivals_that_leave_few_blocks_to_decide() -> None:
    """A minute at a hundred times the rate of the four before it is all that counts: so it says."""
    phases = "  - {phase: calm, rate: 1/s, for: 4 min}\n  - {phase: busy, rate: 100/s, for: 1 min}"
    text = f"{ONE.split('  - {phase')[0]}{phases}\n"
    (caution,) = health.check(golden_run(text)).cautions
    assert "20 parts of the time are worth 4 equal ones, fewer than the 12" in caution
    assert not health.check(golden_run(ONE)).cautions


def test_a_clock_that_jumped_is_said() -> None:
    """It is no reason against the run: no time is taken from it."""
    run = golden_run()
    jumped = replace(run, environment={**run.environment, **stopping.clock(3600 * NS_PER_S)})
    validity = health.check(jumped)
    assert validity.valid
    assert any("clock jumped forward by 60 min" in caution for caution in validity.cautions)
