"""What a search keeps to."""

import pytest

from eiload.judging.capacity import Bounds


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"low_per_s": 0}, "expected rates from above 0 up, got 0/s to 200/s"),
        ({"low_per_s": 200}, "expected rates from above 0 up, got 200/s to 200/s"),
        ({"error_rate": 0}, "expected an error rate above 0 and at most 0.2, got 0"),
        ({"at_least_s": 3000}, "expected a first look before 2400 s, got 3000 s"),
        ({"budget_s": 0}, "expected a budget and times above 0"),
    ],
)
def test_what_is_no_bound(wrong: dict[str, float], said: str) -> None:
    """Each is refused with what was expected."""
    given: dict[str, float] = {"low_per_s": 2, "high_per_s": 200, "budget_s": 3600} | wrong
    with pytest.raises(ValueError, match=f"^{said}$"):
        Bounds(**given)  # type: ignore[arg-type]
