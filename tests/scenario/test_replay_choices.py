"""replay: columns of a trace that choose a request's class, image, batch size or target."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, build, restore
from eiload.scenario.arrivals import OpenPhase, phase_seed
from eiload.scenario.replay import Replay
from eiload.scenario.schedule import Schedule
from eiload.scenario.trace import TraceError

S = 10**9

SIZES = [{"class": "small", "synthetic": "8x8"}, {"class": "large", "synthetic": "64x64"}]


def chosen(
    folder: Path, rows: Sequence[tuple[float, str]], choose: dict[str, str], **more: object
) -> Scenario:
    """Return a scenario of ten seconds of a trace whose rows choose."""
    text = "".join(f"{at},{value}\n" for at, value in rows)
    (folder / "t.csv").write_text(f"timestamp,what\n{text}")
    target = {"server": "h", "model": "m"}
    return build(
        {
            "name": "x",
            "targets": {"a": target, "b": target},
            "payload": {"mix": SIZES},
            "traffic": [
                {
                    "phase": "p",
                    "replay": {"file": "t.csv", "unit": "s", "choose": choose, **more},
                    "for": "10 s",
                }
            ],
        },
        "s",
        folder,
    )


def replay_of(of: Scenario) -> Replay:
    """Return the replay of the first phase."""
    (phase,) = of.traffic
    assert isinstance(phase, OpenPhase)
    assert isinstance(phase.rate, Replay)
    return phase.rate


def test_what_was_chosen_is_seen(tmp_path: Path) -> None:
    """Which class how often, in the part that is played, at its speed and over its turns."""
    rows = [(n / 2, "large" if n % 4 == 0 else "small") for n in range(40)]
    replay = replay_of(chosen(tmp_path, rows, {"class": "what"}))
    assert replay.seen is not None
    assert dict(replay.seen.choices) == {("large",): 5, ("small",): 15}
    assert replay.share_of({"class": "large"}) == 0.25
    assert replay.share_of({"target": "a"}) == 1
    more = replay_of(chosen(tmp_path, rows, {"class": "what"}, speed=4, loop=True))
    assert more.seen is not None
    assert dict(more.seen.choices) == {("large",): 20, ("small",): 60}
    fewer = replay_of(chosen(tmp_path, rows, {"class": "what"}, speed=2, scale_to="2/s"))
    assert fewer.seen is not None
    assert sum(count for _, count in fewer.seen.choices) == fewer.seen.per_second().sum()
    again = list(fewer.passages(10 * S, phase_seed(1, 0)))
    codes = np.concatenate([part.codes for part in again if part.codes is not None])
    assert np.bincount(codes).tolist() == [count for _, count in fewer.seen.choices]


def test_each_target_has_its_own_requests(tmp_path: Path) -> None:
    """What is due to one is known by second, with the trace or without; together they are all."""
    rows = [(n / 2, "a" if n % 4 == 0 else "b") for n in range(40)]
    of = chosen(tmp_path, rows, {"target": "what"})
    schedule = Schedule(restore(of.to_json()).traffic, of.seed)
    to_a, to_b = schedule.dues([10 * S], ["a", "b"])
    assert to_a == {(0, second): 1 for second in range(0, 10, 2)}
    assert to_b == {(0, second): 2 if second % 2 else 1 for second in range(10)}
    (phase,) = of.traffic
    assert isinstance(phase, OpenPhase)
    assert [phase.due(10 * S, 1, name) for name in ("a", "b", None)] == [(5, 5), (15, 15), (20, 20)]
    (tmp_path / "t.csv").unlink()
    assert schedule.dues([10 * S], ["a", "b"]) == [to_a, to_b]


@pytest.mark.parametrize(
    ("rows", "choose", "line", "said"),
    [
        (
            [(0, "small"), (1, "huge"), (20, "small")],
            {"class": "what"},
            3,
            "column 'what': no such class, got 'huge'; expected one of 'small', 'large'",
        ),
        (
            [(0, "c"), (20, "a")],
            {"target": "what"},
            2,
            "column 'what': no such target, got 'c'; expected one of 'a', 'b'",
        ),
        ([(0, "a"), (20, "a")], {"class": "What"}, 1, "no column 'What', got 'timestamp,what'"),
    ],
)
def test_a_line_that_chooses_what_there_is_not(
    tmp_path: Path, rows: Sequence[tuple[float, str]], choose: dict[str, str], line: int, said: str
) -> None:
    """Trace and line are named, the column, the text, and what there is."""
    with pytest.raises(ScenarioError) as refused:
        chosen(tmp_path, rows, choose)
    assert str(refused.value).startswith(
        f"s: traffic[0].replay.file: {tmp_path / 't.csv'}:{line}: {said}"
    )


def test_lines_that_are_not_played_need_no_class(tmp_path: Path) -> None:
    """Before `from` there may be anything."""
    rows = [(0, "huge"), (5, "small"), (14, "large"), (20, "huge")]
    replay = replay_of(chosen(tmp_path, rows, {"class": "what"}, **{"from": "5 s"}))
    assert replay.seen is not None
    assert dict(replay.seen.choices) == {("small",): 1, ("large",): 1}


@pytest.mark.parametrize(
    ("choose", "said"),
    [
        ({"klass": "what"}, "choose.klass: unknown key (did you mean 'class'?)"),
        ({"class": 3}, "choose.class: not a text, got 3; expected a text"),
        ({"image": "what"}, "choose.image: of which class of the mix; expected 'class:' to be"),
        ({"class": None}, "choose.class: nothing; expected the name of a column, or no such key"),
        (
            "what",
            "choose: not a mapping, got 'what'; expected a mapping of keys to values ('class', ",
        ),
    ],
)
def test_what_is_wrong_with_a_choice(tmp_path: Path, choose: object, said: str) -> None:
    """Each mistake is one line with its place."""
    with pytest.raises(ScenarioError) as refused:
        chosen(tmp_path, [(0, "small"), (20, "small")], choose)  # type: ignore[arg-type]
    (line,) = str(refused.value).split("\n")
    assert line.startswith(f"s: traffic[0].replay.{said}")


def test_another_trace_than_was_seen(tmp_path: Path) -> None:
    """A file that chooses what was not seen is another one, whoever reads it."""
    of = chosen(tmp_path, [(0, "small"), (20, "small")], {"class": "what"})
    (tmp_path / "t.csv").write_text("timestamp,what\n0,large\n20,small\n")
    with pytest.raises(TraceError, match="another content here than where the scenario was read"):
        list(replay_of(of).passages(10 * S, 1))


def test_damaged_choices_are_one_error(tmp_path: Path) -> None:
    """They have to be as many as the requests, by the columns that choose."""
    of = chosen(tmp_path, [(0, "small"), (20, "small")], {"class": "what"})
    for choices, said in (
        ([[["small"], 10**12]], "damaged choices of a trace"),
        ([[["small", "a"], 1]], "choices by other columns"),
        ([[["small"], 0]], "out of range, got 0"),
    ):
        data = json.loads(of.to_json())
        data["traffic"][0]["replay"]["seen"]["choices"] = choices
        with pytest.raises(ScenarioError, match=said):
            restore(json.dumps(data))
