"""Locustfiles with the usual slips in them, as processes: one line, status 2, no traceback."""

from pathlib import Path

import pytest

from tests.e2e.locust_runs import Finished, headless
from tests.e2e.stand_ins import quick

HALF = """
import numpy as np
from locust import constant_throughput, task
from locust.exception import RescheduleTask
from eiload import PredictUser, SSDUser

class Half({base}):
    {attributes}
    wait_time = constant_throughput(5)

    @classmethod
    def sample_inputs(cls):
        return {samples}

    @task
    def ask(self):
        {code}
"""
GOOD = '{"inputs": np.zeros((1, 8, 8, 3), np.uint8)}'


def locustfile(
    folder: Path,
    *,
    attributes: str = 'model = "ssd"',
    samples: str = GOOD,
    code: str = "self.client.predict()",
    base: str = "PredictUser",
) -> Path:
    """Write a locustfile and return its path."""
    path = folder / "mine.py"
    path.write_text(HALF.format(attributes=attributes, samples=samples, code=code, base=base))
    return path


def said(finished: Finished) -> str:
    """Return the one line that a run with a slip in it has said."""
    assert "Traceback" not in finished.err
    assert "internal error" not in finished.err
    assert finished.status == 2, finished.err
    (line,) = finished.complaints()
    return line


@pytest.mark.parametrize(
    ("slip", "line"),
    [
        (
            {"samples": '{"inputs": [1.0, 2.0]}'},
            "Half: sample_inputs(): input 'inputs' is a list; e",
        ),
        ({"attributes": 'modle = "ssd"; model = "ssd"'}, "Half.modle: unknown attribute, which no"),
    ],
    ids=["samples", "attribute"],
)
def test_a_slip_found_before_the_load(tmp_path: Path, slip: dict[str, str], line: str) -> None:
    """It is found before anything is sent: there needs to be no server."""
    path = locustfile(tmp_path, **slip)
    options = ("--host", "127.0.0.1:1", "-u", "2", "-t", "60s")
    assert said(headless(*options, folder=tmp_path, locustfile=path)).startswith(line)


def test_a_slip_in_a_task(tmp_path: Path) -> None:
    """It ends the run, whichever of several workers has found it first."""
    path = locustfile(tmp_path, code='self.client.predict({"inputs": [1.0]})')
    options = ("--host", quick().address, "-u", "4", "-r", "4", "-t", "80s", "--processes", "2")
    finished = headless(*options, folder=tmp_path, locustfile=path)
    *_, line = [one for one in finished.complaints() if one.startswith("Half")]
    assert line == (
        "Half: predict() in mine.py:17: input 'inputs' is a list; expected an array of the model's "
        "type, such as np.array([...], np.float32)"
    )
    assert "Traceback" not in finished.err
    assert finished.status == 2


JUDGING = """
import os
from locust import constant, task
from locust.exception import RescheduleTask
from eiload import SSDUser

class Eye(SSDUser):
    stand_in = {"compute": "2 ms", "concurrency": 8}
    synthetic = "8x8"
    wait_time = constant(0.2)

    @task
    def forgotten(self):
        with self.client.predict(name="forgotten") as r:
            r.failure("always wrong")

    @task
    def expected(self):
        with self.client.predict(catch_response=True, name="expected", deadline="1 ms") as r:
            if r.status.name == "DEADLINE_EXCEEDED":
                r.success()

    @task
    def again(self):
        with self.client.predict(catch_response=True, name="again"):
            raise RescheduleTask
"""


def test_judging_answers(tmp_path: Path) -> None:
    """Users judge answers by Locust's words, on a stand-in that their class asks for."""
    path = tmp_path / "judge.py"
    path.write_text(JUDGING)
    enough = {"forgotten": 5, "expected": 5, "again": 5}
    finished = headless("-u", "3", "-r", "3", folder=tmp_path, locustfile=path, enough=enough)
    assert "Eye: `with` without catch_response, so the request is counted already" in finished.err
    rows = {line.split()[1]: line for line in finished.err.splitlines() if line[:4] == "grpc"}
    assert rows.keys() >= {"forgotten", "expected", "again"}
    assert all("0(0.00%)" in row or "%" not in row for row in rows.values()), rows
    assert "BAD_ANSWER" not in finished.err


def test_own_option_of_our_name(tmp_path: Path) -> None:
    """One sentence that says whose option it is, and status 2."""
    path = tmp_path / "own.py"
    path.write_text(
        """
from locust import events
from eiload import SSDUser

class SSD(SSDUser):
    pass

@events.init_command_line_parser.add_listener
def add(parser):
    parser.add_argument("--model", default="ssd", help="the model under test")
"""
    )
    finished = headless("-u", "1", folder=tmp_path, locustfile=path)
    assert finished.status == 2
    assert "Traceback" not in finished.err
    (line,) = finished.complaints()
    assert line.startswith("--model: the locustfile adds an option that eiload has")
