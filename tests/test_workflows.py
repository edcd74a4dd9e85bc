"""CI's files: what can be seen of them here; the steps of action.yml really run, on stubs."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from eiload.base.errors import EngineError, OutputError, ScenarioError, TargetError
from eiload.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GITLAB = ROOT / "deploy" / "ci" / "gitlab-ci.yml"
JENKINS = ROOT / "deploy" / "ci" / "Jenkinsfile"
TEMPLATE = ROOT / "eiload" / "cli" / "templates" / "load-test.yml"


def read(path: Path) -> Any:
    """Return what a YAML file holds."""
    return yaml.safe_load(path.read_text("utf-8"))


def steps_of(path: Path) -> list[dict[str, Any]]:
    """Return all steps of a workflow or an action."""
    found = read(path)
    if "runs" in found:
        return list(found["runs"]["steps"])
    return [step for job in found["jobs"].values() for step in job["steps"]]


ALL = [*WORKFLOWS, TEMPLATE, ROOT / "action.yml"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_each_step_does_one_thing(path: Path) -> None:
    """Uses an action at a version, or runs a script that a shell can read."""
    for step in steps_of(path):
        assert ("uses" in step) != ("run" in step), step
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+(\.\d+)*|release/v1)", step["uses"]), step
        else:
            done = subprocess.run(
                ["bash", "-n"],
                input=step["run"],
                text=True,
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert (done.returncode, done.stderr) == (0, ""), step


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_nobody_elses_words_are_run(path: Path) -> None:
    """What a pull request can choose comes by the environment, never into a script."""
    for step in steps_of(path):
        for expression in re.findall(r"\$\{\{\s*([^}]*?)\s*\}\}", step.get("run", "")):
            assert expression.startswith("matrix."), step


@pytest.mark.parametrize("path", [*WORKFLOWS, TEMPLATE], ids=lambda path: path.name)
def test_workflows_may_do_little(path: Path) -> None:
    """They read, unless a job says otherwise, none runs for ever, and no token lies about."""
    found = read(path)
    assert found["permissions"] == {"contents": "read"}
    for name, job in found["jobs"].items():
        assert job["timeout-minutes"] <= 60, name
    for step in steps_of(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_publishing_needs_no_password() -> None:
    """By PyPI's trusted publisher, in a job of its own that may do nothing else."""
    publish = read(ROOT / ".github/workflows/release.yml")["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["needs"] == "build"
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text("utf-8")


def test_the_matrix_is_what_is_promised() -> None:
    """All Pythons that pyproject.toml names, both systems, Locust's lower bound and newest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    matrix = read(ROOT / ".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    plain = [
        (os, py, at) for os in matrix["os"] for py in matrix["python"] for at in matrix["locust"]
    ]
    cells = {*plain, *((each["os"], each["python"], each["locust"]) for each in matrix["include"])}
    named = {
        each.rpartition(" ")[2]
        for each in project["classifiers"]
        if re.search(r"Python :: 3\.\d+$", each)
    }
    assert {python for _, python, _ in cells} == named == {"3.11", "3.12", "3.13", "3.14"}
    assert {os.partition("-")[0] for os, _, _ in cells} == {"ubuntu", "macos"}
    (bound,) = (each for each in project["dependencies"] if each.startswith("locust>="))
    oldest = bound.removeprefix("locust>=").split(",")[0]
    versions = {at for _, _, at in cells}
    assert versions == {"newest", oldest if oldest.count(".") == 2 else f"{oldest}.0"}


def commands(text: str) -> set[str]:
    """Return the commands of eiload that a text says."""
    return set(re.findall(r"(?:^|[\s/'\"])eiload ([a-z][a-z-]*)", text))


@pytest.mark.parametrize("path", [*ALL, GITLAB, JENKINS], ids=lambda path: path.name)
def test_what_they_say_to_eiload_is_known(path: Path) -> None:
    """No command that is not there."""
    lines = [line for line in path.read_text("utf-8").splitlines() if "docker" not in line]
    code = "\n".join(
        line for line in lines if re.search(r"run:|- eiload|sh |script:|^\s+eiload ", line)
    )
    assert commands(code) <= {command.name for command in COMMANDS}


def test_targets_of_make_are_there() -> None:
    """Those that workflows name."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    assert set(re.findall(r"\bmake ([\w-]+)", text)) <= targets


def test_gitlab_and_jenkins() -> None:
    """The reports that they collect are those that are written; undecided is no failure."""
    job = read(GITLAB)["load-test"]
    script = " ".join(job["script"])
    for name in ("run.json", "run.html", "junit.xml"):
        assert name in script
        assert name in {*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]}
        assert JENKINS.read_text("utf-8").count(name) >= 2
    assert job["allow_failure"] == {"exit_codes": [3]}
    assert "status == 3" in JENKINS.read_text("utf-8")
    assert JENKINS.read_text("utf-8").count("{") == JENKINS.read_text("utf-8").count("}")


