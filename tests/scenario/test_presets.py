"""presets: phases with a name of their own become what a user could have written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, build, json_schema, restore
from eiload.scenario.arrivals import ClosedPhase, ConstantRate, OpenPhase, SineRate
from eiload.scenario.laws import Gamma
from eiload.scenario.presets import PRESETS

NS = 10**9
FOR_1_MIN: dict[str, Any] = {"for": "1 min"}
FOR_8_D: dict[str, Any] = {"for": "8 d"}
PAGE = Path(__file__).parents[2] / "docs" / "traffic.md"


def scenario(*, batch: int = 1, **phase: Any) -> Scenario:
    """Return a scenario of one phase."""
    return build(
        {
            "name": "x",
            "targets": {"a": {"server": "h", "model": "m"}},
            "payload": {"synthetic": "64x48", "batch": batch},
            "traffic": [{"phase": "p", **phase}],
        },
        "s",
        Path("/"),
    )


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_is_a_good_phase(name: str) -> None:
    """All it needs is a rate, where it is an open loop; it travels as what was written out."""
    preset = PRESETS[name]
    rate = {"rate": "20/s"} if "rate" in preset.phase else {}
    of = scenario(batch=preset.batch or 1, preset=name, **rate)
    (phase,) = of.traffic
    assert phase.duration_ns == 600 * NS
    assert isinstance(phase, OpenPhase if rate else ClosedPhase)
    if isinstance(phase, OpenPhase):
        assert phase.expected() == pytest.approx(12_000)
    assert restore(of.to_json()) == of
    assert [each.text for each in of.objectives] == list(preset.objectives)


def test_what_is_given_stands_instead() -> None:
    """The length, the law and warm-up are the user's; a warm-up has no objective."""
    (phase,) = scenario(preset="programs", rate="8/s", **FOR_1_MIN).traffic
    assert phase == OpenPhase("p", 60 * NS, ConstantRate(8.0), Gamma(3.3))
    (phase,) = scenario(preset="day-in-10-min", rate="90/min", arrivals="constant").traffic
    assert phase == OpenPhase("p", 600 * NS, SineRate(1.5, 0.6, 600 * NS), "constant")
    both = build(
        {
            "name": "x",
            "targets": {"a": {"server": "h", "model": "m"}},
            "payload": {"synthetic": "64x48"},
            "traffic": [
                {"phase": "w", "preset": "mlperf-server", "rate": "1/s", "warm_up": True},
                {"phase": "p", "preset": "mlperf-server", "rate": "1/s"},
            ],
            "objectives": ["errors < 1 %"],
        },
        "s",
        Path("/"),
    )
    assert [(each.text, each.phase) for each in both.objectives] == [
        ("errors < 1 %", None),
        ("p99 < 100 ms", "p"),
    ]


def test_people_wander_as_their_source_says() -> None:
    """Over 8 days the counts' variance over mean is near the trace's at 1, 10 and 60 s."""
    (phase,) = scenario(preset="people", rate="5.53/s", **FOR_8_D).traffic
    assert isinstance(phase, OpenPhase)
    at_s = np.concatenate(list(phase.instants(5))) / NS
    found = []
    for window in (1, 60, 300):
        counts = np.bincount((at_s // window).astype(int))
        found.append(counts.var() / counts.mean())
    assert found == pytest.approx([1.4, 20, 38], rel=0.1)


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        ({"preset": "peple", "rate": "8/s"}, "traffic[0].preset: no such preset, got 'peple'; exp"),
        ({"preset": 3}, "traffic[0].preset: no such preset, got 3; expected mlperf-server or"),
        ({"preset": "people"}, "traffic[0]: no rate; expected 'rate: 8/s' beside the preset"),
        (
            {"preset": "people", "rate": {"from": "1/s", "to": "2/s"}},
            "traffic[0].rate: not a rate, got {'from': '1/s', 'to': '2/s'}; expected a rate",
        ),
        ({"preset": "people", "rate": "8/s", "fr": "1 s"}, "traffic[0].fr: unknown key (did you m"),
        (
            {"preset": "mlperf-offline", "rate": "8/s"},
            "traffic[0]: both a rate and users; expected",
        ),
        (
            {"preset": "mlperf-multistream"},
            "payload: mlperf-multistream has 8 images in a request; expected 'batch: 8'",
        ),
    ],
)
def test_what_is_wrong_with_a_preset(phase: dict[str, Any], said: str) -> None:
    """One line each."""
    with pytest.raises(ScenarioError) as refused:
        scenario(**phase)
    (line,) = str(refused.value).split("\n")
    assert line.startswith(f"s: {said}")


def test_every_preset_is_on_the_page_with_its_source() -> None:
    """docs/traffic.md says the same as the data; so does the schema."""
    page = PAGE.read_text(encoding="utf-8")
    for name, preset in PRESETS.items():
        assert f"| `{name}` | {preset.what} | {preset.source} |\n" in page
    form = json_schema()["$defs"]["PresetForm"]
    assert form["properties"]["preset"]["enum"] == list(PRESETS)
