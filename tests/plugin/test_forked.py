"""Workers that a master has forked."""

import os
import signal

import gevent

from eiload.plugin import forked


def child(end: int) -> int:
    """Fork a process that ends so: with a status, or by a signal if that is below 0."""
    if (number := os.fork()) == 0:
        if end < 0:
            os.kill(os.getpid(), -end)
        os._exit(end)
    os.waitid(os.P_PID, number, os.WEXITED | os.WNOWAIT)
    return number


def test_whether_it_has_ended() -> None:
    """By itself or by a signal; it is still there for who waits for it, and gone then."""
    for end in (7, -signal.SIGKILL):
        number = child(end)
        assert forked.has_ended(number)
        assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == end
        assert forked.has_ended(number)
    reads, writes = os.pipe()
    if (number := os.fork()) == 0:
        os.close(writes)
        os.read(reads, 1)
        os._exit(0)
    assert not forked.has_ended(number)
    os.close(writes)
    os.waitpid(number, 0)


def test_who_is_missing_is_told_once() -> None:
    """Until somebody else sees to workers; those that were forked last are Locust's."""
    told: list[str] = []
    forked.about_to_fork()
    numbers = [child(0), child(3)]
    forked.has_forked()
    assert sorted(forked.of_locust(2)) == sorted(numbers)
    assert forked.of_locust(3) == ()
    forked.watch(numbers[1:], lambda: False, told.append)
    forked.watch(numbers, lambda: True, told.append)
    gevent.sleep(0.01)
    assert told == ["no run: a worker of --processes has ended before there was one"]
    for number in numbers:
        os.waitpid(number, 0)