# -- the action, step by step ----------------------------------------------------------------------


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """Return a folder with programs that note how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("eiload", "gh"):
        program = folder / name
        program.write_text(
            "#!/bin/bash\n"
            f'printf "%s\\n" "{name} $*" >> "$CALLS"\n'
            'while [ $# -gt 0 ]; do case "$1" in --report-*) echo x > "$2" ;; esac; shift; done\n'
            f'exit "${{{name.upper()}_STATUS:-0}}"\n'
        )
        program.chmod(0o755)
    return folder


def act(name: str, folder: Path, stubs: Path, **environ: str) -> tuple[int, str, str]:
    """Run a step of the action; return its status, what it was called with, and its outputs."""
    (step,) = (each for each in steps_of(ROOT / "action.yml") if each["name"] == name)
    files = {key: folder / key.lower() for key in ("CALLS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.touch()
    given = dict.fromkeys(step.get("env", {}), "") | environ
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={
            "PATH": f"{stubs}:{os.environ['PATH']}",
            **{key: str(path) for key, path in files.items()},
            "GITHUB_REPOSITORY": "me/mine",
            **given,
        },
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, files["CALLS"].read_text(), files["GITHUB_OUTPUT"].read_text()


def test_the_action_runs_and_compares(tmp_path: Path, stubs: Path) -> None:
    """With the options split at spaces, nothing of them run, and both statuses as outputs."""
    (tmp_path / "base.json").write_text("{}")
    status, calls, outputs = act(
        "Run the scenario", tmp_path, stubs,
        SCENARIO="a b.yaml", OPTIONS="--processes 2 $(touch bad)", BASELINE="base.json",
        COMPARE_OPTIONS="--margin 10%", REPORTS="out", EILOAD_STATUS="1",
    )  # fmt: skip
    assert status == 0  # the verdict is a step of its own: the reports are kept first
    ran, compared = calls.splitlines()
    assert ran.startswith("eiload run a b.yaml --report-json out/run.json ")
    assert ran.endswith("--processes 2 $(touch bad)")
    assert not (tmp_path / "bad").exists()
    assert compared == "eiload compare base.json out/run.json --format markdown --margin 10%"
    assert outputs.splitlines() == ["status=1", "comparison=1"]


def test_the_action_without_a_baseline(tmp_path: Path, stubs: Path) -> None:
    """As in the first run of all: there is nothing to compare with, and that is no failure."""
    options = {"SCENARIO": "first", "REPORTS": "out", "BASELINE": "gone.json"}
    status, calls, outputs = act("Run the scenario", tmp_path, stubs, **options)
    assert (status, outputs) == (0, "status=0\n")
    assert "compare" not in calls


def test_the_action_by_many_lines(tmp_path: Path, stubs: Path) -> None:
    """Options may stand in lines of their own, as YAML's | has them."""
    options = {"SCENARIO": "first", "REPORTS": "out", "OPTIONS": "--processes 2\n--undecided ok\n"}
    _, calls, _ = act("Run the scenario", tmp_path, stubs, **options)
    assert calls.endswith(" --processes 2 --undecided ok\n")


