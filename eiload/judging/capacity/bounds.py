"""Within what a search for the capacity stays: rates, time, and how often it may be wrong."""

from dataclasses import dataclass

__all__ = ["Bounds"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the user allows and the search keeps to.

    Raises:
        ValueError: a range, a time or an error rate that is none.
    """

    low_per_s: float
    """The smallest rate that is tried."""
    high_per_s: float
    """The largest."""
    budget_s: float
    """For all trials of all targets, each with its warm-up and drain."""
    explore_s: float = 60.0
    """How long a trial measures that explores."""
    at_least_s: float = 120.0
    """When a trial that confirms is looked at first."""
    at_most_s: float = 2400.0
    """How long a trial that confirms measures at most."""
    overhead_s: float = 30.0
    """What a trial takes besides what it measures, about: warm-up and drain."""
    error_rate: float = 0.05
    """In how many searches a target's capacity may lie outside of its bracket, at most."""
    seed: int = 1
    """Of the order of trials."""

    def __post_init__(self) -> None:
        """Look at the values."""
        if not 0 < self.low_per_s < self.high_per_s:
            msg = (
                f"expected rates from above 0 up, got {self.low_per_s:g}/s to {self.high_per_s:g}/s"
            )
            raise ValueError(msg)
        if not 0 < self.error_rate <= 0.2:
            msg = f"expected an error rate above 0 and at most 0.2, got {self.error_rate:g}"
            raise ValueError(msg)
        if not 0 < self.at_least_s <= self.at_most_s:
            msg = f"expected a first look before {self.at_most_s:g} s, got {self.at_least_s:g} s"
            raise ValueError(msg)
        if min(self.budget_s, self.explore_s) <= 0 or self.overhead_s < 0:
            msg = "expected a budget and times above 0"
            raise ValueError(msg)
