"""Tests mirror modules: tests/<room>/test_<module>.py is of eiload/<room>/<module>.py."""

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent

OTHERS = {
    "bench/test_main.py": "of bench/__main__.py",
    "cli/test_any_model.py": "of predict.py, whose tests take two files",
    "cli/test_report_csv.py": "a way of `eiload report` that is long enough for a file",
    "control/test_coordinator_early.py": "of coordinator.py, whose tests take three files",
    "control/test_coordinator_nonsense.py": "of coordinator.py, likewise",
    "control/test_session_mix.py": "of session.py, whose tests take two files",
    "export/test_dashboard.py": "deploy/grafana/eiload.json against a page",
    "judging/sla/test_concerned.py": "of rules.py, whose tests take two files",
    "judging/test_no_favourite.py": "a law of compare and schedule together, over many runs",
    "plugin/test_picture_users.py": "of users.py, whose tests take two files",
    "record/test_journal_observed.py": "of journal.py, whose tests take two files",
    "report/test_run_file.py": "docs/run-file.md against a run file",
    "scenario/test_replay_choices.py": "of replay.py, whose tests take two files",
    "sending/http2/test_both_wires.py": "our wire and gRPC's, by one table",
    "sending/http2/test_broken.py": "what servers break, across the wire's modules",
    "sending/http2/test_hostile.py": "any bytes, through all of the wire",
    "sending/http2/test_hostile_sockets.py": "the same over sockets",
    "sending/http2/test_light.py": "what is not loaded with the wire",
    "sending/http2/test_proxies.py": "proxies that nobody here wrote",
    "server/test_interop.py": "clients that nobody here wrote",
    "serving/test_tensorflow.py": "all of our bytes against TensorFlow's, in a process of its own",
}
"""Test files in rooms that are named after no module, and what they are of."""

UNTESTED = {
    "base": "errors",
    "control": "usage",
    "judging": "prices",
    "judging/compare": "comparable comparison pair repeated",
    "judging/sla": "sentences",
    "plugin": "door hooks",
    "record": "facts sample",
    "report": "against plain plan section",
    "report/html": "bars charts figures picture script style tables verdicts",
    "scenario": (
        "document fields form labels law_field payload problem rate_field replay_field target "
        "trace_lines trace_times traffic users_field"
    ),
    "scenario/standin": "fields laws",
    "sending": "arrays channel reply",
    "sending/http2": "events incoming",
    "sending/net": "link",
    "server": "__main__ app batches extras graph make_model_cli model runtime signatures",
    "serving": "protos tensors",
}
"""Modules that have no test file of their own, by room: other files test them. It may only shrink:
a new module comes with tests."""


def module_of(path: Path) -> str:
    """Return which module a test file is of by its name, ``room/module``."""
    room = path.parent.relative_to(TESTS)
    return str(room / path.stem.removeprefix("test_"))


def modules() -> set[str]:
    """Return all modules of eiload but the packages themselves, ``room/module``."""
    package = ROOT / "eiload"
    files = (path for path in package.rglob("*.py") if path.name != "__init__.py")
    return {str(path.relative_to(package).with_suffix("")) for path in files}


def in_rooms() -> list[Path]:
    """Return the test files that are in a room's folder."""
    return [
        path
        for path in sorted(TESTS.rglob("test_*.py"))
        if path.parent != TESTS and path.parent.name not in ("e2e", "faults")
    ]


def test_each_test_file_is_of_a_module() -> None:
    """By its name, or it is listed with what it is of; who is listed is there and needs to be."""
    known = modules() | {f"bench/{path.stem}" for path in (ROOT / "bench").glob("*.py")}
    strays = {str(path.relative_to(TESTS)) for path in in_rooms() if module_of(path) not in known}
    assert strays == set(OTHERS)


def test_modules_without_tests_grow_fewer() -> None:
    """A module has a test file of its name, or is listed; of those listed none has."""
    listed = {f"{room}/{name}" for room, names in UNTESTED.items() for name in names.split()}
    found = modules() - {module_of(path) for path in in_rooms()}
    assert sorted(found - listed) == [], "new modules without tests/<room>/test_<module>.py"
    assert sorted(listed - found) == [], "these are tested now, or gone: take them off the list"
