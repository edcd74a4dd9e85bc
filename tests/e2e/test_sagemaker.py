"""A whole run against an endpoint that verifies signatures, and what it leaves behind."""

import contextlib
import time
from pathlib import Path
from urllib.parse import quote

import psutil

from eiload.base.status import Status
from eiload.scenario.standin import StandIn
from eiload.server.launch import ACCESS_KEY, SECRET_KEY, TOKEN, StandInProcess
from tests.e2e.locust_runs import PATIENCE_S, Locust, accounted, report, scenario, started

KEY, SECRET, SESSION = "AKIDOFTHISRUN", "secret/of+this=run", "token/of+this=run"
OUTPUTS = (
    *("--report-json", "run.json", "--report-html", "run.html", "--report-markdown", "run.md"),
    *("--report-junit", "run.xml", "--report-csv", "tables", "--csv", "locust"),
    *("--html", "locust.html", "--logfile", "locust.log", "--loglevel", "DEBUG"),
)


def looked_at(locust: Locust, folder: Path) -> tuple[list[str], bytes]:
    """Return the commands of a run and its journal, while it goes on."""
    give_up = time.monotonic() + PATIENCE_S
    while locust.process.poll() is None and time.monotonic() < give_up:
        for path in folder.glob("*.journal"):
            with contextlib.suppress(FileNotFoundError):
                journal = path.read_bytes()
                if journal:
                    return commands(locust), journal
        time.sleep(0.02)
    raise AssertionError(f"no journal:\n{locust.err()}")


def commands(locust: Locust) -> list[str]:
    """Return the commands of all processes of a run."""
    found = []
    for process in (psutil.Process(locust.process.pid), *locust.children()):
        with contextlib.suppress(psutil.Error):
            found.append(" ".join(process.cmdline()))
    return found


def test_nothing_that_a_run_leaves_has_credentials_in_it(tmp_path: Path) -> None:
    """Logs, reports, tables, the run file, its journal, the commands: by every spelling."""
    settings = StandIn.of(api="sagemaker", compute="20 ms", concurrency=8, throttle=1)
    environ = {ACCESS_KEY: KEY, SECRET_KEY: SECRET, TOKEN: SESSION}
    names = ("--endpoint", "ssd", "--region", "eu-west-1", "--variant", "blue")
    ours = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": SESSION,
    }
    with StandInProcess(settings, "ssd", arguments=names, environ=environ) as process:
        target = {
            "api": "sagemaker",
            "server": f"http://{process.address}",
            "endpoint": "ssd",
            "region": "eu-west-1",
            "variant": "blue",
        }
        path = scenario(
            tmp_path,
            targets={"a": target, "b": target},  # at the same instants, of which one is throttled
            traffic=[{"phase": "steady", "rate": "20/s", "for": "2 s"}],
        )
        options = ("--headless", "--only-summary", "--scenario", str(path), *OUTPUTS)
        with started(*options, folder=tmp_path, environ=ours) as locust:
            shown, journal = looked_at(locust, tmp_path)
            locust.finish()
    run = report(tmp_path)
    ended = accounted(run)
    assert ended["a"][Status.OK] + ended["b"][Status.OK] > 0
    assert ended["a"].keys() | ended["b"].keys() == {Status.OK, Status.RESOURCE_EXHAUSTED}
    served = [each for facts in run.targets for each in facts.served]
    assert {name for each in served for name in each.addresses} >= {"blue"}
    left = {str(each): each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    assert len(left) > 10
    assert any("eiload.sending.sender" in each for each in shown)
    left |= {"journal": journal, "commands": "\n".join(shown).encode()}
    for secret in (KEY, SECRET, SESSION):
        for spelt in {secret, quote(secret), quote(secret, safe="")}:
            assert [name for name, data in left.items() if spelt.encode() in data] == []
