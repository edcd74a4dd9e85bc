"""A run's numbers given to others: a real coordinator, page and collector, scripted agents."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from eiload.base.clock import SystemClock
from eiload.base.errors import ScenarioError
from eiload.export.metrics import moment
from eiload.export.totals import Totals
from eiload.plugin.exports import Exports, address_of, unused_by_worker
from eiload.record.intervals import Intervals
from tests.control.script import Script, a_scenario
from tests.export.collectors import Stub
from tests.export.collectors import requests as requests_in
from tests.plugin.test_course import a_course


def given(**options: str) -> Any:
    """Return options as the command line gives them."""
    return SimpleNamespace(
        **{"prometheus": "", "otlp": "", "otlp_temporality": "cumulative", **options}
    )


@contextlib.contextmanager
def opened(**options: str) -> Iterator[tuple[Exports, list[str]]]:
    """Yield what gives numbers to others as the options say, and what it says."""
    said: list[str] = []
    exports = Exports(SystemClock(), said.append)
    try:
        exports.open(given(**options), {})
        yield exports, said
    finally:
        exports.close()


def fetch(method: str, url: str) -> requests.Response:
    """Return an answer, for which a thread waits: gevent's loop, which serves it, is this one's."""
    answer: requests.Response = gevent.get_hub().threadpool.apply(
        requests.request, (method, url), {"timeout": 60}
    )
    return answer


def page(exports: Exports) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the page's samples, by name and the values of their labels, in the labels' order."""
    answer = fetch("GET", f"http://127.0.0.1:{exports.port}/metrics")
    assert answer.ok
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[
                tuple(value for _, value in sorted(sample.labels.items()))
            ] = sample.value
    return found


def test_a_run_and_the_next() -> None:
    """Both ways give the run's own numbers, to the request; the next run begins at 0."""
    with Stub() as stub, opened(prometheus="0", otlp=stub.endpoint) as (exports, said):
        assert list(page(exports)) == ["eiload_build_info"]
        totals = []
        for number in (1, 2):
            script = Script(a_scenario())
            course = a_course(script, exports=exports)
            course.start()
            outcome = course.follow()
            assert outcome.run is not None
            totals.append(outcome.run.intervals.total())
            found = page(exports)
            assert found["eiload_requests_total"] == {("OK", "steady", "gpu"): totals[-1]}
            assert list(found["eiload_run_info"]) == [(str(number), "coordinated")]
            count = found["rpc_client_call_duration_seconds_count"]
            assert list(count.values()) == [totals[-1]]
            assert set(found["eiload_target_info"]) == {("false", "ssd", "gpu", "127.0.0.1", "1")}
            assert found["eiload_requests_in_flight"] == {(): 0}
        assert [requests_in(each) for each in stub.taken] == [
            {("gpu", "OK"): total} for total in totals
        ]
    assert len(said) == 1
    assert said[0].startswith("metrics for Prometheus: http://127.0.0.1:")


def test_while_it_goes_on() -> None:
    """Between two reports the numbers are what was reported, with what is in flight."""
    script = Script(a_scenario(), workers=1)
    with opened(prometheus="0") as (exports, _):
        exports.begin(script.coordinator)
        assert "eiload_requests_total" not in page(exports)
        exports.add(script.slice_of(0))
        first = page(exports)["eiload_requests_total"]
        assert list(first.values()) == [script.slice_of(0).total()]
        exports.add(Intervals.empty())
        assert page(exports)["eiload_requests_total"] == first


def test_points_once_an_interval() -> None:
    """A collector is brought points while the load is on, not before, and one at a time."""
    script = Script(a_scenario())
    with Stub() as stub, opened(otlp=stub.endpoint) as (exports, _):
        exports.begin(script.coordinator)
        assert exports._collector is not None
        exports._collector._due_ns = 0
        exports.tick()  # nothing is on
        script.coordinator.started.set()
        exports.tick()
        exports.tick()
        with gevent.Timeout(60):
            while not stub.taken:
                gevent.sleep(0.01)
        gevent.sleep(0)
        assert len(stub.taken) == 1


def test_nobody_asks() -> None:
    """Without an option nothing is counted, and no port is open."""
    with opened() as (exports, said):
        script = Script(a_scenario())
        exports.begin(script.coordinator)
        exports.add(script.slice_of(0))
        exports.end(None)
        assert exports.port is None
        assert exports.moment().metrics[0].name.name == "eiload.requests.in_flight"
        assert said == []


@pytest.mark.parametrize("when", ["add", "of"])
def test_a_defect_costs_a_line(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not the run: its outcome is what it would have been."""

    def fail(*_: object) -> None:
        raise KeyError("x")

    with Stub() as stub, opened(prometheus="0", otlp=stub.endpoint) as (exports, said):
        monkeypatch.setattr(Totals, when, fail)
        course = a_course(Script(a_scenario()), exports=exports)
        course.start()
        outcome = course.follow()
        assert outcome.run is not None
        assert outcome.run.problems == ()
        assert exports.port is None
    assert said[1:] == ["others are given no numbers any more: KeyError: 'x'"]


def test_what_is_not_used_is_said() -> None:
    """By a worker of its own, without an endpoint, in a run of others' users."""
    with opened(otlp_temporality="delta") as (exports, said):
        exports.leave()
        assert said == ["--otlp-temporality: not used without --otlp"]
    with opened(prometheus="0") as (exports, said):
        exports.leave()
        assert said[1] == "no request of this run is eiload's: others are given no numbers of it"
    options = SimpleNamespace(prometheus="9646", otlp="", processes=None)
    assert unused_by_worker(options).startswith("--prometheus: not used by a worker")
    options.otlp = "http://x"
    assert unused_by_worker(options).startswith("--prometheus, --otlp: not used by a worker")
    options.processes = 2
    assert unused_by_worker(options) == ""


def test_another_page() -> None:
    """There is one page, and it is read only."""
    with opened(prometheus="127.0.0.1:0") as (exports, _):
        url = f"http://127.0.0.1:{exports.port}"
        assert fetch("GET", url).text == "the page is /metrics\n"
        assert fetch("POST", f"{url}/metrics").status_code == 404
        assert fetch("HEAD", f"{url}/metrics").status_code == 200


def test_a_port_that_is_taken() -> None:
    """One line, with the remedy, and status 2."""
    with opened(prometheus="0") as (exports, _):
        with pytest.raises(ScenarioError) as caught, opened(prometheus=str(exports.port)):
            pass
        assert str(caught.value) == (
            f"--prometheus: cannot listen on 127.0.0.1:{exports.port}: Address already in use; "
            "say another port, or end whoever has it"
        )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9646", ("127.0.0.1", 9646)),
        ("0.0.0.0:9646", ("0.0.0.0", 9646)),
        ("[::1]:0", ("::1", 0)),
        ("host.example:1", ("host.example", 1)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    """A port alone is on loopback."""
    assert address_of(text) == address


@pytest.mark.parametrize("text", ["", "http", "1e3", "99999", "host:", ":9646", "::1:9646", "-1"])
def test_what_is_no_address(text: str) -> None:
    """It is refused with an example."""
    with pytest.raises(ScenarioError, match=r"expected a port or HOST:PORT, such as 9646"):
        address_of(text)


def test_before_any_run() -> None:
    """A moment of no run has what makes the load."""
    assert len(moment(None, 0, 0).metrics) == 1
