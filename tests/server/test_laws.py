"""The laws of time: their quantiles and moments are those that were asked for."""

from pathlib import Path

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario.standin import Constant, Empirical, Gamma, LogNormal, Stalls
from eiload.server.laws import Gaps, law, times_of

DRAWS = 40_000


def drawn(settings: Constant | LogNormal | Gamma | Empirical, seed: int = 1) -> np.ndarray:
    """Return many draws, ms."""
    draw = law(settings, seed)
    return np.array([draw() for _ in range(DRAWS)]) / 1e6


def test_a_constant_law_is_constant() -> None:
    """Every draw is the one time."""
    assert set(drawn(Constant.model_validate({"constant": "7 ms"}))) == {7.0}


def test_lognormal_has_its_median_and_its_99th_percentile() -> None:
    """Both of the quantiles that the law is given by come out; so does one between them."""
    times = drawn(LogNormal.model_validate({"median": "60 ms", "p99": "90 ms"}))
    assert np.quantile(times, 0.5) == pytest.approx(60, rel=0.01)
    assert np.quantile(times, 0.99) == pytest.approx(90, rel=0.01)
    # ln(90 / 60) / 2.3263 = 0.1743; the 84.134th percentile is one standard deviation up.
    assert np.quantile(times, 0.84134) == pytest.approx(60 * np.exp(0.1743), rel=0.01)


def test_gamma_has_its_mean_and_its_spread() -> None:
    """Mean and coefficient of variation come out."""
    times = drawn(Gamma.model_validate({"mean": "200 ms", "cv": 0.25}))
    assert times.mean() == pytest.approx(200, rel=0.01)
    assert times.std() / times.mean() == pytest.approx(0.25, rel=0.03)


def test_an_empirical_law_draws_what_was_measured(tmp_path: Path) -> None:
    """Headings, comments and units are understood; bare numbers are ms."""
    path = tmp_path / "times.csv"
    path.write_text("\ufeffduration,host\n# a comment\n\n12.5,a\n1.5 s,b\n 700 us ,c\n")
    assert times_of(path).tolist() == [12.5e6, 1.5e9, 0.7e6]
    assert set(drawn(Empirical(csv=path))) == {12.5, 1500.0, 0.7}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least one duration"),
        ("duration\n", "at least one duration"),
        ("1\nsoon\n", "not a duration"),
        ("-1\n", "expected a duration of 0 s to 24 h"),
        ("nan\n", "expected a duration of 0 s to 24 h"),
        ("1e300\n", "expected a duration of 0 s to 24 h"),
    ],
)
def test_a_file_that_is_no_list_of_durations_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    """The error names the file and what was expected."""
    path = tmp_path / "times.csv"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=rf"^{path}: .*{said}"):
        times_of(path)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    """Not a traceback about an encoding."""
    path = tmp_path / "times.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ScenarioError, match="expected a CSV file of durations"):
        times_of(path)


def test_the_same_seed_gives_the_same_times() -> None:
    """And another seed others."""
    settings = Gamma.model_validate({"mean": "200 ms", "cv": 0.25})
    assert (drawn(settings, 3) == drawn(settings, 3)).all()
    assert (drawn(settings, 3) != drawn(settings, 4)).any()


def test_gaps_are_in_order_and_as_frequent_as_asked_for() -> None:
    """No gap overlaps the next; from end to beginning takes `every` on average."""
    gaps = Gaps(Stalls.model_validate({"every": "10 s", "for": "2 s"}), 5, seed=1)
    spans = np.array([gaps.next() for _ in range(5000)])
    assert spans[0, 0] >= 5
    assert (spans[:, 1] - spans[:, 0] == 2e9).all()
    between = spans[1:, 0] - spans[:-1, 1]
    assert (between >= 0).all()
    assert between.mean() == pytest.approx(10e9, rel=0.05)
