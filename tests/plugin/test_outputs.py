"""No two outputs to one place, and none over an earlier run's."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eiload.base.errors import ScenarioError
from eiload.plugin.outputs import SUMMARY, Output, Outputs, of_locust, read_by_locust


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def locust(**options: Any) -> Any:
    """Return Locust's options, as parsed."""
    names = ("logfile", "html_file", "csv_prefix", "json_file", "locustfile", "image")
    plain: dict[str, Any] = dict.fromkeys(names)
    return SimpleNamespace(
        **{**plain, "num_users": None, "spawn_rate": None, "run_time": None, **options}
    )


def test_given_names() -> None:
    """A single run writes where it was told to."""
    reports = {"json": Path("run.json"), "junit": Path("run.xml")}
    assert Outputs(reports).take() == reports


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("other", ["./run.json", "sub/../run.json", "link.json", "hard.json"])
def test_two_reports_in_one_file(folder: Path, other: str, exists: bool) -> None:
    """By whatever path: the second would be all that is left."""
    (folder / "sub").mkdir()
    (folder / "link.json").symlink_to("run.json")
    if exists or other == "hard.json":
        (folder / "run.json").write_text("{}")
        os.link("run.json", "hard.json")
    with pytest.raises(ScenarioError) as caught:
        Outputs({"json": Path("run.json"), "junit": Path(other)})
    assert str(caught.value) == (
        f"--report-json and --report-junit both write {Path(other)}; give each a file of its own"
    )


def test_the_journal_has_its_place_too() -> None:
    """It lies beside the run file."""
    with pytest.raises(ScenarioError, match="--report-markdown and --report-json's journal"):
        Outputs({"json": Path("run.json"), "markdown": Path("run.json.journal")})


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"html_file": "x_{u}_{r}_{t}.html"}, "x_1_1_60.html"),
        ({"html_file": "x_{u}_{r}.html", "num_users": 5, "spawn_rate": 0.5}, "x_5_0.5.html"),
        ({"csv_prefix": "x"}, "x_stats.csv"),
        ({"csv_prefix": "x"}, "x_stats_history.csv"),
        ({"csv_prefix": "x"}, "x_failures.csv"),
        ({"csv_prefix": "x"}, "x_exceptions.csv"),
        ({"json_file": "x"}, "x.json"),
        ({"logfile": "x.log"}, "x.log"),
    ],
)
def test_locusts_own_files(options: dict[str, Any], path: str) -> None:
    """What Locust writes is left to it, by the names that Locust makes of its options."""
    others = of_locust(locust(**{"run_time": 60, **options}), {})
    option = "--" + next(iter(options)).replace("_file", "" if "html" in path else "-file")
    option = "--csv" if "csv" in path else option
    with pytest.raises(ScenarioError) as caught:
        Outputs({"junit": Path(path)}, others)
    assert str(caught.value).startswith(f"--report-junit and {option} both write {path}")
    Outputs({"junit": Path("y.xml")}, others)


def test_the_step_summary(folder: Path) -> None:
    """Reports are added to it, so it is no report's own file, and must be there before."""
    others = of_locust(locust(), {SUMMARY: str(folder / "page.md")})
    with pytest.raises(ScenarioError, match=f"--report-markdown and {SUMMARY} both write"):
        Outputs({"markdown": Path("page.md")}, others)
    with pytest.raises(ScenarioError, match=f"{SUMMARY} gone/page.md: cannot be written: No such"):
        Outputs({}, of_locust(locust(), {SUMMARY: "gone/page.md"}))
    Outputs({}, of_locust(locust(), {SUMMARY: "/dev/null"}))


def test_what_is_read_is_not_overwritten(folder: Path) -> None:
    """A report in the place of the locustfile would be the end of it."""
    (folder / "locustfile.py").write_text("")
    (folder / "dog.jpg").write_text("")
    inputs = read_by_locust(locust(locustfile="other.py,locustfile", image=["dog.jpg"]))
    for path, option in (("locustfile.py", "--locustfile"), ("dog.jpg", "--image")):
        with pytest.raises(ScenarioError) as caught:
            Outputs({"json": Path(path)}, [], inputs)
        assert str(caught.value) == (
            f"--report-json would overwrite {path}, which {option} reads; give it another file"
        )


def test_tables_have_a_folder(folder: Path) -> None:
    """One that is there or can be made; its files are nobody else's; later runs have another."""
    outputs = Outputs({"csv": Path("deep/er/tables")})
    assert outputs.take() == {"csv": Path("deep/er/tables")}
    assert outputs.take() == {"csv": Path("deep/er/tables-2")}
    assert not (folder / "deep").exists()
    (folder / "tables-2").mkdir()
    (folder / "tables-2" / "seconds.csv").write_text("somebody's")
    outputs = Outputs({"csv": Path("tables")})
    outputs.take()
    assert outputs.take() == {"csv": Path("tables-3")}
    (folder / "tables").write_text("")
    with pytest.raises(
        ScenarioError, match=r"--report-csv tables/er: cannot be written: .*/tables"
    ):
        Outputs({"csv": Path("tables/er")})
    with pytest.raises(ScenarioError, match="--report-csv and --report-markdown both write"):
        Outputs({"csv": Path("tables-2"), "markdown": Path("tables-2/seconds.csv")})


def test_devices_take_everything() -> None:
    """What cannot be replaced may be written to more than once, in every run."""
    null, out = Path("/dev/null"), Path("/dev/stdout")
    outputs = Outputs({"json": null, "junit": out, "markdown": out}, [Output("--html", null)])
    assert outputs.take() == outputs.take() == {"json": null, "junit": out, "markdown": out}


def test_later_runs_have_a_number(folder: Path) -> None:
    """The files of one run share it, and none that is there is overwritten."""
    outputs = Outputs(
        {"json": Path("run.json"), "markdown": Path("notes")}, [Output("--html", Path("notes-4"))]
    )
    for path in outputs.take().values():
        path.write_text("one")
    assert outputs.take() == {"json": Path("run-2.json"), "markdown": Path("notes-2")}
    (folder / "run-3.json.journal").write_text("somebody's")
    assert outputs.take()["json"] == Path("run-5.json")
    assert outputs.take()["json"] == Path("run-6.json")


def test_the_first_run_takes_what_was_given(folder: Path) -> None:
    """Who names a file means it, also if it is there."""
    (folder / "run.json").write_text("old")
    assert Outputs({"json": Path("run.json")}).take() == {"json": Path("run.json")}


def test_names_are_given_back() -> None:
    """A run that never began leaves its names to the next."""
    outputs = Outputs({"json": Path("run.json")})
    outputs.give_back(outputs.take())
    assert outputs.take() == {"json": Path("run.json")}
    assert outputs.take() == {"json": Path("run-2.json")}


@pytest.mark.parametrize("option", ["html", "json"])
def test_what_locust_writes_last(folder: Path, option: str) -> None:
    """It is looked at before the run: Locust would find out when the run has ended."""
    (folder / "file").write_text("")
    given = {"html": {"html_file": "{}/x.html"}, "json": {"json_file": "{}/x"}}[option]
    ((name, path),) = given.items()
    for there, why in (("file", "Not a directory"), ("file/sub", "Not a directory")):
        with pytest.raises(ScenarioError) as caught:
            Outputs({}, of_locust(locust(**{name: path.format(there)}), {}))
        assert str(caught.value).endswith(f"cannot be written: {why}")
    Outputs({}, of_locust(locust(**{name: path.format("to/be/made")}), {}))
