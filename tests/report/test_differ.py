"""differ: what two scenarios would do differently."""

from pathlib import Path

from eiload.report.differ import differences
from eiload.scenario import Scenario, parse

TEXT = """\
name: x
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
payload:
  mix:
    - {class: small, synthetic: 64x48}
    - {class: large, synthetic: 640x480}
traffic:
  - {phase: steady, rate: 20/s, for: 10 s}
  - {phase: trace, replay: {file: t.csv, unit: s, choose: {class: Model}}, for: 10 s}
objectives: [p95 < 300 ms]
"""


def scenario(folder: Path, large: int, *changes: tuple[str, str]) -> Scenario:
    """Return a scenario of a trace in which so many requests of 100 are large."""
    rows = "".join(f"{n / 10},{'large' if n < large else 'small'}\n" for n in range(101))
    folder.mkdir(exist_ok=True)
    (folder / "t.csv").write_text(f"timestamp,Model\n{rows}")
    text = TEXT
    for old, new in changes:
        text = text.replace(old, new)
    return parse(text, "s.yaml", folder, {})


def test_nothing(tmp_path: Path) -> None:
    """Where the files are makes no difference."""
    one, other = (scenario(tmp_path / name, 20) for name in ("one", "other"))
    assert list(differences(one, other)) == []


def test_what_a_trace_chooses(tmp_path: Path) -> None:
    """Another content is said, and which class it has more of."""
    found = list(differences(scenario(tmp_path / "one", 20), scenario(tmp_path / "other", 30)))
    assert found[0].startswith("traffic[1].replay.sha256: ")
    assert found[1:] == [
        "phase trace, class large: 20 requests here, 30 there",
        "phase trace, class small: 80 requests here, 70 there",
    ]


def test_field_by_field(tmp_path: Path) -> None:
    """Each place that differs; the requests of a phase where their number does."""
    other = scenario(tmp_path, 20, ("rate: 20/s", "rate: 25/s"), (", choose: {class: Model}", ""))
    found = list(differences(scenario(tmp_path, 20), other))
    assert found[:2] == [
        "traffic[0].rate: 20/s here, 25/s there",
        "traffic[1].replay.choose: {'class': 'Model'} here, nothing there",
    ]
    assert len(found) == 3
    assert found[2].startswith("phase steady: ")
