"""Pages for Prometheus, read by the library's own parsers."""

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from eiload.export import native
from eiload.export.metrics import Form
from eiload.export.prometheus import name_of, page
from tests.export.moments import moment_of
from tests.golden import TWO, golden_run

OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
PROTOBUF = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
    ";q=0.6"
)


@pytest.mark.parametrize("accept", ["", "*/*", "text/plain", OPENMETRICS])
def test_texts(accept: str) -> None:
    """Counters, histograms and gauges with their labels; every metric of the moment is there."""
    run = golden_run(TWO)
    moment = moment_of(run)
    body, type_ = page(moment, accept)
    open_ = "openmetrics" in accept
    assert type_.startswith("application/openmetrics-text" if open_ else "text/plain")
    read = openmetrics_families if open_ else text_string_to_metric_families
    families = {family.name: family for family in read(body.decode())}
    assert set(families) == {name_of(each.name) for each in moment.metrics}
    for metric in moment.metrics:
        family = families[name_of(metric.name)]
        assert family.type == metric.name.form.value
        assert family.documentation == metric.name.says
    (gpu, ei) = (
        {sample.labels["le"]: sample.value for sample in families[
            "eiload_response_duration_seconds"].samples
         if sample.name.endswith("_bucket") and sample.labels["eiload_target"] == name
         and sample.labels["eiload_phase"] == "steady"}
        for name in ("gpu", "ei")
    )  # fmt: skip
    assert list(gpu.values()) == sorted(gpu.values())
    assert gpu["+Inf"] == run.sample(0).good
    assert ei["+Inf"] == run.sample(1).good
    requests = families["eiload_requests"].samples
    assert {sample.name for sample in requests} == {"eiload_requests_total"}
    assert sum(sample.value for sample in requests) == run.intervals.total()


@pytest.mark.parametrize(
    ("accept", "protobuf"),
    [
        (PROTOBUF, True),
        (f"{PROTOBUF},{OPENMETRICS}", True),
        (f"{OPENMETRICS},{PROTOBUF}", True),
        (f"{PROTOBUF},text/plain", False),
        (PROTOBUF.replace("q=0.6", "q=0"), False),
        (PROTOBUF.replace("q=0.6", "q=..."), False),
        (PROTOBUF.replace("delimited", "text"), False),
        ("application/vnd.google.protobuf", False),
        (OPENMETRICS, False),
    ],
)
def test_what_is_liked_best(accept: str, protobuf: bool) -> None:
    """Protobuf comes where it is wanted more than text, in the one form there is."""
    _, type_ = page(moment_of(golden_run(TWO)), accept)
    assert (type_ == native.CONTENT_TYPE) is protobuf


def test_hostile_names() -> None:
    """A name with quotes, backslashes and newlines is a label's value all the same."""
    text = TWO.replace("phase: steady", 'phase: "a\\"b\\\\c"')
    moment = moment_of(golden_run(text))
    body, _ = page(moment, "")
    phases = {
        sample.labels["eiload_phase"]
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if "eiload_phase" in sample.labels
    }
    assert 'a"b\\c' in phases


def test_counters_end_in_total() -> None:
    """As Prometheus wants it; no name of another form does."""
    body, _ = page(moment_of(golden_run(TWO)), "")
    kinds = dict(line.split()[2:4] for line in body.decode().splitlines() if "# TYPE" in line)
    assert {name for name, kind in kinds.items() if name.endswith("_total")} == {
        name for name, kind in kinds.items() if kind == Form.COUNTER.value
    }
