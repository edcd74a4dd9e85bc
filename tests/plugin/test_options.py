"""What Locust is told about eiload."""

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments

from eiload.base.errors import ScenarioError
from eiload.plugin import options

SCENARIO = """
name: quick
targets: {gpu: {server: "localhost:8500", model: ssd}}
payload: {synthetic: 8x8}
traffic: [{phase: steady, rate: 1/s, for: 1 s}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working directory with one scenario."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "quick.yaml").write_text(SCENARIO)
    (tmp_path / "scenarios" / "notes.txt").write_text("no scenario")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parsed(*arguments: str) -> Any:
    """Return the options that these arguments make, with Locust's own that matter."""
    parser = argparse.ArgumentParser()
    options.add(parser)
    return parser.parse_args(arguments, SimpleNamespace(num_users=None))


@pytest.mark.usefixtures("folder")
def test_scenarios_are_choices() -> None:
    """The names found are offered to the web UI; on the command line any path is taken."""
    parser = argparse.ArgumentParser()
    options.add(parser)
    (action,) = (a for a in parser._actions if a.dest == "scenario")
    assert list(action.choices or [])[:2] == ["(none)", "quick"]
    assert vars(action)["include_in_web_ui"]
    assert parsed("--scenario", "some/where.yaml").scenario == "some/where.yaml"


@pytest.mark.usefixtures("folder")
def test_a_given_path_is_a_choice() -> None:
    """The web UI's form can show, and so keep, the scenario of the command line."""
    parser = argparse.ArgumentParser()
    options.add(parser)
    (action,) = (a for a in parser._actions if a.dest == "scenario")
    parser.parse_args(["--scenario", "some/where.yaml"])
    assert list(action.choices or [])[:2] == ["(none)", "quick"]
    assert list(action.choices or [])[-1] == "some/where.yaml"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", [[], ["--scenario", ""], ["--scenario", "(none)"]])
def test_no_scenario(arguments: list[str]) -> None:
    """None has a name that a dropdown can show, and is none all the same."""
    assert parsed(*arguments).scenario == "(none)"
    assert options.chosen(parsed(*arguments).scenario) == ""
    assert options.chosen("") == ""
    assert options.chosen("quick") == "quick"


def test_images_are_the_command_lines() -> None:
    """Images are files: the web UI's form does not ask for them."""
    parser = argparse.ArgumentParser()
    options.add(parser)
    offered = {a.dest for a in parser._actions if vars(a).get("include_in_web_ui")}
    assert offered == {"scenario", "model", "encoding"}


@pytest.mark.usefixtures("folder")
def test_found_by_name_or_path() -> None:
    """A scenario is found by its name in scenarios/ and by its path."""
    assert options.find("quick", {}).name == "quick"
    assert options.find("scenarios/quick.yaml", {}).name == "quick"
    with pytest.raises(ScenarioError, match="missing"):
        options.find("missing", {})


def locusts(*arguments: str) -> Any:
    """Return parsed options, with those of Locust's that name files."""
    names = ("logfile", "html_file", "csv_prefix", "json_file", "locustfile")
    found = parsed(*arguments)
    for name in names:
        setattr(found, name, getattr(found, name, None))
    return found


def test_outputs(folder: Path) -> None:
    """Reports are checked for a place to go to, without leaving a trace there."""
    path = folder / "run.json"
    found = options.outputs(locusts("--report-json", str(path)), {})
    assert found.take() == {"json": path}
    assert not path.exists()
    for bad in (folder, folder / "no" / "run.json"):
        with pytest.raises(ScenarioError, match=r"--report-junit .* cannot be written"):
            options.outputs(locusts("--report-junit", str(bad)), {})


@pytest.mark.usefixtures("folder")
def test_no_scenario_is_overwritten() -> None:
    """Neither the one that is chosen nor one that the web UI offers."""
    Path("mine.yaml").write_text(SCENARIO)
    for bad in ("scenarios/quick.yaml", "mine.yaml"):
        with pytest.raises(ScenarioError, match=r"would overwrite .*, which --scenario reads"):
            options.outputs(locusts("--report-json", bad, "--scenario", "mine.yaml"), {})


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        ("", "*"),
        ("--processes 2", "127.0.0.1"),
        ("--processes 2 --master-bind-host *", "*"),
        ("--master-bind-host * --processes 2", "*"),
        ("--master-bind-host 10.0.0.1 --processes -1", "10.0.0.1"),
        ("--processes 2 --master-host 127.0.0.1", "127.0.0.1"),
        ("--processes 2 --master-host other", "*"),
    ],
)
def test_processes_stay_on_this_machine(arguments: str, address: str) -> None:
    """A master with --processes listens on loopback, unless it is said where."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--master-bind-host", default="*")  # as Locust has them
    parser.add_argument("--processes", type=int)
    parser.add_argument("--master-host", default="127.0.0.1")
    options.add(parser)
    found = parser.parse_args(arguments.split())
    assert found.master_bind_host == address
    assert type(found.master_bind_host) is str  # it travels to the workers
    assert found.processes in {None, 2, -1}


def of_locust(*arguments: str) -> Any:
    """Return what Locust's own parser makes of arguments, the environment and files."""
    parser = get_empty_argument_parser(default_config_files=["locust.conf"])
    setup_parser_arguments(parser)
    options.add(parser)
    return parser.parse_args(arguments)


