"""A locustfile beside another: it ends the run, as `runner.quit()`, once enough has been answered.

A run for so many seconds would have to be long enough for a busy machine, always. This file is for
Locust only (`locust_runs.headless`): importing it patches a process as Locust does.
"""

import json
import os
from typing import Any

import gevent
from locust import events
from locust.env import Environment
from locust.runners import Runner, WorkerRunner

VARIABLE = "TESTS_ENOUGH"
"""Of the environment: how many requests of each name are enough, as JSON."""


def _init(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if VARIABLE in os.environ and runner is not None and not isinstance(runner, WorkerRunner):
        gevent.spawn(_watch, runner, json.loads(os.environ[VARIABLE]))


def _watch(runner: Runner, enough: dict[str, int]) -> None:
    while any(_count(runner, name) < number for name, number in enough.items()):
        gevent.sleep(0.1)
    runner.quit()


def _count(runner: Runner, name: str) -> int:
    return sum(each.num_requests for each in runner.stats.entries.values() if each.name == name)


events.init.add_listener(_init)
