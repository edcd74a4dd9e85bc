"""drain: what is decided at which time, and that the sender does it."""

import time

from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS, NS_PER_S, ManualClock
from eiload.base.status import Status
from eiload.sending.drain import Act, Drain, Step
from eiload.sending.loop import Loop
from tests.sending.driver import CLOCK, PATIENCE_S, Driver, Handler, Serve, loop_spec, sends


def test_drain_ends(serve: Serve, hang: Handler) -> None:
    """A request without an answer at the end of the drain is UNFINISHED: sent, never done."""
    with Driver(serve(hang)) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        (result,) = driver.play(sends(1, start_ns, 1), start_ns + 1, drain_ns=NS_PER_S // 2)
    assert result["status"] == Status.UNFINISHED
    assert result["sent_ns"] >= start_ns
    assert result["done_ns"] == 0


def test_cancelled_drain(serve: Serve, hang: Handler) -> None:
    """Cancelling ends the drain at once, however long it could be."""
    with Driver(serve(hang, deadline_ns=3600 * NS_PER_S)) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        driver.engine.send(sends(1, start_ns, 1))
        driver.engine.stop(start_ns + 1, 3600 * NS_PER_S)
        while driver.engine.stats.in_flight == 0:
            time.sleep(0.01)
        driver.engine.cancel()
        assert driver.done.wait(PATIENCE_S)
    assert driver.results()["status"].tolist() == [Status.UNFINISHED]


def test_cancel_overtakes_stop(serve: Serve, hang: Handler) -> None:
    """A cancel that arrives before its stop is not forgotten."""
    with Driver(serve(hang, deadline_ns=3600 * NS_PER_S)) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        driver.engine.cancel()
        (result,) = driver.play(sends(1, start_ns, 1), start_ns + NS_PER_S // 2, 3600 * NS_PER_S)
    assert result["status"] == Status.UNFINISHED


def test_orders_after_the_stop(serve: Serve) -> None:
    """Of orders that come after the stop, those due before its cut are sent, and no others."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns() + 2 * NS_PER_S  # a busy machine takes a while to hand them over
        driver.engine.stop(start_ns + 5, 10 * NS_PER_S)
        driver.engine.send(sends(10, start_ns, 1))
        driver.engine.loop(Loop(**loop_spec(start_ns=start_ns + 5)))
        assert driver.done.wait(PATIENCE_S)
    assert sorted(driver.results()["seq"].tolist()) == list(range(5))
    assert driver.stop_at_ns == start_ns + 5


def test_nothing_follows_done(serve: Serve) -> None:
    """Users without a pause, stopped at any moment, are all recorded when DONE is said."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        users = tuple(range(20))
        spec = loop_spec(users=users, total_users=20, think_ns=0, end_ns=1 << 62)
        driver.engine.loop(Loop(**spec))
        CLOCK.sleep_until(spec["start_ns"] + 300 * NS_PER_MS)
        results = driver.play(b"", CLOCK.now_ns())
        time.sleep(0.2)
        assert len(driver.results()) == len(results)
    assert (results["intended_ns"] < driver.stop_at_ns).all()


def test_without_an_order_there_is_no_end() -> None:
    """Everything is part of the run, and nothing is to be done."""
    drain = Drain()
    assert drain.allows(1 << 62)
    assert drain.decide(1 << 62, idle=True) == Step(Act.NOTHING)
    assert repr(drain) == "<Drain not asked for>"


def test_an_idle_sender_finishes_at_the_cut() -> None:
    """Not before; what is due at the cut or later is no part of the run; it is said once."""
    drain = Drain()
    assert drain.stop(1000, 500, issued_ns=0)
    assert drain.allows(999)
    assert not drain.allows(1000)
    assert drain.decide(900, idle=True) == Step(Act.WAIT, 1000)
    assert drain.decide(1000, idle=True) == Step(Act.FINISH)
    assert drain.decide(1001, idle=True) == Step(Act.NOTHING)
    assert not drain.allows(999)
    assert repr(drain) == "<Drain finished>"


def test_requests_in_flight_have_the_drain() -> None:
    """If they land in time, that is the end; if not, they are given up once."""
    drain = Drain()
    drain.stop(1000, 500, issued_ns=0)
    assert drain.decide(1000, idle=False) == Step(Act.WAIT, 1500)
    assert drain.decide(1499, idle=False) == Step(Act.WAIT, 1500)
    assert repr(drain) == "<Drain under way>"
    assert drain.decide(1500, idle=False) == Step(Act.GIVE_UP)
    assert drain.decide(1500, idle=False) == Step(Act.NOTHING)
    assert repr(drain) == "<Drain given up>"
    assert drain.decide(1501, idle=True) == Step(Act.FINISH)


def test_the_earliest_order_holds() -> None:
    """A later cut changes nothing, not even how long the drain may take."""
    drain = Drain()
    assert drain.stop(1000, 500, issued_ns=0)
    assert not drain.stop(1000, 9, issued_ns=0)
    assert not drain.stop(1001, 9, issued_ns=0)
    assert drain.decide(1000, idle=False) == Step(Act.WAIT, 1500)
    assert drain.stop(800, 10, issued_ns=0)
    assert drain.decide(800, idle=False) == Step(Act.WAIT, 810)


def test_what_has_been_sent_was_sent() -> None:
    """Word that comes late cuts after it."""
    drain = Drain()
    drain.stop(1000, 500, issued_ns=1200)
    assert drain.stop_at_ns == 1201
    assert drain.decide(1300, idle=False) == Step(Act.WAIT, 1701)


def test_a_cancelled_drain_lasts_no_longer_than_to_the_cut() -> None:
    """Whether it is cancelled before or after the order to stop."""
    early, late = Drain(), Drain()
    early.cancel()
    for drain in (early, late):
        assert drain.decide(0, idle=False) == Step(Act.NOTHING)
        drain.stop(1000, 500, issued_ns=0)
    late.cancel()
    for drain in (early, late):
        assert drain.decide(900, idle=False) == Step(Act.WAIT, 1000)
        assert drain.decide(1000, idle=False) == Step(Act.GIVE_UP)


@given(
    stop=st.integers(0, 100),
    lasts=st.integers(0, 50),
    cancel_at=st.integers(0, 200),
    busy_until=st.integers(0, 300),
)
def test_it_always_ends(stop: int, lasts: int, cancel_at: int, busy_until: int) -> None:
    """Following the waits, it finishes exactly once, at the latest when all have been given up."""
    clock, drain, acts = ManualClock(), Drain(), list[Act]()
    drain.stop(stop, lasts, issued_ns=-1)
    for _ in range(10):
        now_ns = clock.now_ns()
        if now_ns >= cancel_at:
            drain.cancel()
        given_up = Act.GIVE_UP in acts
        act, until_ns = drain.decide(now_ns, idle=given_up or now_ns >= busy_until)
        acts.append(act)
        if act is Act.WAIT:
            assert until_ns > now_ns
            clock.sleep_until(until_ns)
    assert acts.count(Act.FINISH) == 1
    assert acts.count(Act.GIVE_UP) <= 1
    assert clock.now_ns() <= stop + lasts
