"""journal: what was written is read back, and what is damaged is never taken for a run."""

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.base.errors import OutputError, ScenarioError
from eiload.base.status import Status
from eiload.cli.main import main
from eiload.judging.judgement import judge
from eiload.record.facts import TargetFacts
from eiload.record.intervals import Intervals
from eiload.record.journal import Journal, State, beside, load, read
from eiload.record.recorder import Recorder
from eiload.record.run import Run, save
from tests.golden import TWO, due, golden_run, results

SHORT = TWO.replace("10 s, warm_up", "2 s, warm_up").replace("5 min", "18 s")
SECONDS = 12


def lines_of(text: str, seconds: int, missing: float = 0.0) -> tuple[Run, list[Intervals]]:
    """Return a run without counts, and its counts second by second, the latest missing."""
    run = golden_run(text)
    chunks, arrivals = [], due(run.scenario)
    for second in range(seconds):
        recorder = Recorder(0)
        for target in range(len(run.targets)):
            for phase, due_s in enumerate(arrivals):
                until_s = seconds - missing
                now = due_s[(due_s >= second) & (due_s < min(second + 1, until_s))]
                if len(now):
                    recorder.record(results(target, phase, now, np.full(len(now), 0.1)))
        chunks.append(recorder.take())
    return replace(run, intervals=Intervals.empty(), workers=()), chunks


def written(
    path: Path, text: str = SHORT, seconds: int = SECONDS, missing: float = 0.0
) -> tuple[Run, list[Intervals]]:
    """Write a journal as a coordinator does and leave it as a killed one does."""
    run, chunks = lines_of(text, seconds, missing)
    journal = Journal(path)
    journal.begin(run)
    for second, counts in enumerate(chunks, 1):
        journal.append(state_of(run, second), [counts.to_bytes()])
    journal.close(keep=True)
    return run, chunks


def state_of(run: Run, second: int, problems: Sequence[str] = ()) -> State:
    """Return what a run of one worker has come to."""
    return State(second * NS_PER_S, [second * NS_PER_S], run.targets, problems)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a whole journal."""
    path = tmp_path_factory.mktemp("journal") / "run.json.journal"
    written(path)
    return path.read_bytes()


def test_everything_written_is_read(tmp_path: Path) -> None:
    """The counts of all lines together, the last state, and that the run was not finished."""
    path = tmp_path / "run.json.journal"
    run, chunks = written(path)
    found = read(path)
    assert found.intervals == Intervals.merge(chunks)
    assert found.ended_ns == SECONDS * NS_PER_S
    assert found.targets == run.targets
    assert found.scenario == run.scenario
    assert found.problems == (
        f"the run was not finished: its journal ends {SECONDS} s into the load",
    )


def test_a_long_journal(tmp_path: Path) -> None:
    """Thousands of lines are merged in parts, and add up all the same."""
    path = tmp_path / "run.json.journal"
    hour = TWO.replace("20/s, for: 5 min", "1/s, for: 1 h")
    _, chunks = written(path, text=hour, seconds=1300)
    assert read(path).intervals == Intervals.merge(chunks)


def test_what_was_on_its_way_is_lost(tmp_path: Path) -> None:
    """Requests due before the last line and not in it are LOST: slow ones must not just vanish."""
    path = tmp_path / "run.json.journal"
    written(path, missing=0.5)
    found = read(path)
    for target in range(2):
        ended = found.statuses(target, found.phases())
        assert ended.keys() == {Status.OK, Status.LOST}
        assert ended[Status.LOST] < 40
    everything = sum(int((each < SECONDS).sum()) for each in due(found.scenario))
    assert sum(found.statuses(0, found.phases()).values()) == everything


def test_a_journal_has_no_verdict(tmp_path: Path) -> None:
    """Numbers and no words: every verdict is open, the comparison has none, the status is 5."""
    path = tmp_path / "run.json.journal"
    written(path, seconds=15)
    judgement = judge(read(path), undecided_ok=True)
    assert judgement.exit_status == 5
    assert {each.word.value for each in judgement.verdicts} == {"undecided"}
    assert judgement.comparison is not None
    assert judgement.comparison.word is None


@pytest.mark.parametrize("form", ["terminal", "json", "markdown", "junit"])
def test_report_of_a_journal(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`eiload report` shows it in every form, says what it is, and exits with 5."""
    path = tmp_path / "run.json.journal"
    written(path)
    assert main(["report", str(path), "--format", form]) == 5
    said = capsys.readouterr()
    assert "the run was not finished: its journal ends 12 s into the load" in said.out
    assert not re.search(r"\bpass(ed)?\b|\bno increase\b|within margin", said.out)
    assert said.err == ""


