"""scenario.paths: files, folders and globs become sorted absolute paths, or an error each."""

import os
from pathlib import Path

import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with pictures, other files and folders of both."""
    for name in (
        "b.jpg",
        "a.PNG",
        "c.jpeg",
        "notes.txt",
        ".hidden.jpg",
        "more/z.jpg",
        "more/deep/y.jpg",
        "none/readme.md",
        "odd[1].jpg",
        "ca.pem",
    ):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "pictures"


def scenario(folder: Path, images: str, tls: str = "{}") -> Scenario:
    """Load a scenario in `folder` with these images."""
    path = folder / "scenario.yaml"
    path.write_text(
        f"name: x\ntargets: {{a: {{server: h, model: m, tls: {tls}}}}}\n"
        f"payload:\n  images: {images}\ntraffic: [{{phase: p, rate: 1/s, for: 1 s}}]\n",
        encoding="utf-8",
    )
    return load(path, {"PICTURES": str(folder)})


@pytest.mark.parametrize(
    ("images", "found"),
    [
        ("[b.jpg]", ["b.jpg"]),
        ("[b.jpg, a.PNG, b.jpg, ./b.jpg]", ["a.PNG", "b.jpg"]),
        ("[.]", ["a.PNG", "b.jpg", "c.jpeg", "odd[1].jpg"]),
        ("[more]", ["more/z.jpg"]),
        ("['*.jpg']", ["b.jpg", "odd[1].jpg"]),
        ("['**/*.jpg']", ["b.jpg", "more/deep/y.jpg", "more/z.jpg", "odd[1].jpg"]),
        ("['[ac].*']", ["a.PNG", "c.jpeg"]),
        ("['odd[1].jpg']", ["odd[1].jpg"]),
        ("[notes.txt]", ["notes.txt"]),
        ("[more, b.jpg]", ["b.jpg", "more/z.jpg"]),
        ("[../pictures/b.jpg]", ["b.jpg"]),
        ("['${PICTURES}/b.jpg']", ["b.jpg"]),
    ],
)
def test_images_are_found(folder: Path, images: str, found: list[str]) -> None:
    """Files as named, a folder's pictures, what a pattern matches: each once, sorted, absolute."""
    assert scenario(folder, images).payload.images == tuple(str(folder / name) for name in found)


@pytest.mark.parametrize(
    ("images", "line"),
    [
        (
            "[d.jpg]",
            (
                "4:12: payload.images[0]: no such file, got 'd.jpg'; "
                "expected a file relative to '{folder}' (did you mean 'b.jpg'?)"
            ),
        ),
        (
            "[b.jpg, none]",
            (
                "4:19: payload.images[1]: no pictures in this folder, got 'none'; "
                "expected .jpg, .jpeg, .png in it"
            ),
        ),
        (
            "['*.bmp']",
            (
                "4:12: payload.images[0]: no file matches, got '*.bmp'; "
                "expected a pattern that files match"
            ),
        ),
        (
            "[b.jpg/c.jpg]",
            (
                "4:12: payload.images[0]: no such file, got 'b.jpg/c.jpg'; "
                "expected a file relative to '{folder}/b.jpg'"
            ),
        ),
        ("b.jpg", "4:11: payload.images: not a list, got 'b.jpg'; expected a list"),
        (
            "[]",
            (
                "4:3: payload: no images; expected 'images: [FILE]' or 'synthetic: 640x427', or "
                "for another model 'inputs:', 'generate: {{}}', 'requests:', 'examples:' or "
                "'users:'"
            ),
        ),
        ("[7]", "4:12: payload.images[0]: not a text, got 7; expected a text, in quotes"),
    ],
)
def test_images_that_are_not_there_are_said(folder: Path, images: str, line: str) -> None:
    """A path that leads nowhere is an error with its place, before any load."""
    with pytest.raises(ScenarioError) as refused:
        scenario(folder, images)
    assert str(refused.value) == f"{folder}/scenario.yaml:" + line.format(folder=folder)


def test_a_path_that_cannot_exist_is_no_crash(folder: Path) -> None:
    """Names longer than a file system allows are an error like any other."""
    with pytest.raises(ScenarioError, match=r"images\[0\]: .*; expected a file"):
        scenario(folder, f"[{'x' * 300}.jpg]")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_without_permission_are_said(folder: Path) -> None:
    """A file that may not be read is found before the load, not in it."""
    (folder / "b.jpg").chmod(0)
    with pytest.raises(ScenarioError, match="no permission to read"):
        scenario(folder, "[b.jpg]")


def test_certificates_are_found_too(folder: Path) -> None:
    """Files of `tls` are relative to the scenario as images are, and have to be there."""
    good = scenario(folder, "[b.jpg]", "{ca: ca.pem}")
    tls = good.targets["a"].tls
    assert tls is not None
    assert tls.ca == str(folder / "ca.pem")
    with pytest.raises(ScenarioError) as refused:
        scenario(folder, "[b.jpg]", "{ca: cb.pem}")
    assert str(refused.value) == (
        f"{folder}/scenario.yaml:2:46: targets.a.tls.ca: no such file, got 'cb.pem'; "
        f"expected a file relative to '{folder}' (did you mean 'ca.pem'?)"
    )


def test_relative_to_the_file_not_to_the_working_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the command is run does not matter."""
    monkeypatch.chdir("/")
    assert scenario(folder, "[b.jpg]").payload.images == (str(folder / "b.jpg"),)
    monkeypatch.chdir(folder)
    assert load(Path("scenario.yaml"), {}).payload.images == (str(folder / "b.jpg"),)
