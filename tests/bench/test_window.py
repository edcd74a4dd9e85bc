"""CPU time per request between two looks: made-up ones, and a real process."""

import os
import sys
import time

import pytest

from bench.server import Counted
from bench.window import Look, Window, cost_ms, cpu_of


def test_what_starting_and_ending_take_is_left_out() -> None:
    """Start-up, the edges of the load and the report at the end do not count, all processes do."""
    looks = [
        Look({1: 5.0}, 0),
        Look({1: 6.0}, 1),
        Look({1: 6.0, 2: 1.0}, 100),
        Look({1: 6.5, 2: 1.5}, 500),
        Look({1: 6.7, 2: 1.7, 3: 0.1}, 900),
        Look({1: 6.8, 2: 1.8}, 1000),
        Look({1: 60.0}, 1000),
    ]
    assert cost_ms(looks) == pytest.approx(1500 / 800)


def test_nothing_to_tell() -> None:
    """Without two looks at a load that is on, there is no figure."""
    assert cost_ms([]) is None
    assert cost_ms([Look({1: 5.0}, 0), Look({1: 6.0}, 0)]) is None
    assert cost_ms([Look({1: 5.0}, 0), Look({1: 6.0}, 500), Look({1: 7.0}, 1000)]) is None
    few = [Look({1: 5.0}, 10), Look({1: 6.0}, 20), Look({1: 7.0}, 40)]
    assert cost_ms(few) is None


def test_cpu_clock() -> None:
    """The clock of another process is the kernel's account of it."""
    before_s = time.process_time()
    told_s = cpu_of(os.getpid())[os.getpid()]
    assert before_s <= told_s <= time.process_time()


def test_a_command_is_looked_at_until_it_ends() -> None:
    """What reached the server before is left out, what comes later is added up."""
    counts = iter([Counted(7, 70, 10, 10)] + [Counted(1, 10, 10, 10)] * 1000)
    window = Window(lambda: next(counts))
    spent = window.finished([sys.executable, "-c", "import time; time.sleep(0.5)"])
    assert spent.status == 0
    assert window.total is not None
    assert len(window.looks) == window.looks[-1].requests == window.total.requests
    assert window.looks[0].requests == 1


def test_a_server_that_does_not_count() -> None:
    """There are no looks then."""
    window = Window(lambda: None)
    window.finished([sys.executable, "-c", ""])
    assert (window.looks, window.total) == ([], None)
