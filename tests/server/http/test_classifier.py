"""The emulated classifier's own rules; the container's tests see its answers."""

from eiload.scenario.standin import StandIn
from eiload.server.accelerator import Accelerator, Admission
from eiload.server.http.classifier import _scores


def test_scores_are_a_function_of_the_body_and_the_seed() -> None:
    """And of nothing else; each example has its own."""
    one, two = _scores(2, 7, 1)
    assert (one != two).any()
    assert (_scores(2, 7, 1)[0] == one).all()
    assert (_scores(2, 8, 1)[0] != one).any()
    assert (_scores(2, 7, 2)[0] != one).any()


def test_each_worker_loads_at_its_own_first_request() -> None:
    """Three workers, three slow first requests, one after the other or at once; then none."""
    settings = StandIn.of(compute="1 ms", cold_start="100 ms", concurrency=3)
    workers = Accelerator(settings, each_slot_attaches=True)
    took = []
    for number in range(5):
        admission = workers.arrive(number * 1_000_000_000, 0)
        assert isinstance(admission, Admission)
        took.append(admission.server_ns // 1_000_000)
    assert took == [101, 101, 101, 1, 1]
    at_once = Accelerator(settings, each_slot_attaches=True)
    admissions = [at_once.arrive(0, 0) for _ in range(4)]
    assert [each.server_ns // 1_000_000 for each in admissions if isinstance(each, Admission)] == [
        *(101, 101, 101, 102)
    ]