def test_compare_refuses_a_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that was not finished is compared with none."""
    for name in ("one.json", "other.json"):
        written(beside(tmp_path / name))
    names = [str(beside(tmp_path / name)) for name in ("one.json", "other.json")]
    assert main(["compare", *names, "--baseline", "gpu", "--candidate", "gpu"]) == 2
    assert "invalid run cannot be compared: the run was not finished" in capsys.readouterr().err


def test_a_run_file_is_told_from_its_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both are read by one name; an old run file beside a journal is not taken for the last run."""
    run = golden_run(SHORT)
    save(tmp_path / "run.json", run.to_json())
    assert load(tmp_path / "run.json") == run
    written(tmp_path / "run.json.journal")
    assert load(tmp_path / "run.json.journal").stopped == "not finished"
    main(["report", str(tmp_path / "run.json")])
    assert "run.json.journal is of a later run" in capsys.readouterr().err


# -- damage --------------------------------------------------------------------------------------


def is_prefix(found: Run, whole: bytes, tmp_path: Path) -> bool:
    """Tell whether a run is what some first lines of a journal say."""
    lines = whole.splitlines(keepends=True)
    seconds = found.ended_ns // NS_PER_S
    path = tmp_path / "prefix.journal"
    path.write_bytes(b"".join(lines[: seconds + 1]))
    expected = read(path)
    return found.intervals == expected.intervals and found.targets == expected.targets


def test_cut_anywhere(whole: bytes, tmp_path: Path) -> None:
    """The whole lines before the cut are read, and the cut is said; without any, one error."""
    path = tmp_path / "cut.journal"
    header = whole.index(b"\n") + 1
    judged = set()
    for end in {*range(0, len(whole), 97), header - 1, header, header + 1, len(whole) - 1}:
        path.write_bytes(whole[:end])
        if end < header:
            with pytest.raises(ScenarioError, match=r"^\S*cut\.journal: .*nothing to read in it"):
                read(path)
            continue
        found = read(path)
        seconds = whole[:end].count(b"\n") - 1
        assert found.ended_ns == seconds * NS_PER_S
        assert is_prefix(found, whole, tmp_path)
        cut = whole[end - 1 : end] != b"\n"
        assert any("cut off" in each for each in found.problems) == cut
        if (seconds, cut) not in judged:  # the same counts, the same problems
            judged.add((seconds, cut))
            assert judge(found).exit_status == 5


