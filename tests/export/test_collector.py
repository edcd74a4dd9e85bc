"""What is brought to a collector, over real HTTP; and what is said when it is not taken."""

import importlib.util
from collections import Counter
from typing import Any

import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.export.collector import Collector, Settings, settings
from eiload.export.metrics import Moment
from tests.export.collectors import Stub, attributes, metrics, requests
from tests.export.moments import moment_of
from tests.export.test_totals import cut
from tests.golden import TWO, golden_run


def moments(count: int) -> list[Moment]:
    """Return a run's numbers as they grow."""
    run = golden_run(TWO)
    parts = cut(run, count)
    return [moment_of(run, *parts[:n], wall_s=n) for n in range(1, count + 1)]


def one(stub: Stub, said: list[str], temporality: str = "cumulative", **environ: str) -> Collector:
    """Return a collector at the stub."""
    return Collector(settings(stub.endpoint, temporality, environ), "0.1", said.append)


def test_cumulative() -> None:
    """Each message has all since the beginning."""
    said: list[str] = []
    with Stub() as stub:
        collector = one(stub, said, OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20x, a=b")
        for moment in moments(3):
            collector.bring(moment)
    totals = [sum(requests(each).values()) for each in stub.taken]
    assert totals == sorted(totals)
    assert totals[-1] == golden_run(TWO).intervals.total()
    assert stub.headers[0]["authorization"] == "Bearer x"
    assert stub.headers[0]["a"] == "b"
    resource = attributes(stub.taken[0].resource_metrics[0].resource)
    assert resource == {"service.name": "eiload", "service.version": "0.1"}
    assert said == []


def test_delta_loses_nothing() -> None:
    """What a collector did not take is in the next message; all together are the run's numbers."""
    said: list[str] = []
    first, second, third, last = moments(4)
    with Stub() as stub:
        collector = one(stub, said, "delta")
        collector.begin(0)
        collector.bring(first)
        stub.status = 503
        collector.bring(second)
        collector.bring(second)
        stub.status = 200
        collector.bring(third)
        collector.bring(last, last=True)
        collector.bring(last, last=True)  # nothing has changed
        added = sum((requests(each) for each in stub.taken), Counter[tuple[str, str]]())
        assert sum(added.values()) == golden_run(TWO).intervals.total()
        assert len(stub.taken) == 4
        assert "eiload.requests" not in metrics(stub.taken[-1])
        assert "eiload.workers" in metrics(stub.taken[-1])
        collector.begin(0)  # the next run counts from its own beginning
        collector.bring(first)
        assert requests(stub.taken[-1]) == requests(stub.taken[0])
    away, again = said
    assert away == (
        f"--otlp {stub.endpoint}/v1/metrics: points were not taken (status 503 come later); the "
        "run goes on, and they are tried again every 10 s"
    )
    assert again == "--otlp: the collector takes points again; none are missing"


def test_a_collector_that_is_away_costs_one_line() -> None:
    """However often; the last points' loss is part of it, or the line itself."""
    with Stub() as stub:
        pass
    first, last = moments(2)
    said: list[str] = []
    collector = one(stub, said)
    collector.bring(first)
    collector.bring(first)
    collector.bring(last, last=True)
    (line,) = said
    assert "Connection refused" in line
    said.clear()
    one(stub, said).bring(last, last=True)
    (line,) = said
    assert line.endswith("the last points of this run are missing there")


def test_what_is_rejected_is_said_once() -> None:
    """With the collector's reason."""
    said: list[str] = []
    with Stub() as stub:
        stub.rejected = 2
        collector = one(stub, said)
        for moment in moments(2):
            collector.bring(moment)
    assert said == ["--otlp: 2 points rejected: too old"]


def test_a_header_that_no_request_can_have() -> None:
    """It costs a line, and not the run."""
    said: list[str] = []
    with Stub() as stub:
        one(stub, said, OTEL_EXPORTER_OTLP_HEADERS="a=%E2%82%AC").bring(moments(1)[0])
        assert not stub.taken
    assert len(said) == 1


def test_one_an_interval() -> None:
    """Counted from the run's beginning, as the environment says."""
    given = settings("http://x", "delta", {"OTEL_METRIC_EXPORT_INTERVAL": "2000"})
    collector = Collector(given, "0.1", print)
    collector.begin(5 * NS_PER_S)
    due = [second for second in range(5, 15) if collector.is_due(second * NS_PER_S)]
    assert due == [7, 9, 11, 13]


def test_settings() -> None:
    """What is said to be obeyed is."""
    environ = {
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "Api-Key=1",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "/roots.pem",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=ci,service.name=no",
        "OTEL_SERVICE_NAME": "mine",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
    }
    found = settings("https://o11y.example:443/otlp/", "delta", environ)
    assert found == Settings(
        "https://o11y.example:443/otlp/v1/metrics",
        "delta",
        500 * NS_PER_MS,
        {"api-key": "1"},
        {"service.name": "mine", "deployment.environment": "ci"},
        "/roots.pem",
    )
    assert "api-key" not in repr(found)
    plain = settings("http://[::1]:4318/v1/metrics", "cumulative", {})
    assert plain.url == "http://[::1]:4318/v1/metrics"


@pytest.mark.parametrize(
    ("endpoint", "environ", "said"),
    [
        ("localhost:4318", {}, "expected a collector's address for OTLP over HTTP"),
        ("http://", {}, "such as http://localhost:4318, got 'http://'"),
        ("http://x:99999", {}, "expected a collector's address"),
        ("http://x?a=b", {}, "expected a collector's address"),
        ("grpc://x:4317", {}, "expected a collector's address"),
        ("http://x:4317", {}, "port 4317 is a collector's for gRPC"),
        ("http://me:secret@x:4318", {}, "no password in an address"),
        ("http://x", {"OTEL_METRIC_EXPORT_INTERVAL": "1 s"}, "expected ms from 100"),
        ("http://x", {"OTEL_EXPORTER_OTLP_HEADERS": "secret"}, "expected name=value"),
    ],
)
def test_what_is_wrong(endpoint: str, environ: dict[str, str], said: str) -> None:
    """One line, without a secret in it."""
    with pytest.raises(ScenarioError, match=r"^[^\n]*$") as caught:
        settings(endpoint, "cumulative", environ)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.exit_status == 2


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is said before any load."""
    find: Any = importlib.util.find_spec

    def lacking(name: str) -> object:
        return None if name.startswith("opentelemetry") else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", lacking)
    with pytest.raises(ScenarioError, match=r"pip install 'eiload\[otel\]'"):
        settings("http://localhost:4318", "cumulative", {})
