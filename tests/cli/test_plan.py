"""`eiload plan`: the traffic before it is sent, against a run, as instants."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from eiload.base.clock import NS_PER_S
from eiload.cli.main import main
from eiload.record import run
from eiload.scenario import load
from eiload.scenario.schedule import Schedule
from tests.golden import golden_run

SHIPPED = Path(__file__).parents[2] / "scenarios"
SCENARIO = """\
name: planned
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
  ei: {server: "127.0.0.1:9000", model: ssdresnet}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 5/s, for: 10 s, warm_up: true}
  - {phase: steady, rate: 20/s, for: 5 min}
  - {phase: bursty, rate: 20/s, arrivals: {gamma: {cv: 3}}, for: 5 min}
  - {phase: users, users: 3, for: 30 s, warm_up: true}
objectives: [p95 < 300 ms, errors < 0.1 %, {target: ei, phase: bursty, objective: p99.9 < 1 s}]
compare: {baseline: gpu, candidate: ei}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the file of a scenario."""
    path = tmp_path / "planned.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have room for the tables."""
    monkeypatch.setenv("COLUMNS", "160")


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Return what the command prints; it ends well."""
    assert main(["plan", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def row(text: str, *begin: str) -> list[str]:
    """Return the cells of the line that begins with these."""
    pattern = r"\s+".join(map(re.escape, begin))
    (line,) = [line for line in text.splitlines() if re.match(pattern + r"\s", line)][:1]
    return re.split(r"\s{2,}", line.strip())


def test_what_will_be_sent(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Requests, burstiness and bytes are those of the schedule; a closed loop's are not known."""
    text = said(capsys, scenario)
    schedule = Schedule(load(scenario, {}).traffic, 1)
    due = schedule.due([schedule.duration_ns])
    counts = [sum(n for (phase, _), n in due.items() if phase == index) for index in range(4)]
    steady, bursty = row(text, "steady", "0:10"), row(text, "bursty", "5:10")
    assert steady[3] == f"{counts[1]:,}"
    assert bursty[3] == f"{counts[2]:,}"
    assert float(steady[6]) == pytest.approx(1, abs=0.1)
    assert float(bursty[6]) == pytest.approx(3, abs=0.5)
    assert float(steady[7]) == pytest.approx(1, abs=0.4)
    assert float(bursty[8]) > 3
    assert row(text, "users")[3:5] == ["of 3 users", "-"]
    (gpu,) = [line for line in text.splitlines() if re.match(r"gpu\s+\d", line)][:1]
    assert f"{sum(counts):,}" in gpu
    assert "9,2" in gpu  # 64 x 48 x 3 bytes and the names
    assert "not known; --service-time or --like RUN" in text


