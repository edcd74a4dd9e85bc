"""What chaos and fuzzing draw: the same for the same seed, and all there is."""

from tests.faults.fuzz import damaged
from tests.faults.plan import FAULTS, LATE, MORE, MORE_FROM, Plan


def test_plans() -> None:
    """A few hundred seeds have every fault, alone and with workers; each is one run of seconds."""
    plans = [Plan.of(seed) for seed in range(400)]
    assert plans == [Plan.of(seed) for seed in range(400)]
    assert {plan.fault for plan in plans} == {*FAULTS, *LATE}
    assert {plan.fault for plan in plans if plan.workers} == {*FAULTS, *LATE}
    plans += [Plan.of(MORE_FROM + seed) for seed in range(800)]
    assert {plan.fault for plan in plans if plan.workers} == {*FAULTS, *MORE, *LATE}
    assert all(plan.workers for plan in plans if plan.is_late or plan.fault == "garbage")
    assert max(plan.load_s for plan in plans) < 20
    assert {target["model"] for target in plans[0].scenario("h:1")["targets"].values()} == {"ssd"}


def test_damage() -> None:
    """Bytes go, come, or stand there twice."""
    assert damaged(b"abcdef", [(0.5, 1, b"X")]) == b"abcXef"
    assert damaged(b"abcdef", [(0.5, 2, 2)]) == b"abcdedef"
    assert damaged(b"", [(1.0, 3, b"!")]) == b"!"
