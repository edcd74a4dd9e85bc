"""Counters grow; a restart is told, never clamped; several servers in turn are no server."""

import numpy as np
import pytest

from eiload.observe.growth import Growth, Window
from tests.observe.made import Values, series, source


def growth(*values: Values) -> Growth:
    """Return the growth of counters that were read once a second from -1 s on."""
    every = [series("requests", each, model=str(n)) for n, each in enumerate(values)]
    return Growth.of(source(*every, at_s=[n - 1.0 for n in range(len(values[0]))]))


def grown(of: Growth, first: int, last: int) -> float:
    """Return by how much the first counter grew."""
    return of.grown(of.source.series[0], Window(first, last))


def test_a_counter_grows_between_two_readings() -> None:
    """The difference, wherever it lies; a counter that appears was 0."""
    of = growth([None, 3, 5, 5, 9])
    assert (grown(of, 0, 4), grown(of, 1, 2), grown(of, 2, 3)) == (9, 2, 0)
    assert (of.restarts, of.several) == ((), False)


@pytest.mark.parametrize("values", [[100, 110, 4, 14], [100, 110, None, 14]])
def test_a_restart_is_told(values: Values) -> None:
    """What was counted since then counts; what was lost is not made up."""
    of = growth(values)
    assert of.restarts == (2,)
    assert grown(of, 0, 3) == 24
    assert of.restarted_s(Window(0, 3)) == [(0.0, 1.0)]
    assert of.restarted_s(Window(2, 3)) == []


def test_a_restart_is_of_all_counters() -> None:
    """One that was not seen to fall began anew as well."""
    of = growth([100, 110, 4, 14], [1, 1, 2, 2])
    other = of.source.series[1]
    assert of.restarts == (2,)
    assert of.grown(other, Window(0, 3)) == 2


def test_two_restarts_are_no_two_servers() -> None:
    """Each time it begins at nothing, and takes its time."""
    of = growth([100, 110, 120, 2, 12, 22, 32, 42, 52, 62, 1, 11, 21])
    assert (of.restarts, of.several) == ((3, 10), False)


def test_several_servers_in_turn() -> None:
    """Counters that fall and are back by a jump are of two servers; nothing is computed."""
    of = growth([100, 900, 110, 120, 930, 130, 940, 950])
    assert of.several
    assert of.restarts == ()
    assert of.window(0, 9) is None


def test_a_window_is_around_its_stretch() -> None:
    """From the last reading before it to the first after it; at the end of all, to the last."""
    of = growth([0] * 10)  # -1 s .. 8 s
    assert of.window(2.5, 4.5) == Window(3, 6)
    assert of.window(2.0, 4.0) == Window(3, 5)
    assert of.window(0.0, 4.0, whole=True) == Window(1, 9)
    assert of.window(-5.0, 100.0) == Window(0, 9)
    assert growth([1]).window(0, 1) is None


def test_between_two_readings_it_grows_evenly() -> None:
    """Instants are in seconds from the start of the load."""
    of = growth([10, 20, 40])
    (counter,) = of.source.series
    assert [of.at(counter, at) for at in (-2.0, -1.0, -0.5, 0.5, 9.0)] == [0, 0, 5, 20, 30]


def test_cpu_time_that_falls_is_no_restart() -> None:
    """The kernel's idle and iowait may (proc(5))."""
    every = [
        series("host_cpu_s", [5.0, 4.9], mode="iowait"),
        series("host_cpu_s", [1.0, 2.0], mode="user"),
    ]
    of = Growth.of(source(*every, at_s=[0, 1], kind="host"))
    assert of.restarts == ()
    assert of.steps(every[0]).tolist() == [0, 0]


def test_how_often_it_says_something_new() -> None:
    """By how often it changed."""
    of = Growth.of(source(series("gpu_use", [1, 1, 1, 2]), at_s=[0, 1, 2, 3], kind="dcgm"))
    assert of.update_s == 1.0  # as its readings were marked, not as its series says
    assert Growth.of(source(at_s=[0])).update_s is None


def test_gauges_are_no_counters() -> None:
    """They may fall."""
    of = Growth.of(source(series("gpu_use", [5, 1, 5, 1, 5]), at_s=range(5)))
    assert (of.restarts, of.several) == ((), False)
    assert np.array_equal(of.at_s, np.arange(5.0))
