"""A capacity search from Locust's web UI: begun by its form, followed on its page, taken away."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from eiload.report.capacity_forms import FORMS
from eiload.scenario.standin import StandIn
from tests.e2e.locust_runs import PATIENCE_S, started
from tests.e2e.test_web import WebUI
from tests.ports import free_port
from tests.stand_in import WarmStandIn

CAPACITY = 10.0
"""Of four slots of 400 ms. So slow an answer may be sent 40 ms late: other tests run beside."""

KNOWN: dict[str, Any] = {
    "name": "known",
    "payload": {"synthetic": "64x48"},
    "seed": 8,
    "traffic": [
        {"phase": "first", "rate": "10/s", "for": "0.5 s", "warm_up": True},
        {"phase": "steady", "rate": "10/s", "arrivals": "constant", "for": "1 min"},
    ],
    "objectives": ["max < 900 ms"],
    "find": {"from": "8/s", "to": "12.4/s", "budget": "1 h"},
}

SEARCH = {
    "scenario": "known", "eiload_search": "on", "eiload_from": "", "eiload_to": "",
    "eiload_budget": "100 s", "eiload_trial": "2 s",
}  # fmt: skip
"""What the form sends: what it leaves empty is the scenario's. In so narrow a range one trial
explores, two prove, and there is no time for one that narrows."""


def now(web: WebUI, version: str = "") -> dict[str, Any]:
    """Return what the search's page is told."""
    url = f"{web.url}/eiload/capacity/now?version={version}"
    told: dict[str, Any] = requests.get(url, timeout=60).json()
    return told


def following(
    web: WebUI, until: Callable[[dict[str, Any]], bool], version: str = ""
) -> list[dict[str, Any]]:
    """Ask as the page does until what it is told is something; return all of it."""
    found: list[dict[str, Any]] = []
    give_up = time.monotonic() + PATIENCE_S
    while not found or not until(found[-1]):
        assert time.monotonic() < give_up, (found, web.locust.err())
        time.sleep(0.1)
        found.append(now(web, version))
    return found


def test_from_the_form_to_the_reports(tmp_path: Path) -> None:
    """A search is begun, shown trial by trial to its end, and there in every form.

    Another one is stopped, and a run is one as ever.
    """
    folder = tmp_path / "scenarios"
    folder.mkdir()
    port = free_port()
    options = ("--web-host", "127.0.0.1", "--web-port", str(port))
    with WarmStandIn(StandIn.of(compute="400 ms", concurrency=4), "ssd") as server:
        target = {"server": server.address, "model": "ssd", "deadline": "10 s"}
        (folder / "known.yaml").write_text(json.dumps({**KNOWN, "targets": {"gpu": target}}))
        with started(*options, folder=tmp_path) as locust:
            web = WebUI(locust, port)
            web.page()
            assert now(web)["on"] is False
            refused = web.swarm(**{**SEARCH, "eiload_to": "5/s"})
            assert refused["message"].startswith("capacity search, to: not above 'from' (8/s)")
            assert web.swarm(**SEARCH)["success"]
            told = following(web, lambda told: bool(told["on"]))[-1]
            assert "no second run: " in web.swarm(scenario="known")["message"]
            watched = following(web, lambda told: not told["on"], told["version"])
            web.wait_until("stopped")
            answers = {
                form.file: requests.get(f"{web.url}/eiload/capacity/1/{form.file}", timeout=60)
                for form in FORMS.values()
            }
            assert web.swarm(**SEARCH)["success"]
            following(web, lambda told: bool(told["on"]))
            web.stop()
            assert "stopped (SIGINT)" in (stopped := now(web))["body"]
            web.wait_until("stopped")
            assert web.swarm(scenario="known")["success"]  # a run as ever
            assert requests.get(f"{web.url}/eiload/capacity/now?live=1", timeout=60).json()["gone"]
            locust.interrupt()
            assert "Traceback" not in locust.finish().err
    places = [told["place"], *(each["place"] for each in watched)]
    told = watched[-1]
    assert told["place"].startswith("ended; ")
    assert all(answer.status_code == 200 for answer in answers.values())
    document = answers["capacity.json"].json()
    assert document["trials"]
    for trial in document["trials"]:
        what = f"trial {trial['number'] + 1}: gpu at "
        purpose = "to see" if trial["purpose"] == "explore" else "to prove"
        assert any(what in place and purpose in place for place in places), (what, places)
    (found,) = document["capacities"]
    proved = found["low_open"] is None and found["high_open"] is None
    assert (document["exit_status"] == 0) is proved  # a machine that is too busy has no time for it
    assert (found["low_per_s"] or 0) <= CAPACITY * 1.2
    assert (found["high_per_s"] or CAPACITY) >= CAPACITY * 0.9
    (said,) = document["statements"]
    assert said in locust.err()
    for told_there in (told["body"], *(answer.text for answer in answers.values())):
        assert said.partition(":")[0].replace("'", "&#x27;") in told_there.replace("'", "&#x27;")
    assert not stopped["on"]
    assert "Earlier searches" in stopped["body"]
    assert (tmp_path / "capacity-known-2").is_dir()
    kept = {each.name for each in (tmp_path / "capacity-known").iterdir()}
    assert {each["run_file"] for each in document["trials"]} <= kept


def test_a_master_begins_none(tmp_path: Path) -> None:
    """It says why in one sentence, and what to do."""
    target = {"server": "127.0.0.1:1", "model": "ssd"}
    (tmp_path / "scenarios").mkdir()
    known = {**KNOWN, "targets": {"gpu": target}}
    (tmp_path / "scenarios" / "known.yaml").write_text(json.dumps(known))
    port = free_port()
    options = ("--processes", "1", "--web-host", "127.0.0.1", "--web-port", str(port))
    with started(*options, folder=tmp_path) as locust:
        web = WebUI(locust, port)
        web.page()
        give_up = time.monotonic() + PATIENCE_S
        while (
            said := web.swarm(**SEARCH)["message"]
        ) == "no second run: no worker has connected yet":
            assert time.monotonic() < give_up, locust.err()
            time.sleep(0.1)
        assert said.startswith("capacity search: its trials make their load by themselves, not by")
        assert said.endswith(
            "expected Locust without --master and --processes, or 'eiload capacity' "
            "with --processes"
        )
        assert len(said.splitlines()) == 1
        assert now(web)["on"] is False
        locust.interrupt()
        assert "Traceback" not in locust.finish().err
    assert not [*tmp_path.glob("capacity-*")]