@pytest.mark.usefixtures("folder")
def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option can come from the environment, named as Locust names its own."""
    said = {
        "LOCUST_SCENARIO": "quick",
        "LOCUST_MODEL": "mine",
        "LOCUST_ENCODING": "jpeg",
        "LOCUST_IMAGE": "[a.jpg, b.jpg]",
        "LOCUST_REPORT_JSON": "run.json",
        "LOCUST_REPORT_MARKDOWN": "run.md",
        "LOCUST_REPORT_JUNIT": "run.xml",
        "LOCUST_UNDECIDED": "ok",
        "LOCUST_PROMETHEUS": "0.0.0.0:9646",
        "LOCUST_OTLP": "http://localhost:4318",
        "LOCUST_OTLP_TEMPORALITY": "delta",
        "LOCUST_REPORT_TO": "http://there/",
        "LOCUST_EXIT_STATUS": "zero",
        "LOCUST_EILOAD_SEND_SECRETS_UNPROVEN": "true",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    found = of_locust()
    assert (found.scenario, found.model, found.encoding) == ("quick", "mine", "jpeg")
    assert found.image == ["a.jpg", "b.jpg"]
    assert (found.report_json, found.report_markdown) == ("run.json", "run.md")
    assert (found.report_junit, found.undecided) == ("run.xml", "ok")
    assert (found.report_to, found.exit_status) == ("http://there/", "zero")
    assert found.eiload_send_secrets_unproven
    assert (found.prometheus, found.otlp) == ("0.0.0.0:9646", "http://localhost:4318")
    assert found.otlp_temporality == "delta"
    assert of_locust("--scenario", "other.yaml").scenario == "other.yaml"  # which comes first
    monkeypatch.setenv("LOCUST_IMAGE", "one.jpg")
    assert of_locust().image == ["one.jpg"]


def test_from_a_file(folder: Path) -> None:
    """Each option can come from Locust's configuration file."""
    (folder / "locust.conf").write_text(
        "scenario = quick\nmodel = mine\nencoding = jpeg\nimage = [a.jpg, b.jpg]\n"
        "report-json = run.json\nreport-markdown = run.md\nreport-junit = run.xml\n"
        "prometheus = 9646\notlp = http://localhost:4318\notlp-temporality = delta\n"
        "undecided = ok\neiload-token = t\neiload-send-secrets-unproven = true\n"
    )
    found = of_locust()
    assert (found.scenario, found.model, found.encoding) == ("quick", "mine", "jpeg")
    assert found.image == ["a.jpg", "b.jpg"]
    assert (found.report_json, found.report_markdown) == ("run.json", "run.md")
    assert (found.report_junit, found.undecided) == ("run.xml", "ok")
    assert (found.prometheus, found.otlp) == ("9646", "http://localhost:4318")
    assert found.otlp_temporality == "delta"
    assert found.eiload_token == "t"
    assert found.eiload_send_secrets_unproven


@pytest.mark.usefixtures("folder")
def test_listed_where_locust_cannot(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`eiload --help` and docs/locust.md list every option, and how the environment calls it."""
    from eiload.cli.main import main

    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    docs = (Path(__file__).parents[2] / "docs" / "locust.md").read_text()
    parser = argparse.ArgumentParser()
    options.add(parser)
    ours = [a for a in parser._actions if a.option_strings != ["-h", "--help"]]
    assert len(ours) > 8
    for action in ours:
        (name,) = action.option_strings
        assert f"{name} " in said or f"{name}," in said or f"{name}\n" in said
        assert f"`{name}" in docs
        variable = vars(action).get("env_var")
        assert variable is None or f"`{variable}`" in docs
        assert (variable is None) == (name == "--eiload-token")