@given(data=st.data())
def test_flipped_bits(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A changed line and what follows it are left out and said; never another error, never more."""
    folder = tmp_path_factory.getbasetemp()
    spoilt = bytearray(whole)
    at = data.draw(st.integers(0, len(whole) - 1))
    spoilt[at] ^= 1 << data.draw(st.integers(0, 7))
    path = folder / "flipped.journal"
    path.write_bytes(spoilt)
    line = whole[:at].count(b"\n")
    if line == 0:
        with pytest.raises(ScenarioError, match="nothing to read in it"):
            read(path)
        return
    found = read(path)
    assert found.ended_ns == (line - 1) * NS_PER_S
    assert is_prefix(found, whole, folder)
    assert any(f"line {line + 1} of its journal is" in each for each in found.problems)


@given(st.binary(max_size=300))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """What is no journal is one error that names the file."""
    path = tmp_path_factory.getbasetemp() / "any.journal"
    path.write_bytes(data)
    with pytest.raises(ScenarioError, match=r"any\.journal: "):
        read(path)


def test_lines_of_another_run(whole: bytes, tmp_path: Path) -> None:
    """Lines that were moved, repeated, left out or taken from another run are not believed."""
    lines = whole.splitlines(keepends=True)
    path = tmp_path / "other.json.journal"
    written(path, text=SHORT.replace("golden", "leaden"))
    other = path.read_bytes().splitlines(keepends=True)
    for mixed in (
        [*lines[:4], *other[4:]],
        [*lines[:4], *lines[5:]],
        [*lines[:4], lines[5], lines[4]],
        [*lines[:4], lines[3], *lines[4:]],
        [*lines[:4], *other],
    ):
        path.write_bytes(b"".join(mixed))
        found = read(path)
        assert found.ended_ns == 3 * NS_PER_S
        assert "line 5 of its journal is damaged" in found.problems[1]


def test_another_version(tmp_path: Path) -> None:
    """A journal of another schema is refused by its name."""
    text = json.dumps({"schema": "eiload-journal/9"}).encode()
    path = tmp_path / "new.journal"
    path.write_bytes(b"%08x %s\n" % (zlib.crc32(text), text))
    with pytest.raises(ScenarioError, match="got 'eiload-journal/9'"):
        read(path)


def test_missing_and_empty(tmp_path: Path) -> None:
    """A file that is not there is said so; one of a run that never began, too."""
    with pytest.raises(ScenarioError, match=r"no\.journal: cannot be read: No such file"):
        read(tmp_path / "no.journal")
    Journal(tmp_path / "run.journal")
    with pytest.raises(ScenarioError, match="its run ended before the load began"):
        read(tmp_path / "run.journal")


# -- writing -------------------------------------------------------------------------------------


def test_a_journal_goes_when_its_run_is_written(tmp_path: Path) -> None:
    """Nothing is left of a journal that is not needed, begun or not."""
    path = tmp_path / "run.json.journal"
    Journal(path).close(keep=False)
    assert not list(tmp_path.iterdir())
    journal = Journal(path)
    journal.begin(lines_of(SHORT, 0)[0])
    journal.close(keep=False)
    assert not list(tmp_path.iterdir())


def test_what_an_older_run_left_is_kept(tmp_path: Path) -> None:
    """A run that follows a killed one does not destroy what that one measured."""
    path = tmp_path / "run.json.journal"
    _, chunks = written(path)
    Journal(path).close(keep=False)  # a run that did not begin
    assert read(path).intervals == Intervals.merge(chunks)
    journal = Journal(path)
    journal.begin(lines_of(SHORT, 0)[0])
    assert read(path).ended_ns == 0
    journal.close(keep=False)
    assert load(tmp_path / "run.json.journal.old").intervals == Intervals.merge(chunks)


def test_two_runs_with_one_run_file(tmp_path: Path) -> None:
    """The second is refused before its load, and the first goes on."""
    path = tmp_path / "run.json.journal"
    journal = Journal(path)
    with pytest.raises(ScenarioError, match="another run is writing it"):
        Journal(path)
    journal.begin(lines_of(SHORT, 0)[0])
    journal.close(keep=True)
    assert read(path).ended_ns == 0


def test_a_journal_that_cannot_be_opened(tmp_path: Path) -> None:
    """It is said before the load."""
    with pytest.raises(ScenarioError, match="cannot be written: No such file"):
        Journal(tmp_path / "no" / "run.json.journal")


def test_a_full_disk() -> None:
    """A line that cannot be written is an error of its own, after which a run can go on."""
    run, _ = lines_of(SHORT, 0)
    journal = Journal(Path("/dev/full"), sync=lambda _fd: None)
    with pytest.raises(OutputError, match="full: cannot be written: No space left"):
        journal.begin(run)


def test_every_line_is_synced(tmp_path: Path) -> None:
    """What was written is brought to the disk, line by line."""
    synced: list[int] = []
    run, chunks = lines_of(SHORT, 2)
    journal = Journal(tmp_path / "run.json.journal", sync=synced.append)
    journal.begin(run)
    for second, counts in enumerate(chunks, 1):
        journal.append(state_of(run, second), [counts.to_bytes()])
    journal.close(keep=True)
    assert len(synced) == 3


def test_secrets_and_long_lists_stay_out(tmp_path: Path) -> None:
    """Metadata is masked as in a run file, and of many texts of failures the frequent ones stay."""
    secret = SHORT.replace("model: ssd,", 'model: ssd, metadata: {token: "canary"},')
    path = tmp_path / "run.json.journal"
    run, _ = lines_of(secret, 0)
    details = {f"INTERNAL: {number}": number for number in range(1, 1000)}
    facts = [replace(each, details=details) for each in run.targets]
    journal = Journal(path)
    journal.begin(run)
    journal.append(replace(state_of(run, 1, ["why"]), targets=facts), [])
    journal.close(keep=True)
    assert b"canary" not in path.read_bytes()
    found = read(path)
    assert found.problems[1] == "why"
    assert isinstance(found.targets[0], TargetFacts)
    assert len(found.targets[0].details) == 20
    assert found.targets[0].details["INTERNAL: 999"] == 999
