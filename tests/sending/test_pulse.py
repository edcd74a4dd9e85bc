"""pulse: figures of a process, and when its silence is too long."""

import os
import signal
import time

import psutil

from eiload.base.clock import NS_PER_S, ManualClock
from eiload.sending.pulse import CHECK_STEP_NS, SILENCE_NS, Silence, measured
from tests.sending.driver import PATIENCE_S, Driver, Serve


def test_silent(serve: Serve) -> None:
    """A sender that hangs is killed once it has been silent for too long."""
    clock = ManualClock(1)
    with Driver(serve(), clock=clock) as driver:
        pid = driver.engine.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
        clock.advance(100 * SILENCE_NS)
        driver.engine.check_pulse()
        assert driver.engine.alive  # that was a pause of this process
        give_up = time.monotonic() + PATIENCE_S
        while not driver.died.wait(0.01):  # what it had said before may be read meanwhile
            assert time.monotonic() < give_up
            clock.advance(CHECK_STEP_NS)
            driver.engine.check_pulse()
        assert "no sign of life" in driver.cause


def test_only_silence_that_somebody_listened_to_counts() -> None:
    """A pause of the listener is no silence of the sender, and a word breaks all of it."""
    clock, silence = ManualClock(NS_PER_S), Silence()
    for _ in range(3):
        clock.advance(100 * SILENCE_NS)
        assert not silence.too_long(clock.now_ns())
    silence.broken()
    checks = SILENCE_NS // CHECK_STEP_NS
    for _ in range(checks):
        clock.advance(CHECK_STEP_NS)
        assert not silence.too_long(clock.now_ns())
    clock.advance(CHECK_STEP_NS)
    assert silence.too_long(clock.now_ns())
    silence.broken()
    clock.advance(CHECK_STEP_NS)
    assert not silence.too_long(clock.now_ns())


def test_figures_of_this_process() -> None:
    """CPU that goes up, and memory of the right order."""
    before = measured(in_flight=3, loop_delay_ns=4)
    sum(range(1_000_000))
    after = measured(in_flight=3, loop_delay_ns=4)
    assert before[1:3] == (4, 3)
    assert after.cpu_ns > before.cpu_ns
    assert 1 << 20 < after.rss_bytes < 1 << 36
