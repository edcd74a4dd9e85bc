"""What was observed over time: rates between readings, not at instants."""

import math

from eiload.observe.growth import Growth
from eiload.observe.steps import gauge, gpu_steps, mean, rate, server_mean_ms, server_rate
from tests.observe.made import series, source
from tests.report.observed_runs import observed


def test_a_rate_is_of_the_time_between_two_readings() -> None:
    """However long that was; over a restart nothing is known."""
    counter = series("requests", [0, 10, 10, 50, 5, 15], model="ssd")
    growth = Growth.of(source(counter, at_s=[0, 1, 2, 4, 5, 6]))
    found = rate(growth, [counter])
    assert found[:3] == [(0, 1, 10), (1, 2, 0), (2, 4, 20)]
    assert math.isnan(found[3][2])
    assert found[4] == (5, 6, 10)


def test_a_source_that_says_something_new_seldom() -> None:
    """Its rate is of the time between two readings that differ."""
    counter = series("gpu_energy_j", [0, 0, 300, 300, 600], gpu="a")
    growth = Growth.of(source(counter, at_s=[0, 5, 10, 15, 20], kind="dcgm"))
    assert growth.update_s == 5.0
    assert rate(growth, [counter]) == [(0, 10, 30), (10, 20, 30)]


def test_a_mean() -> None:
    """Of what came in a step; none where nothing came."""
    sums, counts = series("x_sum", [0, 30, 30]), series("x_count", [0, 3, 3])
    growth = Growth.of(source(sums, counts, at_s=[0, 1, 2]))
    (first, second) = mean(growth, [sums], [counts])
    assert first == (0, 1, 10)
    assert math.isnan(second[2])


def test_a_gauge() -> None:
    """From a reading to the next."""
    use = series("gpu_use", [5, 7, None])
    assert gauge(Growth.of(source(use, at_s=[0, 1, 3])), use) == [(0, 1, 5), (1, 3, 7)]


def test_of_a_run() -> None:
    """Of the target's model; nothing where there is nothing."""
    run = observed()
    assert [value for *_, value in server_rate(run, 0)][2:4] == [10, 10]
    assert server_mean_ms(run, 1)[3][2] == 63
    ((name, steps),) = gpu_steps(run, 0, "gpu_power_w")
    assert (name, steps[0][2]) == ("Tesla T4", 50)
    assert gpu_steps(run, 1, "gpu_power_w") == []