def test_what_it_can_decide(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each objective and the comparison: what there is, the least that it takes, or why not."""
    text = said(capsys, scenario)
    assert row(text, "p95 < 300 ms")[-1] == "may be decided"
    assert row(text, "p99.9 < 1 s")[-1] == "cannot"
    assert "p99.9 < 1 s: needs at least 20,000 requests: 17 min at 20/s; this run expects" in text
    assert row(text, "compare at p99", "ei with gpu")[-1] == "may be decided"


def test_as_a_run_until_decided(capsys: pytest.CaptureFixture[str]) -> None:
    """It may go on for longer than its file says, and is looked at on the way."""
    assert "until decided" not in said(capsys, "demo")
    planned = said(capsys, "demo", "--until-decided", "1h")
    assert "goes on until decided: looked at after" in planned


def test_requests_in_heaps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A phase that is mostly pause has enough requests and no verdict: said before, not after."""
    path = tmp_path / "heaps.yaml"
    heaps = "rate: {points: [[0 s, 500/s], [60 s, 500/s], [60 s, 0/s], [5 min, 0/s]]}, for: 5 min"
    path.write_text(
        SCENARIO.replace("rate: 20/s, for: 5 min", heaps, 1).replace(
            "objectives: [p95 < 300 ms", "objectives: [{phase: steady, objective: p95 < 300 ms}"
        )
    )
    text = said(capsys, path)
    assert row(text, "p95 < 300 ms", "steady")[-1] == "cannot"
    assert "p95 < 300 ms: its requests came in 4 of 20 parts of the time" in text


def test_what_is_in_flight(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rate times service time (Little's law), as said or as in a run."""
    text = said(capsys, scenario, "--service-time", "2 s")
    (steady,) = [line for line in text.splitlines() if re.match(r"ei\s+steady", line)]
    assert re.split(r"\s{2,}", steady)[2] == "2 s"
    assert float(re.split(r"\s{2,}", steady)[3]) == pytest.approx(40, rel=0.05)


def test_like_a_run(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Service times and dependence are taken from a run: requests that queue take more of them."""
    like = tmp_path / "run.json"

    def stalls(due_s: np.ndarray) -> np.ndarray:
        return np.where(due_s % 60 < 5, 0.5, 0.1)

    run.save(like, golden_run(answers={"gpu": stalls}).to_json())
    plain, text = said(capsys, scenario), said(capsys, scenario, "--like", like)
    need = [int(row(each, "p95 < 300 ms")[2].split()[0].replace(",", "")) for each in (plain, text)]
    assert need[1] > 3 * need[0]
    assert f"with requests as dependent as in {like}" in " ".join(text.split())
    (steady,) = [line for line in text.splitlines() if re.match(r"gpu\s+steady", line)]
    assert re.split(r"\s{2,}", steady)[2].startswith("13")  # ms


def test_against_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What differs from a run is said, field by field; the same plan has the same instants."""
    made = golden_run()
    path, before = tmp_path / "s.yaml", tmp_path / "run.json"
    run.save(before, made.to_json())
    text = (
        "name: golden\n"
        "targets:\n"
        '  gpu: {server: "127.0.0.1:8500", model: ssd, price: 0.90 USD/h}\n'
        '  ei: {server: "127.0.0.1:9000", model: ssdresnet, price: 0.17 USD/h}\n'
        "payload: {synthetic: 64x48}\n"
        "traffic:\n"
        "  - {phase: warm-up, rate: 5/s, for: 10 s, warm_up: true}\n"
        "  - {phase: steady, rate: 20/s, for: 5 min}\n"
        "objectives: [p95 < 300 ms, errors < 5 %]\n"
        "compare: {baseline: gpu, candidate: ei}\n"
    )
    path.write_text(text)
    assert "the same requests at the same instants" in said(capsys, path, "--against", before)
    path.write_text(text.replace("20/s", "25/s").replace("p95", "p90"))
    changed = said(capsys, path, "--against", before)
    assert "traffic[1].rate: 25/s here, 20/s there" in changed
    assert "objectives[0]: p90 < 300 ms here, p95 < 300 ms there" in changed
    assert re.search(r"phase steady: 7,\d{3} requests here, \d,\d{3} there", changed)


@pytest.mark.parametrize("where", ["-", "FILE"])
def test_the_instants(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    """Each request a line: its number, phase, instant to the ns, and picture."""
    target = tmp_path / "instants.csv"
    text = said(capsys, scenario, "--csv", "-" if where == "-" else target)
    lines = list(csv.DictReader((text if where == "-" else target.read_text()).splitlines()))
    schedule = Schedule(load(scenario, {}).traffic, 1)
    whole = np.concatenate([chunk.offsets_ns for chunk in schedule.chunks()])
    assert [int(line["arrival"]) for line in lines] == list(range(len(whole)))
    seconds, rest = np.divmod(whole, NS_PER_S)
    assert [line["due_s"] for line in lines] == [
        f"{s}.{ns:09}" for s, ns in zip(seconds.tolist(), rest.tolist(), strict=True)
    ]
    assert {line["picture"] for line in lines} == {f"synthetic-64x48-{i}" for i in range(8)}


REPLAYED = """\
name: replayed
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
  ei: {server: "127.0.0.1:9000", model: ssd}
payload:
  mix:
    - {class: small, synthetic: 64x48, batch: [1, 4]}
    - {class: large, synthetic: 640x480}
traffic:
  - phase: trace
    replay:
      {file: t.csv, unit: s, choose: {class: Model, image: file, batch: NumImages, target: host}}
    for: 1 min
objectives:
  - {class: large, target: ei, objective: p90 < 1 s}
  - {class: small, target: gpu, objective: p90 < 1 s}
"""


def test_a_trace_that_chooses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Requests, bytes and what can be decided are by class and target, as the trace has them.

    What `--csv` writes is a trace that chooses the same again.
    """
    kinds = [
        ("small", "synthetic-64x48-3", 4, "gpu"),
        ("small", "synthetic-64x48-0", 1, "gpu"),
        ("large", "synthetic-640x480-1", 1, "ei"),
    ]
    rows = [(n / 10, *kinds[0 if n % 10 else 1 + n // 10 % 2]) for n in range(601)]
    text = "".join(",".join(map(str, row)) + "\n" for row in rows)
    (tmp_path / "t.csv").write_text(f"timestamp,Model,file,NumImages,host\n{text}")
    path = tmp_path / "replayed.yaml"
    path.write_text(REPLAYED)
    text = said(capsys, path)
    assert row(text, "gpu")[1] == "570"
    assert row(text, "ei")[1] == "30"
    of_class = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if "- " in line]
    assert [cells[:2] for cells in of_class if cells[0] in {"- small", "- large"}] == [
        ["- small", "570"], ["- large", "0"], ["- small", "0"], ["- large", "30"],
    ]  # fmt: skip
    assert row(text, "p90 < 1 s for small")[-1] == "may be decided"
    assert "p90 < 1 s for large: needs at least 200 requests: 7 min at 0.5/s; this" in text
    instants = said(capsys, path, "--csv", "-")
    written = list(csv.DictReader(instants.splitlines()))
    columns = ("class", "picture", "batch", "target")
    assert [tuple(line[key] for key in columns) for line in written] == [
        (kind, image, str(batch), host) for _, kind, image, batch, host in rows[:600]
    ]
    (tmp_path / "again.csv").write_text(instants)
    path.write_text(
        REPLAYED.replace("file: t.csv", "file: again.csv, column: due_s")
        .replace("Model, image: file, batch: NumImages, target: host", "class, image: picture, "
                 "batch: batch, target: target")
    )  # fmt: skip
    again = list(csv.DictReader(said(capsys, path, "--csv", "-").splitlines()))
    assert again == written


def test_without_characters_beyond_ascii(scenario: Path) -> None:
    """A terminal that lacks them gets a drawing all the same."""
    from eiload.report import plan as report
    from eiload.report import terminal
    from eiload.scenario.census import census

    of = load(scenario, {})
    planned = report.Plan(of, census(Schedule(of.traffic, of.seed)), (), ())
    look = terminal.Look(width=80, unicode=False)
    text = terminal.page(report.sections(planned, width=80, unicode=False), "end", look, good=True)
    assert text.isascii()
    assert "#" in text
    assert "\\u" not in text


@pytest.mark.parametrize("name", ["arrivals", "rates", "replay", "users", "presets", "multistream"])
def test_shipped_examples_have_a_plan(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind of traffic has a short example, of which all phases are planned."""
    text = said(capsys, SHIPPED / f"{name}.yaml")
    for phase in load(SHIPPED / f"{name}.yaml", {}).traffic:
        assert re.search(rf"^{phase.name}\s+\d+:\d\d\s", text, re.MULTILINE)


def test_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad scenario and a run file that is none are status 2, in one line."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(SCENARIO.replace("20/s", "20"))
    assert main(["plan", str(bad)]) == 2
    assert "no unit, got 20" in capsys.readouterr().err
    bad.write_text(SCENARIO)
    assert main(["plan", str(bad), "--like", str(bad)]) == 2
    assert str(bad) in capsys.readouterr().err
