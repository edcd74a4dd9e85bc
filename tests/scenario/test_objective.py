"""scenario.objective: one line of the SLA, read as what it demands and written in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.scenario import (
    Agreement,
    Max,
    Mean,
    Metric,
    Objective,
    Quantile,
    Share,
    Throughput,
    parse_objective,
)

MS = 10**6

READ: list[tuple[str, str, Metric]] = [
    ("p99 < 400 ms", "p99 < 400 ms", Quantile(0.99, "response", 400 * MS)),
    ("p99<400ms", "p99 < 400 ms", Quantile(0.99, "response", 400 * MS)),
    ("  P99.9  <=  0.9 s ", "p99.9 <= 900 ms", Quantile(0.999, "response", 900 * MS)),
    ("p50 < 1 us", "p50 < 1 us", Quantile(0.5, "response", 1000)),
    ("p99.99 < 1 min", "p99.99 < 1 min", Quantile(0.9999, "response", 60_000 * MS)),
    ("service p99 < 1 s", "service p99 < 1 s", Quantile(0.99, "service", 1000 * MS)),
    ("response p99 < 1 s", "p99 < 1 s", Quantile(0.99, "response", 1000 * MS)),
    ("mean < 300 ms", "mean < 300 ms", Mean("response", 300 * MS)),
    ("service mean < 300 ms", "service mean < 300 ms", Mean("service", 300 * MS)),
    ("max < 2 s", "max < 2 s", Max("response", 2000 * MS)),
    ("service max <= 2 s", "service max <= 2 s", Max("service", 2000 * MS)),
    ("errors < 0.1 %", "errors < 0.1 %", Share("errors", 0.001)),
    ("dropped < 1%", "dropped < 1 %", Share("dropped", 0.01)),
    ("throughput > 7/s", "throughput > 7/s", Throughput(7.0)),
    ("throughput >= 420 / min", "throughput >= 7/s", Throughput(7.0)),
    ("agreement >= 99 %", "agreement >= 99 %", Agreement(0.99)),
]

REFUSED = [
    ("", "not an objective"),
    ("p99", "not an objective"),
    ("p99 < ", "not an objective"),
    ("400 ms > p99", "not an objective"),
    ("p99 < 400", "no unit"),
    ("p99 < 400 %", "unknown unit '%'"),
    ("p99 > 400 ms", "expected 'p99 < 400 ms'"),
    ("p99 == 400 ms", "expected 'p99 < 400 ms'"),
    ("throughput < 7/s", "expected 'throughput > 7/s'"),
    ("errors < 0.1", "no unit"),
    ("errors < 101 %", "more than 100 %"),
    ("errors < 0 %", "a limit of 0"),
    ("p99 < 0 s", "a limit of 0"),
    ("p49 < 1 s", "out of range"),
    ("p999 < 1 s", "did you mean 'p99.9'?"),
    ("p < 1 s", "unknown metric 'p'"),
    ("median < 1 s", " (did you mean 'p50'?); metrics: p50, p99.9 ..., mean, max, errors"),
    ("avg < 1 s", "did you mean 'mean'"),
    ("maxx < 1 s", "did you mean 'max'?"),
    ("service errors < 1 %", "only before a time"),
    ("servic p99 < 1 s", "did you mean 'service'?"),
    ("p99 < 1 s < 2 s", "unknown unit"),
]


@pytest.mark.parametrize(("text", "normal", "metric"), READ)
def test_objectives_mean_what_they_say(text: str, normal: str, metric: Metric) -> None:
    """Each form is read as its metric, and its text is put into one normal form."""
    assert parse_objective(text) == Objective(normal, None, None, metric)


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_no_objective_is_refused(text: str, message: str) -> None:
    """The error says what is wrong and what was expected."""
    with pytest.raises(ValueError, match="expected") as refused:
        parse_objective(text)
    assert message in str(refused.value)


@given(
    st.sampled_from(["", "service "]),
    st.integers(5000, 9999).map(lambda hundredths: f"p{hundredths / 100}")
    | st.sampled_from(["mean", "max"]),
    st.sampled_from(["<", "<="]),
    st.integers(1, 2**62),
)
def test_the_normal_form_reads_back_as_the_same_metric(
    of: str, what: str, relation: str, limit_ns: int
) -> None:
    """The text of an objective is all there is to know of its metric."""
    objective = parse_objective(f"{of}{what}{relation}{limit_ns}ns", "a target", "a phase")
    assert parse_objective(objective.text, "a target", "a phase") == objective
