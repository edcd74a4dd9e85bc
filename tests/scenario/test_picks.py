"""picks: what each arrival sends, drawn or chosen, the same wherever it is computed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, build, restore
from eiload.scenario.mix import Draw
from eiload.scenario.picks import ALL, Picks
from eiload.scenario.schedule import Schedule

MIX = [
    {"class": "small", "weight": 3, "synthetic": {"width": 8, "height": 8, "count": 3}},
    {"class": "large", "synthetic": {"width": 64, "height": 64, "count": 2}, "batch": [1, 2, 4]},
]
COUNTS = [3, 6]
ROWS = [
    ("small", "synthetic-8x8-2", "1", "a"),
    ("large", "synthetic-64x64-1", "4", "b"),
    ("large", "synthetic-64x64-0", "2", "a"),
]
COLUMNS = ("class", "image", "batch", "target")


def scenario(
    folder: Path, kinds: tuple[str, ...], rows: int = 90, payload: dict[str, Any] | None = None
) -> Scenario:
    """Return a scenario in which some columns of a trace choose, after a phase that draws."""
    lines = [",".join(ROWS[n % len(ROWS)]) for n in range(rows)]
    text = "".join(f"{n / 30},{line}\n" for n, line in enumerate(lines))
    (folder / "trace.csv").write_text(f"timestamp,{','.join(COLUMNS)}\n{text}")
    replay = {"file": "trace.csv", "unit": "s", "choose": {kind: kind for kind in kinds}}
    target = {"server": "h", "model": "m"}
    return build(
        {
            "name": "x",
            "targets": {"a": target, "b": target},
            "payload": payload or {"mix": MIX},
            "traffic": [
                {"phase": "before", "rate": "20/s", "for": "2 s"},
                {"phase": "trace", "replay": replay, "for": f"{rows // 30} s"},
            ],
        },
        "s",
        folder,
    )


def picked(of: Scenario, counts: list[int]) -> tuple[list[int], list[int], list[int]]:
    """Return part, payload and target of each arrival of the trace."""
    picks = Picks(of, counts)
    found: tuple[list[int], list[int], list[int]] = ([], [], [])
    for chunk in Schedule(of.traffic, of.seed).chunks():
        numbers = chunk.first + np.arange(len(chunk.offsets_ns))
        only = picks.targets(chunk.phase, chunk.codes)
        if chunk.phase == 0:
            assert only is None
            drawn = Draw(counts, of.payload.weights, of.seed)
            assert picks.payloads(0, numbers, None).tolist() == drawn.payloads(numbers).tolist()
            continue
        found[0].extend(picks.parts(1, numbers, chunk.codes).tolist())
        found[1].extend(picks.payloads(1, numbers, chunk.codes).tolist())
        found[2].extend([ALL] * len(numbers) if only is None else only.tolist())
    return found


def test_all_is_chosen(tmp_path: Path) -> None:
    """Class, image and batch size are one payload; the target gets it alone."""
    parts, payloads, targets = picked(scenario(tmp_path, COLUMNS), COUNTS)
    assert parts == [0, 1, 1] * 30
    # Of the large ones the first image's three sizes come first, then the second's.
    assert payloads == [2, 3 + 3 + 2, 3 + 1] * 30
    assert targets == [0, 1, 0] * 30


def test_what_is_not_chosen_is_drawn(tmp_path: Path) -> None:
    """Of a class any image and size, of an image any size, of a size any image; all of them."""
    parts, payloads, targets = picked(scenario(tmp_path, ("class",), 900), COUNTS)
    assert parts == [0, 1, 1] * 300
    assert {*payloads[0::3]} == {0, 1, 2}
    assert {*payloads[1::3]} == {3, 4, 5, 6, 7, 8}
    assert max(np.bincount(payloads)[3:]) < 1.5 * 100
    assert {*targets} == {ALL}
    _, by_image, _ = picked(scenario(tmp_path, ("class", "image"), 900), COUNTS)
    assert ({*by_image[0::3]}, {*by_image[1::3]}) == ({2}, {6, 7, 8})
    _, by_size, _ = picked(scenario(tmp_path, ("class", "batch"), 900), COUNTS)
    assert ({*by_size[0::3]}, {*by_size[1::3]}) == ({0, 1, 2}, {5, 8})
    by_weight, _, only = picked(scenario(tmp_path, ("target",), 900), COUNTS)
    assert np.mean(by_weight) == pytest.approx(0.25, abs=0.06)
    assert only == [0, 1, 0] * 300


def test_without_a_mix(tmp_path: Path) -> None:
    """A payload by itself is the part that images and sizes are of."""
    rows = scenario(tmp_path, ("batch",), payload={"synthetic": "8x8", "batch": [1, 2, 4]})
    _, payloads, _ = picked(rows, [24])
    assert [each % 3 for each in payloads] == [0, 2, 1] * 30


def test_it_travels(tmp_path: Path) -> None:
    """Workers that get the scenario pick the same; slices do not matter, numbers do."""
    of = scenario(tmp_path, COLUMNS)
    travelled = restore(of.to_json())
    assert travelled == of
    assert picked(travelled, COUNTS) == picked(of, COUNTS)
    picks, codes = Picks(of, COUNTS), np.zeros(50, np.int32)
    numbers = np.arange(50)
    whole = picks.payloads(1, numbers, codes)
    assert picks.payloads(1, numbers[1::2], codes[1::2]).tolist() == whole[1::2].tolist()


def test_choices_of_another_scenario(tmp_path: Path) -> None:
    """What a run file says may be anything: one error, not an index."""
    data = json.loads(scenario(tmp_path, ("class",)).to_json())
    data["traffic"][1]["replay"]["seen"]["choices"][0][0] = ["huge"]
    with pytest.raises(ScenarioError, match=r"^phase trace: column 'class': no such class, got"):
        Picks(restore(json.dumps(data)), COUNTS)