def test_a_baseline_among_the_reports(tmp_path: Path, stubs: Path) -> None:
    """It would be written over, and the run held against itself: it is laid aside first."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.json").write_text("the last one")
    (tmp_path / "out" / "compare.md").write_text("of an earlier call")
    options = {"SCENARIO": "first", "REPORTS": "out", "BASELINE": "out/run.json"}
    _, calls, _ = act("Run the scenario", tmp_path, stubs, **options)
    assert "eiload compare ./eiload-baseline.json out/run.json " in calls
    assert (tmp_path / "eiload-baseline.json").read_text() == "the last one"
    assert (tmp_path / "out" / "run.json").read_text() == "x\n"
    del options["BASELINE"]
    act("Run the scenario", tmp_path, stubs, **options)
    assert not (tmp_path / "out" / "compare.md").exists()


def test_a_baseline_that_cannot_be_compared(tmp_path: Path, stubs: Path) -> None:
    """What is wrong with it is in the summary and the report, not in the log alone."""
    (tmp_path / "base.json").write_text("{}")
    (stubs / "eiload").write_text(
        "#!/bin/bash\n[ $1 = run ] && echo x > out/run.json && exit 0\n"
        "echo 'eiload: base.json: no run' >&2; exit 2\n"
    )
    options = {"SCENARIO": "first", "REPORTS": "out", "BASELINE": "base.json"}
    _, _, outputs = act("Run the scenario", tmp_path, stubs, **options)
    assert outputs.splitlines() == ["status=0", "comparison=2"]
    for name in ("github_step_summary", "out/compare.md"):
        text = (tmp_path / name).read_text()
        assert text.strip() == (
            "**not compared with the baseline**\n\n    eiload: base.json: no run"
        )


@pytest.mark.parametrize(
    ("run", "comparison", "verdict"),
    [("0", "", 0), ("0", "0", 0), ("0", "1", 1), ("3", "1", 3), ("5", "", 5), ("", "", 5)],
)
def test_the_actions_verdict(
    run: str, comparison: str, verdict: int, tmp_path: Path, stubs: Path
) -> None:
    """The run's first, then the comparison's; what never ran is no success."""
    status, _, _ = act("The verdict", tmp_path, stubs, STATUS=run, COMPARISON=comparison)
    assert status == verdict


def test_the_action_knows_each_exit_status() -> None:
    """It says in words what those mean that errors have; others are signals."""
    (step,) = (each for each in steps_of(ROOT / "action.yml") if each["name"] == "The verdict")
    named = {int(number) for number in re.findall(r"^ *(\d)\)", step["run"], re.MULTILINE)}
    classes = (ScenarioError, TargetError, EngineError, OutputError)
    assert named == {0, 1, 3, *(each.exit_status for each in classes)}


GH = """#!/bin/bash
printf '%s\\n' "gh $*" >> "$CALLS"
[ -z "${GH_STATUS:-}" ] || exit "$GH_STATUS"
case " $* " in *" --jq "*) printf '%s\\n' "$MARK" > "$CALLS.mark"; printf "${OLD:-}" ;; esac
"""

STEP = "Comment on the pull request"


def comment(folder: Path, stubs: Path, **environ: str) -> tuple[int, list[str]]:
    """Run the step that comments; return its status and what gh was told."""
    (stubs / "gh").write_text(GH)
    given = {"NUMBER": "7", "REPORTS": "out", "SCENARIO": "first", "ARTIFACT": "eiload", **environ}
    status, calls, _ = act(STEP, folder, stubs, **given)
    return status, calls.splitlines()


def test_the_actions_comment(tmp_path: Path, stubs: Path) -> None:
    """Its own is found by its first line and written anew, where there is one; else one is made."""
    assert comment(tmp_path, stubs, STATUS="4")[0] == 0
    assert "exit status 4**" in (tmp_path / "eiload-comment.md").read_text()  # and no report
    (tmp_path / "calls").write_text("")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.md").write_text("# report\n")
    (tmp_path / "out" / "compare.md").write_text("# comparison\n")
    status, (asked, written) = comment(tmp_path, stubs)
    assert status == 0
    assert asked.startswith("gh api --paginate repos/me/mine/issues/7/comments --jq ")
    assert written == (
        "gh api --silent --method POST repos/me/mine/issues/7/comments"
        " --field body=@./eiload-comment.md"
    )
    mark = "<!-- eiload first eiload -->\n"
    assert (tmp_path / "calls.mark").read_text() == mark
    assert (tmp_path / "eiload-comment.md").read_text() == mark + "# report\n\n# comparison\n"
    status, calls = comment(tmp_path, stubs, OLD="12\\n13\\n")
    assert status == 0
    assert calls[-1].startswith("gh api --silent --method PATCH repos/me/mine/issues/comments/12 ")


def test_a_comment_that_cannot_be_written_is_no_verdict(tmp_path: Path, stubs: Path) -> None:
    """A pull request from a fork has a token that may only read."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.md").write_text("# report\n")
    assert comment(tmp_path, stubs, GH_STATUS="1")[0] == 0


def test_a_long_report_as_a_comment(tmp_path: Path, stubs: Path) -> None:
    """It is cut at a line's end and says so, and the comparison is there all the same."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.md").write_text("a line\n" * 20_000)
    (tmp_path / "out" / "compare.md").write_text("# comparison\n")
    assert comment(tmp_path, stubs)[0] == 0
    text = (tmp_path / "eiload-comment.md").read_text()
    assert len(text) < 65_536
    lines = text.splitlines()
    assert lines[-4:] == ["", "_shortened: all of it is in the artefact_", "", "# comparison"]
    assert set(lines[1:-4]) == {"a line"}


def test_the_docs_name_its_inputs() -> None:
    """All of them, and no other."""
    docs = (ROOT / "docs" / "ci.md").read_text("utf-8")
    named = set(re.findall(r"^\| `([\w-]+)` \|", docs, re.MULTILINE))
    assert named == set(read(ROOT / "action.yml")["inputs"]) - {"github-token"}
